"""What is recorded of a training run."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganflow.records import GeneratorRecord, Retraining
from ganflow.tracking.registry import MODEL_FILE, RECORD_FILE, RUN_ID, ModelVersion, Registry, files_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

RETRAINING = "ganflow.retraining"
"""Tag of the runs that trained a challenger: for which model."""

LIBRARIES = ("ganflow", "kedro", "keras", "mlflow", "numpy", "tensorflow")

STEP_METRIC = "discriminator_loss"
"""Tells how far a run has been recorded."""


_NO_MEASURES = ("step", "extractor")
"""Columns of history that are no curves."""


@dataclass
class RunRecorder:
    """Records training runs: one MLflow run for each, found again by its identity when the training goes on.

    Attributes:
        registry: of the generators.
        experiment: name.
        tags: of every run.
    """

    registry: Registry
    experiment: str
    tags: dict[str, str]
    _client: MlflowClient | None = None
    _runs: dict[str, str] = field(default_factory=dict)
    _recorded: dict[str, int] = field(default_factory=dict)

    def begin(self, run_id: str, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Open the record of a run, new or not.

        Args:
            run_id: identity of the training run.
            parameters: nested; what cannot be changed in MLflow afterwards, and has changed, becomes a tag.
            tags: of this run, besides those of all.
        """
        with self.registry.store.explained():
            flat = {name: str(value) for name, value in flatten(parameters).items()}
            client, experiment = self._connect(), self._experiment()
            found = client.search_runs([experiment], f"tags.`{RUN_ID}` = '{run_id}'", max_results=1)
            run = found[0] if found else client.create_run(experiment, run_name=run_id, tags={RUN_ID: run_id})
            known = run.data.params
            changed = {f"changed.{name}": value for name, value in flat.items() if known.get(name, value) != value}
            from mlflow.entities import Param, RunTag

            labels = {**self.tags, **tags, **changed}
            client.log_batch(
                run.info.run_id,
                params=[Param(name, value) for name, value in flat.items() if name not in known],
                tags=[RunTag(name, value) for name, value in labels.items()],
            )
            client.update_run(run.info.run_id, status="RUNNING")
            self._runs[run_id] = run.info.run_id
            steps = client.get_metric_history(run.info.run_id, STEP_METRIC) if found else []
            self._recorded[run_id] = max((point.step for point in steps), default=0)

    def is_open(self, run_id: str) -> bool:
        """Whether the record of a run has begun."""
        return run_id in self._runs

    def add_row(self, run_id: str, row: Mapping[str, Any]) -> None:
        """Add a row of history to the curves, unless it was recorded before the training was interrupted."""
        step = int(row["step"])
        if step <= self._recorded[run_id]:
            return
        values = {name: float(value) for name, value in row.items() if name not in _NO_MEASURES and math.isfinite(value)}
        self._log(run_id, values, step)
        self._recorded[run_id] = step

    def add_scores(self, run_id: str, scores: Mapping[str, float], step: int) -> None:
        """Add the scores of a finished generator."""
        self._log(run_id, scores, step)

    def add_file(self, run_id: str, name: str, content: bytes) -> None:
        """Add a file, such as a picture."""
        with tempfile.TemporaryDirectory() as folder, self.registry.store.explained():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            self._connect().log_artifacts(self._runs[run_id], folder)

    def add_record(self, run_id: str, name: str, record: Mapping[str, Any]) -> None:
        """Add a JSON file."""
        self.add_text(run_id, name, json.dumps(record, indent=2))

    def add_text(self, run_id: str, name: str, text: str) -> None:
        """Add a file of text."""
        with self.registry.store.explained():
            self._connect().log_text(self._runs[run_id], text, name)

    def register(self, run_id: str, generator: Any, record: GeneratorRecord) -> ModelVersion:
        """Add the generator (a Keras model) and its record, and make them a registered version."""
        existing = self.registry.find(record["sha256"])
        if existing is not None:
            return existing
        with tempfile.TemporaryDirectory() as folder, self.registry.store.explained():
            generator.save(Path(folder) / MODEL_FILE)
            (Path(folder) / RECORD_FILE).write_text(json.dumps(record, indent=2), encoding="utf-8")
            self._connect().log_artifacts(self._runs[run_id], folder, files_folder(record["sha256"]))
        return self.registry.register(self._runs[run_id], record)

    def end(self, status: str) -> None:
        """Close every record that is open: FINISHED, FAILED or KILLED."""
        with self.registry.store.explained():
            for mlflow_run in self._runs.values():
                self._connect().set_terminated(mlflow_run, status)
        self._runs.clear()

    def _log(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        with self.registry.store.explained():
            metrics = [Metric(name, value, now, step) for name, value in values.items()]
            self._connect().log_batch(self._runs[run_id], metrics=metrics)

    def _connect(self) -> MlflowClient:
        if self._client is None:
            self._client = self.registry.store.client()
        return self._client

    def _experiment(self) -> str:
        client, store = self._connect(), self.registry.store
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            identifier: str = found.experiment_id
            return identifier
        location = store.artifacts.absolute().as_uri() if store.is_embedded else None
        created: str = client.create_experiment(self.experiment, artifact_location=location)
        return created


def find_retrainings(registry: Registry, experiment: str) -> list[Retraining]:
    """All runs of an experiment that trained a challenger for this model, newest first."""
    from mlflow.entities import ViewType

    client, store = registry.store.client(), registry.store
    with store.explained():
        found = client.get_experiment_by_name(experiment)
        if found is None:
            return []
        runs = client.search_runs(
            [found.experiment_id],
            f"tags.`{RETRAINING}` = '{registry.model}'",
            # what was removed from a server is its owner's
            run_view_type=ViewType.ALL if store.is_embedded else ViewType.ACTIVE_ONLY,
            max_results=1000,
            order_by=["attributes.start_time DESC"],
        )
    return [Retraining(run.info.run_id, run.data.tags[RUN_ID], run.info.lifecycle_stage == "deleted") for run in runs]


def withdraw_versions(registry: Registry, retrainings: list[Retraining]) -> None:
    """Remove the registered versions of some runs, the oldest first, so that none of them can become champion. Safe to repeat."""
    client = registry.store.client()
    mlflow_runs = {run.mlflow_run for run in retrainings}
    with registry.store.explained():
        for version in registry.versions():
            if version.mlflow_run in mlflow_runs:
                client.delete_model_version(registry.model, str(version.number))


def forget_runs(registry: Registry, retrainings: list[Retraining]) -> None:
    """Remove records and files of some runs whose versions were withdrawn. Safe to repeat."""
    client, store = registry.store.client(), registry.store
    mlflow_runs = [run.mlflow_run for run in retrainings]
    with store.explained():
        for run in retrainings:
            if not run.is_forgotten:
                client.delete_run(run.mlflow_run)
        if store.is_embedded and mlflow_runs:
            # on a server its owner does this; the embedded store has no other owner
            place = ["--backend-store-uri", store.tracking_uri, "--tracking-uri", store.tracking_uri]
            command = ["-m", "mlflow", "gc", *place, "--run-ids", ",".join(mlflow_runs)]
            done = subprocess.run([sys.executable, *command], capture_output=True, text=True)  # noqa: S603
            if done.returncode:
                raise OSError(f"mlflow gc failed: {done.stderr.strip().splitlines()[-1:]}")
            for mlflow_run in mlflow_runs:
                # it removes files, but not their folders
                shutil.rmtree(store.artifacts / mlflow_run, ignore_errors=True)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, `{"a": {"b": 1}}` as `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def describe_surroundings(project: Path) -> dict[str, str]:
    """Revision of the project, versions of the libraries, and the machine, as tags."""
    commit, changes = _git(project, "rev-parse", "HEAD"), _git(project, "status", "--porcelain")
    versions = {f"version.{name}": importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "mlflow.source.git.commit": commit or "unknown",
        "git.uncommitted_changes": "unknown" if changes is None else str(bool(changes)).lower(),
        "version.python": platform.python_version(),
        **versions,
        "device": ", ".join(_devices()),
    }


def _devices() -> list[str]:
    import tensorflow as tf

    devices = tf.config.list_physical_devices()
    names = [tf.config.experimental.get_device_details(device).get("device_name", device.device_type) for device in devices]
    return [f"{platform.machine()} {name}" if name == "CPU" else name for name in names]


def _git(project: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, or no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603, S607
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
