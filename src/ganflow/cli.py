"""The project's command line: Kedro's own `run`, with errors that a person can read."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from kedro.io.core import VersionNotFoundError
from kedro.utils import find_kedro_project
from kedro.validation import ParameterValidationError
from omegaconf import OmegaConf

from ganflow.errors import GanflowError

# what a user can cause and mend; anything else keeps its traceback
EXPECTED = (GanflowError, ParameterValidationError, DatasetError, MissingConfigException)


class ReadableRun(click.Command):
    """A command whose expected errors are one line on standard error, with exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and explain instead of showing a traceback."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            click.secho(f"error: {explain(error)}", fg="red", err=True)
            sys.exit(1)


def explain(error: BaseException) -> str:
    """The message of the project's own error that lies behind `error`, or else its own, as one line."""
    own = next((cause for cause in _causes(error) if isinstance(cause, GanflowError)), error)
    message = " ".join(str(own).split())
    if isinstance(own, MissingConfigException):
        return f"{message}. Known environments: {', '.join(known_environments())}. Choose one with --env."
    if any(isinstance(cause, VersionNotFoundError) for cause in _causes(error)):
        return f"{message}. None has been exported yet, or not under that version: run the whole job first, with `kedro run`."
    return message


def known_environments() -> list[str]:
    """Names for `--env`: the project's folders of settings."""
    project = find_kedro_project(Path.cwd())
    conf = Path(project) / "conf" if project else None
    if conf is None or not conf.is_dir():
        return []
    return sorted(folder.name for folder in conf.iterdir() if folder.is_dir() and folder.name not in ("base", "local"))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@click.group(name="ganflow", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Train, sample and score small GANs."""


def split_params(ctx: click.Context, param: click.Parameter, value: str) -> dict[str, Any]:
    """`a.b=1,c=[x,y]` to nested values; Kedro's own takes a comma within brackets for the end of a parameter."""
    items = re.split(r",(?![^\[\]]*\])", value)
    listed = [item.strip() for item in items if re.fullmatch(r"\s*[^=\s]+\s*=\s*\[.*\]\s*", item)]
    plain = ",".join(item for item in items if item.strip() not in listed)
    by_kedro = _KEDRO_PARAMS.callback(ctx, param, plain) if plain and _KEDRO_PARAMS.callback else {}
    merged: dict[str, Any] = OmegaConf.to_container(OmegaConf.merge(by_kedro, OmegaConf.from_dotlist(listed)))  # type: ignore[assignment]
    return merged


_KEDRO_PARAMS = next(param for param in kedro_run.params if param.name == "params")
_PARAMS = copy.copy(_KEDRO_PARAMS)
_PARAMS.callback = split_params

run = ReadableRun(
    name=kedro_run.name,
    params=[_PARAMS if param is _KEDRO_PARAMS else param for param in kedro_run.params],
    callback=kedro_run.callback,
    help=kedro_run.help,
)
cli.add_command(run)
