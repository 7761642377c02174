"""Training continues exactly, whatever stopped it, and whenever."""

import signal

import numpy as np
import pytest
from kedro_commands import Event, Moment
from safetensors.numpy import load_file

STEPS = "training.num_steps=40,training.interval=2"
TO_TRAIN = ("run", "--env", "smoke", "--pipelines", "data,networks,training", "--params", STEPS)

STREAMED = ("training_history", "training_sheets", "diagnosis", "best_checkpoints", "checkpoints")
"""What an interval saves, in this order; the beginning saves its checkpoint first."""


def untimed_history(project):
    lines = (project.root / f"data/06_models/runs/{project.run_id()}/history.csv").read_text().splitlines()
    column = lines[0].split(",").index("images_per_second")
    return [[cell for number, cell in enumerate(line.split(",")) if number != column] for line in lines]


def sheets(project):
    folder = project.root / "data/06_models/runs" / project.run_id() / "sheets"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(once, seeded):
    def make(project):
        seeded.copy(project.root).run(*TO_TRAIN)

    return once("uninterrupted", make)


def assert_same_run(one, other, step=40):
    first, second = (load_file(project.checkpoint(step)) for project in (one, other))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert untimed_history(one) == untimed_history(other)
    assert sheets(one) == sheets(other)
    for kind in ("best_checkpoints", "diagnosis"):
        first, second = ({name: content for name, content in project.files().items() if kind in name} for project in (one, other))
        assert first
        assert first == second


def reached(project):
    return max((int(path.stem.removeprefix("step-")) for path in project.checkpoints()), default=None)


ALL = [(name, place) for name in STREAMED for place in ("before", "within", "after")]
WITHIN = [(name, "within") for name in ("training_history", "checkpoints")]
CHAIN = "tests/end_to_end/test_resume.py::test_killed_at_every_moment_of_an_interval_the_run_ends_in_the_same_weights"


@pytest.mark.parametrize("moments", [WITHIN, pytest.param(ALL, marks=pytest.mark.longer(twin=CHAIN))], ids=["within", "all"])
def test_killed_at_every_moment_of_an_interval_the_run_ends_in_the_same_weights(project, uninterrupted, moments):
    # steps 0, 2 and 4
    project.kill(*TO_TRAIN, at=Moment("checkpoints", 3))
    assert reached(project) == 4
    # each of these runs is killed at one of the moments, in the order of the saves, and the next one continues it
    for name, place in moments:
        before = reached(project)
        # the best checkpoint is saved where a step is scored, every ten steps; all else in the first interval
        output = project.kill(*TO_TRAIN, at=Moment(name, 1, place))
        assert f"continues from its checkpoint at step {before} of 40" in output, (name, place)
        # a checkpoint comes last, so it is there after its own save only; a scored step is up to four intervals away
        if name != "best_checkpoints":
            assert reached(project) == before + (2 if (name, place) == ("checkpoints", "after") else 0), (name, place)
    assert f"continues from its checkpoint at step {reached(project)} of 40" in project.run(*TO_TRAIN)
    assert_same_run(project, uninterrupted)


@pytest.mark.longer(twin=CHAIN)
def test_killed_while_the_beginning_is_saved_it_starts_anew_or_goes_on_from_there(project, uninterrupted):
    # the beginning saves its checkpoint first, and then what else belongs to step 0
    project.kill(*TO_TRAIN, at=Moment("checkpoints", 1, "within"))
    assert reached(project) is None
    assert "starts anew" in project.kill(*TO_TRAIN, at=Moment("checkpoints", 1, "after"))
    assert reached(project) == 0
    assert "continues from its checkpoint at step 0 of 40" in project.run(*TO_TRAIN)
    assert_same_run(project, uninterrupted)


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_signal_lets_the_interval_finish_and_the_run_says_how_to_continue")
def test_control_c_saves_says_how_to_go_on_and_a_terminated_run_goes_on_exactly(project, uninterrupted):
    for number, step in ((signal.SIGINT, 4), (signal.SIGTERM, 8)):
        # while the second interval's rows are saved; that interval is finished before the run stops
        line = project.refuse(*TO_TRAIN, prepare=Event(Moment("training_sheets", 3 if step == 4 else 2), number).prepare)
        assert f"Stopped by {number.name} at step {step} of 40; all of it is saved" in line
        assert "Run the same command again to continue" in line
        assert reached(project) == step
        assert not list((project.root / "data/06_models").glob("generator.keras/*"))
    assert "continues from its checkpoint at step 8 of 40" in project.run(*TO_TRAIN)
    assert_same_run(project, uninterrupted)


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_resumed_run_is_bit_identical")
def test_raising_the_number_of_steps_continues_a_finished_run(project, uninterrupted):
    project.run(*TO_TRAIN[:-1], "training.num_steps=20,training.interval=2")
    assert "continues from its checkpoint at step 20 of 40" in project.run(*TO_TRAIN)
    assert_same_run(project, uninterrupted)


def test_required_fails_where_nothing_can_be_continued(project):
    assert "has no checkpoint" in project.refuse(*TO_TRAIN[:-1], "training.resume=required")


@pytest.mark.longer(twin="tests/unit/training/test_identity.py::test_the_start_follows_checkpoints_and_wish_and_is_said")
def test_never_starts_anew(project):
    steps = "training.num_steps=5"
    project.run(*TO_TRAIN[:-1], steps)
    first = project.checkpoint(5).read_bytes()
    assert "starts anew because training.resume is 'never'" in project.run(*TO_TRAIN[:-1], f"{steps},training.resume=never")
    assert project.checkpoint(5).read_bytes() == first


@pytest.mark.longer(twin=CHAIN)
@pytest.mark.parametrize("seed", range(4))
def test_killed_from_outside_at_any_time_the_run_ends_in_the_same_weights(new_project, seed):
    random, project = np.random.default_rng(seed), new_project()
    for _ in range(2):
        # it never ends by itself; it has been continued when there are more checkpoints than there were
        command = project.start(*TO_TRAIN[:-1], "training.num_steps=1000000,training.interval=2", from_nothing=True)
        enough = (reached(project) or 0) + int(random.integers(2, 40))
        command.wait_for(lambda enough=enough: (reached(project) or 0) >= enough)
        command.signal(signal.SIGKILL)
        assert command.wait() == -signal.SIGKILL
    end = reached(project) + 10
    steps = f"training.num_steps={end},training.interval=2"
    assert f"continues from its checkpoint at step {end - 10} of {end}" in project.run(*TO_TRAIN[:-1], steps)
    whole = new_project()
    whole.run(*TO_TRAIN[:-1], steps)
    assert_same_run(project, whole, end)


TO_PREPARE = ("run", "--env", "smoke", "--pipelines", "data")


CUTS = [
    Moment("train_images", 1, "before"),
    Moment("train_images", 1, "within"),
    Moment("held_out_images", 1, "after"),
    Moment("train_images", 2, "within"),
    Moment("held_out_images", 2, "before"),
]
"""One after the other; there are four chunks, and an end."""

CUT_OFF = "tests/unit/datasets/test_image_set_dataset.py::test_a_save_that_is_cut_off_anywhere_is_said_again"


@pytest.mark.parametrize("moments", [CUTS[3:4], pytest.param(CUTS, marks=pytest.mark.longer(twin=CUT_OFF))], ids=["once", "often"])
def test_killed_while_images_are_prepared_both_sets_end_the_same(empty_project, seeded, moments):
    for moment in moments:
        empty_project.kill(*TO_PREPARE, at=moment)
        assert not list(empty_project.root.glob("data/05_model_input/[!.]*"))
    empty_project.run(*TO_PREPARE)
    names = [f"05_model_input/{name}" for name in ("train_images.safetensors", "held_out_images.safetensors", "fingerprint.json")]
    mine, whole = empty_project.files(), seeded.files()
    assert [mine[name] for name in names] == [whole[name] for name in names]
    assert not [name for name in mine if ".partial" in name or ".progress" in name]
