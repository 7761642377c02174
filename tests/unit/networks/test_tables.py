"""Tables that follow from the size of the images, with their arithmetic; every size that one serves gets a pair that fits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base_parameters import section
from ganflow import networks
from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, LatentParameters
from ganflow.errors import ConfigurationError
from ganflow.networks.tables import count_doublings, discriminator_table, generator_table

GENERATOR, DISCRIMINATOR = section(GeneratorParameters), section(DiscriminatorParameters)

# height, width: doublings, widths of the generator, widths of the discriminator
SIZES = {
    (8, 8): (1, [32, 16], [16, 32, 32]),
    (16, 16): (2, [64, 32, 16], [16, 32, 64, 64]),
    (20, 20): (2, [64, 32, 16], [16, 32, 64, 64]),
    (28, 28): (2, [64, 32, 16], [16, 32, 64, 64]),
    # 30 = 2 · 15
    (30, 30): (1, [32, 16], [16, 32, 32]),
    (32, 32): (3, [128, 64, 32, 16], [16, 32, 64, 128, 128]),
    # 36 = 4 · 9
    (36, 36): (2, [64, 32, 16], [16, 32, 64, 64]),
    # 6 × 4 is the smallest map
    (48, 32): (3, [128, 64, 32, 16], [16, 32, 64, 128, 128]),
    (64, 64): (4, [128, 64, 64, 32, 16], [16, 32, 64, 128, 128, 128]),
    (128, 128): (5, [128, 64, 64, 64, 32, 16], [16, 32, 64, 128, 128, 128, 128]),
    (256, 256): (6, [128, 64, 64, 64, 64, 32, 16], [16, 32, 64, 128, 128, 128, 128, 128]),
}


@pytest.mark.parametrize(("size", "expected"), SIZES.items(), ids=lambda value: "x".join(map(str, value)) if len(value) == 2 else "")
def test_the_table_of_a_size(size, expected):
    doublings, widths, discriminator_widths = expected
    assert count_doublings(*size) == doublings
    generator = generator_table(GENERATOR, (*size, 3))
    assert [row.width for row in generator] == widths
    assert [(row.kernel_size, row.double) for row in generator[1:]] == [(5, True)] * doublings
    discriminator = discriminator_table(DISCRIMINATOR, (*size, 3))
    assert [row.width for row in discriminator] == discriminator_widths
    assert [(row.kernel_size, row.halve) for row in discriminator] == [(3, False), *[(4, True)] * doublings, (3, False)]


def test_transposed_rows_have_kernels_of_four():
    table = generator_table(section(GeneratorParameters, upsampling="transposed"), (32, 32, 1))
    assert [row.kernel_size for row in table[1:]] == [4, 4, 4]


@pytest.mark.parametrize("size", [(9, 9), (27, 28), (250, 250), (8, 256), (256, 10), (34, 34)])
def test_sizes_that_no_table_serves_are_refused(size):
    got = f"Got images of {size[0]} × {size[1]} pixels"
    with pytest.raises(ConfigurationError, match=f"{got}, which no table by rule serves: .* until they have 4 to 16 pixels"):
        generator_table(GENERATOR, (*size, 1))
    with pytest.raises(ConfigurationError, match=f"{got}, which no table by rule serves"):
        discriminator_table(DISCRIMINATOR, (*size, 1))


def test_an_explicit_table_wins():
    rows = [{"width": 5}, {"width": 4, "kernel_size": 3, "double": True}]
    own = section(GeneratorParameters, stages=rows)
    # which no table by rule serves
    assert [row.width for row in generator_table(own, (250, 250, 1))] == [5, 4]
    assert [
        row.width
        for row in discriminator_table(section(DiscriminatorParameters, stages=rows[:0] or [{"width": 7, "kernel_size": 3}]), (27, 27, 1))
    ] == [7]


def is_served(height, width):
    try:
        return bool(count_doublings(height, width))
    except ConfigurationError:
        return False


SERVED = [(height, width) for height in range(8, 65) for width in range(8, 65) if is_served(height, width)]


def check_pair(size, channels, upsampling):
    shape, latent = (*size, channels), LatentParameters(dimension=4, distribution="normal")
    generator = networks.build_generator(section(GeneratorParameters, upsampling=upsampling), latent, shape)
    networks.check_pair(generator, networks.build_discriminator(DISCRIMINATOR, shape))
    assert generator.output_shape == (None, *shape)
    assert 4 <= min(generator.get_layer("projection_map").output.shape[1:3]) <= 16


@settings(max_examples=8)
@given(size=st.sampled_from(SERVED), channels=st.sampled_from([1, 3]), upsampling=st.sampled_from(["nearest", "transposed"]))
def test_every_size_that_a_table_serves_gets_a_pair_that_fits(size, channels, upsampling):
    check_pair(size, channels, upsampling)


def test_the_largest_images_get_a_pair_that_fits():
    check_pair((256, 256), 3, "nearest")


def test_an_output_that_doubles_takes_the_place_of_the_last_row():
    # 64 = 4 · 2⁴: three rows double, and the output
    parameters = section(GeneratorParameters, upsampling="transposed", output_doubles=True, output_kernel_size=4)
    assert [row.width for row in generator_table(parameters, (64, 64, 3))] == [128, 64, 64, 32]
    generator = networks.build_generator(parameters, LatentParameters(dimension=7, distribution="normal"), (64, 64, 3))
    assert generator.output_shape == (None, 64, 64, 3)
    # kernels of 4 × 4 from the last row's 32 channels to 3, and 3 biases
    assert generator.get_layer("output_convolution").count_params() == 4 * 4 * 32 * 3 + 3


def test_a_clip_has_the_table_of_its_frames_with_kernels_of_three():
    clips, images = generator_table(GENERATOR, (16, 32, 32, 1)), generator_table(GENERATOR, (32, 32, 1))
    assert [row.width for row in clips] == [row.width for row in images] == [128, 64, 32, 16]
    assert [(row.kernel_size, row.double) for row in clips[1:]] == [(3, True)] * 3
    assert discriminator_table(DISCRIMINATOR, (16, 32, 32, 1)) == discriminator_table(DISCRIMINATOR, (32, 32, 1))


def test_an_output_that_doubles_leaves_out_the_last_row_of_a_clip_too():
    table = generator_table(section(GeneratorParameters, output_doubles=True), (16, 32, 32, 1))
    assert [row.width for row in table] == [128, 64, 32]


@pytest.mark.parametrize(("changes", "factor", "fitting"), [({}, 8, 16), ({"stages": [{"width": 3}, {"width": 2, "double": True}]}, 2, 14)])
def test_frames_that_cannot_be_halved_as_often_are_refused(changes, factor, fitting):
    # 32 = 4 · 2³ pixels
    with pytest.raises(ConfigurationError, match=f"Got clips of 13 frames .* multiple of {factor} frames. Cut clips of {fitting}, or"):
        generator_table(section(GeneratorParameters, **changes), (13, 32, 32, 1))
    assert generator_table(section(GeneratorParameters, **changes), (fitting, 32, 32, 1))
