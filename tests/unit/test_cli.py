"""Errors that a user can mend are one line; all others keep their traceback."""

import logging

import click
import pytest
from click.testing import CliRunner
from kedro.io import DatasetError
from kedro.io.core import VersionNotFoundError

from ganflow.cli import ReadableCommand, explain, known_environments, run
from ganflow.errors import CheckpointError, DataError, GanflowError, NothingToDo


def run_with(error):
    def fail():
        raise error

    return CliRunner().invoke(ReadableCommand(name="run", callback=fail))


@pytest.mark.parametrize("error", [GanflowError("mend it"), DatasetError("mend it")])
def test_expected_errors_are_one_line_with_status_1(error):
    result = run_with(error)
    assert result.exit_code == 1
    assert result.stderr == "error: mend it\n"


def test_unexpected_errors_keep_their_traceback():
    assert isinstance(run_with(ZeroDivisionError()).exception, ZeroDivisionError)


def test_clicks_own_errors_stay_clicks():
    assert run_with(click.UsageError("no")).exit_code == 2


def test_the_projects_own_error_is_found_behind_kedros():
    error = DatasetError("Failed while loading")
    error.__cause__ = CheckpointError("damaged:\n  remove it")
    assert explain(error) == "damaged: remove it"


def test_a_missing_export_says_how_to_make_one():
    # Kedro's catalog wraps it
    error = DatasetError("generator: Did not find any versions")
    error.__cause__ = VersionNotFoundError("Did not find any versions")
    assert explain(error).startswith("generator: Did not find any versions. None has been exported yet")
    assert explain(error).endswith("with `kedro run`.")


@pytest.mark.parametrize("folder", [".", "src/ganflow"])
def test_environments_are_the_folders_of_settings_wherever_one_stands(project_root, monkeypatch, folder):
    monkeypatch.chdir(project_root / folder)
    assert known_environments() == [
        "base",
        "classic",
        "dcgan",
        "hinge_sn",
        "images",
        "lsgan",
        "r3gan",
        "smoke",
        "video",
        "video_paper",
        "wgan",
        "wgan_gp",
    ]


def test_outside_a_project_there_are_no_environments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert known_environments() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.b=1,c=x", {"a": {"b": 1}, "c": "x"}),
        ("a.b=[x, y],a.c=2", {"a": {"b": ["x", "y"], "c": 2}}),
        ("a=1,b.c=[x,y],b.d=[1]", {"a": 1, "b": {"c": ["x", "y"], "d": [1]}}),
        ("a=[]", {"a": []}),
        # identities of runs may look like numbers
        (
            "reporting.runs=[123456789012,012345670123, 1234567890e1]",
            {"reporting": {"runs": ["123456789012", "012345670123", "1234567890e1"]}},
        ),
        ("reporting.runs=[]", {"reporting": {"runs": []}}),
        ("", {}),
    ],
)
def test_parameters_may_be_lists(given, expected):
    (option,) = [param for param in run.params if param.name == "params"]
    assert option.callback(click.Context(run), option, given) == expected


def test_a_parameter_without_a_value_is_refused_as_kedro_does():
    (option,) = [param for param in run.params if param.name == "params"]
    with pytest.raises(click.UsageError, match="separated by `=`"):
        option.callback(click.Context(run), option, "a=[1,2],b")


def test_an_expected_error_is_told_once_and_its_stack_on_request():
    def fail():
        logger = logging.getLogger("kedro.pipeline.node")
        try:
            raise DataError("got 1, expected 2")
        except DataError:
            # as Kedro does, with the error under way
            logger.error("Node failed with error: got 1, expected 2")
            raise

    command = ReadableCommand("run", callback=fail)
    quiet, verbose = (CliRunner().invoke(command, arguments) for arguments in ([], ["--verbose"]))
    assert (quiet.exit_code, verbose.exit_code) == (1, 1)
    assert quiet.output == "error: got 1, expected 2\n"
    assert verbose.output.startswith("Traceback")
    assert verbose.output.endswith("error: got 1, expected 2\n")


@pytest.mark.parametrize(("error", "is_told"), [(DataError("x"), False), (NothingToDo("x"), False), (RuntimeError("x"), True)])
def test_kedros_own_words_on_an_error_are_shown_only_where_nobody_explains_it(error, is_told, caplog):
    def fail():
        try:
            raise error
        except BaseException:
            logging.getLogger("kedro.runner.sequential_runner").warning("You can resume")
            raise

    CliRunner().invoke(ReadableCommand("run", callback=fail))
    assert ("You can resume" in caplog.text) is is_told
