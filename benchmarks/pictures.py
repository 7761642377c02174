"""What a recipe makes of a folder of pictures in some minutes: images a second, and samples to be judged elsewhere.

Everything but the time is as `kedro run --env NAME --params data.source=folder,data.location=FOLDER` does it. Minutes are counted from the
first interval on; with `--steps` as many are taken, however long they last. Of either, several give several marks in one training. Writes
into a folder for each mark, OUT/10 for the tenth minute, `samples.npz` (uint8 images of the averaged generator), `sheet.png` (the first 64)
and `record.json`; and `real.npz` into OUT.

    python benchmarks/pictures.py FOLDER OUT --preset images --size 32 --minutes 10 30 [--seed 0] [--training JSON] [--networks JSON]
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from ganflow.data.images import ImageSet
from ganflow.data.pictures.intake import take_in
from ganflow.data.pictures.store import PictureStore
from ganflow.networks import build_pair
from ganflow.reporting.sheets import tile
from ganflow.sampling.images import sample_images
from ganflow.training.loop import train
from ganflow.training.state import average_generator
from laboratory import join_sets
from presets import altered, read_data, read_preset

NUM_SAMPLES = 4000


def read_pictures(folder: str, size: int) -> tuple[ImageSet, ImageSet]:
    """Training and held-out images."""
    data = read_data(source="folder", location=folder, held_out_share=0.1)
    data = altered(data, {"image": {"height": size, "width": size}})
    with tempfile.TemporaryDirectory() as temporary:
        store = PictureStore(Path(temporary) / "pictures.sqlite")
        for part in take_in(data, {}, store):
            store.save(part)
        return join_sets(data, store)


def main() -> None:
    """Train, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="images")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0])
    parser.add_argument("--steps", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--training", type=json.loads, default={})
    parser.add_argument("--networks", type=json.loads, default={})
    parser.add_argument("--most", type=int, help="training images")
    options = parser.parse_args()
    images, held_out = read_pictures(options.folder, options.size)
    if options.most:
        images = ImageSet(images.images[: options.most])
    networks, training = read_preset(options.preset)
    networks = altered(networks, options.networks)
    marks = sorted(options.steps or options.minutes)
    training = altered(training, {"num_steps": 10**6, "seed": options.seed} | options.training)
    generator, discriminator = build_pair(networks, images.images.shape[1:])
    options.out.mkdir(parents=True, exist_ok=True)
    np.savez(options.out / "real.npz", images=images.images, held_out=held_out.images)
    start, rates = None, []
    for report in train(images, generator, discriminator, training):
        if report.history is None:
            continue
        now = time.perf_counter()
        start = start or now
        rates.append(report.history["images_per_second"])
        reached = report.step if options.steps else (now - start) / 60
        if reached < marks[0]:
            continue
        model = average_generator(generator, report.arrays)
        record = {
            "preset": options.preset,
            "training": options.training,
            "networks": options.networks,
            "seed": options.seed,
            "num_images": len(images),
            "steps": int(report.step),
            "images_per_second": float(np.median(rates[1:])),
            "parameters": model.count_params(),
        }
        write(options.out / f"{marks.pop(0):g}", sample_images(model, NUM_SAMPLES, 500, options.seed), record)
        if not marks:
            break


def write(folder: Path, samples: np.ndarray, record: dict[str, Any]) -> None:
    """One mark."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / "samples.npz", images=samples)
    Image.fromarray(tile(samples[:64], 8).squeeze()).save(folder / "sheet.png")
    (folder / "record.json").write_text(json.dumps(record))
    print(record, flush=True)


if __name__ == "__main__":
    main()
