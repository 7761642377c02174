"""`parameters_notify.yml`: whom to tell of a retraining."""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import field_validator

from ganflow.config.section import PositiveFloat, Section


class NotifyParameters(Section):
    """Whom to tell of a retraining that has promoted, rejected or failed.

    Attributes:
        command: program and arguments; it gets the event as JSON on its standard input. None for nobody. One string is split as a shell
            would.
        timeout_seconds: after which it is ended.
    """

    command: tuple[str, ...] | None
    timeout_seconds: PositiveFloat

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @field_validator("command")
    @classmethod
    def _check_program(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value == ():
            raise ValueError("the command is empty; name a program, or set it to null")
        return value
