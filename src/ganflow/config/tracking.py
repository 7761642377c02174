"""`parameters_tracking.yml`: what is recorded of every training run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import Section


class TrackingParameters(Section):
    """What is recorded of every training run, in MLflow.

    The catalog says where: the path of `champion`, unless MLflow's own variables (MLFLOW_TRACKING_URI, …) name a server.

    Attributes:
        enabled: whether anything is.
        experiment: that the runs are recorded in.
    """

    enabled: bool
    experiment: Annotated[str, Field(min_length=1)]
