"""A retraining that is killed at random moments, and one that is repeated: what is left of the champion, and what grows.

Both work on a copy of the project, with the smoke networks.

    python benchmarks/retraining.py kills [--number 20] [--seed 0]
    python benchmarks/retraining.py endurance [--number 20]

`kills`: a champion is made, then retrainings are started, each to be killed (SIGKILL, with all that it started) after a random time of at
most that of a whole one. After every kill the champion has to load and to draw the images of the version that it is; in the end one
retraining has to run through.

`endurance`: one scheduler starts that many retrainings in a row, each of which trains a challenger. Its memory and open files, and the
project's disk, are read after every run; past the first `retraining.keep` challengers nothing may grow but logs up to their limit.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
SETTINGS = "tracking.enabled=true,retraining.gate.every_class=false,training.num_steps=100,training.interval=20,retraining.keep=3"
RETRAIN = ["run", "--env", "smoke", "--pipelines", "retraining", "--params", f"{SETTINGS},retraining.force=true"]
ENVIRONMENT = os.environ | {"PYTHONWARNINGS": "ignore", "KEDRO_DISABLE_TELEMETRY": "true"}


def copy_project() -> Path:
    """A project without data."""
    target = Path(tempfile.mkdtemp()) / "project"
    for name in ("conf", "src"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, target / name)
    return target


def kedro(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "kedro", *arguments]
    return subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def champion(project: Path) -> tuple[int, str]:
    """Version in use, and SHA-256 of what it draws.

    Raises:
        RuntimeError: if it does not load.
    """
    shown = kedro(project, "champion", "show")
    drawn = kedro(project, "run", "--env", "smoke", "--pipelines", "sampling", "--nodes", "sampling.draw_sheet")
    if shown.returncode or drawn.returncode:
        raise RuntimeError(f"the champion does not load:\n{shown.stderr}{drawn.stderr}")
    version = int(shown.stdout.split("version   ")[1].split()[0])
    return version, hashlib.sha256((project / "data/07_model_output/sample_sheet.png").read_bytes()).hexdigest()[:12]


def kills(number: int, seed: int) -> None:
    """Kill, look, and go on."""
    project, moments = copy_project(), random.Random(seed)
    started = time.monotonic()
    first = kedro(project, *RETRAIN)
    longest = time.monotonic() - started
    if first.returncode:
        raise RuntimeError(first.stderr)
    known = dict([champion(project)])
    print(f"champion {known}; a whole retraining takes {longest:.0f} s", flush=True)
    num_killed = 0
    while num_killed < number:
        process = subprocess.Popen(
            [sys.executable, "-m", "kedro", *RETRAIN],
            cwd=project,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        after, begun = moments.uniform(0, longest), time.monotonic()
        try:
            process.wait(after)
            # it takes less time than the first one did: the next moments come sooner
            longest = min(longest, time.monotonic() - begun)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            num_killed += 1
        version, images = champion(project)
        if known.setdefault(version, images) != images:
            raise RuntimeError(f"version {version} draws other images than before")
        state = "killed" if process.returncode < 0 else f"had ended with {process.returncode}"
        print(f"{num_killed}: {state} after {after:.1f} s; champion is version {version}, its images are the same", flush=True)
    last = kedro(project, *RETRAIN)
    if last.returncode:
        raise RuntimeError(last.stderr)
    print(f"the next one ran through: {last.stderr.strip().splitlines()[-1]}")
    shutil.rmtree(project.parent)


def endurance(number: int) -> None:
    """Repeat, and measure."""
    project = copy_project()
    # every 30 s at most: the next run starts when the one before has ended
    code = (
        "import sys; from pathlib import Path; from apscheduler.triggers.interval import IntervalTrigger; from ganflow import scheduling; "
        "scheduling.build_trigger = lambda cron: IntervalTrigger(seconds=1); "
        "scheduling.Scheduler(Path(sys.argv[1]), [sys.executable, '-m', 'kedro', *sys.argv[2:]], 600).run_forever('* * * * *')"
    )
    scheduler = subprocess.Popen([sys.executable, "-c", code, str(project), *RETRAIN], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    watched, done = psutil.Process(scheduler.pid), threading.Event()
    try:
        decided = 0
        while decided < number and scheduler.poll() is None:
            done.wait(0.2)
            found = (project / "data/schedule/runs.log").read_text() if (project / "data/schedule/runs.log").exists() else ""
            if (now := found.count("The challenger ")) > decided:
                decided = now
                files = [path for path in (project / "data").rglob("*") if path.is_file()]
                megabytes = sum(path.stat().st_size for path in files if path.exists()) / 1e6
                memory = watched.memory_info().rss / 1e6
                print(
                    f"{decided}: scheduler {memory:.1f} MB, {watched.num_fds()} open files; {len(files)} files, {megabytes:.2f} MB on disk",
                    flush=True,
                )
    finally:
        scheduler.send_signal(signal.SIGTERM)
        scheduler.wait()
    shutil.rmtree(project.parent)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "endurance"))
    parser.add_argument("--number", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.what == "kills":
        kills(options.number, options.seed)
    else:
        endurance(options.number)


if __name__ == "__main__":
    main()
