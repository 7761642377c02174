"""Small generators of clips, with the layer names that those of the project have."""

import keras

from ganflow.networks.latent import Latent

SHAPE = (3, 8, 8, 1)


@keras.saving.register_keras_serializable("tests")
class Composed(keras.layers.Layer):
    """mask · foreground + (1 − mask) · background."""

    def call(self, inputs):
        foreground, mask, background = inputs
        return mask * foreground + (1.0 - mask) * background


def one_stream():
    """A generator of one stream, in [-1, 1]."""
    noise = keras.Input((5,))
    return keras.Model(noise, _part(Latent("uniform")(noise), SHAPE, "tanh", "pixels"))


def two_streams():
    """A generator of two streams, in [0, 1]."""
    noise = keras.Input((5,))
    drawn = Latent("uniform")(noise)
    foreground, mask, background = (
        _part(drawn, shape, "sigmoid", name)
        for shape, name in ((SHAPE, "foreground"), ((*SHAPE[:3], 1), "mask"), ((1, *SHAPE[1:]), "background"))
    )
    return keras.Model(noise, keras.layers.Activation("linear", name="pixels")(Composed()([foreground, mask, background])))


def _part(noise, shape, activation, name):
    length, height, width, channels = shape
    initializer = keras.initializers.RandomNormal(stddev=2.0, seed=len(name))
    values = keras.layers.Dense(length * height * width * channels, kernel_initializer=initializer)(noise)
    return keras.layers.Activation(activation, name=name)(keras.layers.Reshape(shape)(values))
