"""Airflow, in an environment of its own, runs the project with the project's environment, as conf/base/airflow.yml says."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from ganflow.hooks.run import LOCK
from ganflow.runtime.locks import take_lock

AIRFLOW = os.environ.get("GANFLOW_AIRFLOW")
needs_airflow = pytest.mark.skipif(
    not AIRFLOW, reason="no Airflow is given: set GANFLOW_AIRFLOW to the folder of a virtual environment that has apache-airflow"
)
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
pytestmark = needs_make

DAG = "airflow_dags/ganflow_dag.py"
# seconds long; the smoke networks never draw every digit
SMOKE = {
    "dag_id": "tried_out",
    "schedule": "30 4 * * 1",
    "retries": 0,
    "environment": sys.prefix,
    "kedro_env": "smoke",
    "kedro_params": "tracking.enabled=true,retraining.gate.every_class=false,retraining.gate.not_worse_per_class=false",
}


def write_settings(project, **changes):
    file = project.root / "conf/base/airflow.yml"
    settings = yaml.safe_load(file.read_text())
    settings["default"]["dag"] |= changes
    file.write_text(yaml.safe_dump(settings))


def make_dag(project, expect=0):
    # the environment of the tests is set up already
    command = ["make", "airflow-dag", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.installed"]
    made = subprocess.run(command, cwd=project.root, env=project.environment(), capture_output=True, text=True)
    assert (made.returncode == 0) == (expect == 0), made.stdout + made.stderr
    return made.stdout + made.stderr


@pytest.fixture(scope="module")
def copied(project_root, seeded, tmp_path_factory):
    """Function that makes a project with some settings changed."""

    def copy(**changes):
        project = seeded.copy(tmp_path_factory.mktemp("airflow") / "project")
        shutil.copy(project_root / "Makefile", project.root)
        write_settings(project, **changes)
        return project

    return copy


@pytest.fixture(scope="module")
def written(copied):
    """The DAG of the settings as they are."""
    project = copied()
    make_dag(project)
    return project


def test_the_dag_has_the_settings_id_and_schedule(written):
    source = (written.root / DAG).read_text()
    (call,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DAG"]
    arguments = {keyword.arg: keyword.value.value for keyword in call.keywords if isinstance(keyword.value, ast.Constant)}
    assert arguments == {"dag_id": "ganflow_retraining", "schedule": "0 3 * * *", "catchup": False, "max_active_runs": 1}


def test_nothing_but_the_dag_is_written(written):
    assert [path.name for path in (written.root / "airflow_dags").iterdir()] == ["ganflow_dag.py"]


def test_the_dag_names_no_place_on_this_machine(written):
    texts = [node.value for node in ast.walk(ast.parse((written.root / DAG).read_text())) if isinstance(node, ast.Constant)]
    assert [text for text in texts if isinstance(text, str) and Path(text).is_absolute()] == []
    assert ".venv" in texts


def test_every_task_is_a_pipeline(project_root):
    bootstrap_project(project_root)
    tasks = yaml.safe_load((project_root / "conf/base/airflow.yml").read_text())["default"]["dag"]["pipelines"]
    assert tasks == ["retraining", "sampling"]
    assert set(tasks) <= set(pipelines)


def test_a_misspelt_setting_is_refused_and_the_dag_stays_as_it_was(copied):
    project = copied(retris=2)
    (project.root / DAG).parent.mkdir()
    (project.root / DAG).write_text("earlier")
    assert "Got the unknown setting retris, known are dag_id, " in make_dag(project, expect=2)
    assert (project.root / DAG).read_text() == "earlier"


class Airflow:
    """Airflow whose state is in a folder of its own."""

    def __init__(self, project, home):
        self.bin = Path(AIRFLOW) / "bin"
        self.variables = project.environment() | {
            # its own are its own affair
            "PYTHONWARNINGS": "ignore",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(project.root / "airflow_dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def run(self, program, *arguments, expect=0):
        process = subprocess.run([self.bin / program, *arguments], env=self.variables, capture_output=True, text=True, timeout=600)
        assert process.returncode == expect, process.stdout + process.stderr
        return process.stdout

    def states(self):
        """State of every task in the last run."""
        query = (
            "import os, sqlite3, json\n"
            "database = sqlite3.connect(os.path.join(os.environ['AIRFLOW_HOME'], 'airflow.db'))\n"
            "(run,) = database.execute('select run_id from dag_run order by id desc limit 1').fetchone()\n"
            "print(json.dumps(dict(database.execute('select task_id, state from task_instance where run_id = ?', (run,)))))\n"
        )
        return json.loads(self.run("python", "-c", query))


@pytest.fixture(scope="module")
def scheduled(copied, tmp_path_factory):
    """A project with a DAG, and an Airflow that has not read it yet."""
    project = copied(**SMOKE)
    make_dag(project)
    return project, Airflow(project, tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def tried_out(scheduled):
    """The same after one run."""
    _, airflow = scheduled
    airflow.run("airflow", "db", "migrate")
    airflow.run("airflow", "dags", "test", "tried_out")
    return scheduled


@needs_airflow
@pytest.mark.longer(twin="tests/end_to_end/test_airflow.py::test_the_dag_has_the_settings_id_and_schedule")
def test_airflow_reads_what_the_settings_say(scheduled):
    project, airflow = scheduled
    describe = (
        f"import json, runpy; dag = runpy.run_path({str(project.root / DAG)!r})['dag']; task = dag.get_task('retraining'); "
        "print(json.dumps([dag.dag_id, dag.schedule, dag.max_active_runs, dag.catchup, sorted(dag.tags), task.owner, task.retries, "
        "task.execution_timeout.total_seconds(), sorted(task.downstream_task_ids), task.bash_command, task.cwd]))"
    )
    *settings, command, folder = json.loads(airflow.run("python", "-c", describe).splitlines()[-1])
    assert settings == ["tried_out", "30 4 * * 1", 1, False, ["ganflow"], "ganflow", 0, 720 * 60, ["sampling"]]
    assert command == f"{sys.prefix}/bin/kedro run --pipelines retraining --env=smoke --params={SMOKE['kedro_params']}"
    assert Path(folder) == project.root


@needs_airflow
@pytest.mark.longer(twin="tests/end_to_end/test_airflow.py::test_the_dag_has_the_settings_id_and_schedule")
def test_there_is_a_champion_and_what_it_draws(tried_out):
    project, airflow = tried_out
    assert airflow.states() == {"retraining": "success", "sampling": "success"}
    assert "version   1 of 'ganflow'" in project.run("champion", "show")
    assert len(list((project.root / "data/07_model_output/samples").rglob("*.png"))) == 20


@needs_airflow
@pytest.mark.longer(twin="tests/end_to_end/test_airflow.py::test_the_dag_has_the_settings_id_and_schedule")
def test_while_another_retraining_is_under_way_samples_are_drawn_all_the_same(tried_out):
    project, airflow = tried_out
    shutil.rmtree(project.root / "data/07_model_output/samples")
    descriptor = take_lock(project.root / LOCK, "training")
    try:
        airflow.run("airflow", "dags", "test", "tried_out")
    finally:
        os.close(descriptor)
    assert airflow.states() == {"retraining": "skipped", "sampling": "success"}
    assert len(list((project.root / "data/07_model_output/samples").rglob("*.png"))) == 20
    assert project.run("champion", "history").count("version ") == 1


@needs_airflow
@pytest.mark.longer(twin="tests/end_to_end/test_airflow.py::test_the_dag_has_the_settings_id_and_schedule")
def test_a_failed_retraining_is_not_hidden_by_the_sampling(copied, tmp_path):
    project = copied(**SMOKE | {"kedro_params": "tracking.enabled=false"})
    make_dag(project)
    airflow = Airflow(project, tmp_path)
    airflow.run("airflow", "db", "migrate")
    airflow.run("airflow", "dags", "test", "tried_out", expect=1)
    assert airflow.states() == {"retraining": "failed", "sampling": "upstream_failed"}
