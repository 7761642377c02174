"""What has become of the images since a challenger was last trained: how many came and went, and whether the new ones are different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from ganflow.champion.decision import Decisions
from ganflow.config.retraining import RetrainingParameters
from ganflow.data.images import ImageSet, evenly
from ganflow.data.splits import image_digests
from ganflow.errors import ConfigurationError
from ganflow.features.stored import FeatureExtractor
from ganflow.metrics.kernel import kernel_distance
from ganflow.records import Champion

FEWEST_COMPARED, MOST_COMPARED = 20, 2000
"""Images of a kind, new or old, whose kernel distance is taken; with fewer its error says nothing."""

FEWEST_JUDGED = 20
"""Held-out images that champion and challenger are judged on."""

BATCH_SIZE = 500


class DataChange(TypedDict):
    """The images at hand beside those of an earlier run.

    Attributes:
        since: that run.
        num_added: images that it did not have, training and held-out.
        num_removed: images that it was trained on and that are not there any more.
        drift: kernel distance of added images to those that stayed, in the features of the stored extractor; None where it cannot be
            taken.
        drift_standard_error: of it.
    """

    since: str
    num_added: int
    num_removed: int
    drift: float | None
    drift_standard_error: float | None


def choose_earlier_run(champion: Champion | None, decisions: Decisions) -> str | None:
    """The run that was trained last: the newest challenger's, promoted or not, or else the champion's; None if there is neither."""
    trained = [decision for decision in decisions.values() if decision["sha256"] is not None]
    if trained:
        return max(trained, key=lambda decision: decision["attempt"])["run_id"]
    return None if champion is None else champion["record"]["run_id"]


@dataclass(frozen=True, eq=False)
class Images:
    """All images at hand; where they are numbered, training images come first."""

    train: ImageSet
    held_out: ImageSet

    def find_change(self, since: str, earlier: Mapping[str, np.ndarray], extractor: FeatureExtractor | dict[str, Any]) -> DataChange:
        """Compare them with those of a run.

        Args:
            since: the run.
            earlier: its digests, of `train` and `held_out`.
            extractor: the stored one, in whose features the drift is measured; {} if there is none.
        """
        digests = np.concatenate([image_digests(self.train.images), image_digests(self.held_out.images)])
        is_new = ~np.isin(digests, np.concatenate([earlier["train"], earlier["held_out"]]))
        drift = self._drift(is_new, extractor)
        return {
            "since": since,
            "num_added": int(is_new.sum()),
            "num_removed": int((~np.isin(earlier["train"], digests)).sum()),
            "drift": None if drift is None else drift[0],
            "drift_standard_error": None if drift is None else drift[1],
        }

    def _drift(self, is_new: np.ndarray, extractor: FeatureExtractor | dict[str, Any]) -> tuple[float, float] | None:
        new, old = np.flatnonzero(is_new), np.flatnonzero(~is_new)
        if not extractor or min(len(new), len(old)) < FEWEST_COMPARED or not self._suits(extractor):
            return None
        # here, since it brings TensorFlow, and most nights nothing has changed
        from ganflow.features.extractor import Extractor

        extract = Extractor(extractor, BATCH_SIZE)  # type: ignore[arg-type]
        found = kernel_distance(*(extract(self._some(numbers)).features for numbers in (new, old)))
        return found.value, found.standard_error

    def _suits(self, extractor: FeatureExtractor | dict[str, Any]) -> bool:
        """Whether an extractor takes images of this shape."""
        layers = extractor["metadata"]["origin"]["architecture"]["config"]["layers"]
        return list(layers[0]["config"]["batch_shape"][1:]) == list(self.train.images.shape[1:])

    def _some(self, numbers: np.ndarray) -> np.ndarray:
        chosen = numbers[evenly(len(numbers), MOST_COMPARED)]
        own = chosen[chosen < len(self.train)], chosen[chosen >= len(self.train)] - len(self.train)
        return np.concatenate([self.train.images[own[0]], self.held_out.images[own[1]]])


def weigh(change: DataChange, parameters: RetrainingParameters) -> tuple[str | None, str]:
    """Whether a change is a reason: its name, None for none; and the numbers in words."""
    added, removed, drift = change["num_added"], change["num_removed"], change["drift"]
    words = f"{_count(added)} added and {_count(removed)} removed since run {change['since']} was trained"
    if drift is not None:
        error = change["drift_standard_error"] or 0.0
        words += f"; the kernel distance of new images to old ones is {drift:.3g} ± {error:.2g}"
        # two standard errors: by chance, one night in forty
        has_drifted = parameters.min_drift is not None and drift - 2 * error > parameters.min_drift
    else:
        words += f"; whether they are different cannot be told with fewer than {FEWEST_COMPARED}" if added else ""
        has_drifted = False
    if added >= parameters.min_new_images:
        return "new_data", f"{words}; {parameters.min_new_images} new ones are a reason"
    if removed >= parameters.min_removed:
        return "data_removed", f"{words}; {parameters.min_removed} removed ones are a reason"
    if has_drifted:
        return "data_drift", f"{words}; more than {parameters.min_drift:g} is a reason"
    limits = f"{parameters.min_new_images} new, {parameters.min_removed} removed"
    limits += "" if parameters.min_drift is None else f" or a kernel distance above {parameters.min_drift:g}"
    return None, f"{words}; {limits} would be a reason"


def _count(num: int) -> str:
    return "1 image was" if num == 1 else f"{num} images were"


def leave_out_known(held_out: ImageSet, champion_images: Mapping[str, np.ndarray] | None) -> tuple[np.ndarray, int]:
    """The held-out images that the champion was not trained on, and how many were left out.

    Images stay held out whatever comes or goes, so none is left out unless `data.seed` or `data.held_out_share` has changed.

    Args:
        held_out: of the data at hand.
        champion_images: digests of what the champion was trained on; None where that is not on record, and all are taken.

    Raises:
        ConfigurationError: if hardly any is left.
    """
    if champion_images is None:
        return held_out.images, 0
    is_known = np.isin(image_digests(held_out.images), champion_images["train"])
    num_left = int((~is_known).sum())
    if num_left < FEWEST_JUDGED:
        raise ConfigurationError(
            f"The champion was trained on {is_known.sum()} of the {len(held_out)} images that are held out now, so {num_left} are left to "
            f"judge it on; expected {FEWEST_JUDGED} at least. Set data.seed and data.held_out_share as they were, or remove the champion."
        )
    return (held_out.images[~is_known] if is_known.any() else held_out.images), int(is_known.sum())
