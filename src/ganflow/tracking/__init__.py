"""MLflow: the record of runs, and the registry of models. MLflow is imported by the first use, not before."""

import os

# read when MLflow is imported: it would otherwise report its use to its makers, and set up logging of its own
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")
