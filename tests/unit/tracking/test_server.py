"""Runs and models on a real MLflow server, through the project's own classes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.request
from contextlib import contextmanager

import pytest
from challengers import EXPERIMENT, new_catalog, order, register_challenger
from kedro.io import DatasetError

from ganflow.cli import explain
from ganflow.datasets import RegisteredRecordDataset
from ganflow.errors import TrackingError
from ganflow.hooks.retention import remove_runs
from ganflow.tracking.registry import CHALLENGER, CHAMPION, MODEL_FILE, PREVIOUS, ModelVersion, Registry
from ganflow.tracking.runs import RunRecorder, find_retrainings
from ganflow.tracking.store import Store, _without_credentials

PASSWORD = "p@ss:w%2Frd"


@contextmanager
def reserved_port():
    """A port of this machine that nobody else is given; a server may take it, and until then connections are refused."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


def is_healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def port(tmp_path_factory, empty_database):
    """Where a server listens, which is no other name's than 127.0.0.1's."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_database, folder / "mlflow.db")
    with reserved_port() as number, (folder / "log.txt").open("wb") as log:
        address = ["--host", "127.0.0.1", "--port", str(number), "--allowed-hosts", f"127.0.0.1:{number}"]
        places = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *address, *places, "--workers", "1"],
            cwd=folder,
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not is_healthy(number):
                assert process.poll() is None, (folder / "log.txt").read_text()
                time.sleep(0.2)
            yield number
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


@pytest.fixture
def connect(monkeypatch):
    """Function that names a server, with a user's password, to this process."""

    def name(host, port):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:{PASSWORD}@{host}:{port}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        # a user who wants to see addresses does not want to see this one
        monkeypatch.setenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "false")

    return name


@pytest.fixture
def said(capfd, caplog):
    """Function that gives everything that was printed or logged."""
    caplog.set_level("DEBUG")
    return lambda: "".join(capfd.readouterr()) + caplog.text


def holds_credentials(text):
    return any(part in text for part in ("user:", "p@ss", "ss:w", "w%2Frd", "w/rd"))


@pytest.mark.longer(twin="tests/unit/tracking/test_registry.py::test_promotion_moves_champion_and_previous_and_may_be_repeated")
def test_from_the_first_challenger_to_retention_all_is_on_the_server(port, connect, said, tmp_path):
    connect("127.0.0.1", port)
    catalog = new_catalog(tmp_path)
    registry = catalog["champion"].registry
    for name, before in (("first", None), ("second", 1), ("third", 2)):
        version = register_challenger(catalog, name)
        registry.set_alias(CHALLENGER, version.number)
        catalog.save("promotion", order(name, before))
    assert [(version.number, set(version.aliases)) for version in registry.versions()] == [
        (1, set()),
        (2, {PREVIOUS}),
        (3, {CHAMPION, CHALLENGER}),
    ]
    # the files are fetched, and nothing is kept of them here
    folder = registry.fetch(registry.by_alias(CHAMPION))
    assert ((folder / MODEL_FILE).read_bytes(), folder.is_relative_to(tmp_path)) == (b"third", False)
    assert RegisteredRecordDataset(path=tmp_path / "mlflow", model="digits").load()["sha256"] == "third"
    assert [version.number for version in registry.roll_back()] == [3, 2]
    with pytest.raises(DatasetError, match="Version 3 has been champion before"):
        catalog.save("promotion", order("third", 2))
    register_challenger(catalog, "fourth")
    # the newest is kept, champion and previous are spared
    assert remove_runs(catalog, keep=1) == 1
    assert [(version.number, version.run_id, set(version.aliases)) for version in registry.versions()] == [
        (2, "second", {CHAMPION}),
        (3, "third", {PREVIOUS, CHALLENGER}),
        (4, "fourth", set()),
    ]
    assert set(catalog.load("decisions")) == {"second", "third", "fourth"}
    assert not (tmp_path / "mlflow").exists()
    # the addresses of runs that end are not printed
    assert not holds_credentials(said())


CALLS = {
    "versions": lambda registry, _: registry.versions(),
    "promote": lambda registry, _: registry.promote(1),
    "roll_back": lambda registry, _: registry.roll_back(),
    "set_alias": lambda registry, _: registry.set_alias(CHALLENGER, 1),
    "fetch": lambda registry, version: registry.fetch(version),
    "begin": lambda registry, _: RunRecorder(registry, EXPERIMENT, {}).begin("run", {}, {}),
    "end": lambda registry, version: RunRecorder(registry, EXPERIMENT, {}, _runs={"run": version.mlflow_run}).end("FINISHED"),
    "find_retrainings": lambda registry, _: find_retrainings(registry, EXPERIMENT),
}


@pytest.mark.longer(twin="tests/unit/tracking/test_server.py::test_addresses_are_shown_without_user_and_password_and_files_as_they_are")
@pytest.mark.parametrize("trouble", ["the server refuses", "the server is gone"])
def test_when_something_goes_wrong_no_password_is_in_what_is_said(port, connect, said, tmp_path, trouble):
    version = ModelVersion(1, "0" * 32, f"mlflow-artifacts:/1/{'0' * 32}/artifacts/generator-w")
    registry = Registry(Store(tmp_path), "digits")
    with reserved_port() as silent:
        # by another name than the one that it answers to, or where nothing listens
        host, number, answer = ("localhost", port, "403") if trouble == "the server refuses" else ("127.0.0.1", silent, "refused")
        connect(host, number)
        for name, call in CALLS.items():
            with pytest.raises(TrackingError, match=f"models, http://{host}:{number}, cannot be used: .*{answer}") as caught:
                call(registry, version)
            told = "".join(traceback.format_exception(caught.value)) + explain(caught.value)
            assert not holds_credentials(told), (name, told)
    assert not holds_credentials(said())


@pytest.mark.parametrize("sign", "/?#")
def test_a_password_that_would_be_read_as_a_path_is_sent_nowhere(monkeypatch, tmp_path, sign):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:pass{sign}word@127.0.0.1:9/mlflow")
    registry = Registry(Store(tmp_path), "digits")
    with pytest.raises(
        TrackingError, match="http://127.0.0.1:9/mlflow, has a user or password with '/', '\\?' or '#' in it. Write %2F"
    ) as caught:
        registry.versions()
    assert "word@" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to https://user:a@b/c@host:1/api failed", "to https://host:1/api failed"),
        ("postgresql+psycopg2://user:x@host/db", "postgresql+psycopg2://host/db"),
        ("http://host/api, then mail me@home", "http://host/api, then mail me@home"),
        ("sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db"),
        ("file:///home/me@work", "file:///home/me@work"),
    ],
)
def test_addresses_are_shown_without_user_and_password_and_files_as_they_are(text, shown):
    assert _without_credentials(text) == shown
