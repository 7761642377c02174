"""Pages that a person opens: one file each, with all that they show, which ask nothing of the network."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from ganflow.reporting.figures import draw_runs, draw_training
from ganflow.reporting.run import RunReport, flatten
from ganflow.reporting.verdict import is_good, name_score, num_scored, rate_health, rate_scores, suggest, with_errors
from ganflow.reporting.words import duration

if TYPE_CHECKING:
    from jinja2 import Environment

SUBJECTS = {
    "generator": "generator",
    "real_images": "training data (as good as can be)",
    "noise": "noise (the worst)",
    "shuffled": "training clips with their frames in disorder",
    "still": "one frame of each training clip, again and again",
}
"""What is scored, in words; the last two only where there are clips."""

LONGEST_NAME = 40
"""Letters of a name that a page shows."""


def write_run(report: RunReport, history: pd.DataFrame | None) -> str:
    """The page of a run.

    Args:
        report: of the run.
        history: its curves; None if they are not there any more.
    """
    findings = (report["diagnosis"] or {}).get("findings", [])
    figure = None if history is None or history.empty else draw_training(history, report["record"]["step"], findings)
    return _render("run.html.j2", report=report, figure=figure, num_samples=num_scored(report["scores"]), **_judge(report))


def write_comparison(reports: list[RunReport], histories: Mapping[str, pd.DataFrame]) -> str:
    """The page of several runs side by side, in order.

    Args:
        reports: of the runs.
        histories: {run id: its curves}, of those that are there.
    """
    curves = {report["run_id"]: histories[report["run_id"]] for report in reports if report["run_id"] in histories}
    flat = [flatten(report["parameters"]) for report in reports]
    values = {name: [own.get(name) for own in flat] for name in sorted(set().union(*flat))}
    judged = [_judge(report) for report in reports]
    return _render(
        "comparison.html.j2",
        reports=reports,
        judged=judged,
        score_names=list(dict.fromkeys(name for own in judged for name in own["told"].get("generator", {}))),
        is_comparable=len({(report["extractor"]["sha256"], num_scored(report["scores"])) for report in reports if report["extractor"]}) < 2,
        differences={name: found for name, found in values.items() if any(value != found[0] for value in found)},
        figure=draw_runs(curves) if curves else None,
    )


def write_decision(
    decision: Mapping[str, Any],
    trial: Mapping[str, Any],
    data: Mapping[str, Any],
    change: Mapping[str, Any],
    histories: Mapping[str, pd.DataFrame],
    evolutions: Mapping[str, list[dict[str, Any]]],
) -> str:
    """The page of a retraining: challenger beside champion, condition by condition.

    Args:
        decision: verdict and conditions.
        trial: what both have scored.
        data: fingerprint of the challenger's images.
        change: how the images have changed since the last one; {} if that is not known.
        histories: {`challenger` or `champion`: curves}, of those that are there.
        evolutions: the same of their sheets.
    """
    return _render(
        "decision.html.j2",
        decision=decision,
        trial=trial,
        data=data,
        subjects=[name for name in ("challenger", "champion") if name in trial],
        change=change,
        figure=draw_runs(histories) if histories else None,
        evolutions=evolutions,
    )


def write_study(runs: pd.DataFrame, table: pd.DataFrame, comparison: pd.DataFrame, curves: Mapping[str, Any]) -> str:
    """The page of a seed study.

    Args:
        runs: a row for each run.
        table: a row for each recipe and metric.
        comparison: every recipe against the first.
        curves: of all runs.
    """
    tables = {name: _rows(frame) for name, frame in (("runs", runs), ("table", table), ("comparison", comparison))}
    return _render("study.html.j2", figure=curves if curves["data"] else None, **tables)


def _judge(report: RunReport) -> dict[str, Any]:
    return {
        "sentences": rate_scores(report["scores"]),
        "health": rate_health(report["diagnosis"]),
        "suggestion": suggest(report["record"], report["diagnosis"]),
        "subjects": SUBJECTS,
        "told": {subject: with_errors(scores) for subject, scores in report["scores"].items()},
        "is_good": is_good(report["scores"], report["diagnosis"]),
    }


def _rows(frame: pd.DataFrame) -> dict[str, Any]:
    return {"columns": list(frame.columns), "rows": frame.to_numpy(dtype=object).tolist()}


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values, plotly_script=_plotly_script() if values["figure"] else "")


@cache
def _environment() -> Environment:
    # here: a run that makes no page imports neither
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ganflow.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": _number,
        "duration": duration,
        "short": _short,
        "words": _words,
        "score": name_score,
        "spread": _spread,
        "surrounding": _surrounding,
        "json": _json,
    }
    return environment


@cache
def _plotly_script() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    # the end of a script element must not stand within it
    return script.replace("</script", "<\\/script")


def _number(value: Any) -> str:
    """A number to four digits; what is none, as text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def _words(name: str) -> str:
    """A key as words."""
    return name.replace("_", " ")


def _surrounding(name: str) -> str:
    """The name that MLflow knows a version by, for people."""
    return {"mlflow.source.git.commit": "revision", "git.uncommitted_changes": "uncommitted changes"}.get(
        name, name.removeprefix("version.")
    )


def _spread(values: list[float]) -> str:
    """Mean ± standard deviation."""
    series = pd.Series(values, dtype=float)
    return f"{series.mean():.4g} ± {series.std():.2g}"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
