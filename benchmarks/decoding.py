"""Decoding a folder of pictures: rate beside two processes that do nothing else, memory, and what an unchanged folder costs.

    python benchmarks/decoding.py [--num 20000] [--tiny 100000] [--folder FOLDER]

Writes JPEG and PNG files of mixed sizes (32 to 512 pixels a side; smooth random fields with some noise, so that they compress as
photographs do), then times, in turn: a pool of two processes that opens, resizes and returns each; the step `decode_pictures` into an empty
store; the step again, unchanged. Peak memory is that of the process and of all it starts (the sum of their
resident sets, sampled every 50 ms).
"""

import argparse
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from ganflow.config.data import DataParameters, ImageGeometry
from ganflow.data.pictures.geometry import fit
from ganflow.data.pictures.intake import take_in
from ganflow.data.pictures.store import PictureStore
from presets import read_data


def write_picture(folder: Path, number: int, tiny: bool) -> None:
    """One file."""
    random = np.random.default_rng(number)
    sides = (16, 16) if tiny else tuple(int(side) for side in np.exp(random.uniform(np.log(32), np.log(512), 2)))
    field = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize(sides, Image.Resampling.BICUBIC)
    pixels = np.asarray(field) + random.normal(0, 4, (sides[1], sides[0], 1))
    suffix = "png" if tiny or number % 2 else "jpg"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number:06d}.{suffix}")


def write_pictures(folder: Path, num: int, tiny: bool = False) -> None:
    """Many, in subfolders of a thousand."""
    for number in range(num):
        own = folder / f"{number // 1000:03d}"
        own.mkdir(parents=True, exist_ok=True)
        write_picture(own, number, tiny)


def decode_plainly(geometry: ImageGeometry, file: str) -> bytes:
    """What the two processes do."""
    with Image.open(file) as picture:
        return fit(picture, geometry).tobytes()


def take_in_all(parameters: DataParameters, store: PictureStore) -> None:
    """The step `decode_pictures`."""
    for part in take_in(parameters, {}, store):
        store.save(part)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """(seconds, peak MiB)."""
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        own = psutil.Process()
        while not done.wait(0.05):
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak = max(peak, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return seconds, peak / 2**20


def plainly(folder: Path, geometry: ImageGeometry) -> None:
    """Two processes that only decode and resize."""
    files = [os.fspath(file) for file in sorted(folder.rglob("*.*"))]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(partial(decode_plainly, geometry), files, chunksize=32):
            pass


def report(name: str, num: int, found: tuple[float, float]) -> None:
    """One line."""
    print(f"{name}: {num} files in {found[0]:.1f} s, {num / found[0]:.0f} a second, peak {found[1]:.0f} MiB", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num", type=int, default=20_000)
    parser.add_argument("--tiny", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="pictures of your own instead")
    options = parser.parse_args()
    temporary = Path(tempfile.mkdtemp(prefix="ganflow-"))
    try:
        cases = [("mixed", options.num, False), ("tiny", options.tiny, True)]
        for name, num, tiny in cases if options.folder is None else [("own", 0, False)]:
            folder = options.folder or temporary / name
            if options.folder is None:
                write_pictures(folder, num, tiny)
            num = sum(1 for _ in folder.rglob("*.*"))
            parameters = read_data(source="folder", location=str(folder), held_out_share=0.1)
            store = PictureStore(temporary / f"{name}.sqlite")
            report(f"{name}, plainly", num, measured(partial(plainly, folder, parameters.image)))
            report(f"{name}, decode_pictures", num, measured(partial(take_in_all, parameters, store)))
            report(f"{name}, unchanged", num, measured(partial(take_in_all, parameters, store)))
    finally:
        shutil.rmtree(temporary)


if __name__ == "__main__":
    main()
