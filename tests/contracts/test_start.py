"""Commands that train nothing start without the libraries that training needs."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [(["--help"], {"tensorflow", "keras", "mlflow", "sklearn"}), (["registry", "list"], {"tensorflow", "keras", "mlflow"})],
    ids=["help", "registry"],
)
def test_short_commands_bring_no_heavy_library(project_root, arguments, left_out):
    command = [sys.executable, "-X", "importtime", "-m", "kedro", *arguments]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "120"})
    # lines of "import time: own | cumulative |   module"
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"kedro", "ganflow.hooks"} <= imported
    assert not left_out & imported


@pytest.mark.parametrize("program", [["bin/ganflow"], ["bin/python", "-m", "ganflow"]], ids=["ganflow", "python -m ganflow"])
def test_the_package_runs_the_project(project_root, program):
    command = [f"{sys.prefix}/{program[0]}", *program[1:], "--env", "smoke", "--pipelines", "nowhere"]
    refused = subprocess.run(command, cwd=project_root, capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, ""), refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("error: Failed to find the pipeline named 'nowhere'")
