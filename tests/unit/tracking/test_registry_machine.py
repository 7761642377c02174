"""Any order of trainings, promotions, roll-backs and removals, cut off or not, leaves a champion and the one before it."""

import shutil
import tempfile
from pathlib import Path

import pytest
from challengers import new_catalog, order, register_challenger
from cuts import killed_before_call
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from kedro.io import DatasetError

from ganflow.errors import TrackingError
from ganflow.hooks.retention import remove_runs
from ganflow.tracking.registry import CHAMPION, MODEL_FILE, PREVIOUS, SHA256, read_record

NEVER = -1
"""The call that no process is killed before."""

BEEN = "has been champion before"
NOTHING = "Nothing to go back to"


@pytest.fixture(scope="module")
def three_challengers(tmp_path_factory, empty_database):
    """Folder of a registry with three versions, none of which was ever promoted."""
    folder = tmp_path_factory.mktemp("challengers")
    (folder / "mlflow").mkdir()
    shutil.copy(empty_database, folder / "mlflow")
    for number in (1, 2, 3):
        register_challenger(new_catalog(folder), f"weights{number}")
    return folder


class RegistryMachine(RuleBasedStateMachine):
    """A registry, and what is expected of it: `reigns`, the versions that were champion, one after another."""

    def __init__(self, beginning, *, is_embedded):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp()) / "project"
        shutil.copytree(beginning, self.folder)
        self.patch = pytest.MonkeyPatch()
        if not is_embedded:
            # another name of the same file: as on a server, MLflow alone reads it, and what was removed stays its owner's
            self.patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{self.folder}/../project/mlflow/mlflow.db")
        self.catalog = new_catalog(self.folder)
        self.registry = self.catalog["champion"].registry
        self.num_trained, self.is_half_trained = 3, False
        self.reigns, self.orders = [], []

    def teardown(self):
        self.patch.undo()
        shutil.rmtree(self.folder.parent)

    @property
    def champion(self):
        return self.reigns[-1] if self.reigns else None

    @property
    def previous(self):
        return next((number for number in reversed(self.reigns) if number != self.champion), None)

    def carry_out(self, command, cut, becomes, refusal=None):
        """Run a command, which is killed before one of its calls, or refused, or else makes a version the champion."""
        with killed_before_call(cut) as calls:
            if refusal is None:
                command()
            else:
                with pytest.raises((TrackingError, DatasetError), match=refusal):
                    command()
        found = self.registry.by_alias(CHAMPION)
        champion = None if found is None else found.number
        may_be = {becomes} if refusal is None else {self.champion}
        assert champion in may_be | ({self.champion} if calls.was_killed else set())
        if champion != self.champion:
            self.reigns.append(champion)
        return calls.was_killed

    def draw_version(self, data):
        return data.draw(st.sampled_from(self.registry.versions()))

    def order_refusal(self, given, number):
        if self.champion not in (None, given["champion"], number):
            return "has become champion since"
        return BEEN if number in self.reigns and number != self.champion else None

    @precondition(lambda self: self.num_trained < 7)
    @rule(data=st.data())
    def train(self, data):
        """One that was cut off goes on under its name."""
        name = f"weights{self.num_trained + 1}"
        self.is_half_trained = self.carry_out(lambda: register_challenger(self.catalog, name), self.draw_cut(data, 7), self.champion)
        self.num_trained += not self.is_half_trained

    @rule(data=st.data())
    def decide_and_promote(self, data):
        version = self.draw_version(data)
        given = order(version.tags[SHA256], self.champion)
        self.orders.append((given, version.number))
        self.carry_out_order(given, version.number, self.draw_cut(data, 4))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def repeat_a_promotion(self, data):
        given, number = data.draw(st.sampled_from(self.orders))
        if number in {version.number for version in self.registry.versions()}:
            self.carry_out_order(given, number, self.draw_cut(data, 4))

    def carry_out_order(self, given, number, cut):
        self.carry_out(lambda: self.catalog.save("promotion", given), cut, number, self.order_refusal(given, number))

    @rule(data=st.data())
    def promote(self, data):
        number = self.draw_version(data).number
        self.carry_out(lambda: self.registry.promote(number), self.draw_cut(data, 4), number)

    @rule(data=st.data())
    def roll_back(self, data):
        self.carry_out(self.registry.roll_back, self.draw_cut(data, 5), self.previous, None if self.previous else NOTHING)

    @rule(data=st.data())
    def roll_back_to(self, data):
        number = self.draw_version(data).number
        refusal = None if self.champion not in (None, number) else NOTHING
        self.carry_out(lambda: self.registry.roll_back(number), self.draw_cut(data, 5), number, refusal)

    @rule(data=st.data(), keep=st.integers(1, 3))
    def make_room(self, data, keep):
        before = [version.number for version in self.registry.versions()]
        was_killed = self.carry_out(lambda: remove_runs(self.catalog, keep), self.draw_cut(data, 4), self.champion)
        after = {version.number for version in self.registry.versions()}
        spared = {self.champion, self.previous} & set(before)
        newest = set(before[-keep:])
        assert spared <= after
        if not was_killed:
            assert after <= spared | newest
        # a training that was cut off counts as a challenger, though it has no version
        if not self.is_half_trained:
            assert newest <= after

    def draw_cut(self, data, num_calls):
        return NEVER

    @invariant()
    def champion_and_previous_load(self):
        versions = self.registry.versions()
        for alias, number in ((CHAMPION, self.champion), (PREVIOUS, self.previous)):
            found = [version for version in versions if alias in version.aliases]
            assert [version.number for version in found] == ([] if number is None else [number])
            for version in found:
                folder, weights = self.registry.fetch(version), version.tags[SHA256]
                assert ((folder / MODEL_FILE).read_text(), read_record(folder)["sha256"]) == (weights, weights)
                # what belongs to its run was not removed either
                assert weights in self.catalog.load("decisions")


class KilledMachine(RegistryMachine):
    """Every command may be killed between any two calls of MLflow's client."""

    def draw_cut(self, data, num_calls):
        return data.draw(st.sampled_from([NEVER, *range(num_calls)]))


def run(machine, max_examples, num_steps):
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = settings(max_examples=max_examples, stateful_step_count=num_steps, deadline=None, suppress_health_check=health)
    run_state_machine_as_test(machine, settings=chosen)


def test_in_any_order_there_is_a_champion_and_the_one_before_it(three_challengers):
    run(lambda: RegistryMachine(three_challengers, is_embedded=False), max_examples=2, num_steps=10)


@pytest.mark.longer(twin="tests/unit/tracking/test_registry_machine.py::test_in_any_order_there_is_a_champion_and_the_one_before_it")
@pytest.mark.parametrize("is_embedded", [False, True])
def test_killed_between_any_calls_in_any_order_there_is_a_champion_and_the_one_before_it(three_challengers, is_embedded):
    # the embedded store is cleared by another process, which takes seconds
    run(lambda: KilledMachine(three_challengers, is_embedded=is_embedded), max_examples=3 if is_embedded else 25, num_steps=20)


def test_a_removal_that_is_cut_off_leaves_no_version_without_what_belongs_to_its_run(three_challengers, tmp_path, monkeypatch):
    # two of the three go: two versions are withdrawn, then two runs are deleted
    for cut in range(5):
        folder = shutil.copytree(three_challengers, tmp_path / str(cut) / "project")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/../project/mlflow/mlflow.db")
        catalog = new_catalog(folder)
        with killed_before_call(cut) as calls:
            remove_runs(catalog, 1)
        assert calls.was_killed == (cut < 4)
        left = {version.tags[SHA256] for version in catalog["champion"].registry.versions()}
        assert left == {f"weights{number}" for number in range(min(cut, 2) + 1, 4)}
        assert left <= catalog.load("decisions").keys()
