"""Training continues exactly, whatever stopped it."""

import signal
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

TO_TRAIN = ("--pipelines", "data,models,training")


def wait_for(path, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not path():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the run did not get there in time"
        time.sleep(0.01)


def untimed_history(project):
    lines = (project.root / f"data/08_reporting/training_history/{project.run_id()}.csv").read_text().splitlines()
    column = lines[0].split(",").index("images_per_second")
    return [[cell for number, cell in enumerate(line.split(",")) if number != column] for line in lines]


def sheets(project):
    folder = project.root / "data/07_model_output/training_sheets" / project.run_id()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(new_project):
    project = new_project()
    project.smoke(*TO_TRAIN, "--params", "training.num_steps=40,training.interval=2")
    return project


def assert_same_run(one, other):
    first, second = (load_file(project.checkpoint(40)) for project in (one, other))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert untimed_history(one) == untimed_history(other)
    assert sheets(one) == sheets(other)
    for kind in ("best_checkpoints", "diagnosis"):
        first, second = ({name: content for name, content in project.files().items() if kind in name} for project in (one, other))
        assert first
        assert first == second


@pytest.mark.parametrize("seed", [0, 1])
def test_killed_at_any_moment_the_run_ends_in_the_same_weights(project, uninterrupted, seed):
    random = np.random.default_rng(seed)
    arguments = (*TO_TRAIN, "--params", "training.num_steps=40,training.interval=2")
    process = project.start("run", "--env", "smoke", *arguments)
    wait_for(project.checkpoints, process)
    time.sleep(random.uniform(0, 0.4))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    output = project.smoke(*arguments)
    assert "continues from its checkpoint" in output or "has done all" in output
    assert_same_run(project, uninterrupted)


def stop_politely(project, number):
    """Start a run, stop it after its first checkpoint, check what it says."""
    process = project.start("run", "--env", "smoke", *TO_TRAIN, "--params", "training.num_steps=40,training.interval=2")
    wait_for(project.checkpoints, process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    (line,) = [line for line in output.splitlines() if "Stopped by" in line]
    assert f"Stopped by {number.name} at step" in line
    assert "Run the same command again to continue" in line
    assert "Traceback" not in output
    assert not list((project.root / "data/06_models").glob("generator.keras/*"))


def test_control_c_saves_and_says_how_to_go_on(project):
    stop_politely(project, signal.SIGINT)


def test_a_terminated_run_goes_on_exactly(project, uninterrupted):
    stop_politely(project, signal.SIGTERM)
    project.smoke(*TO_TRAIN, "--params", "training.num_steps=40,training.interval=2")
    assert_same_run(project, uninterrupted)


def test_raising_the_number_of_steps_continues_a_finished_run(project, uninterrupted):
    project.smoke(*TO_TRAIN, "--params", "training.num_steps=20,training.interval=2")
    output = project.smoke(*TO_TRAIN, "--params", "training.num_steps=40,training.interval=2")
    assert "continues from its checkpoint at step 20 of 40" in output
    assert_same_run(project, uninterrupted)


def test_required_fails_where_nothing_can_be_continued_and_never_starts_anew(project):
    output = project.smoke(*TO_TRAIN, "--params", "training.resume=required", expect=1)
    assert "has no checkpoint" in output
    project.smoke(*TO_TRAIN, "--params", "training.num_steps=10")
    first = project.checkpoint(10).read_bytes()
    output = project.smoke(*TO_TRAIN, "--params", "training.num_steps=10,training.resume=never")
    assert "starts anew because training.resume is 'never'" in output
    assert project.checkpoint(10).read_bytes() == first
