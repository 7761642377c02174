"""Parts of remedies: which parameters this recipe should change, and to what."""

from __future__ import annotations

from ganflow.doctor.findings import Recipe
from ganflow.losses.adversarial import find_loss
from ganflow.losses.compatibility import slope_penalties

_USUAL_RATES = (5e-5, 4e-3)
"""Of a generator with Adam or RMSprop, whose steps hardly depend on the size of gradients: from WGAN's to twice this project's default."""


def bound_slope(recipe: Recipe) -> str:
    """The beginning of a remedy: bound the discriminator's slope, or bound it more tightly."""
    training = recipe.training
    if recipe.has_batch_normalization or training.weight_clip:
        return _replace_bounds(recipe)
    if training.gradient_penalty is not None:
        return f"Raise training.gradient_penalty.weight (now {training.gradient_penalty.weight:g})"
    if training.r1_weight:
        return f"Raise training.r1_weight to {3 * training.r1_weight:g} (now {training.r1_weight:g})"
    return "Set training.r1_weight to 1 (now 0)"


def _replace_bounds(recipe: Recipe) -> str:
    """Put a penalty in the place of what cannot stand beside one."""
    training = recipe.training
    needs_lipschitz = find_loss(training.loss).needs_lipschitz
    changes = {
        "networks.discriminator.normalization to layer": recipe.has_batch_normalization,
        "training.gradient_penalty.weight to 10": needs_lipschitz and training.gradient_penalty is None,
        "training.r1_weight to 1": not needs_lipschitz and not training.r1_weight,
        # clipped weights cannot reach the slope that the penalty asks for
        "training.weight_clip to null": bool(training.weight_clip),
    }
    *others, last = (change for change, is_due in changes.items() if is_due)
    return f"Set {', '.join(others)} and {last}" if others else f"Set {last}"


def loosen_discriminator(recipe: Recipe) -> str:
    """A whole remedy: weaken whatever holds the discriminator's slope, or let it take larger steps."""
    training = recipe.training
    if training.weight_clip:
        return f"Raise training.weight_clip (now {training.weight_clip:g})."
    penalties = " and ".join(f"{name} (now {weight:g})" for name, weight in slope_penalties(training).items())
    beginning = f"Lower {penalties}, or raise" if penalties else "Raise"
    return f"{beginning} the discriminator's learning rate ({learning_rates(recipe)})."


def correct_generator_rate(recipe: Recipe) -> str:
    """The beginning of a remedy: the generator's learning rate if it is unusual, else the discriminator's slope."""
    (low, high), rate = _USUAL_RATES, recipe.training.generator_optimizer.learning_rate
    if low <= rate <= high:
        return f"{bound_slope(recipe)}, or lower {learning_rate(recipe, 'generator')}"
    direction = "Raise" if rate < low else "Lower"
    return f"{direction} training.generator_optimizer.learning_rate (now {rate:g}; from {low:g} to {high:g} is usual)"


def learning_rate(recipe: Recipe, role: str) -> str:
    """One network's learning rate, and what it is now."""
    return f"training.{role}_optimizer.learning_rate (now {getattr(recipe.training, f'{role}_optimizer').learning_rate:g})"


def clip_gradients(recipe: Recipe, *roles: str) -> str:
    """The end of a remedy: clip the gradients of these networks, where that is not done yet."""
    limits = {f"training.{role}_optimizer.clip_value": getattr(recipe.training, f"{role}_optimizer").clip_value for role in roles}
    names = [name for name, limit in limits.items() if limit is None or limit > 1]
    return f", or set {' and '.join(names)} to 1" if names else ""


def learning_rates(recipe: Recipe) -> str:
    """Both networks' learning rates, in running text."""
    discriminator, generator = recipe.training.discriminator_optimizer, recipe.training.generator_optimizer
    return (
        f"training.discriminator_optimizer.learning_rate = {discriminator.learning_rate:g} and "
        f"training.generator_optimizer.learning_rate = {generator.learning_rate:g}"
    )
