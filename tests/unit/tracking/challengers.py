"""Challengers that nothing had to be trained for."""

from kedro.io import DataCatalog

from ganflow.hooks.retention import EXPORTS
from ganflow.tracking.runs import RETRAINING, RunRecorder

MODEL, EXPERIMENT = "digits", "experiment"


class Generator:
    """As much of a Keras model as is asked of it."""

    def __init__(self, content=b"weights"):
        self.content = content

    def save(self, path):
        path.write_bytes(self.content)


def new_catalog(folder):
    """As much of the catalog as retention asks for, in a folder."""
    runs = {"path": str(folder / "runs")}
    return DataCatalog.from_config(
        {
            "champion": {"type": "ganflow.datasets.RegisteredGeneratorDataset", "path": str(folder / "mlflow"), "model": MODEL},
            "params:tracking": {"type": "MemoryDataset", "data": {"enabled": True, "experiment": EXPERIMENT}},
            "promotion": {"type": "ganflow.datasets.PromotionDataset", "path": str(folder / "mlflow"), "model": MODEL},
        }
        | {
            "checkpoints": runs | {"type": "ganflow.datasets.CheckpointSeries", "name": "checkpoints"},
            "decisions": runs | {"type": "ganflow.datasets.RunRecords", "name": "decision"},
        }
        | {name: {"type": "ganflow.datasets.JSONDataset", "filepath": str(folder / name), "versioned": True} for name in EXPORTS}
    )


def register_challenger(catalog, name):
    """Record a training run of that name, and register its generator, whose file holds the name."""
    catalog.save("checkpoints", {name: {1: {"arrays": {}, "metadata": {"run_id": name}}}})
    catalog.save("decisions", {name: {"run_id": name}})
    recorder = RunRecorder(catalog["champion"].registry, EXPERIMENT, {})
    recorder.begin(name, {}, {RETRAINING: MODEL})
    version = recorder.register(name, Generator(name.encode()), {"run_id": name, "sha256": name})
    recorder.end("FINISHED")
    return version


def order(name, champion):
    """A decision to promote the weights of that name, which were judged against a version."""
    return {"promote": True, "sha256": name, "champion": champion, "run_id": name}
