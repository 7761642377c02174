"""The project as others get it: a fresh clone, and the wheel, each with the packages of the runtime lock alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"KEDRO_DISABLE_TELEMETRY": "true"}


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def locked(file):
    """{package: version} of a lock, as far as it concerns this machine."""
    lines = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", file.read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version, marker in lines if not marker or Marker(marker).evaluate()}


def installed(environment):
    """{package: version} of an environment, without pip, which `python -m venv` puts there."""
    listed = json.loads(run(environment, "bin/python", "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"))
    return {canonicalize_name(package["name"]): package["version"] for package in listed if package["name"] != "pip"}


@pytest.fixture(scope="module")
def clone(project_root, tmp_path_factory):
    """A fresh clone of the project as it is here, in which `make run ARGS="--env smoke"` has been said."""
    folder = tmp_path_factory.mktemp("clone")
    for name in run(project_root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[:-1]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project_root / name, folder / name)
    run(folder, "make", "run", "ARGS=--env smoke", f"PYTHON={sys.executable}")
    yield folder
    shutil.rmtree(folder / ".venv")  # gigabytes


@pytest.fixture(scope="module")
def packaged(clone, tmp_path_factory):
    """An empty folder, the Python of an environment that has the wheel instead of the clone's source, and the archive of settings."""
    run(clone, ".venv/bin/kedro", "package")
    (wheel,) = (clone / "dist").glob("*.whl")
    (archive,) = (clone / "dist").glob("conf-*.tar.gz")
    run(clone, ".venv/bin/python", "-m", "pip", "uninstall", "--quiet", "--yes", "ganflow")
    run(clone, ".venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    return tmp_path_factory.mktemp("packaged"), clone / ".venv/bin/python", archive


# the second test takes the first one's source out of the environment that both use: in one process, in this order
together = pytest.mark.xdist_group("packaging")


@together
@pytest.mark.timeout(1800)
@pytest.mark.longer(twin="tests/contracts/test_make.py::test_a_target_installs_no_more_than_it_needs")
def test_make_run_in_a_fresh_clone_needs_no_tools_of_development(clone):
    assert (clone / "data/08_reporting/metrics.csv").stat().st_size
    needed, present = locked(clone / "requirements.lock"), installed(clone / ".venv")
    assert present.keys() - needed.keys() == {"ganflow"}
    assert {name: present.get(name) for name in needed} == needed
    tools = locked(clone / "requirements-dev.lock").keys() - needed.keys()
    assert {"mypy", "pytest", "ruff"} <= tools
    assert not tools & present.keys()


@together
@pytest.mark.timeout(1800)
@pytest.mark.longer(twin="tests/contracts/test_start.py::test_the_package_runs_the_project")
def test_the_wheel_trains_and_draws_where_there_is_nothing_but_the_archive_of_settings(packaged):
    folder, python, archive = packaged
    source = run(folder, python, "-c", "import ganflow; print(ganflow.__file__)")
    assert "site-packages" in source
    run(folder, python, "-m", "ganflow", "--conf-source", archive, "--env", "smoke")
    assert (folder / "data/08_reporting/metrics.csv").stat().st_size
    draw = ("--pipelines", "sampling", "--params", "sampling.num_images=7")
    run(folder, python, "-m", "ganflow", "--conf-source", archive, "--env", "smoke", *draw)
    assert len(list((folder / "data/07_model_output/samples").rglob("*.png"))) == 7


@pytest.mark.longer(twin="tests/contracts/test_project.py::test_the_gpu_extra_is_the_same_tensorflow")
def test_the_packages_for_gpus_can_be_had_beside_the_locked_ones(project_root):
    uv = Path(sys.executable).with_name("uv")
    resolved = run(
        project_root, uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-platform", "x86_64-manylinux_2_28",
        "--extra", "gpu", "--constraints", "requirements.lock", "pyproject.toml",
    )  # fmt: skip
    lines = resolved.splitlines()
    assert f"tensorflow=={locked(project_root / 'requirements.lock')['tensorflow']}" in lines
    assert [line for line in lines if line.startswith("nvidia-cudnn-")]
