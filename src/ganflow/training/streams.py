"""What training streams to disk, interval by interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STREAMED = ("training_history", "training_sheets", "diagnosis", "best_checkpoints", "checkpoints")
"""Outputs of training. They are saved in this order, so that a checkpoint is never ahead of the records that lead to it."""

Chunk = dict[str, dict[str, Any]]
"""{output: {run id: what is saved}}."""

Series = dict[str, dict[int, Callable[[], Any]]]
"""{run id: {step: function that loads what was saved at that step}}."""


def chunk(**outputs: dict[str, Any]) -> Chunk:
    """One chunk of the stream. Every output has to be there, {} where there is nothing to save; a generator node has to yield one."""
    return {name: outputs.get(name, {}) for name in STREAMED}
