"""`parameters_reporting.yml`: which runs a report shows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import Section


class ReportingParameters(Section):
    """Which runs a report shows.

    Attributes:
        runs: identities of runs; none for the newest, one for that one, several for all of them side by side.
    """

    runs: Annotated[tuple[str, ...], Field(max_length=6)]
