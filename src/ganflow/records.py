"""What is on record of training runs, of generators and of their registered versions.

These are plain values, which JSON can hold. They stand below the rooms that make them, because tracking and the datasets need them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from ganflow.data.fingerprint import Fingerprint


class RunRecord(TypedDict):
    """A training run, as `identify_run` makes it.

    Attributes:
        run_id: hash of everything that decides the weights.
        data: fingerprint of the images.
        training: the section's parameters, with each `auto` replaced by the choice for the machine.
    """

    run_id: str
    data: Fingerprint
    training: dict[str, Any]


class BestStep(TypedDict):
    """The step of a run whose weights are exported.

    Attributes:
        step: of training.
        kernel_distance: distance to training images at this step.
        extractor: in whose features, see `name_extractor`.
        chosen: why this step was chosen, in a sentence.
    """

    step: int
    kernel_distance: float
    extractor: str
    chosen: str


class GeneratorRecord(RunRecord, BestStep):
    """A generator and its training run, as `export_generator` makes it.

    Attributes:
        trained_steps: steps of the whole run.
        sha256: of the weights, see `hash_weights`.
    """

    trained_steps: int
    sha256: str


class Metrics(TypedDict):
    """Scores of a generator, and what they rest on.

    Attributes:
        scores: {subject: {name of a score: its value}}, of the generator, of training images and of noise; of clips, also of
            `shuffled` and `still` training clips.
        feature_extractor: the extractor's `name`, the `sha256` of its weights, and a classifier's `accuracy`; of clips, also its
            `frame_accuracy`.
        generator: record of the generator.
    """

    scores: dict[str, dict[str, float]]
    feature_extractor: dict[str, float | str]
    generator: GeneratorRecord


class Champion(TypedDict):
    """The registered generator that is in use.

    Attributes:
        record: of the generator.
        version: its number in the registry.
        promoted: when it became champion, in ISO 8601.
    """

    record: GeneratorRecord
    version: int
    promoted: str


class RegisteredVersion(TypedDict):
    """A registered generator, in use or not.

    Attributes:
        number: 1, 2, …
        run_id: of the training run.
        sha256: of the weights; None if it was registered without.
        promoted: when it last became champion, in ISO 8601; None if it never did.
        rolled_back: when it last ceased to be champion by hand, in ISO 8601; None if it never did.
        aliases: names that point at it.
    """

    number: int
    run_id: str
    sha256: str | None
    promoted: str | None
    rolled_back: str | None
    aliases: list[str]


class Promotion(TypedDict):
    """An order to the registry.

    Attributes:
        promote: whether anything is to be done.
        sha256: weights that become champion; None where training has failed and there are none.
        champion: version that they were judged against; None if there was none.
        run_id: of the training run.
    """

    promote: bool
    sha256: str | None
    champion: int | None
    run_id: str


@dataclass(frozen=True)
class Retraining:
    """A run that trained a challenger, as MLflow has it on record.

    Attributes:
        mlflow_run: MLflow's name for it.
        run_id: identity of the training run.
        is_forgotten: whether its removal has begun, and was cut off.
    """

    mlflow_run: str
    run_id: str
    is_forgotten: bool
