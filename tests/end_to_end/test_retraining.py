"""Only a better generator replaces the one in use, whatever happens on the way."""

import ctypes
import json
import os
import re
import resource
import struct
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from browser import check
from kedro_commands import Moment
from omegaconf import OmegaConf

# the smoke networks never draw every digit; a few hundred of their steps take seconds
RETRAINING = {
    "tracking.enabled": "true",
    "retraining.gate.every_class": "false",
    "retraining.gate.not_worse_per_class": "false",
    "retraining.num_draws": "3",
    "evaluation.num_samples": "200",
    "training.num_steps": "300",
    "training.interval": "100",
}


def arguments(**changes):
    values = RETRAINING | {name.replace("__", "."): value for name, value in changes.items()}
    return ("run", "--env", "smoke", "--pipelines", "retraining", "--params", ",".join(f"{name}={value}" for name, value in values.items()))


# a challenger that is no good, made in no time
QUICK = {"retraining__force": "true", "training__num_steps": "10", "training__interval": "10"}


def retrain(project, expect=0, **changes):
    return project.run(*arguments(**changes), expect=expect)


def champion(project):
    """Number of the version in use; None without one."""
    from ganflow.tracking.registry import CHAMPION, Registry
    from ganflow.tracking.store import Store

    found = Registry(Store(project.root / "data/mlflow"), "ganflow").by_alias(CHAMPION)
    return None if found is None else found.number


def drawn(project):
    """What the champion draws."""
    from ganflow.datasets import RegisteredGeneratorDataset
    from ganflow.sampling.images import sample_images

    return sample_images(RegisteredGeneratorDataset(path=project.root / "data/mlflow", model="ganflow").load(), 16, 16, 0).tobytes()


def sheet(project, *options):
    """What the sampling pipeline draws."""
    project.smoke("--pipelines", "sampling", "--nodes", "sampling.draw_sheet", *options)
    return (project.root / "data/07_model_output/sample_sheet.png").read_bytes()


def decisions(project):
    # `*` would match the hidden file of a save that is still going on
    found = [json.loads(path.read_text()) for path in (project.root / "data/06_models/runs").glob("*/decision.json")]
    return sorted(found, key=lambda decision: decision["attempt"])


def artifacts(project):
    (folder,) = (project.root / "data/mlflow/artifacts").glob("*/artifacts")
    return folder


def generator_files(project):
    (folder,) = artifacts(project).glob("generator-*")
    return folder


@pytest.fixture(scope="module")
def first(once, seeded):
    """A project with one champion; never changed."""

    def make(project):
        seeded.copy(project.root)
        (project.root / "log.txt").write_text(retrain(project))

    return once("first-champion", make)


@pytest.fixture
def project(first, tmp_path):
    """A copy of it."""
    return first.copy(tmp_path / "project")


def test_without_a_champion_the_first_fit_challenger_becomes_it(first):
    assert "A challenger is trained: there is no champion yet" in (first.root / "log.txt").read_text()
    assert champion(first) == 1
    (decision,) = decisions(first)
    assert (decision["promote"], decision["champion"], decision["attempt"]) == (True, None, 0)
    page = (first.root / "data/08_reporting/decision.html").read_text()
    assert re.search(r"<th scope=\"row\">healthy</th><td class=\"good-word\">yes</td>", page)
    # of a champion that came before there is nothing
    assert '<section aria-label="challenger">' in page
    assert '<section aria-label="champion">' not in page


def test_the_page_of_a_decision_works_in_a_browser(browser, first):
    check(browser, first.root / "data/08_reporting/decision.html")


def test_the_champions_scores_lie_between_those_of_real_images_and_of_noise(project):
    project.smoke("--pipelines", "evaluation")
    metrics = json.loads((project.root / "data/08_reporting/metrics.json").read_text())
    for name in ("frechet_distance_500_heldout", "kernel_distance_500_heldout"):
        real, generated, noise = (metrics["scores"][subject][name] for subject in ("real_images", "generator", "noise"))
        assert real < generated < noise, name


def test_the_champion_is_shown(project):
    assert "version   1 of 'ganflow', champion since" in project.run("champion", "show")


def test_everything_is_on_record(first):
    from ganflow.tracking.registry import Registry
    from ganflow.tracking.store import Store

    client = Registry(Store(first.root / "data/mlflow"), "ganflow").store.client()
    (run,) = client.search_runs([client.get_experiment_by_name("ganflow").experiment_id])
    assert run.info.status == "FINISHED"
    assert (run.data.params["training.num_steps"], run.data.params["training.loss"], run.data.params["data.num_train"]) == (
        "300",
        "logistic",
        "4000",
    )
    assert {"data.sha256", "device", "version.tensorflow", "mlflow.source.git.commit"} <= run.data.tags.keys()
    curve = client.get_metric_history(run.info.run_id, "generator_loss")
    assert [point.step for point in curve] == [100, 200, 300]
    folder = artifacts(first)
    assert {path.name for path in (folder / "sheets").iterdir()} == {f"step-{step:07d}.png" for step in (0, 100, 200, 300)}
    for name in ("diagnosis.json", "decision.json", "decision.html"):
        assert (folder / name).stat().st_size > 0
    assert {path.name for path in generator_files(first).iterdir()} == {"generator.keras", "generator_record.json"}


def test_a_second_start_has_nothing_to_do(project):
    def lasting():
        # all but the lock, the reason that was not found with what has changed, and what MLflow notes of being opened
        passing = (".training.lock", "08_reporting/retraining_reason.json", "08_reporting/data_change.json", "mlflow/mlflow.db")
        return {name: content for name, content in project.files().items() if name not in passing}

    before = lasting()
    output = retrain(project)
    assert "Nothing to do: version 1 is champion" in output
    assert not re.search("error|warning|resume|repeat", output, re.IGNORECASE)
    assert lasting() == before


IN_PROCESS = """
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from ganflow.errors import NothingToDo

bootstrap_project(Path.cwd())
for _ in range(2):
    with KedroSession.create(env="smoke", runtime_params=PARAMETERS) as session:
        try:
            session.run(pipeline_names=["retraining"])
        except NothingToDo as nothing:
            print("goes on:", nothing)
"""


@pytest.mark.longer(twin="tests/end_to_end/test_retraining.py::test_a_second_start_has_nothing_to_do")
def test_a_program_that_runs_the_pipeline_goes_on_when_there_is_nothing_to_do(project):
    parameters = OmegaConf.to_container(OmegaConf.from_dotlist([f"{name}={value}" for name, value in RETRAINING.items()]))
    program = IN_PROCESS.replace("PARAMETERS", repr(parameters))
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=project.root, env=project.environment(), capture_output=True, text=True, check=True
    )
    assert output.stdout.count("goes on: version 1 is champion") == 2


@pytest.mark.longer(twin="tests/end_to_end/test_retraining.py::test_a_promotion_that_was_cut_off_is_finished_without_another_training")
def test_a_worse_challenger_is_rejected_a_better_one_promoted_and_going_back_restores_every_bit(project):
    before, first_sheet = drawn(project), sheet(project)
    worse = retrain(project, **QUICK)
    assert "was rejected: kernel_distance_improves" in worse, worse
    assert (champion(project), drawn(project)) == (1, before)
    better = retrain(project, retraining__force="true", training__num_steps="600", training__interval="100", retraining__warm_start="true")
    assert "was promoted" in better, better
    assert champion(project) == 3
    after = drawn(project)
    assert after != before
    assert [decision["promote"] for decision in decisions(project)] == [True, False, True]
    assert "Version 1 is champion again" in project.run("champion", "rollback")
    assert drawn(project) == before
    # what a person has undone is not done again
    assert "Nothing to do" in retrain(project)
    assert "Version 3 is champion again" in project.run("champion", "rollback")
    assert drawn(project) == after
    assert "version 3 [challenger, champion]" in project.run("champion", "history")
    # the pipeline draws from the champion, and from any version that is asked for
    assert sheet(project) != first_sheet
    assert sheet(project, "--load-versions", "champion:1") == first_sheet


MOMENTS = {
    "a checkpoint is on disk": Moment("checkpoints", 2),
    "the generator is half written": Moment("generator", 1, "within"),
    "the generator is exported and not registered": Moment("generator", 1, "before"),
}


@pytest.mark.longer(twin="tests/end_to_end/test_retraining.py::test_a_promotion_that_was_cut_off_is_finished_without_another_training")
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_before_it_was_decided_the_champion_is_unharmed_and_the_next_start_finishes(project, moment):
    before = drawn(project)
    longer = {"retraining__force": "true", "training__num_steps": "600", "training__interval": "300"}
    project.kill(*arguments(**longer), at=MOMENTS[moment])
    assert (champion(project), drawn(project), len(decisions(project))) == (1, before, 1)
    output = retrain(project, **longer)
    assert "continues from its checkpoint" in output or "has done all of its 600 steps already" in output
    assert "was promoted" in output
    assert champion(project) == 2
    assert drawn(project) != before


def test_a_promotion_that_was_cut_off_is_finished_without_another_training(project):
    before = drawn(project)
    longer = {"retraining__force": "true", "training__num_steps": "600", "training__interval": "300"}
    project.kill(*arguments(**longer), at=Moment("promotion", 1, "before"))
    assert (champion(project), drawn(project)) == (1, before)
    assert [decision["promote"] for decision in decisions(project)] == [True, True]
    output = retrain(project, **longer | {"retraining__force": "false"})
    assert "a promotion was decided, and cut off before it was done" in output
    assert "has done all of its 600 steps already" in output
    assert champion(project) == 2
    assert drawn(project) != before
    assert len(decisions(project)) == 2
    # the one before is a command away, to the bit; and what a person has undone is not done again
    assert "Version 1 is champion again" in project.run("champion", "rollback")
    assert drawn(project) == before
    assert "Nothing to do" in retrain(project, **longer | {"retraining__force": "false"})


@pytest.mark.longer(twin="tests/unit/tracking/test_runs.py::test_a_run_that_is_continued_leaves_its_earlier_generator_as_it_is")
def test_the_champion_stays_what_it_is_when_its_run_is_continued(project):
    before = drawn(project)
    longer = RETRAINING | {"training.num_steps": "600"}
    project.smoke("--params", ",".join(f"{name}={value}" for name, value in longer.items()))
    assert (champion(project), drawn(project)) == (1, before)
    # a generator of its own, if a later step is better
    assert len(list(artifacts(project).glob("generator-*"))) == len(project.run("champion", "history").splitlines())


@pytest.mark.longer(twin="tests/unit/champion/test_reasons.py::test_a_failed_training_is_an_attempt_but_its_data_are_new_still")
def test_a_challenger_that_diverges_is_not_begun_again_with_the_same_seed(project):
    wild = {f"training__{role}_optimizer__learning_rate": "1e30" for role in ("generator", "discriminator")}
    for _ in range(2):
        retrain(project, expect=1, retraining__force="true", **wild)
    assert [(found["attempt"], found["promote"]) for found in decisions(project)] == [(0, True), (1, False), (2, False)]
    assert champion(project) == 1


def test_of_two_at_once_one_trains_and_the_other_exits_75(project):
    with project.held(*arguments(**QUICK), at=Moment("training_history", 1, "before")) as training:
        line = project.refuse(*arguments(), expect=75)
        assert f"Another training of this project is under way (process {training.pid}," in line
        # nor does a plain run, which would write the same files
        assert "Another training" in project.refuse("run", "--env", "smoke", "--pipelines", "training", expect=75)
    assert training.wait() == 0, training.output
    # after ten steps it is worse than the champion
    assert "was rejected: kernel_distance_improves" in training.output
    assert champion(project) == 1


def give_up_capabilities():
    """From here on the rights of files count in this process, even for root."""
    if os.geteuid() == 0:
        version, own_process, no_capabilities = 0x20080522, 0, bytes(24)
        assert ctypes.CDLL(None).capset(struct.pack("Ii", version, own_process), no_capabilities) == 0


def test_a_folder_that_cannot_be_written_is_said(project):
    before = project.files()
    data = project.root / "data"
    for folder in [data, *(path for path in data.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)
    for file in (path for path in data.rglob("*") if path.is_file()):
        file.chmod(0o444)
    command = project.start(*arguments(retraining__force="true"), prepare=give_up_capabilities)
    command.wait()
    for path in [data, *data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert (command.returncode, command.output.count("Traceback")) == (1, 0), command.output
    assert "Cannot write" in command.output
    assert project.files() == before


# the record of runs, a checkpoint, the generator: the first of them that no longer fits
@pytest.mark.longer(twin="tests/end_to_end/test_bad_input.py::test_a_full_disk_leaves_the_last_good_files")
@pytest.mark.parametrize("limit", [2_000, 30_000, 300_000])
def test_a_full_disk_ends_it_with_the_champion_untouched(project, limit):
    before = drawn(project)
    # no file may grow beyond this: the write itself fails, as on a full disk
    project.refuse(*arguments(**QUICK), prepare=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)))
    assert (champion(project), drawn(project)) == (1, before)
    assert "was rejected" in retrain(project, **QUICK)


def test_a_corrupt_database_is_said_and_left_as_it_is(project):
    database = project.root / "data/mlflow/mlflow.db"
    database.write_bytes(b"not a database" * 1000)
    line = project.refuse(*arguments())
    assert "file is not a database" in line
    assert "put a backup in its place" in line
    assert database.read_bytes() == b"not a database" * 1000
    assert "file is not a database" in project.refuse("run", "--env", "smoke", "--pipelines", "sampling")
    # a training that nobody has to judge goes on without its record
    output = project.smoke("--pipelines", "training", "--params", "tracking.enabled=true,training.seed=77")
    assert "This run is no longer recorded; training itself goes on" in output
    assert "step 20/20" in output
    assert database.read_bytes() == b"not a database" * 1000


def test_a_champion_without_its_file_is_said(project):
    (generator_files(project) / "generator.keras").unlink()
    for command in (arguments(), ("run", "--env", "smoke", "--pipelines", "sampling"), ("champion", "show")):
        assert "Version 1 (challenger, champion) of 'ganflow' has no generator.keras" in project.refuse(*command)


def test_a_champion_of_another_image_size_is_said(project):
    record = generator_files(project) / "generator_record.json"
    changed = json.loads(record.read_text())
    changed["data"]["image_shape"] = [32, 32, 3]
    record.write_text(json.dumps(changed))
    output = project.refuse(*arguments())
    assert "makes images of shape [32, 32, 3], these are of [28, 28, 1]: the two cannot be compared" in output


def held_out(project):
    """The held-out images, each as its bytes."""
    from ganflow.datasets import ImageSetDataset

    return {
        image.tobytes()
        for image in ImageSetDataset(filepath=project.root / "data/05_model_input/held_out_images.safetensors").load().images
    }


@pytest.mark.longer(twin="tests/unit/champion/test_reasons.py::test_new_data_are_a_reason_once")
def test_images_that_come_are_a_reason_and_those_held_out_before_stay_so(empty_project):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (400, 4, 4, 3), dtype=np.uint8).repeat(7, axis=1).repeat(7, axis=2)
    file = empty_project.root / "pictures.npz"
    own = {
        "data__source": "npz",
        "data__location": file,
        "data__held_out_share": "0.2",
        "training__num_steps": "20",
        "training__interval": "10",
    }
    # whatever is trained is fit for use
    own |= {"retraining__gate__healthy": "false", "retraining__gate__minimum_nearest_distance": "null"}
    np.savez(file, images=pictures[:300])
    retrain(empty_project, **own)
    assert champion(empty_project) == 1
    before = held_out(empty_project)
    assert "Nothing to do" in retrain(empty_project, **own)
    # the first hundred go, another hundred come
    np.savez(file, images=pictures[100:])
    assert "100 images were added" in retrain(empty_project, **own)
    kept = {image.tobytes() for image in pictures[100:300]}
    assert before & kept == held_out(empty_project) & kept


@pytest.mark.longer(twin="tests/unit/test_notify.py::test_it_gets_the_event_and_nothing_is_said_of_it")
def test_the_team_hears_of_it(project):
    heard = project.root / "heard.jsonl"
    script = project.root / "tell.py"
    script.write_text(f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read() + chr(10))")
    (project.root / "conf/smoke/parameters_notify.yml").write_text(json.dumps({"notify": {"command": [sys.executable, str(script)]}}))
    retrain(project, **QUICK)
    retrain(project, expect=1, **QUICK, extractor__minimum_accuracy="1.0")
    retrain(project)
    events = [json.loads(line) for line in heard.read_text().splitlines()]
    assert [event["event"] for event in events] == ["rejected", "failed"]
    assert next(condition["name"] for condition in events[0]["conditions"] if not condition["passed"]) == "kernel_distance_improves"
    assert "Raise extractor.epochs" in events[1]["error"]


@pytest.mark.longer(twin="tests/unit/tracking/test_runs.py::test_forgotten_runs_leave_nothing")
def test_old_challengers_make_room_but_never_the_champion(project):
    for _ in range(2):
        output = retrain(project, **QUICK, retraining__keep="1")
    assert "Removed 1 challengers" in output
    history = project.run("champion", "history")
    kept = [line.split()[1].rstrip(":") for line in history.splitlines()]
    assert kept == ["1", "3"]
    runs = {decision["run_id"] for decision in decisions(project)}
    assert len(runs) == 2
    assert {folder.name for folder in (project.root / "data/06_models/runs").iterdir()} == runs
    assert {path.parents[1].name for path in project.checkpoints()} == runs
    assert len(list((project.root / "data/mlflow/artifacts").iterdir())) == 2
    assert len(list((project.root / "data/06_models/generator.keras").iterdir())) == 2
    assert champion(project) == 1


def test_without_a_record_there_is_no_retraining(project):
    assert "Set tracking.enabled=true" in retrain(project, expect=1, tracking__enabled="false")
