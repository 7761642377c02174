"""The project's command line: Kedro's own `run`, with errors that a person can read; the champion; the schedule."""

from __future__ import annotations

import copy
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from kedro.io.core import VersionNotFoundError
from kedro.utils import find_kedro_project
from kedro.validation import ParameterValidationError
from omegaconf import OmegaConf

from ganflow.errors import ConfigurationError, GanflowError, NothingToDo
from ganflow.presets import list_presets
from ganflow.runtime.cluster import membership

if TYPE_CHECKING:
    from ganflow.tracking.registry import Registry

# what a user can cause and mend; anything else keeps its traceback
EXPECTED = (GanflowError, ParameterValidationError, DatasetError, MissingConfigException)

UNKNOWN_SELECTION = ("Failed to find the pipeline named", "Pipeline does not contain", "Pipeline contains no nodes")
"""How the messages begin with which Kedro refuses names of pipelines, nodes, datasets and tags; it raises a plain ValueError."""


_VALIDATION = "kedro.validation.parameter_validator"

_KEDRO_LOGGERS = ("kedro.pipeline.node", _VALIDATION, *(f"kedro.runner.{kind}_runner" for kind in ("sequential", "thread", "parallel")))
"""Loggers that tell of an error before it is explained, and how to go on in a way that is of no use here."""


class ReadableCommand(click.Command):
    """A command whose expected errors are one line on standard error, with its exit status."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(
            click.Option(["--verbose"], is_flag=True, expose_value=False, callback=_keep, help="Show the stack of an error.")
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and explain instead of showing a traceback."""
        loggers = [logging.getLogger(name) for name in _KEDRO_LOGGERS]
        try:
            for logger in loggers:
                logger.addFilter(_is_news)
            return super().invoke(ctx)
        except NothingToDo:
            sys.exit(0)
        except Exception as error:
            if not _is_expected(error):
                raise
            if ctx.meta.get(_VERBOSE):
                traceback.print_exc()
            click.secho(f"error: {explain(error)}", fg="red", err=True)
            sys.exit(next((cause.exit_status for cause in _causes(error) if isinstance(cause, GanflowError)), 1))
        finally:
            for logger in loggers:
                logger.removeFilter(_is_news)


_VERBOSE = "ganflow.verbose"


def _keep(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    ctx.meta[_VERBOSE] = value


def _is_expected(error: BaseException) -> bool:
    return isinstance(error, EXPECTED) or str(error).startswith(UNKNOWN_SELECTION)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a message is shown that comes while an error passes: not where that will be explained, or ends the run early by intent."""
    error = sys.exc_info()[1]
    if record.name == _VALIDATION:
        return record.levelno < logging.ERROR
    return record.levelno < logging.WARNING or error is None or not (_is_expected(error) or isinstance(error, NothingToDo))


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
    return list_presets(conf)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@click.group(name="ganflow", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Train, sample and score small GANs."""


def split_params(ctx: click.Context, param: click.Parameter, value: str) -> dict[str, Any]:
    """`a.b=1,c=[x,y]` to nested values; Kedro's own takes a comma within brackets for the end of a parameter."""
    items = [_quote_runs(item) for item in re.split(r",(?![^\[\]]*\])", value)]
    listed = [item.strip() for item in items if re.fullmatch(r"\s*[^=\s]+\s*=\s*\[.*\]\s*", item)]
    plain = ",".join(item for item in items if item.strip() not in listed)
    by_kedro = _KEDRO_PARAMS.callback(ctx, param, plain) if plain and _KEDRO_PARAMS.callback else {}
    merged: dict[str, Any] = OmegaConf.to_container(OmegaConf.merge(by_kedro, OmegaConf.from_dotlist(listed)))  # type: ignore[assignment]
    return merged


def _quote_runs(item: str) -> str:
    """The identities of runs as text, also those that look like numbers: `reporting.runs=[012345670123]`."""
    name, _, listed = item.partition("=")
    if name.strip() != "reporting.runs":
        return item
    quoted = re.sub(r"[\w-]+", lambda match: f"'{match[0]}'", listed)
    return f"{name}={quoted}"


_KEDRO_PARAMS = next(param for param in kedro_run.params if param.name == "params")
_PARAMS = copy.copy(_KEDRO_PARAMS)
_PARAMS.callback = split_params


def run_project(**options: Any) -> Any:
    """Kedro's `run`. Of several machines that train together, the chief alone goes on after training."""
    if not membership().is_chief and not options["to_outputs"] and _trains(options):
        options["to_outputs"] = ["checkpoints"]
    return kedro_run.callback(**options)  # type: ignore[misc]


def _trains(options: dict[str, Any]) -> bool:
    """Whether the pipelines that are asked for, those that exist, train anything."""
    from kedro.framework.project import pipelines

    names = options["pipelines"] or [options["pipeline"] or "__default__"]
    return any("checkpoints" in pipelines[name].all_outputs() for name in names if name in pipelines)


run = ReadableCommand(
    name=kedro_run.name,
    params=[_PARAMS if param is _KEDRO_PARAMS else param for param in kedro_run.params],
    callback=run_project,
    help=kedro_run.help,
)
cli.add_command(run)


@cli.group()
def champion() -> None:
    """The generator in use: which one it is, which ones were, and going back."""


_ENV = click.option("--env", "-e", default=None, help="Configuration environment.")


@champion.command(cls=ReadableCommand)
@_ENV
def show(env: str | None) -> None:
    """Say which version is champion, and where it comes from."""
    from ganflow.tracking.registry import CHAMPION, PREVIOUS, read_record

    registry = _registry(env)
    found = registry.by_alias(CHAMPION)
    if found is None:
        click.echo("There is no champion yet; make one with: kedro run --pipelines retraining")
        return
    folder = registry.fetch(found)
    record = read_record(folder)
    previous = registry.by_alias(PREVIOUS)
    click.echo(f"version   {found.number} of '{registry.model}', champion since {found.promoted}")
    click.echo(f"run       {record['run_id']}, step {record['step']} of {record['trained_steps']}: {record['chosen']}")
    click.echo(f"data      {record['data']['source']}, {record['data']['num_train']} images, {record['data']['sha256'][:12]}")
    click.echo(f"weights   {record['sha256'][:12]}, in {folder if registry.store.is_embedded else found.source}")
    click.echo(f"previous  {f'version {previous.number}' if previous else 'none'}")


@champion.command(cls=ReadableCommand)
@_ENV
def history(env: str | None) -> None:
    """List every registered version."""
    from ganflow.tracking.registry import PROMOTED, ROLLED_BACK

    versions = _registry(env).versions()
    if not versions:
        click.echo("Nothing is registered yet; every training run registers its generator: kedro run")
    for version in versions:
        times = {"champion": version.tags.get(PROMOTED), "rolled back": version.tags.get(ROLLED_BACK)}
        events = "".join(f", {event} {time}" for event, time in times.items() if time)
        aliases = f" [{', '.join(version.aliases)}]" if version.aliases else ""
        click.echo(f"version {version.number}{aliases}: run {version.run_id}{events}")


@champion.command(cls=ReadableCommand)
@_ENV
@click.option("--to", type=int, default=None, help="Version to go back to; by default the previous champion.")
def rollback(env: str | None, to: int | None) -> None:
    """Make an earlier version the champion again."""
    before, after = _registry(env).roll_back(to)
    click.echo(f"Version {after.number} is champion again; version {before.number} is kept as the previous one.")


@cli.command(cls=ReadableCommand, context_settings={"ignore_unknown_options": True})
@click.option("--cron", default=None, help="Times: minute, hour, day, month, day of the week, such as '0 3 * * *'.")
@click.option("--once", is_flag=True, help="Run now, once, and exit with the run's status.")
@click.option("--timeout", default=720.0, show_default=True, type=click.FloatRange(min=1e-3), help="Minutes that a run may take.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def schedule(cron: str | None, once: bool, timeout: float, arguments: tuple[str, ...]) -> None:
    """Run the retraining again and again. ARGUMENTS, such as --env NAME, go to `kedro run`."""
    from ganflow.scheduling import Scheduler, kedro_command

    if (cron is None) == (not once):
        raise ConfigurationError("Say either --cron 'EXPRESSION', for a schedule, or --once, for one run now.")
    scheduler = Scheduler(_project(), kedro_command(arguments), 60 * timeout)
    if cron is None:
        sys.exit(scheduler.run_once())
    scheduler.run_forever(cron)


def _project() -> Path:
    found = find_kedro_project(Path.cwd())
    if found is None:
        raise ConfigurationError(f"{Path.cwd()} is in no Kedro project. Change to the project's folder.")
    return Path(found)


def _registry(env: str | None) -> Registry:
    """Where the catalog says that the champion is."""
    from kedro.framework.session import KedroSession

    with KedroSession.create(project_path=_project(), env=env) as session:
        entry: Any = session.load_context().catalog["champion"]  # type: ignore[attr-defined]
    registry: Registry = entry.registry
    return registry
