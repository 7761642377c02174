"""A copy of the project's configuration in a folder of its own, run by `kedro run` in a subprocess."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Project:
    """A project folder whose data are its own."""

    root: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "kedro", *arguments]

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        return inherited | {"PYTHONWARNINGS": "ignore", "KEDRO_DISABLE_TELEMETRY": "true", "COLUMNS": "200"}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run, check the exit status, return all output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == expect, output
        return output

    def smoke(self, *arguments: str, expect: int = 0) -> str:
        return self.run("run", "--env", "smoke", *arguments, expect=expect)

    def files(self) -> dict[str, bytes]:
        """Every file under data/, by name; without the lock, which names its last holder."""
        data = self.root / "data"
        paths = [path for path in sorted(data.rglob("*")) if path.is_file() and path.name != ".training.lock"]
        return {str(path.relative_to(data)): path.read_bytes() for path in paths}

    def run_id(self) -> str:
        (folder,) = (self.root / "data/06_models/checkpoints").iterdir()
        return folder.name

    def checkpoints(self) -> list[Path]:
        """Every checkpoint, in order of run and step."""
        return sorted((self.root / "data/06_models/checkpoints").glob("*/step-*.safetensors"))

    def checkpoint(self, step: int, run_id: str | None = None) -> Path:
        return self.root / "data/06_models/checkpoints" / (run_id or self.run_id()) / f"step-{step:07d}.safetensors"


@pytest.fixture(scope="session")
def new_project(project_root, tmp_path_factory) -> Callable[[], Project]:
    """Function that makes a project folder without data."""

    def copy() -> Project:
        target = tmp_path_factory.mktemp("project")
        for name in ("conf", "src"):
            shutil.copytree(project_root / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(project_root / name, target / name)
        return Project(target)

    return copy


@pytest.fixture
def project(new_project) -> Project:
    return new_project()


@pytest.fixture(scope="session")
def finished(new_project) -> Project:
    """A project whose main job has run once on the smoke settings; tests that share it only add to it."""
    project = new_project()
    (project.root / "first-run.log").write_text(project.smoke())
    return project
