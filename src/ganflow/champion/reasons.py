"""Is there a reason to train a challenger?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ganflow.config.retraining import RetrainingParameters
from ganflow.errors import DataError

Decisions = dict[str, dict[str, Any]]
"""{run id: what was decided of the challenger that this run trained}."""


def find_reason(
    data_fingerprint: dict[str, Any],
    champion: dict[str, Any],
    versions: list[dict[str, Any]],
    decisions: Decisions,
    parameters: RetrainingParameters,
) -> dict[str, Any]:
    """Is there a reason to train a challenger? An attempt that was cut off keeps its number, and with it its seed and its training."""
    data = data_fingerprint["sha256"]
    if champion and champion["record"]["data"]["image_shape"] != data_fingerprint["image_shape"]:
        raise DataError(
            f"The champion, version {champion['version']}, makes images of shape {champion['record']['data']['image_shape']}, these are of "
            f"{data_fingerprint['image_shape']}: the two cannot be compared. Give images of the champion's size (data.source, "
            "data.location), or keep these in a project of their own."
        )
    reason: str | None
    newest = max(decisions.values(), key=lambda decision: decision["attempt"], default=None)
    if newest is not None and _is_unfinished(newest, data, champion, versions):
        reason, why, attempt = "unfinished_promotion", "a promotion was decided, and cut off before it was done", newest["attempt"]
    else:
        reason, why = _reason(data, champion, decisions, parameters)
        attempt = 0 if newest is None else newest["attempt"] + 1
    number = champion["version"] if champion else None
    return {"is_due": reason is not None, "reason": reason, "why": why, "attempt": attempt, "champion": number, "data": data}


def _is_unfinished(decision: dict[str, Any], data: str, champion: dict[str, Any], versions: list[dict[str, Any]]) -> bool:
    """Whether a decision to promote, on these data, has not been carried out."""
    # a version that was rolled back has been champion, and is not made it again
    settled = {version["sha256"] for version in versions if version["promoted"] or version["rolled_back"]}
    if champion:
        settled.add(champion["record"]["sha256"])
    return decision["promote"] and decision["data"] == data and decision["sha256"] not in settled


def _reason(data: str, champion: dict[str, Any], decisions: Decisions, parameters: RetrainingParameters) -> tuple[str | None, str]:
    """Name of the reason, None for none; and a sentence."""
    if not champion:
        return "champion_missing", "there is no champion yet"
    number = champion["version"]
    if parameters.force:
        return "force", "retraining.force is true"
    # one whose training failed does not count: another seed may do
    tried = any(found["data"] == data and found["sha256"] is not None for found in decisions.values())
    if data != champion["record"]["data"]["sha256"] and not tried:
        return "new_data", f"the data, {data[:12]}, are none that a challenger was trained on"
    age = (datetime.now(UTC) - datetime.fromisoformat(champion["promoted"])).total_seconds() / 86_400
    if parameters.max_age_days is not None and age > parameters.max_age_days:
        return "champion_old", f"version {number} has been champion for {age:.1f} days, more than {parameters.max_age_days:g}"
    tried_text = "a challenger was trained on these data already" if tried else "the champion was trained on these data"
    limit = "" if parameters.max_age_days is None else f" of at most {parameters.max_age_days:g}"
    return None, f"version {number} is champion, {age:.1f} days old{limit}, and {tried_text}"
