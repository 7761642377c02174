"""A decision as a page that a person can read."""

from __future__ import annotations

import statistics
from typing import Any


def write_page(decision: dict[str, Any]) -> str:
    """Markdown: verdict, conditions, scores."""
    trial = decision["trial"]
    verdict = "promoted" if decision["promote"] else "rejected"
    against = f"version {decision['champion']}" if decision["champion"] is not None else "no champion"
    subjects = [name for name in ("challenger", "champion") if name in trial]
    lines = [
        f"# Challenger {decision['run_id']}: {verdict}",
        "",
        f"Decided {decision['decided']}, attempt {decision['attempt']}, against {against}. Reason for the retraining: {decision['why']}.",
        "",
        "| condition | holds | evidence |",
        "| --- | --- | --- |",
        *(
            f"| {condition['name']} | {'yes' if condition['passed'] else '**no**'} | {condition['evidence']} |"
            for condition in decision["conditions"]
        ),
        "",
        f"Scores of {trial['num_samples']} samples against the held-out images, mean ± standard deviation over "
        f"{len(trial['challenger']['scores']['kernel_distance'])} draws:",
        "",
        f"| score | {' | '.join(subjects)} |",
        f"| --- | {' | '.join('---' for _ in subjects)} |",
        *(
            f"| {name} | {' | '.join(_spread(trial[subject]['scores'][name]) for subject in subjects)} |"
            for name in trial["challenger"]["scores"]
        ),
        "| nearest_distance | " + " | ".join(f"{trial[subject]['nearest_distance']:.4g}" for subject in subjects) + " |",
        "",
    ]
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.4g} ± {statistics.stdev(values):.2g}"
