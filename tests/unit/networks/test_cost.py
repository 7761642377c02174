"""Operations of a network, by hand."""

import keras
from keras import layers

from ganflow.networks.convolution import SameConv2D, UpsampledConv2D, UpsampledConv3D
from ganflow.networks.cost import count_operations


def operations(layer, *shape):
    inputs = keras.Input(shape)
    return count_operations(keras.Model(inputs, layer(inputs)))


def test_a_matrix_product():
    # 3 × 5 products and as many additions
    assert operations(layers.Dense(5), 3) == 2 * 3 * 5


def test_a_convolution_is_applied_at_every_pixel_that_it_makes():
    # 8 × 6 pixels, of which a stride of 2 leaves 4 × 3; kernels of 3 × 3 from 2 channels to 7
    assert operations(SameConv2D(7, 3), 8, 6, 2) == 2 * 8 * 6 * 3 * 3 * 2 * 7
    assert operations(layers.Conv2D(7, 3, strides=2, padding="same"), 8, 6, 2) == 2 * 4 * 3 * 3 * 3 * 2 * 7


def test_a_transposed_convolution_is_applied_at_every_pixel_that_it_reads():
    assert operations(layers.Conv2DTranspose(7, 4, strides=2, padding="same"), 8, 6, 2) == 2 * 8 * 6 * 4 * 4 * 2 * 7


def test_a_folded_convolution_reads_the_small_map():
    # of the 5 taps of each axis, 3 are left after folding
    assert operations(UpsampledConv2D(7, 5), 8, 6, 2) == 2 * 16 * 12 * 3 * 3 * 2 * 7


def test_convolutions_of_three_axes_count_all_of_them():
    assert operations(layers.Conv3D(7, 3, padding="same"), 4, 8, 6, 2) == 2 * 4 * 8 * 6 * 27 * 2 * 7
    assert operations(layers.Conv3DTranspose(7, 4, strides=2, padding="same"), 4, 8, 6, 2) == 2 * 4 * 8 * 6 * 64 * 2 * 7
    # folded, 3 taps are 4 of a transposed convolution, which is applied at every pixel that it reads
    assert operations(UpsampledConv3D(7, 3), 4, 8, 6, 2) == 2 * 4 * 8 * 6 * 64 * 2 * 7


def test_other_layers_cost_nothing():
    assert operations(layers.LeakyReLU(), 8, 6, 2) == 0
