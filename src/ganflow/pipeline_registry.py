"""The pipelines by name."""

from __future__ import annotations

from kedro.pipeline import Pipeline, pipeline

from ganflow.pipelines import data, evaluation, extractor, networks, reporting, retraining, sampling, seed_study, training

CHAMPION = {"generator": "champion", "generator_record": "champion_record"}
"""What a pipeline that uses a generator takes instead of the newest one."""


def register_pipelines() -> dict[str, Pipeline]:
    """Every pipeline that `kedro run --pipelines` knows, each with what it needs of the others.

    Kedro's `find_pipelines` has no place here: for a command that names a pipeline it finds that one alone, and most of these are sums.
    """
    images, pair, classifier, run = (part.create_pipeline() for part in (data, networks, extractor, training))
    samples, scores, report = sampling.create_pipeline(), evaluation.create_pipeline(), reporting.create_pipeline()
    challenger = training.create_pipeline(parameters="challenger_training")
    return {
        "__default__": images + pair + classifier + run + samples + scores + report,
        "data": images,
        "networks": pair,
        "extractor": classifier,
        "training": classifier + run,
        # on their own, these take the champion; in the main job, what has just been trained
        "sampling": pipeline(samples, inputs=CHAMPION),
        "evaluation": classifier + pipeline(scores, inputs=CHAMPION),
        # of what is on record of earlier runs
        "reporting": report.only_nodes("reporting.write_report"),
        "seed_study": images + classifier + run.only_nodes("training.measure_real_images") + seed_study.create_pipeline(),
        "retraining": images + retraining.create_pipeline() + pair + classifier + challenger + reporting.create_challenger_pipeline(),
    }
