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
    slope_penalties = {
        "training.r1_weight": training.r1_weight,
        "training.r2_weight": training.r2_weight,
        "training.gradient_penalty": training.gradient_penalty,
    }
    if discriminator.normalization == "batch":
        for name, value in slope_penalties.items():
            if value:
                raise ConfigurationError(
                    f"{name} is set, but networks.discriminator.normalization is 'batch': a penalty on the slope at each image means "
                    "nothing where the images of a batch interact (1704.00028, section 4). Set the normalization to 'layer' or 'none'."
                )
    # to divide by a deviation undoes the division by a norm
    is_spectral = discriminator.spectral_normalization and discriminator.normalization == "none"
    bounded = any(slope_penalties.values()) or training.weight_clip or is_spectral
    if loss.needs_lipschitz and not bounded:
        raise ConfigurationError(
            f"The loss '{training.loss}' needs a discriminator with a bounded slope, or it grows without end. Set one of "
            "training.gradient_penalty, training.weight_clip, training.r1_weight, or networks.discriminator.spectral_normalization with "
            "its normalization 'none'."
        )
