"""Killed between any two calls of MLflow's client, a promotion or a roll-back leaves a champion, and the right one to go back to."""

import itertools
import shutil
from datetime import UTC, datetime

import keras
import pytest
from cuts import killed_before_call

from ganflow.datasets import RegisteredGeneratorDataset
from ganflow.errors import TrackingError
from ganflow.networks import hash_weights
from ganflow.tracking.registry import CHAMPION, PREVIOUS, PROMOTED, Registry
from ganflow.tracking.runs import RunRecorder
from ganflow.tracking.store import Store


def generator(units):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))


@pytest.fixture(scope="module")
def registered(tmp_path_factory, empty_database):
    """Folder of a registry with four versions, none of which was ever promoted, and the SHA-256 of their weights."""
    folder, weights = tmp_path_factory.mktemp("registered"), []
    shutil.copy(empty_database, folder)
    recorder = RunRecorder(Registry(Store(folder), "digits"), "e", {})
    for number in range(1, 5):
        model = generator(number)
        weights.append(hash_weights(model))
        recorder.begin(f"run{number}", {}, {})
        recorder.register(f"run{number}", model, {"run_id": f"run{number}", "sha256": weights[-1]})
    return folder, weights


@pytest.fixture
def copy(registered, tmp_path):
    """Function that copies a registry, by default that one."""

    def copy_of(folder=registered[0]):
        target = tmp_path / f"copy{len(list(tmp_path.iterdir()))}"
        shutil.copytree(folder, target)
        return Registry(Store(target), "digits")

    return copy_of


def promote_all(registry, numbers):
    for number in numbers:
        registry.promote(number)
    return registry.store.folder


def number(registry, alias):
    found = registry.by_alias(alias)
    return None if found is None else found.number


COMMANDS = {
    "the first promotion": ((), lambda registry: registry.promote(1), 1),
    "a promotion": ((1, 2, 3), lambda registry: registry.promote(4), 4),
    "a roll-back": ((1, 2, 3), lambda registry: registry.roll_back(), 2),
    "a roll-back to a version": ((1, 2, 3), lambda registry: registry.roll_back(to=1), 1),
    "a roll-back to a version that never was champion": ((1, 2, 3), lambda registry: registry.roll_back(to=4), 4),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_cut_off_at_any_call_there_is_a_champion_and_the_one_before_it(copy, registered, command):
    promoted, run, target = COMMANDS[command]
    before = promoted[-1] if promoted else None
    folder = promote_all(copy(), promoted)
    seen = set()
    for cut in itertools.count():
        registry = copy(folder)
        with killed_before_call(cut) as calls:
            run(registry)
        champion = number(registry, CHAMPION)
        seen.add(champion)
        reigns = [*promoted, *([champion] if champion != before else [])]
        previous = next((other for other in reversed(reigns) if other != champion), None)
        assert champion in (before, target)
        assert number(registry, PREVIOUS) == previous, (cut, reigns)
        if champion is not None:
            loaded = RegisteredGeneratorDataset(path=registry.store.folder, model="digits").load()
            assert hash_weights(loaded) == registered[1][champion - 1]
        # what has been champion, and is not now
        if previous is None:
            with pytest.raises(TrackingError, match="Nothing to go back to"):
                registry.roll_back()
        else:
            assert [version.number for version in registry.roll_back()] == [champion, previous]
            assert (number(registry, CHAMPION), number(registry, PREVIOUS)) == (previous, champion)
        if not calls.was_killed:
            break
    # each move was cut off before it and after it
    assert cut == calls.num >= 2
    assert seen == {before, target}


def test_cut_off_at_any_call_a_promotion_that_is_repeated_is_as_if_it_had_never_been(copy):
    def told(registry):
        versions = [(version.number, version.aliases, PROMOTED in version.tags) for version in registry.versions()]
        return versions, registry.store.client().get_registered_model("digits").aliases

    folder = promote_all(copy(), (1, 2, 3))
    whole = copy(folder)
    whole.promote(4)
    for cut in itertools.count():
        registry = copy(folder)
        with killed_before_call(cut) as calls:
            registry.promote(4)
        registry.promote(4)
        assert told(registry) == told(whole), cut
        if not calls.was_killed:
            break


@pytest.mark.parametrize(
    ("champion", "alias", "promoted", "previous"),
    [
        pytest.param(3, 2, {1: 0, 2: 10, 3: 20}, 2, id="whole"),
        pytest.param(3, 2, {1: 0, 2: 20, 3: 20}, 2, id="promoted within one second"),
        pytest.param(2, 3, {1: 0, 2: 30, 3: 20}, 3, id="rolled back"),
        pytest.param(3, 3, {1: 0, 2: 10, 3: 20}, 2, id="promotion of 4 cut off before the champion was moved"),
        pytest.param(3, 2, {1: 0, 2: 10}, 2, id="promotion of 3 cut off before it was noted"),
        pytest.param(2, 2, {1: 0, 2: 10, 3: 20}, 3, id="roll-back to 2 cut off before the alias previous was moved"),
        pytest.param(2, 3, {1: 0, 2: 10, 3: 20}, 3, id="roll-back to 2 cut off before it was noted"),
        pytest.param(3, 2, {1: 0, 3: 20}, 2, id="promotion of 2 cut off before it was noted, then 3 promoted"),
    ],
)
def test_registries_made_before_this_rule_go_back_rightly(copy, champion, alias, promoted, previous):
    registry = copy()
    client = registry.store.client()
    # all after the versions were registered, but for the one at second 0
    start = max(version.created for version in registry.versions())
    for version, seconds in promoted.items():
        time = "2026-01-01T00:00:00+00:00" if not seconds else datetime.fromtimestamp(start + seconds, UTC).isoformat(timespec="seconds")
        client.set_model_version_tag("digits", str(version), PROMOTED, time)
    client.set_registered_model_alias("digits", PREVIOUS, str(alias))
    client.set_registered_model_alias("digits", CHAMPION, str(champion))
    assert (number(registry, CHAMPION), number(registry, PREVIOUS)) == (champion, previous)
    assert [version.number for version in registry.roll_back()] == [champion, previous]
    assert (number(registry, CHAMPION), number(registry, PREVIOUS)) == (previous, champion)
    registry.promote(4)
    assert (number(registry, CHAMPION), number(registry, PREVIOUS)) == (4, previous)
