"""What a run of the tests depends on: not on what the user has set, and not on tests that are skipped in silence."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def own(pytester, project_root):
    """A folder with the project's conftest.py and what it imports, for runs of pytest of its own."""
    pytester.makeconftest((project_root / "tests/conftest.py").read_text())
    pytester.makepyfile(base_parameters=(project_root / "tests/base_parameters.py").read_text())
    return pytester


def run(own, *options):
    return own.runpytest_subprocess("-p", "no:cacheprovider", *options)


@pytest.fixture
def skipping(own):
    """The same with two skips for a reason that `allowed.txt` lists, two for one that it does not, and what is no skip."""
    own.makefile(".txt", allowed="# a comment\nmissing here")
    own.makepyfile(
        test_marked="""
        import pytest

        @pytest.mark.skip(reason="missing here")
        def test_listed(): ...

        @pytest.mark.skip(reason="not in the mood")
        def test_unlisted(): ...

        @pytest.mark.xfail(run=False, reason="no skip")
        def test_expected_to_fail(): ...
        """,
        test_listed_module="import pytest; pytest.skip('missing here', allow_module_level=True)",
        test_unlisted_module="import pytest; pytest.skip('not in the mood', allow_module_level=True)",
    )
    return own


def test_by_default_a_skip_is_a_skip(skipping):
    result = run(skipping)
    result.assert_outcomes(skipped=4, xfailed=1)
    assert result.ret == 0


# in the tests' own process, and in a worker of pytest-xdist
SELF = "tests/contracts/test_runs_of_tests.py::test_a_skip_that_is_not_listed_fails_the_run"


@pytest.mark.parametrize("workers", ["0", pytest.param("1", marks=pytest.mark.longer(twin=SELF))])
def test_a_skip_that_is_not_listed_fails_the_run(skipping, workers):
    result = run(skipping, "-n", workers, "--continue-on-collection-errors", "--allowed-skips", "allowed.txt")
    result.assert_outcomes(skipped=2, xfailed=1, errors=2)
    refusals = [line for line in result.outlines if line.startswith("Got a skip for the reason 'not in the mood', expected one of")]
    assert len(refusals) == 2
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_what_the_user_has_set_reaches_neither_the_tests_nor_their_processes(own, monkeypatch):
    of_the_user = ("ARGS", "CUDA_VISIBLE_DEVICES", "KEDRO_ENV", "KERAS_BACKEND", "MAKEFLAGS", "MLFLOW_TRACKING_URI", "TF_CONFIG")
    for name in (*of_the_user, "UNRELATED"):
        monkeypatch.setenv(name, "set-before")
    own.makepyfile(
        """
        import os, subprocess, sys

        print_names = "import os; print(sorted(name for name, value in os.environ.items() if value == 'set-before'))"
        print("here", flush=True)
        exec(print_names)
        print("and in a process", flush=True)
        subprocess.run([sys.executable, "-c", print_names], check=True)
        """
    )
    output = run(own, "-s", "--collect-only").stdout
    output.fnmatch_lines(["here", "[[]'UNRELATED'[]]", "and in a process", "[[]'UNRELATED'[]]"], consecutive=True)
