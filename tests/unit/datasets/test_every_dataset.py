"""What has to hold for every dataset of the project: atomic saves, whatever stops them, and life in a catalog."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import dataset_cases
import pytest
from dataset_cases import CASES, dataset, hidden_files, same
from kedro.io import DataCatalog, DatasetError

SCRIPT = dataset_cases.__file__


def run_script(*arguments, before=()):
    command = [*before, sys.executable, SCRIPT, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def small_disk(folder: Path) -> tuple[str, ...]:
    """Command prefix that gives its command a file system of 256 KiB in `folder`, in a mount namespace of its own."""
    mount_and_run = f'mount -t tmpfs -o size=256k tmpfs "{folder}" && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount_and_run, "sh")


@pytest.fixture(scope="module")
def tried(made_once):
    """Function that provides what came of every case, {way: {case: what happened}}, and the folder that it was tried in."""

    def provide(ways, cases=CASES, before=lambda folder: ()):
        def make(folder):
            (folder / "tried").mkdir(parents=True)
            outcomes = run_script(folder / "tried", ways, *cases, before=before(folder / "tried"))
            (folder / "outcomes.json").write_text(json.dumps(outcomes))

        folder = made_once(f"saves-{ways}", make)
        return json.loads((folder / "outcomes.json").read_text()), folder / "tried"

    return provide


@pytest.fixture(scope="module")
def stopped(tried):
    return tried("kill,limit")


@pytest.fixture(scope="module")
def full(tried):
    def before(disk):
        mounted = small_disk(disk)
        if not shutil.which("unshare") or subprocess.run([*mounted, "true"], check=False, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here without more rights")
        return mounted

    return tried("full", [case for case in CASES if case != "keras model"], before)[0]["full"]


@pytest.mark.parametrize("case", CASES)
def test_a_kill_in_the_middle_of_a_save_leaves_the_old_value(case, stopped, tmp_path):
    outcomes, tried = stopped
    folder = shutil.copytree(tried / "kill" / case, tmp_path / "copy")
    assert outcomes["kill"][case] == "killed half-way"
    assert hidden_files(folder)  # what the process was writing lies there still
    assert same(dataset(case, folder).load(), CASES[case].value(1))
    dataset(case, folder).save(CASES[case].value(3))
    assert same(dataset(case, folder).load(), CASES[case].value(3))
    assert hidden_files(folder) == []


def check_refusal(outcome, case, reasons):
    assert outcome["old is there"]
    assert outcome["hidden"] == []
    assert Path(CASES[case].file).name in outcome["error"]
    assert any(reason in outcome["error"] for reason in reasons)
    assert "What was stored there before is untouched" in outcome["error"]
    assert "partial" not in outcome["error"]


@pytest.mark.parametrize("case", CASES)
def test_a_write_that_the_system_refuses_leaves_the_old_value(case, stopped):
    # NumPy counts instead of telling the reason
    check_refusal(stopped[0]["limit"][case], case, ["File too large", "requested and", "Not enough free space"])


@pytest.mark.parametrize("case", [case for case in CASES if case != "keras model"])
def test_a_full_disk_leaves_the_old_value(case, full):
    check_refusal(full[case], case, ["No space left on device", "Not enough free space"])


@pytest.mark.parametrize("case", CASES)
def test_a_value_that_cannot_be_encoded_leaves_the_old_value(case, tmp_path):
    it = dataset(case, tmp_path)
    it.save(CASES[case].value(1))
    with pytest.raises(DatasetError):
        it.save(CASES[case].bad())
    assert same(it.load(), CASES[case].value(1))
    assert hidden_files(tmp_path) == []


@pytest.mark.parametrize("case", CASES)
def test_a_catalog_saves_and_loads_it_and_can_be_rebuilt_from_its_own_configuration(case, tmp_path):
    catalog = DataCatalog.from_config({"it": CASES[case].config(tmp_path / "new" / "folders")})
    assert not catalog.exists("it")
    catalog.save("it", CASES[case].value(1))
    assert catalog.exists("it")
    assert CASES[case].target(tmp_path / "new" / "folders").exists()
    assert str(tmp_path) in str(catalog.get("it"))
    assert catalog.get("it").metadata == {"kedro-viz": {"layer": "models"}}
    rebuilt = DataCatalog.from_config(*catalog.to_config())
    assert same(rebuilt.load("it"), CASES[case].value(1))


@pytest.mark.parametrize("case", CASES)
def test_a_save_replaces_the_value_before(case, tmp_path):
    it = dataset(case, tmp_path)
    it.save(CASES[case].value(1))
    it.save(CASES[case].value(2))
    assert same(it.load(), CASES[case].value(2))
    assert not same(it.load(), CASES[case].value(1))


@pytest.mark.parametrize("case", CASES)
def test_only_local_paths_are_taken(case):
    remote = CASES[case].config(Path("/x")) | {CASES[case].key: f"s3://bucket/{CASES[case].file}"}
    with pytest.raises(DatasetError, match="expected a path on the local file system"):
        DataCatalog.from_config({"it": remote}).get("it")


def test_importing_the_datasets_imports_no_framework():
    code = "import sys, ganflow.datasets; print(sorted({'tensorflow', 'keras', 'jax', 'h5py', 'matplotlib'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
