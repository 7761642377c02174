"""What is decided of a challenger, and what led to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from ganflow.champion.gate import Condition, Trial, judge
from ganflow.config.retraining import GateParameters
from ganflow.records import GeneratorRecord, Promotion


class Reason(TypedDict):
    """Why a challenger is trained, or why not.

    Attributes:
        is_due: whether a challenger is trained.
        reason: name of the reason; None for none.
        why: the same in a sentence.
        attempt: number of the challenger, from 0.
        champion: version in use; None if there is no champion.
        data: SHA-256 of the data.
    """

    is_due: bool
    reason: str | None
    why: str
    attempt: int
    champion: int | None
    data: str


class Decision(TypedDict):
    """What was decided of one challenger; the first five values repeat its reason.

    Attributes:
        attempt: number of the challenger, from 0.
        reason: name of the reason that it was trained for.
        why: the same in a sentence.
        champion: version that it was judged against; None if there was none.
        data: SHA-256 of the data.
        run_id: of its training.
        sha256: of its weights; None if its training failed.
        promote: whether it becomes champion.
        conditions: all that were asked for.
        trial: what both have scored; None if its training failed.
        decided: when, in ISO 8601.
    """

    attempt: int
    reason: str | None
    why: str
    champion: int | None
    data: str
    run_id: str
    sha256: str | None
    promote: bool
    conditions: list[Condition]
    trial: Trial | None
    decided: str


Decisions = dict[str, Decision]
"""{run id: what was decided of the challenger that this run trained}."""


def decide(
    trial: Trial, diagnosis: Mapping[str, Any] | None, record: GeneratorRecord, reason: Reason, gate: GateParameters, now: datetime
) -> Decision:
    """Promote or reject a challenger.

    Args:
        trial: what it and the champion have scored.
        diagnosis: of its training, see `Doctor.diagnosis`; a challenger without one is not healthy.
        record: of the challenger.
        reason: that it was trained for.
        gate: conditions.
        now: time, with its zone.
    """
    conditions = judge(trial, _serious_findings(diagnosis), gate)
    return _decision(reason, record["run_id"], record["sha256"], conditions, trial, now)


def reject_failed(run_id: str, reason: Reason, error: Exception, now: datetime) -> Decision:
    """The decision on a challenger whose training failed for good: the next attempt has another seed, instead of failing likewise."""
    failure: Condition = {"name": "healthy", "passed": False, "evidence": str(error)}
    return _decision(reason, run_id, None, [failure], None, now)


def order_promotion(decision: Decision) -> Promotion:
    """What is to be done, once the decision is on disk: an alias to move, or nothing."""
    return {
        "promote": decision["promote"],
        "sha256": decision["sha256"],
        "champion": decision["champion"],
        "run_id": decision["run_id"],
    }


def _serious_findings(diagnosis: Mapping[str, Any] | None) -> list[str]:
    if diagnosis is None:
        return ["no diagnosis"]
    return [] if diagnosis["healthy"] else [found["name"] for found in diagnosis["findings"] if found["severity"] == "serious"]


def _decision(reason: Reason, run_id: str, sha256: str | None, conditions: list[Condition], trial: Trial | None, now: datetime) -> Decision:
    return {
        "attempt": reason["attempt"],
        "reason": reason["reason"],
        "why": reason["why"],
        "champion": reason["champion"],
        "data": reason["data"],
        "run_id": run_id,
        "sha256": sha256,
        "promote": all(condition["passed"] for condition in conditions),
        "conditions": conditions,
        "trial": trial,
        "decided": now.isoformat(timespec="seconds"),
    }
