"""What the main job takes and gives: wall time, share of training steps, peak memory and, with MNIST at hand, its judged quality.

Runs `kedro run` from nothing in a temporary copy of the project.

    python benchmarks/main_job.py [--mnist FOLDER] [-- further arguments of kedro run]
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


def copy_project(target: Path) -> None:
    """Copy what a run needs, and no data."""
    for name in ("conf", "src"):
        shutil.copytree(ROOT / name, target / name)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, target / name)


def measure(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Wall seconds and peak resident memory in GiB, all processes together, of one `kedro run`."""
    started = time.perf_counter()
    process = psutil.Popen([sys.executable, "-m", "kedro", "run", *arguments], cwd=folder)
    peak = 0
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in family))
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.1)
    if process.returncode:
        sys.exit(process.returncode)
    return time.perf_counter() - started, peak / 2**30


def training_seconds(folder: Path) -> float:
    """Seconds inside training steps, from the rates of the intervals."""
    (history,) = (folder / "data/06_models/runs").glob("*/history.csv")
    rows = list(csv.DictReader(history.read_text().splitlines()))
    seen = [0, *(int(row["images_seen"]) for row in rows)]
    return sum((after - before) / float(row["images_per_second"]) for before, after, row in zip(seen, seen[1:], rows, strict=False))


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", help="folder with the four IDX files, for the judge")
    parser.add_argument("arguments", nargs="*", help="of kedro run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_project(folder)
        wall, memory = measure(options.arguments, folder)
        steps = training_seconds(folder)
        result = {"wall_s": wall, "training_steps_s": steps, "everything_else_s": wall - steps, "peak_memory_gib": memory}
        repeat, _ = measure([*options.arguments, "--pipelines", "sampling", "--params", "sampling.num_images=1000"], folder)
        result["sampling_1000_existing_model_wall_s"] = repeat
        if options.mnist:
            (generator,) = (folder / "data/06_models/generator.keras").glob("*/generator.keras")
            judged = subprocess.run(
                [sys.executable, str(ROOT / "benchmarks/judge.py"), "--mnist", options.mnist, "--generator", str(generator)],
                stdout=subprocess.PIPE,
                check=True,
            )
            result["judged"] = json.loads(judged.stdout)
        result["scores"] = json.loads((folder / "data/08_reporting/metrics.json").read_text())["scores"]
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
