"""Effects that belong to a run rather than to a node."""

from ganflow.hooks.migration import MigrationHooks
from ganflow.hooks.retraining import RetrainingHooks
from ganflow.hooks.run import DeviceHooks, LockHooks, ParameterHooks, ProgressHooks, WorkerHooks
from ganflow.hooks.summary import SummaryHooks
from ganflow.hooks.tracking import TrackingHooks
from ganflow.hooks.viz import VizHooks

__all__ = [
    "DeviceHooks",
    "LockHooks",
    "MigrationHooks",
    "ParameterHooks",
    "ProgressHooks",
    "RetrainingHooks",
    "SummaryHooks",
    "TrackingHooks",
    "VizHooks",
    "WorkerHooks",
]
