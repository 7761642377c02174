"""The `data` pipeline on a large source: seconds, and anonymous memory against that for a small one; cut off once by SIGKILL and continued.

Runs `kedro run --pipelines data` in temporary projects: on `.npz` files of generated images, or on clips of moving digits.

    python benchmarks/preparation.py [--num-images 2000000]
    python benchmarks/preparation.py --clips 100000
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from main_job import copy_project

SMALL = 5_000
CHUNK = 50_000
SIDE = 28


@dataclass(frozen=True)
class Source:
    """What `kedro run` is told, and about how many bytes the images have."""

    arguments: list[str]
    num_bytes: int


def write_images(path: Path, num: int) -> None:
    """Write (num, 28, 28, 1) uint8 of noise and as many labels, a chunk at a time, as `numpy.savez` would."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, dtype, shape in (("images", np.uint8, (num, SIDE, SIDE, 1)), ("labels", np.int64, (num,))):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for start in range(0, num, CHUNK):
                    size = (min(CHUNK, num - start), *shape[1:])
                    member.write(random.integers(0, 256, size, dtype=dtype) if name == "images" else np.arange(size[0], dtype=dtype) % 10)


def anonymous_mib(pid: int) -> float:
    """RssAnon of a process: what is really its own, without mapped files; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


def prepare(project: Path, source: Source, kill_at: float | None = None) -> tuple[float, float]:
    """Run the pipeline; kill it once that share of the images is on disk.

    Returns:
        Seconds, and the peak of anonymous memory in MiB.
    """
    arguments = ["run", "--pipelines", "data", *source.arguments]
    partial = project / "data/05_model_input/.train_images.safetensors.partial"
    started, peak = time.perf_counter(), 0.0
    process = subprocess.Popen([sys.executable, "-m", "kedro", *arguments], cwd=project)
    while process.poll() is None:
        peak = max(peak, anonymous_mib(process.pid))
        if kill_at is not None and partial.exists() and partial.stat().st_size > kill_at * source.num_bytes:
            process.kill()
        time.sleep(0.02)
    expected = 0 if kill_at is None else -9
    if process.returncode != expected:
        sys.exit(f"kedro run ended with {process.returncode}, expected {expected}")
    return time.perf_counter() - started, peak


def npz(file: Path, num: int) -> Source:
    """As many images, in a file."""
    write_images(file, num)
    return Source(["--params", f"data.source=npz,data.location={file},data.held_out_share=0.1"], num * SIDE * SIDE)


def clips(num: int) -> Source:
    """As many clips, with the preset's size."""
    return Source(["--env", "video", "--params", f"data.moving_digits.num_clips={num}"], num * 16 * 32 * 32)


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-images", type=int, default=2_000_000)
    parser.add_argument("--clips", type=int, help="as many clips instead")
    options = parser.parse_args()
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        projects = {label: folder / label for label in ("small", "whole", "cut off")}
        for project in projects.values():
            copy_project(project)
        if options.clips:
            small, large = clips(SMALL), clips(options.clips)
        else:
            small, large = npz(folder / "small.npz", SMALL), npz(folder / "large.npz", options.num_images)
        runs = {
            "5,000": ("small", small, None),
            "all": ("whole", large, None),
            "all, nothing changed": ("whole", large, None),
            "all, killed half-way": ("cut off", large, 0.45),
            "continued": ("cut off", large, None),
        }
        for label, (project, source, kill_at) in runs.items():
            seconds, peak = prepare(projects[project], source, kill_at)
            result[label] = {"seconds": seconds, "peak_rss_anon_mib": peak}
            print(label, result[label], file=sys.stderr, flush=True)
        stored = [(projects[label] / "data/05_model_input/fingerprint.json").read_text() for label in ("whole", "cut off")]
    print(json.dumps(result | {"continued_equals_whole": stored[0] == stored[1]}, indent=2))


if __name__ == "__main__":
    main()
