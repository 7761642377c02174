"""How well the time that is foretold before a training agrees with the time that it takes, for every preset.

python benchmarks/estimate.py [--seconds 15]
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.data.images import ImageSet
from ganflow.networks import build_pair
from ganflow.training.estimate import estimate
from ganflow.training.loop import train
from presets import read_preset

SUBJECTS = (("base", 28, 1), ("classic", 28, 1), ("wgan_gp", 28, 1), ("images", 32, 3), ("images", 64, 3), ("dcgan", 64, 3))


def main() -> None:
    """Measure each in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="of training of each, after its first interval")
    options = parser.parse_args()
    for preset, side, channels in SUBJECTS:
        networks, training = read_preset(preset)
        training = training.model_copy(update={"interval": 10, "num_steps": 10**6})
        images = np.random.default_rng(0).integers(0, 256, (2_000, side, side, channels), dtype=np.uint8)
        pair = build_pair(networks, images.shape[1:])
        foretold = estimate(*pair, training).seconds / training.num_steps * 1_000
        rates: list[float] = []
        started = None
        for report in train(ImageSet(images), *pair, training):
            if report.history is None:
                continue
            rates.append(report.history["images_per_second"])
            started = started or time.perf_counter()
            if time.perf_counter() - started > options.seconds:
                break
        step = training.discriminator_steps * training.batch_size
        measured = 1_000 * step / float(np.median(rates[1:]))
        print(f"{preset} {side} × {side}: {foretold:.0f} s foretold for 1,000 steps, {measured:.0f} s measured, {foretold / measured:.2f}")


if __name__ == "__main__":
    main()
