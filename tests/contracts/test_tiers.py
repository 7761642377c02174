"""What `make test` leaves to the longer tier, it proves in a smaller case."""

import ast

import pytest


def is_longer(node):
    return isinstance(node, ast.Attribute) and node.attr == "longer"


def is_test(node):
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


@pytest.fixture(scope="module")
def modules(project_root):
    """{file of tests: its syntax tree}."""
    files = sorted((project_root / "tests").rglob("test_*.py"))
    return {str(file.relative_to(project_root)): ast.parse(file.read_text()) for file in files}


def test_every_test_of_the_longer_tier_names_a_twin_in_the_fast_one(modules):
    fast = {
        f"{file}::{node.name}"
        for file, tree in modules.items()
        for node in filter(is_test, ast.walk(tree))
        if not any(is_longer(getattr(decorator, "func", None)) for decorator in node.decorator_list)
    }
    twins = {}
    for file, tree in modules.items():
        constants = {
            node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign) and hasattr(node.targets[0], "id")
        }
        named = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_longer(node.func)]
        bare = len([node for node in ast.walk(tree) if is_longer(node)]) - len(named)
        assert bare == 0, f"{file}: a mark without a twin"
        for node in named:
            (twin,) = [word.value for word in node.keywords if word.arg == "twin"]
            twins[f"{file}:{node.lineno}"] = ast.literal_eval(constants.get(getattr(twin, "id", ""), twin))
    assert twins
    assert {place: twin for place, twin in twins.items() if twin not in fast} == {}
