"""Is a challenger better than the champion, by more than the noise of the scores, and fit for use at all?

Both are scored on several draws of samples, against the same held-out images in the same features: what spreads over the draws is the
noise. A difference counts if its interval (Welch's, see `spread.compare`) lies on one side of zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import numpy as np

from ganflow.config.retraining import GateParameters
from ganflow.metrics.spread import compare


class Contestant(TypedDict):
    """What one generator has scored.

    Attributes:
        scores: {name: one value for each draw}, with `kernel_distance`, `coverage`, `recall`, `precision`, `density`; where classes are
            named, `num_classes_reached`.
        nearest_distance: median distance of its images to the nearest training image.
        asked_class_shares: {class: for each draw the share of the images asked to be of it that are}; absent if it knows no classes.
    """

    scores: dict[str, list[float]]
    nearest_distance: float
    asked_class_shares: NotRequired[dict[str, list[float]]]


class Trial(TypedDict):
    """What challenger and champion have scored, and what that is compared with.

    Attributes:
        num_samples: images in each draw.
        extractor: in whose features both were scored, see `name_extractor`.
        num_classes: of the data; 0 where the images have none.
        num_held_out: held-out images that both are scored against.
        num_left_out: held-out images that the champion was trained on, and that neither is scored against.
        held_out_distance: median distance of held-out images to the nearest training image.
        challenger: the generator that may become champion.
        champion: absent if there is none; nothing is compared then.
    """

    num_samples: int
    extractor: str
    num_classes: int
    num_held_out: int
    num_left_out: int
    held_out_distance: float
    challenger: Contestant
    champion: NotRequired[Contestant]


class Condition(TypedDict):
    """One of the conditions, and whether it holds.

    Attributes:
        name: of the gate's parameter.
        passed: whether it holds.
        evidence: its numbers, in a sentence.
    """

    name: str
    passed: bool
    evidence: str


def judge(trial: Trial, findings: list[str], gate: GateParameters) -> list[Condition]:
    """Every condition that the gate asks for; the challenger is promoted if all hold.

    Args:
        trial: what both have scored.
        findings: names of what the doctor found serious at the end of training.
        gate: conditions.
    """
    return [*_comparisons(trial, gate), *_absolutes(trial, findings, gate)]


def _comparisons(trial: Trial, gate: GateParameters) -> Iterator[Condition]:
    challenger, champion = trial["challenger"], trial.get("champion")
    if champion is None:
        return
    if gate.kernel_distance_improves:
        _, high, evidence = _difference(challenger["scores"]["kernel_distance"], champion["scores"]["kernel_distance"], gate.confidence)
        yield _condition("kernel_distance_improves", high < 0, f"{evidence}; all of it has to be below 0")
    for name in gate.not_worse:
        _, high, evidence = _difference(challenger["scores"][name], champion["scores"][name], gate.confidence)
        yield _condition(f"{name}_not_worse", high >= 0, f"{evidence}; not all of it may be below 0")
    if gate.not_worse_per_class and "asked_class_shares" in champion:
        yield _condition("not_worse_per_class", *_compare_classes(challenger, champion["asked_class_shares"], gate.confidence))


def _compare_classes(challenger: Contestant, champion: dict[str, list[float]], confidence: float) -> tuple[bool, str]:
    """Whether no class is drawn less often than by the champion where it is asked for, and the numbers of that which fares worst."""
    own = challenger.get("asked_class_shares")
    if own is None:
        return False, "the champion draws the class that it is asked for, the challenger knows no classes"
    common = [name for name in champion if name in own]
    if not common:
        return True, "they have no class in common"
    # of many classes one seems worse by chance alone (Bonferroni)
    of_each = 1 - (1 - confidence) / len(common)
    found = {name: _difference(own[name], champion[name], of_each) for name in common}
    name, (_, high, evidence) = min(found.items(), key=lambda item: item[1][1])
    return high >= 0, f"of the images that were asked to be of the class '{name[:40]}', {evidence}; not all of it may be below 0"


def _difference(challenger: list[float], champion: list[float], confidence: float) -> tuple[float, float, str]:
    """Interval of challenger minus champion, and both in words."""
    values, others = np.array(champion), np.array(challenger)
    found = compare(values, others, confidence)
    # where neither spreads, the difference is exact
    low, high = (found["difference"] if math.isnan(found[end]) else found[end] for end in ("low", "high"))
    evidence = (
        f"{others.mean():.4g} against the champion's {values.mean():.4g}: a difference of {found['difference']:.3g}, "
        f"{100 * confidence:.4g}% interval {low:.3g} to {high:.3g} over {len(others)} draws"
    )
    return low, high, evidence


def _absolutes(trial: Trial, findings: list[str], gate: GateParameters) -> Iterator[Condition]:
    challenger = trial["challenger"]
    # without classes there is nothing to ask
    if gate.every_class and "num_classes_reached" in challenger["scores"]:
        reached, num_classes = int(min(challenger["scores"]["num_classes_reached"])), trial["num_classes"]
        yield _condition("every_class", reached == num_classes, f"{reached} of {num_classes} classes in the poorest draw")
    if gate.minimum_nearest_distance is not None:
        nearest, held_out = challenger["nearest_distance"], trial["held_out_distance"]
        least = gate.minimum_nearest_distance * held_out
        evidence = (
            f"images are {nearest:.3f} from the nearest training image, held-out images {held_out:.3f}; at least {least:.3f} is asked for"
        )
        yield _condition("minimum_nearest_distance", nearest >= least, evidence)
    if gate.healthy:
        evidence = f"the doctor found {', '.join(findings)}" if findings else "the doctor found nothing serious"
        yield _condition("healthy", not findings, evidence)


def _condition(name: str, passed: bool, evidence: str) -> Condition:
    return {"name": name, "passed": passed, "evidence": evidence}
