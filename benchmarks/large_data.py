"""A data set larger than what training may hold in memory: anonymous memory and speed, against a small one.

Writes a file of generated images to a temporary folder, then trains on it, and on its first 5,000 images, in a process each.

    python benchmarks/large_data.py [--num-images 5000000] [--steps 600]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

SMALL = 5_000
CHUNK = 50_000


def write_images(path: Path, num: int) -> None:
    """Write (num, 28, 28, 1) uint8 of noise, a chunk at a time."""
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (num, 28, 28, 1))
    random = np.random.default_rng(0)
    for start in range(0, num, CHUNK):
        images[start : start + CHUNK] = random.integers(0, 256, (min(CHUNK, num - start), 28, 28, 1), dtype=np.uint8)
    images.flush()


def anonymous_mib() -> float:
    """RssAnon of this process: what is really its own, without mapped files."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def train_once(path: Path, num: int, steps: int) -> dict[str, float]:
    """Train on the first `num` images with the default settings; report the rate after the first third and the peak of memory."""
    from ganflow.data.images import ImageSet
    from ganflow.networks import build_pair
    from ganflow.training.loop import train
    from presets import read_preset

    network, preset = read_preset("base")
    parameters = preset.model_copy(update={"num_steps": steps, "interval": steps // 6})
    images = ImageSet(np.load(path, mmap_mode="r")[:num])
    generator, discriminator = build_pair(network, (28, 28, 1))
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], anonymous_mib())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    rates = [report.history["images_per_second"] for report in train(images, generator, discriminator, parameters) if report.history]
    done.set()
    watcher.join()
    return {"num_images": num, "images_per_second": float(np.median(rates[2:])), "peak_rss_anon_mib": peak[0]}


def main() -> None:
    """Measure both and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-images", type=int, default=5_000_000)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(train_once(Path(options.worker[0]), int(options.worker[1]), options.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        started = time.perf_counter()
        write_images(path, options.num_images)
        print(f"wrote {path.stat().st_size / 1e9:.1f} GB in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        runs = []
        # small, large, small again, so that a slow spell of the machine shows
        for num in (SMALL, options.num_images, SMALL):
            command = [sys.executable, __file__, "--steps", str(options.steps), "--worker", str(path), str(num)]
            runs.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout))
            print(runs[-1], file=sys.stderr)
    small_rate = (runs[0]["images_per_second"] + runs[2]["images_per_second"]) / 2
    result = {
        "runs": runs,
        "rate_ratio": runs[1]["images_per_second"] / small_rate,
        "additional_rss_anon_mib": runs[1]["peak_rss_anon_mib"] - min(runs[0]["peak_rss_anon_mib"], runs[2]["peak_rss_anon_mib"]),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
