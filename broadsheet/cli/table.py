"""The table of commands, and what becomes of their failures."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from broadsheet import __version__
from broadsheet.cli import find, follow, fronts, gather, hook, keep, reader, serve, shelve, submit
from broadsheet.errors import BroadsheetError

EPILOG = "Data is kept in one folder, BROADSHEET_HOME. The settings are described in docs/settings.md."

app = typer.Typer(
    name="broadsheet",
    help="The self-hosted daily paper for research papers.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Gather": (gather.add, gather.harvest, submit.submit, gather.refresh),
    "Read": (fronts.front, fronts.trending, fronts.topics),
    "Find": (find.search, find.similar, find.recommend, find.paper, find.export),
    "Follow": (follow.follow, follow.digest),
    "Serve": (serve.serve, serve.work),
    "Keep": (keep.status, keep.doctor, keep.unmerge, keep.migrate, keep.backup, keep.restore),
}
for _panel, _commands in PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.command("import", rich_help_panel="Follow")(shelve.import_library)
app.add_typer(hook.app, name="hook", rich_help_panel="Follow")
app.add_typer(reader.app, name="reader", rich_help_panel="Keep")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"broadsheet {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The self-hosted daily paper for research papers."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code: 0 is done, 130 interrupted, the others are in broadsheet/errors.py."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a search runs on one thread; numpy reads it when it is loaded
    try:
        code = app(find.spread(given), standalone_mode=False, prog_name="broadsheet")
    except typer.TyperException as error:
        code = _usage(error)
    except BroadsheetError as error:
        _explain(error, as_json="--json" in given)
        code = error.exit_code
    except OSError as error:
        _explain(error, as_json="--json" in given)
        code = BroadsheetError.exit_code
    sys.exit(code or 0)


def _usage(error: typer.TyperException) -> int:
    asked = getattr(error, "ctx", None)
    command = asked.command_path if asked else "broadsheet"
    typer.echo(f"broadsheet: {error.format_message()} See `{command} --help`.", err=True)
    return error.exit_code


def _explain(error: Exception, *, as_json: bool) -> None:
    if not as_json:
        typer.echo(f"broadsheet: {error}", err=True)
        return
    from broadsheet.server.errors import error_body

    status = getattr(error, "status", BroadsheetError.status)
    typer.echo(json.dumps(json.loads(error_body(status, str(error))), ensure_ascii=False), err=True)
