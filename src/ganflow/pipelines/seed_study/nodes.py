"""Nodes that train the same recipe from several seeds, and several recipes beside each other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.health import HealthParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.seed_study import SeedStudyParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.fingerprint import Fingerprint, counts_of_classes
from ganflow.data.images import ImageSet
from ganflow.doctor.real import RealImages
from ganflow.errors import CollapseError, ConfigurationError, DivergenceError
from ganflow.features.stored import FeatureExtractor, name_extractor
from ganflow.metrics.spread import compare, summarise
from ganflow.pipelines.training.nodes import export_generator, identify_run, train_gan
from ganflow.records import RunRecord
from ganflow.reporting.figures import draw_runs
from ganflow.reporting.pages import write_study
from ganflow.training.streams import Series, chunk

logger = logging.getLogger(__name__)

Recipes = dict[str, Callable[[], dict[str, Any]]]
"""{name: function that reads its parameters}."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study: a recipe from one seed."""

    recipe: str
    seed: int
    generator: dict[str, Any]
    discriminator: dict[str, Any]
    training_run: RunRecord
    parameters: TrainingParameters


Plan = dict[str, PlannedRun]
"""{run id: run}, in the order in which they are trained."""


def plan_study(
    images: ImageSet,
    data_fingerprint: Fingerprint,
    recipes: Recipes,
    networks: NetworksParameters,
    training: TrainingParameters,
    study: SeedStudyParameters,
) -> Plan:
    """Name every run, all recipes with one seed before the next seed, and refuse what cannot be trained before anything is."""
    from ganflow.losses.compatibility import check_recipe
    from ganflow.networks import build_pair

    chosen = read_recipes(recipes, study) or {"current": (networks, training)}
    plan: Plan = {}
    for seed in range(study.first_seed, study.first_seed + study.num_seeds):
        for name, (network, preset) in chosen.items():
            check_recipe(preset, network.discriminator)
            generator, discriminator = build_pair(network, tuple(data_fingerprint["image_shape"]), counts_of_classes(data_fingerprint))
            parameters = preset.model_copy(update={"seed": seed} | ({"num_steps": study.num_steps} if study.num_steps else {}))
            record = identify_run(images, data_fingerprint, generator, discriminator, {}, parameters)
            if record["run_id"] in plan:
                same = ", ".join(sorted(TrainingParameters.NOT_IDENTITY))
                raise ConfigurationError(
                    f"The recipes '{plan[record['run_id']].recipe}' and '{name}' are one and the same run: they differ in nothing that "
                    f"decides its weights, which {same} do not. Leave one out of seed_study.recipes."
                )
            plan[record["run_id"]] = PlannedRun(name, seed, generator, discriminator, record, parameters)
    return plan


def read_recipes(recipes: Recipes, study: SeedStudyParameters) -> dict[str, tuple[NetworksParameters, TrainingParameters]]:
    """The sections of the recipes that a study names, by name; {} if it names none.

    Raises:
        ConfigurationError: if there is no such recipe, or a parameter of one is wrong.
    """
    unknown = [name for name in study.recipes if name not in recipes]
    if unknown:
        raise ConfigurationError(f"There is no recipe '{unknown[0]}': known are {sorted(recipes)}. Set seed_study.recipes to some of them.")
    read = {name: recipes[name]() for name in study.recipes}
    return {
        name: (NetworksParameters.model_validate(found["networks"]), TrainingParameters.model_validate(found["training"]))
        for name, found in read.items()
    }


def train_study(
    images: ImageSet,
    plan: Plan,
    earlier_checkpoints: Series,
    earlier_history: dict[str, pd.DataFrame],
    real_images: RealImages,
    health: HealthParameters,
) -> Iterator[dict[str, Any]]:
    """Train every run that is not finished, each as the training pipeline does; one that fails does not end the study.

    Raises:
        ConfigurationError: before any is trained, if one was trained for longer already.
    """
    for run_id, run in plan.items():
        reached = max(earlier_checkpoints.get(run_id, {}), default=0)
        if reached > run.parameters.num_steps and run.parameters.resume != "never":
            raise ConfigurationError(
                f"Recipe '{run.recipe}' with seed {run.seed} has been trained for {reached} steps already (run {run_id}), more than this "
                f"study's {run.parameters.num_steps}. Set seed_study.num_steps to at least {reached}, or seed_study.first_seed beyond "
                f"{run.seed}."
            )
    # in case that all of them were stopped before
    yield chunk()
    for number, run in enumerate(plan.values(), start=1):
        logger.info("Study: run %d of %d, recipe '%s', seed %d.", number, len(plan), run.recipe, run.seed)
        try:
            yield from train_gan(
                images,
                run.generator,
                run.discriminator,
                run.training_run,
                earlier_checkpoints,
                earlier_history,
                {},
                real_images,
                run.parameters,
                health,
            )
        except (DivergenceError, CollapseError) as error:
            logger.warning("This run has failed, the study goes on. %s", error)


def score_study(
    plan: Plan,
    checkpoints: Series,
    best_checkpoints: Series,
    training_history: dict[str, pd.DataFrame],
    feature_extractor: FeatureExtractor,
    held_out: ImageSet,
    data_fingerprint: Fingerprint,
    parameters: EvaluationParameters,
) -> dict[str, dict[str, Any]]:
    """Score the best generator of every run that is complete against the held-out images."""
    from ganflow.sampling.images import sample_images
    from ganflow.scoring import Scorer, num_scored

    scorer = Scorer(feature_extractor, held_out.images, parameters)
    num = num_scored(parameters, data_fingerprint["num_train"])
    scores = {}
    for run_id, run in plan.items():
        if run.parameters.num_steps not in checkpoints.get(run_id, {}):
            continue
        exported = export_generator(checkpoints, best_checkpoints, training_history, run.training_run, run.generator, run.parameters)
        drawn = sample_images(exported["generator"], num, parameters.batch_size, parameters.seed)
        found = scorer.score(scorer.extract(drawn), len(data_fingerprint["class_names"]))
        scores[run_id] = {
            "recipe": run.recipe,
            "seed": run.seed,
            "best_step": exported["generator_record"]["step"],
            "extractor": name_extractor(feature_extractor),
            "scores": found,
        }
    return scores


def summarise_study(
    plan: Plan,
    study_scores: dict[str, dict[str, Any]],
    training_history: dict[str, pd.DataFrame],
    diagnosis: dict[str, dict[str, Any]],
    health: HealthParameters,
) -> dict[str, Any]:
    """Runs, their spread by recipe, every recipe against the first, all curves, and a page of them."""
    runs = pd.DataFrame([_describe(run_id, run, study_scores.get(run_id), diagnosis.get(run_id), health) for run_id, run in plan.items()])
    metrics = list(next(iter(study_scores[run_id]["scores"] for run_id in plan if run_id in study_scores), {}))
    values = {recipe: {name: part[name].dropna().to_numpy() for name in metrics} for recipe, part in runs.groupby("recipe", sort=False)}
    table = pd.DataFrame(
        [{"recipe": recipe, "metric": name} | summarise(found) for recipe, columns in values.items() for name, found in columns.items()]
    )
    failed = runs.groupby("recipe", sort=False)["outcome"].agg(
        num_runs="size",
        num_failed=lambda outcome: int((outcome != "healthy").sum()),
        failures=lambda outcome: ", ".join(f"{num} {how}" for how, num in outcome[outcome != "healthy"].value_counts().items()),
    )
    first, *others = values
    comparison = pd.DataFrame(
        [
            {"metric": name, "recipe": first, "other": other} | compare(values[first][name], values[other][name])
            for other in others
            for name in metrics
        ],
        columns=["metric", "recipe", "other", "difference", "low", "high", "p_value"],
    )
    histories = {
        f"{run.recipe}, seed {run.seed}": training_history[run_id][training_history[run_id]["step"] <= run.parameters.num_steps]
        for run_id, run in plan.items()
        if run_id in training_history
    }
    spread = table.join(failed, on="recipe") if len(table) else failed.reset_index()
    curves = draw_runs(histories)
    return {
        "study_runs": runs,
        "study_table": spread,
        "study_comparison": comparison,
        "study_curves": curves,
        "study_report": write_study(runs, spread, comparison, curves),
    }


def _describe(
    run_id: str, run: PlannedRun, scored: dict[str, Any] | None, diagnosis: dict[str, Any] | None, health: HealthParameters
) -> dict[str, Any]:
    found = diagnosis or {"healthy": True, "findings": []}
    findings = [finding["name"] for finding in found["findings"] if finding["severity"] != "advice"]
    outcome = "healthy" if found["healthy"] else "unhealthy"
    if scored is None:
        # as the last thing that was found, not something that passed
        diverged = any(finding["name"] == "divergence" and finding["last_step"] == found["step"] for finding in found["findings"])
        failed = "diverged" if diverged else "stopped" if health.on_collapse == "stop" else "unfinished"
        outcome = "unfinished" if found["healthy"] else failed
    row = {"recipe": run.recipe, "seed": run.seed, "run_id": run_id, "outcome": outcome, "findings": ", ".join(findings)}
    return row if scored is None else row | {name: scored[name] for name in ("best_step", "extractor")} | scored["scores"]
