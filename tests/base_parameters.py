"""Sections of parameters as `conf/base` has them, with some changes: the one place of every default."""

import functools
from pathlib import Path

import yaml

from ganflow.config import SECTIONS
from ganflow.config.data import ImageGeometry, MovingDigitsParameters
from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters
from ganflow.config.retraining import GateParameters
from ganflow.config.training import OptimizerParameters

PARTS = {
    GeneratorParameters: ("networks", "generator"),
    DiscriminatorParameters: ("networks", "discriminator"),
    OptimizerParameters: ("training", "generator_optimizer"),
    ImageGeometry: ("data", "image"),
    MovingDigitsParameters: ("data", "moving_digits"),
    GateParameters: ("retraining", "gate"),
}
"""Where what is part of a section stands; each of the other classes is a section."""


@functools.cache
def _base():
    files = sorted((Path(__file__).parents[1] / "conf/base").glob("parameters_*.yml"))
    return {name: section for file in files for name, section in yaml.safe_load(file.read_text()).items()}


def section(kind, **changes):
    """A section, or a part of one, as the base has it, with some changes."""
    names = {own: (name,) for name, own in SECTIONS.items()} | PARTS
    values = _base()
    for name in names[kind]:
        values = values[name]
    plain = {name: value.model_dump() if hasattr(value, "model_dump") else value for name, value in changes.items()}
    return kind.model_validate(values | plain)
