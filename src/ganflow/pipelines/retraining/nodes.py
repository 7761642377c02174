"""Nodes around a training that ask whether it is needed, and whether its result is better than what is in use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from ganflow.champion import changes, decision, reasons
from ganflow.champion.changes import DataChange
from ganflow.champion.decision import Decisions, Reason
from ganflow.champion.gate import Trial
from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.images import ImageSet
from ganflow.features.stored import FeatureExtractor
from ganflow.records import Champion, GeneratorRecord, Promotion, RegisteredVersion
from ganflow.reporting.pages import write_decision
from ganflow.reporting.run import show_evolution
from ganflow.training.streams import Series


def find_change(
    train: ImageSet,
    held_out: ImageSet,
    champion: Champion | None,
    decisions: Decisions,
    run_images: Series,
    stored_extractor: dict[str, Any],
) -> DataChange | dict[str, Any]:
    """How the images differ from those of the challenger that was trained last; {} where that is not on record."""
    since = changes.choose_earlier_run(champion, decisions)
    earlier = None if since is None else _images_of(since, run_images)
    if since is None or earlier is None:
        return {}
    return changes.Images(train, held_out).find_change(since, earlier, stored_extractor)


def _images_of(run_id: str, run_images: Series) -> dict[str, Any] | None:
    own = run_images.get(run_id, {})
    return own[max(own)]()["arrays"] if own else None


def find_reason(
    data_fingerprint: Fingerprint,
    champion: Champion | None,
    versions: list[RegisteredVersion],
    decisions: Decisions,
    parameters: RetrainingParameters,
    now: datetime,
    change: DataChange | dict[str, Any],
) -> Reason:
    """Is there a reason to train a challenger now?"""
    return reasons.find_reason(data_fingerprint, champion, versions, decisions, parameters, now, cast("DataChange", change) or None)


def plan_challenger(training: TrainingParameters, reason: Reason) -> TrainingParameters:
    """Give every attempt a seed of its own."""
    from ganflow.champion import challenger

    return challenger.plan_training(training, reason)


def find_initial_state(champion: Champion | None, checkpoints: Series, reason: Reason, parameters: RetrainingParameters) -> dict[str, Any]:
    """The networks of the champion's newest checkpoint, for a warm start; {} for a cold one."""
    from ganflow.champion import challenger

    return challenger.find_initial_state(champion, checkpoints, reason, parameters)


def hold_trial(
    challenger: Any,
    champion: Any,
    feature_extractor: FeatureExtractor,
    train: ImageSet,
    held_out: ImageSet,
    data_fingerprint: Fingerprint,
    champion_to_beat: Champion | None,
    run_images: Series,
    parameters: RetrainingParameters,
    evaluation: EvaluationParameters,
) -> Trial:
    """Score challenger and champion on the same held-out images in the same features, on several draws of samples each."""
    from ganflow.champion.trial import Contest

    known = None if champion_to_beat is None else _images_of(champion_to_beat["record"]["run_id"], run_images)
    images, num_left_out = changes.leave_out_known(held_out, known)
    contest = Contest(feature_extractor, train.images, images, num_left_out, data_fingerprint, parameters, evaluation)
    classes = None if champion_to_beat is None else champion_to_beat["record"]["data"].get("class_names")
    return contest.hold(challenger, champion, classes)


def decide(
    trial: Trial,
    diagnosis: dict[str, dict[str, Any]],
    generator_record: GeneratorRecord,
    reason: Reason,
    parameters: RetrainingParameters,
    now: datetime,
) -> Decisions:
    """Promote or reject, with the numbers of every condition."""
    run_id = generator_record["run_id"]
    return {run_id: decision.decide(trial, diagnosis.get(run_id), generator_record, reason, parameters.gate, now)}


def show_decision(
    decisions: Decisions,
    trial: Trial,
    change: DataChange | dict[str, Any],
    generator_record: GeneratorRecord,
    champion: Champion | None,
    training_history: dict[str, pd.DataFrame],
    sheets: dict[str, dict[int, Callable[[], np.ndarray]]],
) -> str:
    """The page of a decision: challenger beside champion, condition by condition, with the curves and sheets of both."""
    records = {"challenger": generator_record} | ({} if champion is None else {"champion": champion["record"]})
    histories = {name: training_history[record["run_id"]] for name, record in records.items() if record["run_id"] in training_history}
    evolutions = {name: show_evolution(sheets.get(record["run_id"], {}), record["step"]) for name, record in records.items()}
    return write_decision(decisions[generator_record["run_id"]], trial, generator_record["data"], change, histories, evolutions)


def carry_out(decisions: Decisions, generator_record: GeneratorRecord) -> Promotion:
    """What is to be done, once the decision is on disk: an alias to move, or nothing."""
    return decision.order_promotion(decisions[generator_record["run_id"]])
