"""Which challengers of long ago make room."""

from __future__ import annotations

from collections.abc import Container

from ganflow.records import Retraining


def choose_outdated(runs: list[Retraining], spared: Container[str], keep: int) -> list[Retraining]:
    """The runs that go.

    Args:
        runs: all that trained a challenger, newest first.
        spared: MLflow's names for the runs of champion and previous, which stay always.
        keep: how many of the newest stay besides. A run whose removal was cut off is none of them: its removal is finished.
    """
    kept = [run for run in runs if not run.is_forgotten][:keep]
    return [run for run in runs if run not in kept and run.mlflow_run not in spared]


def choose_exports(run_ids: dict[str, str], outdated: Container[str], keep: int) -> list[str]:
    """The exported versions that go: those of outdated runs, and those that a newer export of the same run repeats.

    Args:
        run_ids: {version: run that it is of}, newest first; "" where that is not known.
        outdated: runs that go.
        keep: how many of the newest stay, whatever they are of.
    """
    chosen, seen = [], set()
    for number, (version, run_id) in enumerate(run_ids.items()):
        if number >= keep and (run_id in outdated or run_id in seen):
            chosen.append(version)
        seen.add(run_id)
    return chosen
