"""How good a generator is, in plain words: for the last lines of a run and the first of its page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ganflow.records import GeneratorRecord

Scores = Mapping[str, Mapping[str, float]]
"""{subject: {key of a score: value}}, of `generator`, `real_images` and `noise`; of clips, also of `shuffled` and `still`."""

_PROTOCOL = re.compile(r"_(\d+)_heldout$")
"""End of a score's key: number of samples, and what they were compared with."""

_OF_CLIPS = {
    "kept_class_share": "show one class in at least three quarters of their frames",
    "usual_speed_share": "move as fast as the middle 90% of real ones",
}
"""Shares of clips, by what they are shares of."""

_GOOD = 0.3

CLOSENESS = {
    0.01: "The samples are close to real ones",
    0.05: "The samples resemble real ones, with differences that can be measured",
    _GOOD: "The samples are recognisable, and clearly worse than real ones",
    0.7: "The samples have only begun to resemble real ones",
    math.inf: "The samples are hardly better than noise",
}
"""By the share that is left of the way from noise to real images, by Fréchet distance."""


def name_score(key: str) -> str:
    """A score's name in words, without how it was measured."""
    return _PROTOCOL.sub("", key).replace("_", " ").replace("frechet", "Fréchet")


def num_scored(scores: Scores) -> int:
    """How many samples the scores are of; 0 without scores."""
    return max((int(match[1]) for key in scores.get("generator", {}) if (match := _PROTOCOL.search(key))), default=0)


def find_score(scores: Mapping[str, float], name: str) -> float | None:
    """The value of a score by its name, whatever number of samples its key states; None if it was not measured."""
    return next((value for key, value in scores.items() if _PROTOCOL.sub("", key) == name), None)


def with_errors(scores: Mapping[str, float]) -> dict[str, str]:
    """{name of a score in words: its value to four digits, with its standard error where one was measured}."""
    told = {}
    for key, value in scores.items():
        if not key.partition("_standard_error")[1]:
            error = next((other for name, other in scores.items() if name == _PROTOCOL.sub(r"_standard_error\g<0>", key)), None)
            told[name_score(key)] = f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"
    return told


def share_left(scores: Scores) -> float | None:
    """What is left of the way from noise (1) to real images (0), by Fréchet distance; None where the scores say nothing."""
    distances = [find_score(scores.get(subject, {}), "frechet_distance") for subject in ("generator", "real_images", "noise")]
    distance, floor, ceiling = (math.nan if value is None else value for value in distances)
    if not math.isfinite(distance) or not floor < ceiling < math.inf:
        return None
    return max(0.0, (distance - floor) / (ceiling - floor))


def is_good(scores: Scores, diagnosis: Mapping[str, Any] | None) -> bool:
    """Whether a run is healthy, and its samples, if they were scored, are recognisable."""
    left = share_left(scores)
    return (diagnosis is None or diagnosis["healthy"]) and (left is None or left < _GOOD)


def rate_scores(scores: Scores) -> list[str]:
    """Sentences, the most important first; none without scores."""
    generator, real, noise = (scores.get(subject, {}) for subject in ("generator", "real_images", "noise"))
    left = share_left(scores)
    if left is None:
        # a floor that is no lower than the ceiling, or a distance that is no number
        return ["The scores do not tell the samples from noise: there may be too few images to score with."] if scores else []
    distance, floor, ceiling = (find_score(subject, "frechet_distance") for subject in (generator, real, noise))
    words = next(text for limit, text in CLOSENESS.items() if left < limit)
    sentences = [
        f"{words}: their Fréchet distance to held-out ones is {distance:.4g}; training ones have {floor:.4g}, noise {ceiling:.4g}."
    ]
    precision, recall = find_score(generator, "precision"), find_score(generator, "recall")
    if precision is not None and recall is not None:
        sentences.append(
            f"{precision:.0%} of them look like real ones (real ones: {find_score(real, 'precision'):.0%}), and they show {recall:.0%} of "
            f"the variety of real ones (real ones: {find_score(real, 'recall'):.0%})."
        )
    share = find_score(generator, "asked_class_share")
    if share is not None:
        sentences.append(f"{share:.1%} of the samples are of the class that was asked for.")
    for name, words in _OF_CLIPS.items():
        share = find_score(generator, name)
        if share is not None:
            sentences.append(f"{share:.0%} of the clips {words} (real ones: {find_score(real, name):.0%}).")
    return sentences


def rate_health(diagnosis: Mapping[str, Any] | None) -> str:
    """What the doctor says, in a sentence."""
    if diagnosis is None:
        return "The doctor did not watch this run."
    found = [finding["name"].replace("_", " ") for finding in diagnosis["findings"] if finding["severity"] != "advice"]
    if not diagnosis["healthy"]:
        return f"The doctor found this run failing: {', '.join(found)}."
    return f"The doctor found nothing serious, and took notice of: {', '.join(found)}." if found else "The doctor found nothing wrong."


def suggest(record: GeneratorRecord, diagnosis: Mapping[str, Any] | None) -> str:
    """What to do next, in a sentence."""
    serious = [finding for finding in (diagnosis or {}).get("findings", []) if finding["severity"] == "serious"]
    if diagnosis is not None and not diagnosis["healthy"] and serious:
        return f"{serious[0]['remedy'].rstrip('.')}."
    if record["step"] >= record["trained_steps"]:
        return (
            f"It was best at its last step: raise training.num_steps, now {record['trained_steps']}; the run continues where it is, at the "
            "learning rates it ended with (docs/how-to.md, change the budget)."
        )
    return "Draw more, from the champion if there is one: kedro run --pipelines sampling --params sampling.num_images=1000"
