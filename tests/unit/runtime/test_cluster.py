"""TF_CONFIG tells a process its place, or is refused with what is wrong in it."""

import json

import pytest

from ganflow.errors import ConfigurationError
from ganflow.runtime.cluster import ALONE, membership

TWO = {"worker": ["a:1", "b:1"]}


def place(cluster, kind, index, **more):
    return membership({"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}} | more)})


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": " {} "}])
def test_without_a_cluster_a_process_is_alone_and_its_own_chief(environment):
    assert membership(environment) is ALONE
    assert ALONE.is_chief


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "num", "is_chief"),
    [
        (TWO, "worker", 0, 2, True),
        (TWO, "worker", 1, 2, False),
        ({"chief": ["c:1"]} | TWO, "chief", 0, 3, True),
        ({"chief": ["c:1"]} | TWO, "worker", 0, 3, False),
        ({"worker": ["a:1"]}, "worker", 0, 1, True),
    ],
)
def test_the_chief_is_the_one_so_named_or_else_the_first_worker(cluster, kind, index, num, is_chief):
    found = place(cluster, kind, index)
    assert (found.name, found.num_workers, found.is_chief) == (f"{kind} {index}", num, is_chief)


def test_what_platforms_add_is_ignored():
    assert place(TWO, "worker", 1, environment="cloud", rpc_layer="grpc").num_workers == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{cluster", "is not JSON"),
        ("[]", "malformed"),
        ('{"cluster": {"worker": ["a:1"]}}', "task: Field required"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', r"cluster\.worker\.0"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}', "occurs twice"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "worker 1 is not in the cluster, which has 1"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}', r"cluster\.ps"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}', r"task\.type"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": -1}}', r"task\.index"),
    ],
)
def test_a_malformed_one_is_refused_with_an_example(text, message):
    with pytest.raises(ConfigurationError, match=rf"{message}.*Expected something like \{{.*or no TF_CONFIG"):
        membership({"TF_CONFIG": text})
