"""Effects of a run: progress, quiet start, parameter sections."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from ganflow.data.pictures.store import Decoding
from ganflow.errors import ConfigurationError
from ganflow.hooks.run import ParameterHooks, ProgressHooks, progress_line


def row(step):
    return {
        "step": step,
        "images_seen": 64 * step,
        "discriminator_loss": 1.25,
        "generator_loss": 0.75,
        "images_per_second": 640.0,
    }


def test_the_line_has_step_time_left_rate_and_losses():
    # 20 steps of 64 images are left at 640 images/s: 2 s
    line = progress_line(pd.Series(row(10)), 30)
    assert line == "step 10/30, 2 s left, 640 images/s, discriminator loss 1.250, generator loss 0.750"


def test_pictures_are_reported_as_they_are_decoded(caplog):
    hooks = hooks_for(20)
    with caplog.at_level("INFO"):
        for done in (256, 512, 600):
            hooks.after_dataset_saved("pictures", Decoding([], done, 600))
    # the first, then the last: the others come within seconds
    assert caplog.messages[-1] == "Decoded 600 of 600 pictures"
    assert caplog.messages[0] == "Decoded 256 of 600 pictures"


def hooks_for(num_steps):
    hooks = ProgressHooks()
    hooks.before_node_run(
        node=SimpleNamespace(outputs=["training_history"]),
        inputs={"params:training": SimpleNamespace(num_steps=num_steps), "training_run": {"run_id": "run"}},
    )
    return hooks


def test_without_a_terminal_every_interval_is_a_plain_line(caplog):
    hooks = hooks_for(20)
    with caplog.at_level("INFO"):
        for step in (10, 20):
            hooks.after_dataset_saved("training_history", {"run": pd.DataFrame([row(step)])})
        hooks.after_dataset_saved("training_history", {})
        hooks.after_dataset_saved("training_history", {"run": pd.DataFrame(columns=["step"])})
        hooks.after_dataset_saved("metrics", {"a": 1})
    assert [record.getMessage().split(",")[0] for record in caplog.records] == ["step 10/20", "step 20/20"]


def test_in_a_terminal_there_is_a_bar_that_ends_with_training(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    hooks = hooks_for(20)
    hooks.after_dataset_saved("training_history", {"run": pd.DataFrame([row(10)])})
    bar = hooks._bar
    assert (bar.tasks[0].completed, bar.tasks[0].total) == (10, 20)
    assert "640 images/s" in bar.tasks[0].fields["state"]
    hooks.after_dataset_saved("training_history", {"run": pd.DataFrame([row(20)])})
    assert hooks._bar is None
    assert bar.finished


def test_every_run_of_a_study_has_its_own_length(caplog):
    hooks = ProgressHooks()
    plan = {name: SimpleNamespace(parameters=SimpleNamespace(num_steps=num)) for name, num in (("short", 20), ("long", 40))}
    hooks.before_node_run(node=SimpleNamespace(outputs=["training_history"]), inputs={"study_plan": plan})
    with caplog.at_level("INFO"):
        for name in plan:
            hooks.after_dataset_saved("training_history", {name: pd.DataFrame([row(10)])})
    assert [record.getMessage().split(",")[0] for record in caplog.records] == ["step 10/20", "step 10/40"]


def test_an_error_ends_the_bar(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    hooks = hooks_for(20)
    hooks.after_dataset_saved("training_history", {"run": pd.DataFrame([row(10)])})
    hooks.on_pipeline_error()
    assert hooks._bar is None


@pytest.mark.parametrize(("sections", "message"), [({"dta": 1}, "Did you mean 'data'"), ({"zzz": 1}, "Known sections: data, networks")])
def test_unknown_sections_are_refused(sections, message):
    context = SimpleNamespace(config_loader={"parameters": {"training": {}} | sections})
    with pytest.raises(ConfigurationError, match=message):
        ParameterHooks().after_context_created(context)


def test_start_messages_are_held_back_and_shown_on_failure():
    script = (
        "import os\nfrom ganflow.hooks.run import _without_start_messages\n"
        "with _without_start_messages():\n    os.write(2, b'chatter')\n"
        "os.write(2, b'after')\n"
        "with _without_start_messages():\n    os.write(2, b'reason')\n    raise SystemExit(3)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, env=os.environ, check=False)
    assert result.returncode == 3
    assert b"chatter" not in result.stderr
    assert b"after" in result.stderr
    assert b"reason" in result.stderr
