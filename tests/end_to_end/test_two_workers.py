"""Two real processes on loopback train one model: same weights in both, one of them writes, and a death ends both well."""

import json
import re
import signal
import socket
import time

import pytest
from safetensors.numpy import load_file

TO_TRAIN = ("--pipelines", "data,models,training")


@pytest.fixture
def pair(new_project):
    """Function that starts a chief and a worker, each in a project folder of its own, so without common files."""
    projects = new_project(), new_project()
    processes = []

    def start(*arguments, second=None):
        with socket.socket() as one, socket.socket() as other:
            for listener in (one, other):
                listener.bind(("127.0.0.1", 0))
            addresses = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in (one, other)]
        for index, project in enumerate(projects):
            config = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
            own = second if index and second is not None else arguments
            processes.append(project.start("run", "--env", "smoke", *TO_TRAIN, *own, TF_CONFIG=config))
        return processes[-2:]

    yield (*projects, start)
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def outputs(processes):
    return [process.communicate(timeout=200)[0] for process in processes]


def states(output):
    """{step: state} as a worker reports them."""
    return dict(re.findall(r"has reached step (\d+), state (\w+)", output))


def test_both_end_with_the_same_weights_and_the_chief_alone_writes(pair):
    chief, other, start = pair
    processes = start()
    output, others_output = outputs(processes)
    assert [process.returncode for process in processes] == [0, 0], output + others_output
    assert states(output) == states(others_output)
    assert list(states(output)) == ["5", "10", "15", "20"]
    assert not (other.root / "data").exists()
    assert load_file(chief.checkpoint(20))["step"] == 20
    assert (chief.root / "data/06_models/generator.keras").is_dir()
    # what two processes began, one continues
    alone = chief.smoke(*TO_TRAIN, "--params", "training.num_steps=25")
    assert "continues from its checkpoint at step 20" in alone


def test_a_port_that_is_taken_is_said_before_anything_is_written(project):
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in (taken, free)]
        config = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}})
        process = project.start("run", "--env", "smoke", *TO_TRAIN, TF_CONFIG=config)
        (output,) = outputs([process])
    assert process.returncode == 1, output
    assert "Worker 0 of 2 cannot join the others" in output
    assert "whether each one's own port is free" in output
    assert "Traceback" not in output
    assert not (project.root / "data").exists()


def test_a_study_is_refused_to_several_workers(project):
    config = json.dumps({"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}})
    process = project.start("run", "--env", "smoke", "--pipelines", "seed_study", TF_CONFIG=config)
    (output,) = outputs([process])
    assert process.returncode == 1, output
    assert "A seed study runs on one machine, but TF_CONFIG names 2 workers" in output


def wait_for_steps(chief, processes):
    """Wait for a checkpoint beyond the one before the first step, and a moment longer."""
    deadline = time.monotonic() + 120
    while not any(load_file(path)["step"] for path in chief.checkpoints()):
        assert time.monotonic() < deadline
        assert [process.poll() for process in processes] == [None, None], outputs(processes)
        time.sleep(0.05)
    time.sleep(0.5)


def test_a_polite_stop_of_one_stops_both_at_the_same_step(pair):
    chief, _, start = pair
    processes = start("--params", "training.num_steps=100000")
    wait_for_steps(chief, processes)
    processes[1].send_signal(signal.SIGTERM)
    stops = [re.search(r"Stopped by (.*) at step (\d+) of 100000; all of it is saved", output) for output in outputs(processes)]
    assert [process.returncode for process in processes] == [1, 1]
    assert [stop[1] for stop in stops] == ["a signal to another worker", "SIGTERM"]
    assert stops[0][2] == stops[1][2]
    assert chief.checkpoint(int(stops[0][2])).exists()


def test_the_chiefs_doctor_stops_both_whatever_the_others_settings_are(pair):
    chief, _, start = pair
    # a generator that does not move keeps drawing next to nothing
    still = "training.num_steps=100000,training.generator_optimizer.learning_rate=1e-12,health.warmup_steps=0"
    processes = start("--params", f"{still},health.on_collapse=stop", second=("--params", still))
    output, others_output = outputs(processes)
    assert [process.returncode for process in processes] == [1, 1]
    found = re.search(r"error: Stopped at step (\d+), which is saved, because health.on_collapse is 'stop'", output)
    assert found, output
    assert chief.checkpoint(int(found[1])).exists()
    # it found the same, and would have gone on
    assert f"error: Stopped at step {found[1]}" in others_output


@pytest.mark.parametrize("victim", [0, 1], ids=["chief", "worker"])
def test_when_one_dies_the_other_says_so_and_both_continue_later(pair, victim):
    chief, _, start = pair
    processes = start("--params", "training.num_steps=100000")
    wait_for_steps(chief, processes)
    processes[victim].send_signal(signal.SIGKILL)
    output = outputs(processes)[1 - victim]
    assert processes[1 - victim].returncode == 1
    (line,) = [line for line in output.splitlines() if line.startswith("error: ")]
    found = re.search(r"Another worker is gone; all were together until step (\d+)", line)
    assert found, line
    assert "Traceback" not in output
    # the chief may have died just before it saved that step
    reached = max(load_file(path)["step"] for path in chief.checkpoints())
    assert reached >= int(found[1]) - 5
    processes = start("--params", f"training.num_steps={reached + 5}")
    output, others_output = outputs(processes)
    assert f"continues from its checkpoint at step {reached} of {reached + 5}" in output
    assert states(output) == states(others_output)
    assert list(states(output)) == [str(reached + 5)]


def test_workers_with_different_settings_do_not_train_together(pair):
    chief, _, start = pair
    processes = start(second=("--params", "training.seed=1"))
    output, others_output = outputs(processes)
    assert [process.returncode for process in processes] == [1, 1]
    (line,) = [line for line in others_output.splitlines() if line.startswith("error: ")]
    assert re.search(r"Worker 1 would train run \w+, the chief trains run \w+: their data, networks or training parameters differ", line)
    assert "error: Another worker is gone; nothing was trained yet" in output
    assert not chief.checkpoints()


def test_what_the_chief_refuses_nobody_trains(pair):
    _, _, start = pair
    processes = start("--params", "training.resume=required")
    output, others_output = outputs(processes)
    assert [process.returncode for process in processes] == [1, 1]
    assert "training.resume is 'required', but run" in output
    assert "error: The chief refuses to train" in others_output


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "TF_CONFIG is not JSON"),
        ('{"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 3}}', "worker 3 is not in the cluster"),
        (
            json.dumps({"cluster": {"worker": [f"127.0.0.1:{port}" for port in (1, 2, 3)]}, "task": {"type": "worker", "index": 0}}),
            "batch_size = 16 cannot be shared by 3 replicas",
        ),
    ],
)
def test_an_impossible_cluster_is_refused_before_any_node(project, config, message):
    process = project.start("run", "--env", "smoke", *TO_TRAIN, TF_CONFIG=config)
    (output,) = outputs([process])
    assert process.returncode == 1
    (line,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert message in line
    assert not (project.root / "data").exists()
