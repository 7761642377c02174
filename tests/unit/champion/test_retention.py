"""Which challengers make room."""

from ganflow.champion.retention import choose_exports, choose_outdated
from ganflow.records import Retraining


def runs(*names, forgotten=()):
    return [Retraining(f"mlflow-{name}", name, name in forgotten) for name in names]


def chosen(found, keep, spared=()):
    return [run.run_id for run in choose_outdated(found, {f"mlflow-{name}" for name in spared}, keep)]


def test_the_newest_stay_and_champion_and_previous_always():
    assert chosen(runs("e", "d", "c", "b", "a"), 2) == ["c", "b", "a"]
    assert chosen(runs("e", "d", "c", "b", "a"), 2, spared=("b", "e")) == ["c", "a"]
    assert chosen(runs("b", "a"), 2) == []


def test_a_removal_that_was_cut_off_is_finished_and_takes_no_place_of_another():
    assert chosen(runs("c", "b", "a", forgotten=("c",)), 2) == ["c"]
    assert chosen(runs("c", "b", "a", forgotten=("b",)), 1) == ["b", "a"]


def test_exports_go_with_their_runs_or_where_a_newer_one_repeats_them_but_never_the_newest():
    exports = {"v5": "e", "v4": "e", "v3": "d", "v2": "d", "v1": "c"}
    assert choose_exports(exports, {"c"}, keep=1) == ["v4", "v2", "v1"]
    assert choose_exports(exports, {"c", "e"}, keep=2) == ["v2", "v1"]
    assert choose_exports(exports, set(exports.values()), keep=5) == []
    # one whose record is not there is nobody's
    assert choose_exports({"v2": "b", "v1": ""}, {"a"}, keep=1) == []
