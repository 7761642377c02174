"""The environments that make sets up."""

import re
import subprocess
import sys

import pytest


@pytest.fixture
def make_environment(project_root, tmp_path):
    """Function that has make set up an environment as it does for every target, and nothing more; in the folder `environment`."""
    (tmp_path / "Makefile").write_text(f"include {project_root}/Makefile\nalone:\n\t$(call environment,environment)\n")

    def make():
        command = ["make", "alone", f"PYTHON={sys.executable}"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        subprocess.run([tmp_path / "environment/bin/pip", "--version"], check=True, capture_output=True)

    return make


MAKES_AN_ENVIRONMENT = """#!/bin/sh
# stands in for a Python: notes what it is asked for, and makes as much of an environment as is looked at
echo "$@" >> asked
case "$*" in
    *--clear*) rm -r environment ;;
esac
mkdir -p environment/bin
printf '#!/bin/sh\n' | tee environment/bin/pip > environment/bin/python
chmod +x environment/bin/pip environment/bin/python
touch environment/pyvenv.cfg
"""


def test_an_environment_is_made_once_and_one_that_has_no_pip_anew_and_a_folder_that_is_none_is_not_cleared(project_root, tmp_path):
    (tmp_path / "Makefile").write_text(f"include {project_root}/Makefile\nalone:\n\t$(call environment,environment)\n")
    python = tmp_path / "python"
    python.write_text(MAKES_AN_ENVIRONMENT)
    python.chmod(0o755)

    def asked():
        subprocess.run(["make", "alone", f"PYTHON={python}"], cwd=tmp_path, check=True, capture_output=True)
        return (tmp_path / "asked").read_text().splitlines()

    (tmp_path / "environment").mkdir()
    (tmp_path / "environment/old").touch()
    assert asked() == ["-m venv environment"]
    assert (tmp_path / "environment/old").exists()
    assert asked() == ["-m venv environment"]
    (tmp_path / "environment/bin/pip").unlink()
    assert asked() == ["-m venv environment", "-m venv --clear environment"]
    assert not (tmp_path / "environment/old").exists()


TWIN = (
    "tests/contracts/test_make.py::test_an_environment_is_made_once_and_one_that_has_no_pip_anew_and_a_folder_that_is_none_is_not_cleared"
)


@pytest.mark.longer(twin=TWIN)
def test_an_environment_that_was_cut_off_before_it_had_pip_is_made_anew_and_then_left_alone(make_environment, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (environment / "old").touch()
    make_environment()
    (environment / "new").touch()
    make_environment()
    assert ((environment / "old").exists(), (environment / "new").exists()) == (False, True)


@pytest.mark.longer(twin=TWIN)
def test_a_folder_that_is_no_environment_is_never_cleared(make_environment, tmp_path):
    (tmp_path / "environment/bin").mkdir(parents=True)
    (tmp_path / "environment/old").touch()
    make_environment()
    assert (tmp_path / "environment/old").exists()


def test_no_environment_is_made_in_another_way(project_root):
    assert (project_root / "Makefile").read_text().count("-m venv") == 1


@pytest.mark.parametrize(("target", "locks"), [("run", ["requirements.lock"]), ("test", ["requirements.lock", "requirements-dev.lock"])])
def test_a_target_installs_no_more_than_it_needs(project_root, tmp_path, target, locks):
    command = ["make", "--dry-run", target, f"VENV={tmp_path}/new"]
    lines = subprocess.run(command, cwd=project_root, check=True, capture_output=True, text=True).stdout.splitlines()
    installed = [re.search(r"(?:-r|--editable) (\S+)", line)[1] for line in lines if "pip install" in line]
    assert [name for name in installed if name != "."] == locks
