"""Seconds until the command line answers, and until `kedro run` starts its first node.

python benchmarks/startup.py [--rounds 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from main_job import ROOT, copy_project


def seconds(arguments: list[str], folder: Path, until: str | None, environment: dict[str, str]) -> float:
    """Wall time of a command, or until its output holds a text."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "kedro", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    seen = None
    for line in process.stdout:
        if until and until in line and seen is None:
            seen = time.perf_counter() - started
            process.terminate()
    process.wait()
    if until is None and process.returncode == 0:
        return time.perf_counter() - started
    if seen is None:
        raise SystemExit(f"kedro {' '.join(arguments)} ended with {process.returncode}" + (f" before '{until}'" if until else ""))
    return seen


def main() -> None:
    """Measure in turn and print medians and ranges as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    commands = {
        "kedro --help": (["--help"], None),
        "kedro registry list": (["registry", "list"], None),
        "first node of kedro run": (["run"], "Running node"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_project(folder)
        # the project's own logging, and Kedro's line for every node
        logging = yaml.safe_load((ROOT / "conf/logging.yml").read_text())
        logging["loggers"]["kedro"] = {"level": "INFO"}
        (folder / "logging.yml").write_text(yaml.safe_dump(logging))
        environment = os.environ | {
            "KEDRO_LOGGING_CONFIG": str(folder / "logging.yml"),
            "KEDRO_DISABLE_TELEMETRY": "true",
            "COLUMNS": "200",
        }
        for _ in range(options.rounds):
            for label, (arguments, until) in commands.items():
                times[label].append(seconds(arguments, folder, until, environment))
    print(
        json.dumps({label: {"median_s": statistics.median(of), "low": min(of), "high": max(of)} for label, of in times.items()}, indent=2)
    )


if __name__ == "__main__":
    main()
