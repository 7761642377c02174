"""A generator knows which noise it takes."""

import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks


@pytest.mark.parametrize(("distribution", "variance", "bound"), [("uniform", 1 / 3, 1.0), ("normal", 1.0, np.inf)])
def test_latents_follow_the_distribution_of_the_generator(networks_parameters, distribution, variance, bound):
    latent = networks_parameters.latent.model_copy(update={"distribution": distribution})
    generator = networks.build_generator(networks_parameters.generator, latent, (8, 8, 1))
    stored = networks.instantiate(networks.architecture(generator))
    latents = networks.draw_inputs(stored, 20_000, (1, 2)).numpy()
    assert latents.shape == (20_000, 6)
    assert np.abs(latents).max() <= bound
    # 120,000 draws: the standard error of the variance is below 0.5 % of it
    assert latents.var() == pytest.approx(variance, rel=0.02)
    assert latents.mean() == pytest.approx(0.0, abs=0.02)


def test_latents_repeat_for_a_seed_and_change_with_it(architectures):
    generator = networks.instantiate(architectures[0])
    draw = [networks.draw_inputs(generator, 5, seed).numpy() for seed in ((1, 2), (1, 2), (1, 3))]
    np.testing.assert_array_equal(draw[0], draw[1])
    assert not np.array_equal(draw[0], draw[2])


# XLA computes the logarithm and the sine differently: by some 10⁻⁷ of numbers below 6
@pytest.mark.parametrize(("distribution", "tolerance"), [("uniform", 0.0), ("normal", 6e-6)])
def test_xla_draws_the_same_latents(networks_parameters, distribution, tolerance):
    # 33 · 5 numbers: the last of an odd number has no partner
    latent = networks_parameters.latent.model_copy(update={"distribution": distribution, "dimension": 5})
    generator = networks.build_generator(networks_parameters.generator, latent, (8, 8, 1))

    def draw(seed):
        return networks.draw_inputs(generator, 33, seed)

    seed = tf.constant([1, 2])
    np.testing.assert_allclose(tf.function(draw, jit_compile=True)(seed), draw(seed), rtol=0, atol=tolerance)
