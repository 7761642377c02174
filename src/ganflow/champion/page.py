"""A decision as a page that a person can read."""

from __future__ import annotations

import statistics

from ganflow.champion.decision import Decision
from ganflow.champion.gate import Trial


def write_page(decision: Decision, trial: Trial) -> str:
    """Markdown: verdict, conditions, scores."""
    verdict = "promoted" if decision["promote"] else "rejected"
    against = "no champion" if decision["champion"] is None else f"version {decision['champion']}"
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
        f"Scores of {trial['num_samples']} samples against {trial['num_held_out']} held-out images that neither was trained on, mean ± "
        f"standard deviation over {len(trial['challenger']['scores']['kernel_distance'])} draws:",
        "",
        *_score_table(trial),
        "",
    ]
    return "\n".join(lines)


def _score_table(trial: Trial) -> list[str]:
    subjects = {"challenger": trial["challenger"]}
    if "champion" in trial:
        subjects["champion"] = trial["champion"]
    distances = [f"{subject['nearest_distance']:.4g}" for subject in subjects.values()]
    return [
        f"| score | {' | '.join(subjects)} |",
        f"| --- | {' | '.join('---' for _ in subjects)} |",
        *(
            f"| {name} | {' | '.join(_spread(subject['scores'][name]) for subject in subjects.values())} |"
            for name in trial["challenger"]["scores"]
        ),
        f"| nearest_distance | {' | '.join(distances)} |",
    ]


def _spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.4g} ± {statistics.stdev(values):.2g}"
