"""Which part of a run on several machines this process plays, as the environment variable TF_CONFIG tells it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganflow.errors import ConfigurationError

EXAMPLE = '{"cluster": {"worker": ["host-a:12345", "host-b:12345"]}, "task": {"type": "worker", "index": 0}}'

Address = Annotated[str, Field(pattern=r"^\S+:\d+$")]


class _Cluster(BaseModel):
    """Addresses by type of task."""

    model_config = ConfigDict(extra="forbid")
    chief: Annotated[list[Address], Field(max_length=1)] = []
    worker: list[Address] = []


class _Task(BaseModel):
    """This process's place among them."""

    type: Literal["chief", "worker"]
    index: Annotated[int, Field(ge=0)]


class _Config(BaseModel):
    """TF_CONFIG as TensorFlow's multi-worker strategies read it; what others add to it is ignored."""

    cluster: _Cluster
    task: _Task

    @model_validator(mode="after")
    def _check_task(self) -> Self:
        addresses = [*self.cluster.chief, *self.cluster.worker]
        if len(set(addresses)) < len(addresses):
            raise ValueError("an address occurs twice in the cluster")
        same_type = getattr(self.cluster, self.task.type)
        if self.task.index >= len(same_type):
            raise ValueError(f"task {self.task.type} {self.task.index} is not in the cluster, which has {len(same_type)} of that type")
        return self


@dataclass(frozen=True)
class Membership:
    """One process's place in a run on several machines.

    Attributes:
        name: as TF_CONFIG calls it.
        num_workers: in all, the chief included.
        is_chief: whether it is the one that writes.
    """

    name: str
    num_workers: int
    is_chief: bool


ALONE = Membership("this process", 1, is_chief=True)


def membership(environment: Mapping[str, str] = os.environ) -> Membership:
    """Read this process's place from TF_CONFIG; ALONE if that is not set.

    Raises:
        ConfigurationError: if it is malformed.
    """
    text = environment.get("TF_CONFIG", "").strip()
    if text in ("", "{}"):
        return ALONE
    try:
        config = _Config.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"TF_CONFIG is not JSON: {error}. Expected something like {EXAMPLE}, or no TF_CONFIG.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, detail['loc'])) or 'TF_CONFIG'}: {detail['msg']}" for detail in error.errors())
        raise ConfigurationError(f"TF_CONFIG is malformed: {wrong}. Expected something like {EXAMPLE}, or no TF_CONFIG.") from None
    task, cluster = config.task, config.cluster
    return Membership(
        name=f"{task.type} {task.index}",
        num_workers=len(cluster.chief) + len(cluster.worker),
        # without a chief by name, the first worker is it
        is_chief=task.type == "chief" or (not cluster.chief and task.index == 0),
    )
