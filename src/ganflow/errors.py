"""Exceptions that a user can act on.

Every message says what was got, what was expected and how to mend it. The command line prints them as one line, without a
traceback, and exits with status 1.
"""

from __future__ import annotations


class GanflowError(Exception):
    """Base of every error that this project raises on purpose."""


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


class TrainingInterruptedError(GanflowError):
    """Training was asked to stop; what it had reached is saved."""
