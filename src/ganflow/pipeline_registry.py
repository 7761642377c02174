"""The pipelines by name."""

from __future__ import annotations

from kedro.pipeline import Pipeline, pipeline

from ganflow.errors import ConfigurationError
from ganflow.pipelines import data, evaluation, extractor, networks, retraining, sampling, seed_study, training
from ganflow.runtime.cluster import membership


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline that `kedro run --pipelines` knows; the default is the sum of those of the main job.

    On several machines all of them train, and the chief alone goes on from there.
    """
    classifier = extractor.create_pipeline()
    pipelines = {
        "data": data.create_pipeline(),
        "networks": networks.create_pipeline(),
        "extractor": classifier,
        "training": classifier + training.create_pipeline(),
        "sampling": sampling.create_pipeline(),
        "evaluation": classifier + evaluation.create_pipeline(),
    }
    pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
    comparison = training.create_pipeline().only_nodes("measure_real_images")
    pipelines["seed_study"] = pipelines["data"] + classifier + comparison + seed_study.create_pipeline()
    challenger = training.create_pipeline(parameters="challenger_training")
    pipelines["retraining"] = pipelines["data"] + retraining.create_pipeline() + pipelines["networks"] + classifier + challenger
    # on their own, they take the champion; in the main job, what has just been trained
    for name in ("sampling", "evaluation"):
        pipelines[name] = pipeline(pipelines[name], inputs={"generator": "champion", "generator_record": "champion_record"})
    return pipelines if _is_chief() else {name: _up_to_training(pipeline) for name, pipeline in pipelines.items()}


def _is_chief() -> bool:
    try:
        return membership().is_chief
    except ConfigurationError:
        # refused when a run starts; looking at the pipelines needs no cluster
        return True


def _up_to_training(pipeline: Pipeline) -> Pipeline:
    return pipeline.to_outputs("checkpoints") if "checkpoints" in pipeline.all_outputs() else pipeline
