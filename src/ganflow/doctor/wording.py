"""What the doctor says about each detection: how bad it is, the numbers, the likely cause, and what to change."""

from __future__ import annotations

import math

from ganflow.doctor.findings import PATIENCE, Detection, Finding, Recipe
from ganflow.doctor.remedies import (
    bound_slope,
    clip_gradients,
    correct_generator_rate,
    learning_rate,
    learning_rates,
    loosen_discriminator,
)


def discriminator_won(detection: Detection, recipe: Recipe) -> Finding:
    """The subject is the rule that finds the images bad; empty if none does."""
    numbers = detection.numbers
    saturates = recipe.training.loss == "minimax"
    consequence = "where the minimax loss has no slope left" if saturates else "and the generator learns nothing from it"
    return Finding(
        detection.name,
        "serious",
        f"the discriminator's loss is {numbers['loss']:.3g} (floor {numbers['floor']:.3g}, undecided {numbers['undecided']:.3g}), its "
        f"accuracy {numbers['accuracy']:.3f}, the generator's gradient {numbers['gradient']:.2g} "
        f"(largest {numbers['largest_gradient']:.2g}){f', and there are {_spell(detection.subject)}' if detection.subject else ''}",
        f"The discriminator tells every real image from every generated one, {consequence}.",
        f"{'Set training.loss to logistic. ' if saturates else ''}{bound_slope(recipe)}, or lower "
        f"{learning_rate(recipe, 'discriminator')}.",
    )


def discriminator_blind(detection: Detection, recipe: Recipe) -> Finding:
    """The subject is the rule that finds the images bad."""
    return Finding(
        detection.name,
        "serious",
        f"the discriminator's loss has been within 1 % of that of pure guessing ({detection.numbers['undecided']:.3g}) for {PATIENCE} "
        f"rows, while there are {_spell(detection.subject)}",
        "The discriminator learns nothing: its slope is held too low, or its steps are too small.",
        loosen_discriminator(recipe),
    )


def noise_images(detection: Detection, recipe: Recipe) -> Finding:
    """Steps that are too small leave the first noise; steps that are too large make new noise."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"the roughness of the sheet is {numbers['roughness']:.2f} (real images {numbers['real_roughness']:.2f}, white noise 1)",
        "The generator learns too little from the discriminator, or its steps are too large.",
        f"{correct_generator_rate(recipe)}.",
    )


def blank_images(detection: Detection, recipe: Recipe) -> Finding:
    """Steps that are too large drive the output to one value; steps that are too small leave it near where it began."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"the contrast of the sheet is {numbers['contrast']:.3f} (real images {numbers['real_contrast']:.3f}), its brightness "
        f"{numbers['brightness']:.2f} (real images {numbers['real_brightness']:.2f})",
        "The generator's output is stuck at one value, or the generator has hardly learnt.",
        f"{correct_generator_rate(recipe)}.",
    )


def saturated_images(detection: Detection, recipe: Recipe) -> Finding:
    """The generator's steps have been too large."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"{numbers['midtones']:.3f} of the pixels are between black and white (real images {numbers['real_midtones']:.3f}), the "
        f"brightness is {numbers['brightness']:.2f} (real images {numbers['real_brightness']:.2f})",
        "The generator's last layer has run into the flat ends of its activation.",
        f"Lower {learning_rate(recipe, 'generator')}{clip_gradients(recipe, 'generator')}.",
    )


def mode_collapse(detection: Detection, recipe: Recipe) -> Finding:
    """A collapse that took at most 2 rows is sudden; one without beginning took infinitely many."""
    diversity, num_rows = detection.numbers["diversity"], detection.numbers["num_rows"]
    kind = "from the start" if math.isinf(num_rows) else "suddenly" if num_rows <= 2 else f"slowly, over {num_rows:.0f} rows"
    return Finding(
        detection.name,
        "serious",
        f"images from different noise differ {diversity:.2f} times as much as real ones do; the collapse came {kind}",
        "The generator has found a few images that the discriminator takes for real, and makes no others.",
        f"{bound_slope(recipe)}, or lower {learning_rate(recipe, 'generator')}.",
    )


def checkerboard(detection: Detection, recipe: Recipe) -> Finding:
    """The remedy is the same for every recipe."""
    del recipe
    numbers = detection.numbers
    return Finding(
        detection.name,
        "notice",
        f"the highest frequency of the sheet has {numbers['power']:.1f} times the power of those below it "
        f"(real images {numbers['real_power']:.1f})",
        "Different weights make neighbouring pixels, or the discriminator skips some of them.",
        "Give every row of networks.discriminator.stages that halves an even kernel_size, such as 4; raise "
        "networks.generator.output_kernel_size to 3 or more.",
    )


def frozen_clips(detection: Detection, recipe: Recipe) -> Finding:
    """The discriminator looks at single frames first, which the generator can draw without motion."""
    return Finding(
        detection.name,
        "serious",
        f"from frame to frame generated clips change {detection.numbers['motion']:.2f} times as much as real ones do, measured by contrast",
        "The generator draws one frame and repeats it, and the discriminator does not hold that against it.",
        f"{bound_slope(recipe)}, lower {learning_rate(recipe, 'generator')} or networks.generator.mask_penalty, or train longer.",
    )


def flicker(detection: Detection, recipe: Recipe) -> Finding:
    """The numbers are shares of the energy of frame differences."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"{numbers['flicker']:.0%} of what changes from frame to frame is undone by the next frame (real clips "
        f"{numbers['real_flicker']:.0%}, frames that have nothing to do with each other {numbers['independent']:.0%})",
        "The generator's frames do not follow from each other, and the discriminator does not look at their order closely enough.",
        "Give the rows of networks.discriminator.stages a kernel_size of 3 or more, which sees several frames together, or lower "
        f"{learning_rate(recipe, 'generator')}.",
    )


def repeated_images(detection: Detection, recipe: Recipe) -> Finding:
    """The generator has found a few images for each class."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"generated images are {numbers['distance']:.3f} from their nearest neighbour (root mean square of pixels), real ones "
        f"{numbers['real_distance']:.3f}",
        "The generator has found a few images for each class that the discriminator takes for real, or its noise has too few dimensions.",
        f"{bound_slope(recipe)}, lower {learning_rate(recipe, 'generator')}, or raise networks.latent.dimension.",
    )


def classes_missing(detection: Detection, recipe: Recipe) -> Finding:
    """The numbers are of the newest score, of the first of the last few, and of real images."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"{numbers['num_classes']:.0f} of {numbers['num_wanted']:.0f} classes have at least a tenth of their share in the last score; "
        f"{numbers['num_before']:.0f} had it {PATIENCE - 1} scores before",
        "The generator leaves out what is hardest to draw.",
        f"{bound_slope(recipe)}, lower {learning_rate(recipe, 'generator')}, or train longer.",
    )


def class_ignored(detection: Detection, recipe: Recipe) -> Finding:
    """The numbers are of the class whose share is lowest."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"of the images that were asked to be of class {numbers['class']:.0f}, {numbers['share']:.0%} are",
        "The labels of the training images say little about them, or the discriminator does not heed the class.",
        f"{bound_slope(recipe)}, check the labels (data/08_reporting/contact_sheet.png), or set networks.conditional to false.",
    )


def class_collapsed(detection: Detection, recipe: Recipe) -> Finding:
    """The numbers are of the class whose images lie nearest to each other."""
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"images of class {numbers['class']:.0f} are {numbers['spread']:.0%} as far from each other as real ones of it",
        "The generator has found a few pictures of this class that the discriminator takes for real; it may have few training images.",
        f"{bound_slope(recipe)}, give more images of the class, or set training.augmentation.translation to 0.125.",
    )


def divergence(detection: Detection, recipe: Recipe) -> Finding:
    """The subject is a column of history; without numbers, it is the message of the error that training has ended in."""
    numbers = detection.numbers
    sizes = f" is {numbers['size']:.3g}; its usual size was {numbers['usual_size']:.3g}" if numbers else ""
    return Finding(
        detection.name,
        "serious",
        f"{detection.subject}{sizes}",
        "Each network's steps are larger than the other can follow.",
        f"Lower the learning rates ({learning_rates(recipe)}){clip_gradients(recipe, 'discriminator', 'generator')}.",
    )


def oscillation(detection: Detection, recipe: Recipe) -> Finding:
    """The subject is the column of history that swings."""
    numbers, training = detection.numbers, recipe.training
    # until then the average follows the steps, whatever its decay is
    is_average_due = (1 + numbers["step"]) / (10 + numbers["step"]) >= training.average_decay
    longer_average = f", or raise training.average_decay (now {training.average_decay:g})" if is_average_due else ""
    return Finding(
        detection.name,
        "notice",
        f"{detection.subject} turned {numbers['num_turns']:.0f} times in {numbers['num_rows']:.0f} rows, by {numbers['size']:.3g} on "
        f"average (limit {numbers['limit']:.3g})",
        "The networks chase each other around the equilibrium.",
        f"Lower beta_1 of both optimizers (now {training.generator_optimizer.beta_1:g} and {training.discriminator_optimizer.beta_1:g}) "
        f"to 0 and the learning rates ({learning_rates(recipe)}){longer_average}.",
    )


def decline(detection: Detection, recipe: Recipe) -> Finding:
    """The best generator is exported anyway, so the remedy saves time rather than the result."""
    distance, best_distance, best_step = (detection.numbers[name] for name in ("distance", "best_distance", "best_step"))
    return Finding(
        detection.name,
        "notice",
        f"the kernel distance is {distance:.3g}; it was {best_distance:.3g} at step {best_step:.0f}",
        "Training has gone on past its best, often because the discriminator learns the training images by heart.",
        f"The generator of step {best_step:.0f} is exported. Set training.num_steps near it, or training.augmentation. "
        f"{bound_slope(recipe)}.",
    )


def memorisation(detection: Detection, recipe: Recipe) -> Finding:
    """The remedy is the same for every recipe."""
    del recipe
    numbers = detection.numbers
    return Finding(
        detection.name,
        "serious",
        f"generated images are {numbers['distance']:.3f} from the nearest training image (root mean square of pixels), training images "
        f"{numbers['real_distance']:.3f} from each other",
        "There are too few training images for these networks.",
        "Give more images (data.source, data.location), set training.augmentation, or make networks.*.stages narrower.",
    )


def _spell(rule: str) -> str:
    """A rule's name in running text."""
    return rule.replace("_", " ")
