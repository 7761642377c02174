"""What `make test` leaves to the longer tier, it proves in a smaller case."""

import ast

import pytest


def functions(file):
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)]


def markers(function):
    """Keyword arguments of each `@pytest.mark.longer(...)`; None for one without any."""
    for decorator in function.decorator_list:
        if "mark.longer" in ast.unparse(decorator):
            yield {word.arg: ast.literal_eval(word.value) for word in getattr(decorator, "keywords", [])}


@pytest.fixture(scope="module")
def tests(project_root):
    """{file::function: its markers of the longer tier}."""
    folder = project_root / "tests"
    return {
        f"{file.relative_to(project_root)}::{function.name}": list(markers(function))
        for file in sorted(folder.rglob("test_*.py"))
        for function in functions(file)
        if function.name.startswith("test_")
    }


def test_every_test_of_the_longer_tier_names_a_twin_in_the_fast_one(tests):
    longer = {name: marks for name, marks in tests.items() if marks}
    assert longer
    twins = {name: marks[0].get("twin", "") for name, marks in longer.items()}
    assert {name: twin for name, twin in twins.items() if twin not in tests or twin in longer} == {}
