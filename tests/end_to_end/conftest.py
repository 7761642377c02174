"""A copy of the project's configuration in a folder of its own, in which `kedro` commands run as processes of their own."""

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kedro_commands import Command, Event, Moment, begin, fork

RUNNING: list[Command] = []
"""Commands that tests have started."""

FILTERS: list[str] = []
"""Which warnings are errors in commands: the same as in the tests."""


def pytest_configure(config):
    FILTERS[:] = config.getini("filterwarnings")


@pytest.fixture(autouse=True)
def no_process_outlives_its_test() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().end()


@dataclass(frozen=True)
class Project:
    """A project folder whose data are its own."""

    root: Path

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {"PYTHONWARNINGS": ",".join(FILTERS), "KEDRO_DISABLE_TELEMETRY": "true", "COLUMNS": "200"}

    def start(self, *arguments: str, prepare: Callable[[], None] | None = None, from_nothing: bool = False, **variables: str) -> Command:
        """Start a command; `from_nothing` as `python -m kedro`, as a user does, which takes ten seconds more."""
        log = self.root / f"command-{len(list(self.root.glob('command-*.log')))}.log"
        environment = self.environment() | variables
        if from_nothing:
            command = begin(arguments, self.root, environment, log)
        else:
            command = fork(arguments, self.root, environment, log, FILTERS, prepare)
        RUNNING.append(command)
        return command

    def run(self, *arguments: str, expect: int = 0, **options) -> str:
        """Run, check the exit status, return all output."""
        command = self.start(*arguments, **options)
        assert command.wait() == expect, command.output
        return command.output

    def smoke(self, *arguments: str, expect: int = 0, **options) -> str:
        return self.run("run", "--env", "smoke", *arguments, expect=expect, **options)

    def refuse(self, *arguments: str, expect: int = 1, **options) -> str:
        """Run what is refused; return the one line that says why."""
        output = self.run(*arguments, expect=expect, **options)
        assert "Traceback" not in output
        (line,) = [line for line in output.splitlines() if line.startswith("error: ")]
        return line

    def kill(self, *arguments: str, at: Moment) -> str:
        """Run, and kill at a moment; return the output until then."""
        return self.run(*arguments, prepare=Event(at, signal.SIGKILL).prepare, expect=-signal.SIGKILL)

    @contextmanager
    def held(self, *arguments: str, at: Moment) -> Iterator[Command]:
        """Run up to a moment, wait there within the body, then go on."""
        gate = self.root / "gate"
        with gate.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            command = self.start(*arguments, prepare=Event(at, gate=gate).prepare)
            command.wait_for(gate.read_text)
            yield command

    def files(self) -> dict[str, bytes]:
        """Every file under data/, by name; without the lock, which names its last holder."""
        data = self.root / "data"
        paths = [path for path in sorted(data.rglob("*")) if path.is_file() and path.name != ".training.lock"]
        return {str(path.relative_to(data)): path.read_bytes() for path in paths}

    def run_id(self) -> str:
        (folder,) = (self.root / "data/06_models/runs").iterdir()
        return folder.name

    def checkpoints(self) -> list[Path]:
        """Every checkpoint, in order of run and step."""
        return sorted((self.root / "data/06_models/runs").glob("*/checkpoints/step-*.safetensors"))

    def checkpoint(self, step: int, run_id: str | None = None) -> Path:
        return self.root / "data/06_models/runs" / (run_id or self.run_id()) / f"checkpoints/step-{step:07d}.safetensors"

    def copy(self, target: Path) -> "Project":
        return Project(shutil.copytree(self.root, target, symlinks=True))


@pytest.fixture(scope="session")
def once(made_once) -> Callable[[str, Callable[[Project], None]], Project]:
    """Function that has a project made once in a test run. Nobody changes it: copy it."""
    return lambda name, make: Project(made_once(name, lambda folder: make(Project(folder))))


@pytest.fixture(scope="session")
def make_empty(project_root) -> Callable[[Project], None]:
    """Function that puts the project's files, without data, into a folder."""

    def make(project: Project) -> None:
        shutil.copytree(project_root / "conf", project.root / "conf")
        # Kedro wants the folder; the package is installed
        (project.root / "src").mkdir()
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(project_root / name, project.root / name)

    return make


@pytest.fixture(scope="session")
def seeded(once, make_empty) -> Project:
    """A project that has its data and its feature extractor, and trained nothing yet."""

    def make(project: Project) -> None:
        make_empty(project)
        project.smoke("--pipelines", "data,networks,extractor")

    return once("seeded", make)


@pytest.fixture(scope="session")
def finished(once, seeded) -> Project:
    """A project whose main job has run once, on the smoke settings, as a user runs it; never changed."""

    def make(project: Project) -> None:
        seeded.copy(project.root)
        (project.root / "first-run.log").write_text(project.smoke(from_nothing=True))

    return once("finished", make)


@pytest.fixture
def empty_project(make_empty, tmp_path) -> Project:
    project = Project(tmp_path / "project")
    make_empty(project)
    return project


@pytest.fixture
def new_project(seeded, tmp_path) -> Callable[[], Project]:
    """Function that copies the project that has its data and its feature extractor."""
    return lambda: seeded.copy(tmp_path / f"project-{len(list(tmp_path.iterdir()))}")


@pytest.fixture
def project(new_project) -> Project:
    return new_project()


@pytest.fixture
def browser(tmp_path):
    """A real browser; the test is skipped where there is none."""
    from browser import Browser

    with Browser(tmp_path / "profile") as opened:
        yield opened
