"""What the doctor tells people to change can be changed."""

import ast
import inspect
import re
import typing

import pytest
from pydantic import BaseModel

from ganflow.config import SECTIONS
from ganflow.doctor import advice, remedies, wording
from ganflow.losses import compatibility

NAME = re.compile(rf"(?<![\w.])(?:{'|'.join(SECTIONS)})\.[a-z0-9_.*]+")


def texts(module):
    """Every string of a module, with `*` for a part that depends on the network's role and a gap for anything else that is filled in."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else filled_in(part) for part in node.values)


def filled_in(part):
    return "*" if ast.unparse(part.value) == "role" else " "


def names():
    modules = (advice, remedies, wording, compatibility)
    found = {match.rstrip(".") for module in modules for text in texts(module) for match in NAME.findall(text)}
    assert len(found) > 12
    return sorted({name.replace("*", role) for name in found for role in ("generator", "discriminator")})


def models(annotation):
    """The sections that a field can hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in models(argument)]


def is_parameter(name):
    section, *path = name.split(".")
    candidates = [SECTIONS[section]]
    for part in path:
        fields = [model.model_fields[part] for model in candidates if part in model.model_fields]
        if not fields:
            return False
        candidates = [model for field in fields for model in models(field.annotation)]
    return True


@pytest.mark.parametrize("name", names())
def test_every_parameter_that_is_named_exists(name):
    assert is_parameter(name)


def test_a_misspelt_one_would_be_noticed():
    assert is_parameter("training.gradient_penalty.weight")
    assert not is_parameter("training.gradient_penalty.wait")
    assert not is_parameter("training.learning_rate")
