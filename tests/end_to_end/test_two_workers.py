"""Two real processes on loopback train one model: same weights in both, one of them writes, and a death ends both well."""

import json
import re
import signal
import socket
from contextlib import ExitStack, contextmanager

import pytest
from kedro_commands import Event, Moment
from safetensors.numpy import load_file

TRAINING = ("run", "--env", "smoke", "--pipelines", "data,networks,training")


@contextmanager
def reserved(num=2):
    """Addresses on loopback that nobody else is given. TensorFlow takes them all the same: sockets that do not listen share a port."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        yield [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def config_of(addresses, index=0):
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


@pytest.fixture
def pair(new_project, empty_project):
    """The chief's project, the other's, and a function that starts both, each in its folder, so without common files."""
    projects = new_project(), empty_project

    with ExitStack() as stack:

        def start(*arguments, second=None, prepare=None):
            addresses = stack.enter_context(reserved())
            own = arguments, arguments if second is None else second
            return [
                project.start(*TRAINING, *own[index], TF_CONFIG=config_of(addresses, index), prepare=(prepare or {}).get(index))
                for index, project in enumerate(projects)
            ]

        yield (*projects, start)


def statuses(commands):
    return [command.wait() for command in commands]


def error_of(command):
    assert "Traceback" not in command.output
    (line,) = [line for line in command.output.splitlines() if line.startswith("error: ")]
    return line


def states(output):
    """{step: state} as a worker reports them."""
    return dict(re.findall(r"has reached step (\d+), state (\w+)", output))


def test_both_end_with_the_same_weights_and_the_chief_alone_writes(pair):
    chief, other, start = pair
    commands = start()
    assert statuses(commands) == [0, 0], commands[0].output + commands[1].output
    assert states(commands[0].output) == states(commands[1].output)
    assert list(states(commands[0].output)) == ["5", "10", "15", "20"]
    assert not (other.root / "data").exists()
    assert load_file(chief.checkpoint(20))["step"] == 20
    assert (chief.root / "data/06_models/generator.keras").is_dir()


@pytest.mark.longer(twin="tests/end_to_end/test_two_workers.py::test_both_end_with_the_same_weights_and_the_chief_alone_writes")
def test_what_two_processes_began_one_continues(pair):
    chief, _, start = pair
    assert statuses(start()) == [0, 0]
    assert "continues from its checkpoint at step 20" in chief.run(*TRAINING, "--params", "training.num_steps=25")


def test_a_port_that_is_taken_is_said_before_anything_is_written(empty_project):
    with reserved() as addresses, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        addresses[0] = f"127.0.0.1:{taken.getsockname()[1]}"
        line = empty_project.refuse(*TRAINING, TF_CONFIG=config_of(addresses))
    assert "Worker 0 of 2 cannot join the others" in line
    assert "whether each one's own port is free" in line
    assert not (empty_project.root / "data").exists()


def test_a_study_is_refused_to_several_workers(project):
    line = project.refuse("run", "--env", "smoke", "--pipelines", "seed_study", TF_CONFIG=config_of(["127.0.0.1:1", "127.0.0.1:2"]))
    assert "A seed study runs on one machine, but TF_CONFIG names 2 workers" in line


ENDLESS = ("--params", "training.num_steps=1000000")


@pytest.mark.longer(twin="tests/unit/runtime/test_distribution.py::test_two_replicas_take_the_steps_of_one_device")
def test_a_polite_stop_of_one_stops_both_at_the_same_step(pair):
    chief, _, start = pair
    # the chief is told to stop while it saves the rows of its third interval
    commands = start(*ENDLESS, prepare={0: Event(Moment("training_history", 3), signal.SIGTERM).prepare})
    assert statuses(commands) == [1, 1]
    stops = [re.search(r"Stopped by (.*) at step (\d+) of 1000000; all of it is saved", error_of(command)) for command in commands]
    assert [stop[1] for stop in stops] == ["SIGTERM", "a signal to another worker"]
    assert stops[0][2] == stops[1][2]
    assert chief.checkpoint(int(stops[0][2])).exists()


@pytest.mark.longer(
    twin="tests/unit/pipelines/test_training_nodes.py::test_a_serious_finding_stops_the_run_once_it_is_saved_if_that_is_asked_for"
)
def test_the_chiefs_doctor_stops_both_whatever_the_others_settings_are(pair):
    chief, _, start = pair
    # a generator that does not move keeps drawing next to nothing
    still = f"{ENDLESS[1]},training.generator_optimizer.learning_rate=1e-12,health.warmup_steps=0"
    commands = start("--params", f"{still},health.on_collapse=stop", second=("--params", still))
    assert statuses(commands) == [1, 1]
    found = re.search(r"error: Stopped at step (\d+), which is saved, because health.on_collapse is 'stop'", error_of(commands[0]))
    assert found, commands[0].output
    assert chief.checkpoint(int(found[1])).exists()
    # it found the same, and would have gone on
    assert f"error: Stopped at step {found[1]}" in error_of(commands[1])


@pytest.mark.longer(twin="tests/unit/runtime/test_distribution.py::test_a_lost_worker_is_explained")
@pytest.mark.parametrize("victim", [0, 1], ids=["chief", "worker"])
def test_when_one_dies_the_other_says_so_and_both_continue_later(pair, victim):
    chief, _, start = pair
    if victim == 0:
        commands = start(*ENDLESS, prepare={0: Event(Moment("training_sheets", 3), signal.SIGKILL).prepare})
    else:
        commands = start(*ENDLESS)
        commands[1].wait_for(lambda: len(states(commands[1].output)) >= 2)
        commands[1].signal(signal.SIGKILL)
    exits = statuses(commands)
    assert (exits[victim], exits[1 - victim]) == (-signal.SIGKILL, 1)
    line = error_of(commands[1 - victim])
    found = re.search(r"Another worker is gone; all were together until step (\d+)", line)
    assert found, line
    # the chief may have died just before it saved that step
    reached = max(int(path.stem.removeprefix("step-")) for path in chief.checkpoints())
    assert reached >= int(found[1]) - 5
    commands = start("--params", f"training.num_steps={reached + 5}")
    assert statuses(commands) == [0, 0], commands[0].output + commands[1].output
    assert f"continues from its checkpoint at step {reached} of {reached + 5}" in commands[0].output
    assert states(commands[0].output) == states(commands[1].output)
    assert list(states(commands[0].output)) == [str(reached + 5)]


@pytest.mark.longer(twin="tests/end_to_end/test_two_workers.py::test_both_end_with_the_same_weights_and_the_chief_alone_writes")
def test_workers_with_different_settings_do_not_train_together(pair):
    chief, _, start = pair
    commands = start(second=("--params", "training.seed=1"))
    assert statuses(commands) == [1, 1]
    expected = r"Worker 1 would train run \w+, the chief trains run \w+: their data, networks or training parameters differ"
    assert re.search(expected, error_of(commands[1]))
    assert "Another worker is gone; nothing was trained yet" in error_of(commands[0])
    assert not chief.checkpoints()


@pytest.mark.longer(twin="tests/end_to_end/test_two_workers.py::test_both_end_with_the_same_weights_and_the_chief_alone_writes")
def test_what_the_chief_refuses_nobody_trains(pair):
    _, _, start = pair
    commands = start("--params", "training.resume=required")
    assert statuses(commands) == [1, 1]
    assert "training.resume is 'required', but run" in error_of(commands[0])
    assert "The chief refuses to train" in error_of(commands[1])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "TF_CONFIG is not JSON"),
        (config_of(["127.0.0.1:1"], 3), "worker 3 is not in the cluster"),
        (config_of([f"127.0.0.1:{port}" for port in (1, 2, 3)]), "batch_size = 16 cannot be shared by 3 replicas"),
    ],
)
def test_an_impossible_cluster_is_refused_before_any_node(empty_project, config, message):
    assert message in empty_project.refuse(*TRAINING, TF_CONFIG=config)
    assert not (empty_project.root / "data").exists()
