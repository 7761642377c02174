"""Exceptions that a user can act on.

Every message says what was got, what was expected and how to mend it. The command line prints them as one line, without a
traceback, and exits with status 1.
"""

from __future__ import annotations

from typing import ClassVar


class GanflowError(Exception):
    """Base of every error that this project raises on purpose.

    Attributes:
        exit_status: of the command that it ends.
    """

    exit_status: ClassVar[int] = 1


class ConfigurationError(GanflowError, ValueError):
    """A parameter, or a combination of parameters, cannot work."""


class DataError(GanflowError, ValueError):
    """The images cannot be found, read or used."""


class CheckpointError(GanflowError):
    """A stored training state or model is damaged, or belongs to something else."""


class DivergenceError(GanflowError, ArithmeticError):
    """A loss or a weight is no longer a finite number."""


class CollapseError(GanflowError):
    """Training has failed without diverging, and was asked to stop when it does; what it had reached is saved."""


class WorkerLostError(GanflowError):
    """Another process of a run on several machines has ended; what all of them had reached is saved."""


class WorkerDriftError(GanflowError):
    """Processes that train together no longer have the same weights."""


class TrainingInterruptedError(GanflowError):
    """Training was asked to stop; what it had reached is saved."""


class TrackingError(GanflowError):
    """The record of runs, or the registry of models, cannot be read or written."""


class AlreadyRunningError(GanflowError):
    """Another process does the same on the same project; try again later (EX_TEMPFAIL of sysexits.h)."""

    exit_status = 75


class NothingToDo(GanflowError):  # noqa: N818 (it is no failure)
    """A run ends early, and well, since there is nothing to do; the message says why."""

    exit_status = 0
