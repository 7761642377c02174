"""Which losses, penalties and networks go together."""

from __future__ import annotations

from ganflow.config.networks import DiscriminatorParameters
from ganflow.config.training import TrainingParameters
from ganflow.errors import ConfigurationError
from ganflow.losses.adversarial import find_loss


def check_recipe(training: TrainingParameters, discriminator: DiscriminatorParameters) -> None:
    """Refuse combinations that the mathematics does not allow.

    Raises:
        ConfigurationError: with the reason and the fix; also if the loss is unknown or has no labels to smooth.
    """
    loss = find_loss(training.loss, training.label_smoothing)
    if discriminator.normalization == "batch":
        for name in slope_penalties(training):
            raise ConfigurationError(
                # what has to go is the whole section
                f"{name.removesuffix('.weight')} is set, but networks.discriminator.normalization is 'batch': a penalty on the slope at "
                "each image means nothing where the images of a batch interact (1704.00028, section 4). Set the normalization to 'layer' "
                "or 'none'."
            )
    is_normalised = discriminator.normalization != "none"
    if loss.needs_lipschitz and not is_slope_bounded(training, discriminator.spectral_normalization, is_normalised):
        raise ConfigurationError(
            f"The loss '{training.loss}' needs a discriminator with a bounded slope, or it grows without end. Set one of "
            "training.gradient_penalty, training.weight_clip, training.r1_weight, or networks.discriminator.spectral_normalization with "
            "its normalization 'none'."
        )


def slope_penalties(training: TrainingParameters) -> dict[str, float]:
    """Weights of the penalties on the discriminator's slope that are in use, by parameter."""
    weights = {
        "training.r1_weight": training.r1_weight,
        "training.r2_weight": training.r2_weight,
        "training.gradient_penalty.weight": training.gradient_penalty.weight if training.gradient_penalty else 0.0,
    }
    return {name: weight for name, weight in weights.items() if weight}


def is_slope_bounded(training: TrainingParameters, is_spectral: bool, is_normalised: bool) -> bool:
    """Whether anything keeps the discriminator's slope in bounds.

    Args:
        training: with its penalties and clipping.
        is_spectral: whether the discriminator's weights are divided by their spectral norm.
        is_normalised: whether layers of another normalization follow them.
    """
    # to divide by a deviation undoes the division by a norm
    return bool(slope_penalties(training)) or training.weight_clip is not None or (is_spectral and not is_normalised)
