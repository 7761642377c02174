"""Effects that belong to a run rather than to a node: checking parameters, one at a time, preparing devices, showing progress."""

from __future__ import annotations

import difflib
import logging
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ganflow.config import SECTIONS
from ganflow.config.data import DataParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.seed_study import SeedStudyParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.pictures import COLLECTIONS
from ganflow.data.pictures.store import Decoding
from ganflow.datasets import ImageSetDataset, ImageSetProgress, PicturesDataset
from ganflow.errors import ConfigurationError
from ganflow.hooks.retraining import is_retraining
from ganflow.reporting.words import duration
from ganflow.runtime.cluster import membership
from ganflow.runtime.locks import take_lock

logger = logging.getLogger(__name__)

USERS_OF_TENSORFLOW = {"networks", "extractor", "training", "sampling", "evaluation"}
"""Tags of nodes."""

SECONDS_BETWEEN_LINES = 10.0
"""Where there is no terminal for a bar."""

LOCK = Path("data/.training.lock")


class ParameterHooks:
    """Refuses parameter sections that do not exist; what is inside a section, the section itself checks."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Compare the top-level keys of all parameters with the known sections."""
        for key in context.config_loader["parameters"]:
            if key not in SECTIONS:
                nearest = difflib.get_close_matches(key, SECTIONS, n=1)
                hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
                raise ConfigurationError(f"There is no parameter section '{key}'.{hint} Known sections: {', '.join(SECTIONS)}.")


class LockHooks:
    """Keeps two trainings of one project apart, which would take each other's files for their own."""

    def __init__(self) -> None:
        self._project = Path()
        self._lock: int | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Take the lock, where images are prepared, or something is trained or promoted.

        It comes after all that can be refused has been, which writes nothing.

        Raises:
            AlreadyRunningError: if another training of this project is under way.
            ConfigurationError: if the lock cannot be taken, or TF_CONFIG is malformed.
        """
        self._release()
        is_writing = {"checkpoints", "train_images"} & pipeline.all_outputs() or is_retraining(pipeline)
        if is_writing and membership().is_chief:
            self._lock = take_lock(self._project / LOCK, "training")

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Let the next one in."""
        self._release()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Let the next one in."""
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class WorkerHooks:
    """Of several machines that train together, lets the chief alone write."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Keep in memory what the others would save; images, which are streamed to disk and mapped, in a temporary folder.

        Raises:
            ConfigurationError: if TF_CONFIG is malformed.
        """
        place = membership()
        if place.is_chief:
            return
        logger.info("%s trains along; the chief alone writes.", place.name.capitalize())
        # it would warn of every entry that is replaced
        catalog_logger = logging.getLogger("kedro.io.data_catalog")
        level = catalog_logger.level
        catalog_logger.setLevel(logging.ERROR)
        for name in pipeline.datasets():
            if (
                isinstance(catalog.get(name), ImageSetDataset | ImageSetProgress | PicturesDataset)
                and "train_images" in pipeline.all_outputs()
            ):
                self._folder = self._folder or tempfile.TemporaryDirectory(prefix="ganflow-")
                catalog[name] = catalog[name].moved(Path(self._folder.name))
            elif name in pipeline.all_outputs():
                catalog[name] = MemoryDataset(copy_mode="assign")
        catalog_logger.setLevel(level)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Remove the folder."""
        self._remove_folder()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Remove the folder."""
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class DeviceHooks:
    """Prepares devices before the first node, and says what training is going to use."""

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Let TensorFlow take GPU memory as it needs it, and refuse settings that this machine cannot serve.

        Raises:
            ConfigurationError: for such settings.
        """
        users = [node for node in pipeline.nodes if node.tags & USERS_OF_TENSORFLOW]
        if not users and not _recommends(pipeline, catalog):
            return
        if "study_plan" in pipeline.all_outputs() and membership().num_workers > 1:
            raise ConfigurationError(
                f"A seed study runs on one machine, but TF_CONFIG names {membership().num_workers} workers. Unset TF_CONFIG; several "
                "machines can take a seed each with seed_study.first_seed and seed_study.num_seeds=1."
            )
        with _without_start_messages(), _without("matplotlib", "sklearn"):
            import tensorflow as tf

            tf.config.list_physical_devices()
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        if any("params:training" in node.inputs for node in users):
            self._check_training(pipeline, catalog)

    @staticmethod
    def _check_training(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        from ganflow.losses.compatibility import check_recipe
        from ganflow.runtime.devices import choices
        from ganflow.runtime.distribution import build_strategy

        for networks, training in _recipes(pipeline, catalog):
            check_recipe(training, networks.discriminator)
            settled = choices(training)
        logger.info("%s.", "; ".join(f"{name} {choice.value}: {choice.reason}" for name, choice in settled.items()))
        if "checkpoints" in pipeline.all_outputs():
            # TensorFlow wants to hear of other machines before it does anything else
            build_strategy(settled["distribution"].value)


def _recommends(pipeline: Pipeline, catalog: CatalogProtocol) -> bool:
    """Whether the data report says what suits the pictures, for which networks are built."""
    return "data_report" in pipeline.all_outputs() and DataParameters.model_validate(catalog.load("params:data")).source in COLLECTIONS


def _recipes(pipeline: Pipeline, catalog: CatalogProtocol) -> list[tuple[NetworksParameters, TrainingParameters]]:
    """What is going to be trained: the settings at hand, or the recipes that a study names."""
    if "study_plan" in pipeline.all_outputs():
        # here, since every command imports the hooks, and this brings all that scores
        from ganflow.pipelines.seed_study.nodes import read_recipes

        study = SeedStudyParameters.model_validate(catalog.load("params:seed_study"))
        if named := read_recipes(catalog.load("recipes"), study):
            return list(named.values())
    return [(NetworksParameters.model_validate(catalog.load("params:networks")), catalog.load("params:training"))]


@contextmanager
def _without(*packages: str) -> Iterator[None]:
    """Let no import find these packages, unless they are loaded.

    Keras loads what it can find for its plots and its scikit-learn interface, which nothing here uses: 1.7 of 4.5 seconds.
    """
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def _without_start_messages() -> Iterator[None]:
    """Hold back what C++ libraries print while they start, and show it only if they fail.

    TensorFlow prints half a dozen lines before its log level can be set, most of them about GPUs that are not there.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(shown, held_back.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


class ProgressHooks:
    """Shows training as it goes: a bar in a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._num_steps: dict[str, int] = {}
        self._bar: Progress | None = None
        self._last_line = -math.inf

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> None:
        """Learn how long every run is going to be."""
        if "training_history" not in node.outputs:
            return
        if "study_plan" in inputs:
            self._num_steps = {run_id: run.parameters.num_steps for run_id, run in inputs["study_plan"].items()}
        else:
            parameters = inputs["params:training"] if "params:training" in inputs else inputs["challenger_training"]
            self._num_steps = {inputs["training_run"]["run_id"]: parameters.num_steps}

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Report every interval that reaches the history, and pictures as they are decoded; close the bar with the node's last output."""
        if isinstance(data, Decoding):
            self._report_decoding(data)
        if dataset_name != "training_history":
            return
        rows = {run_id: history.iloc[-1] for run_id, history in data.items() if len(history)}
        if not rows:
            return
        ((run_id, row),) = rows.items()
        num_steps = self._num_steps[run_id]
        if sys.stderr.isatty():
            self._show_bar("training", int(row["step"]), num_steps, _short_state(row))
        else:
            logger.info(progress_line(row, num_steps))
        if row["step"] >= num_steps:
            self._close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Leave the terminal clean."""
        self._close()

    def _report_decoding(self, part: Decoding) -> None:
        state = f"decoded {part.num_done} of {part.num_missing} pictures"
        is_last = part.num_done == part.num_missing
        if sys.stderr.isatty():
            self._show_bar("decoding", part.num_done, part.num_missing, "pictures")
        elif is_last or time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            logger.info("%s", state.capitalize())
        if is_last:
            self._close()

    def _show_bar(self, name: str, completed: int, total: int, state: str) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn(name),
                BarColumn(bar_width=12),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[state]}"),
                console=Console(stderr=True),
            )
            self._bar.add_task(name, total=total, state="")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], total=total, completed=completed, state=state)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_line(row: pd.Series, num_steps: int) -> str:
    """One line: step, time left at the rate of the last interval, rate and both losses."""
    step = int(row["step"])
    seconds_left = (num_steps - step) * row["images_seen"] / step / row["images_per_second"]
    return f"step {step}/{num_steps}, {duration(seconds_left)} left, {_state(row)}"


def _short_state(row: pd.Series) -> str:
    """Rate, discriminator's and generator's loss, for a bar in a terminal of 80 columns."""
    return f"{row['images_per_second']:.0f} images/s, losses {row['discriminator_loss']:.3f} and {row['generator_loss']:.3f}"


def _state(row: pd.Series) -> str:
    return (
        f"{row['images_per_second']:.0f} images/s, discriminator loss {row['discriminator_loss']:.3f}, "
        f"generator loss {row['generator_loss']:.3f}"
    )
