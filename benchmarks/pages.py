"""What the page of a run costs: seconds to write, megabytes, seconds until a browser shows its curves; and seconds until kedro-viz is up.

Of the last run of a project, with the environment that `make setup` makes, and Chromium.

    python benchmarks/pages.py [PROJECT]
"""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

NODES = ("describe_training", "describe_run", "draw_curves", "write_report")
ROUNDS = 5


def writing(project: Path) -> float:
    """Seconds of the nodes that make the page, in the last main job."""
    events = json.loads((project / ".viz/kedro_pipeline_events.json").read_text())
    return sum(event["duration"] for event in events if event.get("node", "").removeprefix("reporting.") in NODES)


def opening(page: Path) -> float:
    """Median of the seconds until the curves are drawn, in a browser that is there already."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-background-networking", f"--user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(argument)
    seconds = []
    with Chrome(options, ChromeService(shutil.which("chromedriver"))) as browser:
        for _ in range(ROUNDS):
            browser.get("about:blank")
            before = time.perf_counter()
            browser.get(page.as_uri())
            while not browser.execute_script("return document.querySelector('[data-figure] .main-svg') !== null"):
                time.sleep(0.01)
            seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def viz(project: Path) -> float:
    """Seconds until kedro-viz answers."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    before = time.perf_counter()
    command = [sys.executable, "-m", "kedro", "viz", "run", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return time.perf_counter() - before
        raise SystemExit(f"kedro viz ended with {process.returncode}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def main() -> None:
    """Print the figures as JSON."""
    project = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    page = project / "data/08_reporting/report.html"
    figures = {
        "writing_s": round(writing(project), 2),
        "megabytes": round(page.stat().st_size / 1e6, 2),
        "opening_s": round(opening(page), 2),
        "viz_up_s": round(viz(project), 2),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
