"""The doctor's rules: each looks at the rows of a run's history so far, beside the same numbers of real images, and names one fault.

A state that is bad but still getting better is no finding: every generator starts with bad images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ganflow.doctor.findings import PATIENCE, VISIBLE, Chart, Finding, Row

Rule = Callable[[Chart], Finding | None]


def relative_diversity(row: Row) -> float:
    """Mean squared difference of two images, over their contrast squared; so blurred images are not taken for equal ones."""
    return row["sheet_diversity"] / max(row["sheet_contrast"] ** 2, 1e-12)


def discriminator_won(chart: Chart) -> Finding | None:
    """The discriminator's loss is at its floor, and the generator gets nowhere."""
    floor, undecided = chart.loss.floor, chart.loss.undecided
    recent = chart.rows[-PATIENCE:]
    if not np.isfinite(floor) or len(recent) < PATIENCE:
        return None
    shares = [(row["discriminator_loss"] - floor) / (undecided - floor) for row in recent]
    if max(shares) > 0.05:
        return None
    norms = [row["generator_gradient_norm"] for row in chart.rows]
    vanishing = norms[-1] < 0.01 * max(norms)
    images = next((rule.__name__.replace("_", " ") for rule in IMAGE_RULES if rule(chart) is not None), None)
    if not vanishing and images is None:
        return None
    evidence = (
        f"the discriminator's loss is {chart.now['discriminator_loss']:.3g} (floor {floor:.3g}, undecided {undecided:.3g}), "
        f"its accuracy {chart.now['discriminator_accuracy']:.3f}, the generator's gradient {norms[-1]:.2g} (largest {max(norms):.2g})"
        f"{f', and there are {images}' if images else ''}"
    )
    saturates = chart.parameters.loss == "minimax"
    return Finding(
        "discriminator_won",
        "serious",
        evidence,
        "The discriminator tells all images apart"
        + (", where the minimax loss has no slope left." if saturates else ", and the generator learns nothing from it."),
        ("Set training.loss to logistic. " if saturates else "") + f"{chart.bound_slope()}, or lower "
        f"training.discriminator_optimizer.learning_rate (now {chart.parameters.discriminator_optimizer.learning_rate:g}).",
    )


def discriminator_blind(chart: Chart) -> Finding | None:
    """The discriminator cannot tell real from fake, though the images are far from real."""
    loss = chart.loss
    scale = loss.undecided - loss.floor if np.isfinite(loss.floor) else 1.0
    recent = chart.rows[-PATIENCE:]
    if len(recent) < PATIENCE or any(abs(row["discriminator_loss"] - loss.undecided) > 0.01 * scale for row in recent):
        return None
    images = next((rule.__name__.replace("_", " ") for rule in IMAGE_RULES if rule(chart) is not None), None)
    if images is None:
        return None
    parameters = chart.parameters
    penalties = {"r1_weight": parameters.r1_weight, "r2_weight": parameters.r2_weight}
    if parameters.gradient_penalty is not None:
        penalties["gradient_penalty.weight"] = parameters.gradient_penalty.weight
    tight = " and ".join(f"training.{name} (now {weight:g})" for name, weight in penalties.items() if weight)
    if parameters.weight_clip:
        remedy = f"Raise training.weight_clip (now {parameters.weight_clip:g})."
    else:
        remedy = (f"Lower {tight}, or raise" if tight else "Raise") + f" the discriminator's rate; there are {chart.rates()}."
    return Finding(
        "discriminator_blind",
        "serious",
        f"the discriminator's loss has been within 1 % of that of pure guessing ({loss.undecided:.3g}) for {PATIENCE} rows, "
        f"while there are {images}",
        "The discriminator learns nothing: it is held too tight, or moves too little.",
        remedy,
    )


def noise_images(chart: Chart) -> Finding | None:
    """Neighbouring pixels have little to do with each other."""
    real = chart.real["sheet_roughness"]
    limit = real + 0.25 * (1.0 - real)
    if not chart.is_visible() or not chart.stays_bad(lambda row: row["sheet_roughness"], lambda value: value > limit):
        return None
    return Finding(
        "noise_images",
        "serious",
        f"the roughness of the sheet is {chart.now['sheet_roughness']:.2f} (real images {real:.2f}, white noise 1)",
        "The generator learns too little from the discriminator, or jumps about too widely.",
        f"{chart.mend_rate()}.",
    )


def blank_images(chart: Chart) -> Finding | None:
    """There is hardly anything to be seen."""
    real = chart.real["sheet_contrast"]
    if not chart.stays_bad(lambda row: row["sheet_contrast"], lambda value: value < VISIBLE * real):
        return None
    return Finding(
        "blank_images",
        "serious",
        f"the contrast of the sheet is {chart.now['sheet_contrast']:.3f} (real images {real:.3f}), its brightness "
        f"{chart.now['sheet_brightness']:.2f} (real images {chart.real['sheet_brightness']:.2f})",
        "The generator's output is stuck at one value, or it has hardly learnt.",
        f"{chart.mend_rate()}.",
    )


def saturated_images(chart: Chart) -> Finding | None:
    """Pixels are at their limits, or far too bright or dark."""
    midtones, brightness, contrast = (chart.real[f"sheet_{name}"] for name in ("midtones", "brightness", "contrast"))
    without_tones = chart.stays_bad(lambda row: row["sheet_midtones"], lambda value: value < 0.3 * midtones)
    off = chart.stays_bad(lambda row: row["sheet_brightness"], lambda value: abs(value - brightness) > 0.6 * contrast)
    if not without_tones and not off:
        return None
    return Finding(
        "saturated_images",
        "serious",
        f"{chart.now['sheet_midtones']:.3f} of the pixels are between black and white (real images {midtones:.3f}), the brightness is "
        f"{chart.now['sheet_brightness']:.2f} (real images {brightness:.2f})",
        "The generator's last layer has run into the flat ends of its activation.",
        f"Lower training.generator_optimizer.learning_rate (now {chart.parameters.generator_optimizer.learning_rate:g})"
        f"{chart.clip_steps('generator')}.",
    )


def checkerboard(chart: Chart) -> Finding | None:
    """Upsampling has left its grid in the images."""
    real = chart.real["sheet_checkerboard"]
    if not chart.stays_bad(lambda row: row["sheet_checkerboard"], lambda value: value > 1.5 * real):
        return None
    return Finding(
        "checkerboard",
        "notice",
        f"the highest frequency of the sheet has {chart.now['sheet_checkerboard']:.1f} times the power of those below it "
        f"(real images {real:.1f})",
        "Neighbouring pixels are made by different weights, or the discriminator's strides skip some of them.",
        "Make networks.discriminator.stages' kernel_size a multiple of its stride and larger than it, such as 4 for 2; raise "
        "networks.generator.output_kernel_size to 3 or more.",
    )


def mode_collapse(chart: Chart) -> Finding | None:
    """Different noise gives the same images."""
    real = relative_diversity(chart.real)
    shares = [relative_diversity(row) / real for row in chart.rows]
    if not chart.is_visible() or not chart.stays_bad(lambda row: relative_diversity(row) / real, lambda share: share < 0.5):
        return None
    fell = [number for number, share in enumerate(shares) if share > 0.8]
    rows_since = len(shares) - PATIENCE - fell[-1] if fell else 0
    kind = "from the start" if not fell else "suddenly" if rows_since <= 2 else f"slowly, over {rows_since} rows"
    return Finding(
        "mode_collapse",
        "serious",
        f"images from different noise differ {shares[-1]:.2f} times as much as real ones do; it came {kind}",
        "The generator has found a few images that please the discriminator, and makes no others.",
        f"{chart.bound_slope()}, or lower training.generator_optimizer.learning_rate "
        f"(now {chart.parameters.generator_optimizer.learning_rate:g}).",
    )


def repeated_images(chart: Chart) -> Finding | None:
    """The generator has a few images, of whatever kinds, and makes these again and again."""
    scored = [row for row in chart.scored() if row["step"] > chart.warmup_steps][-2:]
    real, copied = chart.real["sample_distance"], 0.6 * chart.real["nearest_distance"]
    # copies of a few training images are alike too, but that is memorisation
    if len(scored) < 2 or any(row["sample_distance"] > 0.5 * real or row["nearest_distance"] <= copied for row in scored):
        return None
    return Finding(
        "repeated_images",
        "serious",
        f"a generated image is {scored[-1]['sample_distance']:.3f} from the most similar other one (root mean square of pixels), a real "
        f"one {real:.3f}",
        "The generator has found a few images for each class that please the discriminator, or its noise has too few dimensions.",
        f"{chart.bound_slope()}, lower training.generator_optimizer.learning_rate "
        f"(now {chart.parameters.generator_optimizer.learning_rate:g}), or raise networks.latent.dimension.",
    )


def classes_missing(chart: Chart) -> Finding | None:
    """Some classes are hardly ever drawn."""
    scored = [row["num_classes_reached"] for row in chart.scored() if row["step"] > chart.warmup_steps][-PATIENCE:]
    wanted = chart.real["num_classes_reached"]
    if len(scored) < PATIENCE or max(scored) >= wanted or scored[-1] > scored[0]:
        return None
    return Finding(
        "classes_missing",
        "serious",
        f"{scored[-1]:.0f} of {wanted:.0f} classes have at least a tenth of their share in the last score, {scored[0]:.0f} in that "
        f"{PATIENCE - 1} before",
        "The generator leaves out what is hardest to draw.",
        f"{chart.bound_slope()}, lower "
        f"training.generator_optimizer.learning_rate (now {chart.parameters.generator_optimizer.learning_rate:g}), or train longer.",
    )


def divergence(chart: Chart) -> Finding | None:
    """A loss or gradient leaves every bound."""
    if len(chart.rows) < 2 * PATIENCE:
        return None
    earlier, recent = chart.rows[:-PATIENCE], chart.rows[-PATIENCE:]
    scale = chart.loss.undecided - chart.loss.floor if np.isfinite(chart.loss.floor) else 1.0
    for name, least, times in (("discriminator_loss", 10.0 * scale, 10.0), ("generator_gradient_norm", 10.0, 100.0)):
        usual = float(np.median([abs(row[name]) for row in earlier]))
        values = [abs(row[name]) for row in recent]
        if min(values) > max(least, times * usual):
            return found_divergence(chart, f"{name} is {values[-1]:.3g}; its usual size was {usual:.3g}")
    return None


def found_divergence(chart: Chart, evidence: str) -> Finding:
    """The finding, however it showed."""
    return Finding(
        "divergence",
        "serious",
        evidence,
        "Each network's steps are larger than the other can follow.",
        f"Lower the learning rates ({chart.rates()}){chart.clip_steps('discriminator', 'generator')}.",
    )


def oscillation(chart: Chart) -> Finding | None:
    """The images swing to and fro instead of becoming better."""
    recent = chart.rows[-2 * PATIENCE - 2 :]
    if len(recent) < 2 * PATIENCE + 2 or recent[0]["step"] <= chart.warmup_steps:
        return None
    contrast = chart.real["sheet_contrast"]
    finite = np.isfinite(chart.loss.floor)
    measures = {"sheet_brightness": 0.1 * contrast, "sheet_contrast": 0.1 * contrast}
    if finite:
        measures["discriminator_loss"] = 0.3 * (chart.loss.undecided - chart.loss.floor)
    # until then the average follows the steps, whatever its decay is
    is_average_due = (1 + chart.now["step"]) / (10 + chart.now["step"]) >= chart.parameters.average_decay
    longer = f", or raise training.average_decay (now {chart.parameters.average_decay:g})" if is_average_due else ""
    for name, limit in measures.items():
        swings = np.diff([row[name] for row in recent])
        turns = int(np.count_nonzero(swings[1:] * swings[:-1] < 0))
        if turns >= len(swings) // 2 and float(np.mean(np.abs(swings))) > limit:
            return Finding(
                "oscillation",
                "notice",
                f"{name} turned {turns} times in {len(recent)} rows, by {np.mean(np.abs(swings)):.3g} on average (limit {limit:.3g})",
                "The networks chase each other around the equilibrium.",
                f"Lower beta_1 of both optimizers (now {chart.parameters.generator_optimizer.beta_1:g} and "
                f"{chart.parameters.discriminator_optimizer.beta_1:g}) to 0 and the learning rates ({chart.rates()}){longer}.",
            )
    return None


def decline(chart: Chart) -> Finding | None:
    """The generator was better before."""
    scored = [row for row in chart.scored() if row["step"] > chart.warmup_steps]
    if len(scored) < PATIENCE + 1:
        return None
    best = min(scored, key=lambda row: row["kernel_distance"])
    noise = 4 * max(row["kernel_distance_standard_error"] for row in (best, *scored[-2:]))
    limit = max(2.0 * best["kernel_distance"], best["kernel_distance"] + noise)
    if min(row["kernel_distance"] for row in scored[-2:]) <= limit:
        return None
    return Finding(
        "decline",
        "notice",
        f"the kernel distance is {scored[-1]['kernel_distance']:.3g}; it was {best['kernel_distance']:.3g} at step {best['step']:.0f}",
        "Training has gone on past its best, often because the discriminator learns the training images by heart.",
        f"The generator of step {best['step']:.0f} is exported. Set training.num_steps near it, or training.augmentation. "
        f"{chart.bound_slope()}.",
    )


def memorisation(chart: Chart) -> Finding | None:
    """Generated images are copies of training images."""
    scored = [row["nearest_distance"] for row in chart.scored() if row["step"] > chart.warmup_steps][-2:]
    real = chart.real["nearest_distance"]
    # a class of images that are alike, such as ones, are near to training images without being copies
    if len(scored) < 2 or max(scored) > 0.6 * real or chart.scored()[-1]["num_classes_reached"] < chart.real["num_classes_reached"]:
        return None
    return Finding(
        "memorisation",
        "serious",
        f"generated images are {scored[-1]:.3f} from the nearest training image (root mean square of pixels), training images "
        f"{real:.3f} from each other",
        "There are too few training images for these networks.",
        "Give more images (data.source, data.location), set training.augmentation, or make networks.*.stages narrower.",
    )


IMAGE_RULES: tuple[Rule, ...] = (noise_images, blank_images, saturated_images, mode_collapse)
RULES: tuple[Rule, ...] = (
    discriminator_won,
    discriminator_blind,
    *IMAGE_RULES,
    checkerboard,
    repeated_images,
    classes_missing,
    divergence,
    oscillation,
    decline,
    memorisation,
)
