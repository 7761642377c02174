"""Is there a reason to train a challenger?"""

from __future__ import annotations

from datetime import datetime

from ganflow.champion.changes import DataChange, weigh
from ganflow.champion.decision import Decision, Decisions, Reason
from ganflow.config.retraining import RetrainingParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.errors import DataError
from ganflow.records import Champion, RegisteredVersion


def find_reason(
    data_fingerprint: Fingerprint,
    champion: Champion | None,
    versions: list[RegisteredVersion],
    decisions: Decisions,
    parameters: RetrainingParameters,
    now: datetime,
    change: DataChange | None = None,
) -> Reason:
    """Is there a reason to train a challenger? An attempt that was cut off keeps its number, and with it its seed and its training.

    Args:
        data_fingerprint: of the images at hand.
        champion: None if there is none.
        versions: all that are registered.
        decisions: of earlier challengers.
        parameters: what counts as a reason.
        now: time, with its zone.
        change: of the images since a challenger was last trained; None where that is not on record.

    Raises:
        DataError: if the images are of another size than the champion's.
    """
    if champion is not None:
        _check_shape(data_fingerprint, champion)
    data = data_fingerprint["sha256"]
    newest = max(decisions.values(), key=lambda decision: decision["attempt"], default=None)
    reason: str | None
    if newest is not None and _is_unfinished(newest, data, champion, versions):
        reason, why, attempt = "unfinished_promotion", "a promotion was decided, and cut off before it was done", newest["attempt"]
    else:
        reason, why = _reason(data, champion, decisions, parameters, now, change)
        attempt = 0 if newest is None else newest["attempt"] + 1
    number = None if champion is None else champion["version"]
    return {"is_due": reason is not None, "reason": reason, "why": why, "attempt": attempt, "champion": number, "data": data}


def _check_shape(data_fingerprint: Fingerprint, champion: Champion) -> None:
    expected, found = champion["record"]["data"]["image_shape"], data_fingerprint["image_shape"]
    if found != expected:
        raise DataError(
            f"The champion, version {champion['version']}, makes images of shape {expected}, these are of {found}: the two cannot be "
            "compared. Give images of the champion's size (data.source, data.location), or keep these in a project of their own."
        )


def _is_unfinished(decision: Decision, data: str, champion: Champion | None, versions: list[RegisteredVersion]) -> bool:
    """Whether a decision to promote, on these data, has not been carried out."""
    # a version that was rolled back has been champion, and is not made it again
    settled = {version["sha256"] for version in versions if version["promoted"] or version["rolled_back"]}
    if champion is not None:
        settled.add(champion["record"]["sha256"])
    return decision["promote"] and decision["data"] == data and decision["sha256"] not in settled


def _reason(
    data: str,
    champion: Champion | None,
    decisions: Decisions,
    parameters: RetrainingParameters,
    now: datetime,
    change: DataChange | None,
) -> tuple[str | None, str]:
    """Name of the reason, None for none; and a sentence."""
    if champion is None:
        return "champion_missing", "there is no champion yet"
    number = champion["version"]
    if parameters.force:
        return "force", "retraining.force is true"
    # one whose training failed does not count: another seed may do
    tried = any(found["data"] == data and found["sha256"] is not None for found in decisions.values())
    is_new = data != champion["record"]["data"]["sha256"] and not tried
    if is_new and change is None:
        return "new_data", f"the data, {data[:12]}, are none that a challenger was trained on"
    name, change_text = weigh(change, parameters) if is_new and change is not None else (None, "")
    if name is not None:
        return name, change_text
    age = (now - datetime.fromisoformat(champion["promoted"])).total_seconds() / 86_400
    if parameters.max_age_days is not None and age > parameters.max_age_days:
        return "champion_old", f"version {number} has been champion for {age:.1f} days, more than {parameters.max_age_days:g}"
    tried_text = "a challenger was trained on these data already" if tried else "the champion was trained on these data"
    if change_text:
        tried_text = change_text
    limit = "" if parameters.max_age_days is None else f" of at most {parameters.max_age_days:g}"
    return None, f"version {number} is champion, {age:.1f} days old{limit}, and {tried_text}"
