"""Kedro's settings of this project."""

import os
import warnings

from ganflow.hooks import (
    DeviceHooks,
    LockHooks,
    MigrationHooks,
    ParameterHooks,
    ProgressHooks,
    RetrainingHooks,
    SummaryHooks,
    TrackingHooks,
    VizHooks,
    WorkerHooks,
)
from ganflow.presets import BASE, LOCAL, SOFT, PresetConfigLoader

# Kedro's own call of a function that its configuration library is about to rename
warnings.filterwarnings("ignore", message=r"register_new_resolver\(\) is deprecated", category=UserWarning)

# TensorFlow reports what stops a run by exceptions; its log is about graph rewrites that it skipped and devices that are not there
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# pluggy calls the last one first: the lock is given back when all others are done
HOOKS = (
    LockHooks(),
    SummaryHooks(),
    MigrationHooks(),
    TrackingHooks(),
    RetrainingHooks(),
    ParameterHooks(),
    WorkerHooks(),
    DeviceHooks(),
    ProgressHooks(),
    VizHooks(),
)
CONFIG_LOADER_CLASS = PresetConfigLoader
CONFIG_LOADER_ARGS = {"base_env": BASE, "default_run_env": LOCAL, "merge_strategy": SOFT}
