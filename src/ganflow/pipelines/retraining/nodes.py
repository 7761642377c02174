"""Nodes around a training that ask whether it is needed, and whether its result is better than what is in use."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ganflow.champion.gate import Condition, Contestant, judge
from ganflow.champion.reasons import Decisions
from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.training import TrainingParameters
from ganflow.errors import ConfigurationError
from ganflow.metrics.images import nearest_distances
from ganflow.metrics.report import FeatureSet, check_accuracy, score, score_key
from ganflow.pipelines.training.nodes import Series
from ganflow.reporting.pages import write_page

SCORES = ("kernel_distance", "coverage", "recall", "precision", "density", "num_classes_reached", "frechet_distance")

_NUM_NEIGHBOURS = 500
"""Images whose nearest training image is looked for."""

_OF_REASON = ("attempt", "reason", "why", "champion", "data")
"""What a decision repeats of the reason."""


def plan_challenger(training: TrainingParameters, reason: dict[str, Any]) -> TrainingParameters:
    """Give every attempt a seed of its own: the same data and seed would make the same generator again."""
    if training.resume == "never":
        # it would begin a challenger anew that was cut off
        training = training.model_copy(update={"resume": "auto"})
    return training.model_copy(update={"seed": (training.seed + reason["attempt"]) % 2**31})


def find_initial_state(
    champion: dict[str, Any], checkpoints: Series, reason: dict[str, Any], parameters: RetrainingParameters
) -> dict[str, Any]:
    """The champion's newest checkpoint, for a warm start; {} for a cold one."""
    from ganflow.training.identity import load_state
    from ganflow.training.state import network_arrays

    if not parameters.warm_start or reason["reason"] == "champion_missing":
        return {}
    run_id = champion["record"]["run_id"]
    own = checkpoints.get(run_id, {})
    if not own:
        raise ConfigurationError(
            f"retraining.warm_start is true, but the champion's run {run_id} has no checkpoint any more. Set retraining.warm_start=false."
        )
    step = max(own)
    return {"arrays": network_arrays(load_state(own, step, run_id)), "metadata": {"run_id": run_id, "step": step}}


def hold_trial(
    challenger: Any,
    champion: Any,
    feature_extractor: dict[str, Any],
    train_images: np.ndarray,
    held_out_images: np.ndarray,
    data_fingerprint: dict[str, Any],
    parameters: RetrainingParameters,
    evaluation: EvaluationParameters,
) -> dict[str, Any]:
    """Score challenger and champion on the same held-out images in the same features, on several draws of samples each."""
    from ganflow.features.classifier import compile_classifier, restore_classifier
    from ganflow.sampling.images import compile_generator, sample_latents

    check_accuracy(feature_extractor["metadata"]["accuracy"], evaluation.minimum_accuracy)
    classify = compile_classifier(restore_classifier(feature_extractor), evaluation.batch_size)
    held_out = FeatureSet(*classify(held_out_images))
    num = min(evaluation.num_samples, data_fingerprint["num_train"])
    trial: dict[str, Any] = {
        "num_samples": num,
        "num_classes": data_fingerprint["num_classes"],
        "held_out_distance": float(np.median(nearest_distances(_some(held_out_images), train_images))),
    }
    for name, generator in (("challenger", challenger), ("champion", champion)):
        if generator is None:
            continue
        scores: dict[str, list[float]] = {key: [] for key in SCORES}
        generate = compile_generator(generator, evaluation.batch_size)
        for draw in range(parameters.num_draws):
            images = generate(sample_latents(generator, num, parameters.seed + draw))
            found = score(held_out, FeatureSet(*classify(images)), data_fingerprint["num_classes"], evaluation.num_neighbours)
            for key in SCORES:
                scores[key].append(found[score_key(key, num)])
        nearest = float(np.median(nearest_distances(_some(images), train_images)))
        trial[name] = asdict(Contestant(scores, nearest))
    return trial


def _some(images: np.ndarray) -> np.ndarray:
    """At most _NUM_NEIGHBOURS of them, evenly: they may be in the order of their classes."""
    return images[np.linspace(0, len(images) - 1, min(len(images), _NUM_NEIGHBOURS)).astype(int)]


def decide(
    trial: dict[str, Any],
    diagnosis: dict[str, dict[str, Any]],
    generator_record: dict[str, Any],
    reason: dict[str, Any],
    parameters: RetrainingParameters,
) -> dict[str, Any]:
    """Promote or reject, with the numbers of every condition, as data and as a page to read."""
    run_id = generator_record["run_id"]
    health = diagnosis.get(run_id, {"healthy": False, "findings": [{"name": "no diagnosis", "severity": "serious"}]})
    findings = [] if health["healthy"] else [found["name"] for found in health["findings"] if found["severity"] == "serious"]
    champion = Contestant(**trial["champion"]) if "champion" in trial else None
    challenger = Contestant(**trial["challenger"])
    conditions = judge(challenger, champion, trial["held_out_distance"], trial["num_classes"], findings, parameters.gate)
    decision = {
        **{name: reason[name] for name in _OF_REASON},
        "run_id": run_id,
        "sha256": generator_record["sha256"],
        "promote": all(condition.passed for condition in conditions),
        "conditions": [asdict(condition) for condition in conditions],
        "trial": trial,
        "decided": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return {"decisions": {run_id: decision}, "decision_page": write_page(decision)}


def reject_failed(run_id: str, reason: dict[str, Any], error: Exception) -> dict[str, Any]:
    """The decision on a challenger whose training failed for good: the next attempt has another seed, instead of failing likewise."""
    return {
        **{name: reason[name] for name in _OF_REASON},
        "run_id": run_id,
        "sha256": None,
        "promote": False,
        "conditions": [asdict(Condition("healthy", False, str(error)))],
        "trial": None,
        "decided": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def carry_out(decisions: Decisions, generator_record: dict[str, Any]) -> dict[str, Any]:
    """What is to be done, once the decision is on disk: an alias to move, or nothing."""
    decision = decisions[generator_record["run_id"]]
    return {name: decision[name] for name in ("promote", "sha256", "champion", "run_id")}
