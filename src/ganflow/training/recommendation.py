"""What size of images and which settings of training suit a set of pictures, as parameters to copy."""

from __future__ import annotations

import contextlib
import json
from typing import Any, TypedDict

from ganflow.config.data import DataParameters, ImageGeometry
from ganflow.config.networks import NetworksParameters
from ganflow.config.training import AugmentationParameters, OptimizerParameters, TrainingParameters
from ganflow.errors import ConfigurationError
from ganflow.networks import build_pair
from ganflow.reporting.words import duration
from ganflow.training.estimate import estimate

SIDES = {32: 0, 64: 1_000, 128: 10_000}
"""Shorter sides of images, and how many pictures each wants at least: more pixels hold more than few pictures can teach."""

_LOOKS = 96
"""How often training looks at each picture: 6,000 steps of 64 for 4,000 pictures (docs/recipes.md)."""

_FEWEST_STEPS, _MOST_STEPS, _NEAR = 2_500, 40_000, 0.2

_FEW, _MANY = 1_000, 50_000
"""Pictures of which a discriminator learns each by heart unless much is changed, and so many that it does not."""

_OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")

_NUM_BATCHES = 4
"""Of which a set consists at least."""


class Size(TypedDict):
    """What a size takes, with the recommended settings. `hours` is None where there is an accelerator."""

    height: int
    width: int
    hours: float | None
    disk_gb: float


class Recommendation(TypedDict):
    """`command` is for `kedro run`, with what differs from the settings at hand; `sizes` are those that the pictures have pixels for."""

    image: dict[str, int]
    num_steps: int
    batch_size: int
    augmentation: dict[str, Any]
    sizes: list[Size]
    command: str


def recommend(
    num_images: int, median_side: int, is_grey: bool, data: DataParameters, networks: NetworksParameters, training: TrainingParameters
) -> Recommendation | None:
    """For pictures, still or moving; in the proportions that they are brought to now. None where the networks serve no size of SIDES.

    Args:
        num_images: for training; of moving pictures, clips.
        median_side: of the pictures as they were, pixels of the shorter side.
        is_grey: whether none of them has colours.
        data: what they are brought to now.
        networks: settings at hand.
        training: settings at hand.
    """
    geometry, frames = data.image, data.picture_shape[:-3]
    channels = 1 if is_grey else geometry.channels
    batch_size = _batch_size(num_images, training.batch_size)
    num_steps = _num_steps(num_images, batch_size, training.num_steps)
    suiting = training.model_copy(
        update={
            "batch_size": batch_size,
            "num_steps": num_steps,
            "augmentation": _augmentation(num_images, training.augmentation),
            **{name: _lasting(getattr(training, name), num_steps / training.num_steps) for name in _OPTIMIZERS},
        }
    )
    sizes = {}
    for side in (side for side in SIDES if side <= max(median_side, min(SIDES))):
        with contextlib.suppress(ConfigurationError):
            sizes[side] = _size((*frames, *_scaled(geometry, side), channels), networks, suiting)
    if not (sides := [side for side in sizes if num_images >= SIDES[side]]):
        return None
    chosen = sizes[max(sides)]
    image = {"height": chosen["height"], "width": chosen["width"], "channels": channels}
    return {
        "image": image,
        "num_steps": suiting.num_steps,
        "batch_size": batch_size,
        "augmentation": suiting.augmentation.model_dump(exclude_defaults=True) if suiting.augmentation else {},
        "sizes": list(sizes.values()),
        "command": _command(geometry, image, training, suiting),
    }


def say(recommended: Recommendation) -> str:
    """A sentence for a person; empty if the settings at hand are those that suit."""
    if not recommended["command"]:
        return ""
    image = recommended["image"]
    (chosen,) = (size for size in recommended["sizes"] if (size["height"], size["width"]) == (image["height"], image["width"]))
    time_taken = "" if chosen["hours"] is None else f", about {duration(3600 * chosen['hours'])} of training here"
    return f"What would suit these pictures{time_taken}: {recommended['command']} (docs/how-to.md says how it is chosen)."


def _batch_size(num_images: int, most: int) -> int:
    size = most
    while size > 1 and size * _NUM_BATCHES > num_images:
        size //= 2
    return size


def _num_steps(num_images: int, batch_size: int, now: int) -> int:
    """To hundreds, as intervals are; a number that is near it is as good."""
    wanted = max(_FEWEST_STEPS, min(100 * round(_LOOKS * num_images / batch_size / 100), _MOST_STEPS))
    return now if abs(now - wanted) <= _NEAR * wanted else wanted


def _lasting(optimizer: OptimizerParameters, times: float) -> OptimizerParameters:
    """With a decay that is as many times as long."""
    if optimizer.decay is None or optimizer.decay.num_steps is None:
        return optimizer
    return optimizer.model_copy(
        update={"decay": optimizer.decay.model_copy(update={"num_steps": max(1, round(times * optimizer.decay.num_steps))})}
    )


def _augmentation(num_images: int, own: AugmentationParameters | None) -> AugmentationParameters | None:
    """Much for few, none for many; whether things may be mirrored, only their owner knows."""
    mirror = own is not None and own.mirror
    if num_images >= _MANY:
        return AugmentationParameters(mirror=True) if mirror else None
    few = {"cutout": 0.5, "colour": 1.0} if num_images < _FEW else {"colour": 0.5}
    return AugmentationParameters.model_validate({"translation": 0.125, "mirror": mirror} | few)


def _scaled(geometry: ImageGeometry, side: int) -> tuple[int, int]:
    """Height and width in the same proportions, the shorter one `side`, the other a multiple of 8."""
    scale = side / min(geometry.height, geometry.width)
    return round(geometry.height * scale / 8) * 8, round(geometry.width * scale / 8) * 8


def _size(image_shape: tuple[int, ...], networks: NetworksParameters, training: TrainingParameters) -> Size:
    height, width = image_shape[-3:-1]
    foreseen = estimate(*build_pair(networks.model_copy(update={"conditional": False}), image_shape), training)
    hours = None if foreseen.seconds is None else round(foreseen.seconds / 3600, 2)
    return {"height": height, "width": width, "hours": hours, "disk_gb": round(foreseen.disk / 1e9, 3)}


def _command(geometry: ImageGeometry, image: dict[str, int], now: TrainingParameters, suiting: TrainingParameters) -> str:
    """`--params …` with what differs; nothing if nothing does."""
    changes = _differences("data.image", geometry.model_dump(), image)
    changes += _differences("training", now.model_dump(), suiting.model_dump(include={"num_steps", "batch_size"}))
    for name in _OPTIMIZERS:
        decays = getattr(now, name).decay, getattr(suiting, name).decay
        if None not in decays:
            changes += _differences(f"training.{name}.decay", *(decay.model_dump() for decay in decays))
    if suiting.augmentation is None and now.augmentation is not None:
        changes.append("training.augmentation=null")
    elif suiting.augmentation is not None:
        own = now.augmentation or AugmentationParameters()
        changes += _differences("training.augmentation", own.model_dump(), suiting.augmentation.model_dump())
    return f"--params {','.join(changes)}" if changes else ""


def _differences(section: str, now: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [f"{section}.{name}={json.dumps(value)}" for name, value in wanted.items() if now[name] != value]
