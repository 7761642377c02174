"""One entry for each dataset, for what has to hold for all of them; and the process that is killed, or finds the disk full.

Run as `python dataset_cases.py FOLDER WAYS CASE…`, where WAYS is some of kill,limit,full; it prints one JSON object,
{way: {case: what happened}}.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.io import DataCatalog, DatasetError


@dataclass(frozen=True)
class Case:
    """`value(seed)` makes what is saved, `bad()` what cannot be encoded; a test may name the file that a save replaces."""

    type: str
    file: str
    value: Callable[[int], Any]
    bad: Callable[[], Any]
    is_folder: bool = False
    key: str = "filepath"

    def config(self, folder: Path) -> dict[str, Any]:
        place = folder / (self.file if self.key == "filepath" or self.is_folder else "series")
        own = {"name": "own"} if self.key == "path" and not self.is_folder else {}
        return {"type": f"ganflow.datasets.{self.type}", self.key: str(place), "metadata": {"kedro-viz": {"layer": "models"}}} | own

    def target(self, folder: Path) -> Path:
        """The file or folder that is written."""
        return folder / (self.file if self.key == "filepath" or self.is_folder else f"series/{self.file}")


class Unprintable:
    """Lets an encoder begin, and then stops it."""

    def __str__(self):
        raise RuntimeError("no text for this")


def pixels(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def state(seed: int) -> dict[str, Any]:
    return {"arrays": {"kernel": pixels(seed, 40, 50) / np.float32(7)}, "metadata": {"step": seed, "losses": [0.1, 1e-9]}}


def broken_state() -> dict[str, Any]:
    return {"arrays": {"kernel": np.zeros(3)}, "metadata": {"step": object()}}


def table(seed: int) -> pd.DataFrame:
    return pd.DataFrame({"step": range(100 * seed, 100 * seed + 60), "loss": np.random.default_rng(seed).normal(size=60)})


def model(seed: int) -> Any:
    import keras

    # no global seed, which would outlive this test
    initializer = keras.initializers.GlorotUniform(seed)
    layers = [keras.layers.Dense(4, activation="tanh", kernel_initializer=initializer), keras.layers.BatchNormalization()]
    return keras.Sequential([keras.Input((3,)), *layers])


def broken_model() -> Any:
    import keras

    class Nameless(keras.layers.Layer):
        def get_config(self):
            raise RuntimeError("no configuration for this")

    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), Nameless()])


def broken_table() -> pd.DataFrame:
    return pd.DataFrame({"step": [1000, 1001], "loss": [0.5, Unprintable()]})


CASES = {
    "safetensors": Case("SafetensorsDataset", "classifier.safetensors", state, broken_state),
    "json": Case("JSONDataset", "metrics.json", lambda seed: {"values": list(range(seed, seed + 2000))}, lambda: {"a": 1, "b": object()}),
    "figure": Case(
        "FigureDataset", "curves.json", lambda seed: {"data": list(range(seed, seed + 2000)), "layout": {}}, lambda: {"data": object()}
    ),
    "csv": Case("CSVDataset", "metrics.csv", table, broken_table),
    "image": Case("ImageDataset", "sheet.png", lambda seed: pixels(seed, 20, 30, 3), lambda: np.zeros((4, 4, 3))),
    "clip": Case("ImageDataset", "sheet.webp", lambda seed: pixels(seed, 3, 20, 30, 3), lambda: np.zeros((2, 4, 4, 3))),
    "animation": Case("AnimationDataset", "evolution.png", lambda seed: pixels(seed, 4, 20, 20, 1), lambda: np.zeros((2, 4, 4, 1))),
    "image folder": Case(
        "ImageFolderDataset", "samples", lambda seed: pixels(seed, 5, 9, 8, 3), lambda: np.zeros((2, 4, 4, 3)), is_folder=True, key="path"
    ),
    "clip folder": Case(
        "ImageFolderDataset",
        "samples",
        lambda seed: pixels(seed, 5, 2, 9, 8, 1),
        lambda: np.zeros((2, 2, 4, 4, 3)),
        is_folder=True,
        key="path",
    ),
    "checkpoints": Case(
        "CheckpointSeries",
        "run-a/own/step-0000100.safetensors",
        lambda seed: {"run-a": {100: state(seed)}},
        lambda: {"run-a": {100: broken_state()}},
        key="path",
    ),
    "sheets": Case(
        "SheetSeries",
        "run-a/own/step-0000100.png",
        lambda seed: {"run-a": {100: pixels(seed, 20, 30, 1)}},
        lambda: {"run-a": {100: np.zeros((4, 4, 1))}},
        key="path",
    ),
    "sheets of clips": Case(
        "SheetSeries",
        "run-a/own/step-0000100.webp",
        lambda seed: {"run-a": {100: pixels(seed, 2, 20, 30, 1)}},
        lambda: {"run-a": {100: np.zeros((2, 4, 4, 1))}},
        key="path",
    ),
    # starts from step 0, so that the second value replaces the first as a whole
    "history": Case(
        "HistoryDataset",
        "run-a/own.csv",
        lambda seed: {"run-a": table(seed).assign(step=range(60))},
        lambda: {"run-a": broken_table()},
        key="path",
    ),
    "records": Case(
        "RunRecords",
        "run-a/own.json",
        lambda seed: {"run-a": {"findings": list(range(seed, seed + 2000))}},
        lambda: {"run-a": {"findings": object()}},
        key="path",
    ),
    "keras model": Case("KerasModelDataset", "generator.keras", model, broken_model),
}


def dataset(case: str, folder: Path) -> Any:
    return DataCatalog.from_config({"it": CASES[case].config(folder)}).get("it")


def same(loaded: Any, saved: Any) -> bool:
    """Equality of what was loaded, once functions are called, with what was saved."""
    if callable(loaded) and not hasattr(loaded, "get_weights"):
        return same(loaded(), saved)
    if isinstance(saved, dict):
        return loaded.keys() == saved.keys() and all(same(loaded[key], saved[key]) for key in saved)
    if isinstance(saved, pd.DataFrame):
        return loaded.equals(saved)
    if isinstance(saved, np.ndarray):
        return loaded.dtype == saved.dtype and np.array_equal(loaded, saved)
    if hasattr(saved, "get_weights"):
        return same(dict(enumerate(loaded.get_weights())), dict(enumerate(saved.get_weights())))
    return loaded == saved


def hidden_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


def save_half_and_wait(case: str, folder: Path, pipe: int) -> None:
    """Save anew, and stop with half of the content on disk."""

    def stop(_: int) -> None:
        written = [path for path in folder.rglob("*") if ".partial" in str(path) and path.is_file() and path.stat().st_size]
        for path in written:
            os.truncate(path, path.stat().st_size // 2)
        os.write(pipe, b"1" if written else b"0")
        signal.pause()

    new = CASES[case].value(2)
    os.fsync = stop
    dataset(case, folder).save(new)


def kill_mid_save(case: str, folder: Path) -> str:
    """With an old value in the folder."""
    folder.mkdir()
    dataset(case, folder).save(CASES[case].value(1))
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            save_half_and_wait(case, folder, writing)
        finally:
            os._exit(1)
    os.close(writing)
    reached = os.read(reading, 1) == b"1"
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return "killed half-way" if reached and os.WTERMSIG(status) == signal.SIGKILL else "never got half-way"


@contextmanager
def small_files_only():
    """Whatever is written beyond byte 16 of a file fails, as it does where the disk is full."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def full_disk(folder: Path):
    """What is left of the file system that `folder` is on is taken by another file."""
    filler = folder.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


def fail_to_save(case: str, folder: Path, way: str) -> dict[str, Any]:
    folder.mkdir()
    it = dataset(case, folder)
    it.save(CASES[case].value(1))
    new = CASES[case].value(2)
    error = None
    with small_files_only() if way == "limit" else full_disk(folder):
        try:
            it.save(new)
        except DatasetError as caught:
            error = str(caught)
    return {"error": error, "old is there": same(it.load(), CASES[case].value(1)), "hidden": hidden_files(folder)}


def main() -> None:
    folder, ways, *cases = sys.argv[1:]
    results: dict[str, dict[str, Any]] = {}
    for way in ways.split(","):
        here = Path(folder) / way
        here.mkdir()
        results[way] = {case: kill_mid_save(case, here / case) if way == "kill" else fail_to_save(case, here / case, way) for case in cases}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
