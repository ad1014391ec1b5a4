"""What all commands share: the library they open, how they answer, how they show progress."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadsheet.records import Progress

if TYPE_CHECKING:
    from broadsheet.library import Library

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Report = Callable[[Progress], None]


@contextmanager
def opened(*, migrate: bool = False) -> Iterator[Library]:
    """Open the library that settings and environment name, for as long as the command runs."""
    import broadsheet
    from broadsheet import settings

    with broadsheet.Library(settings.load(), migrate=migrate) as library:
        yield library


def answer(document: Any, text: str | Callable[[], None], *, as_json: bool) -> None:
    """Print the document as JSON, or the text for a person (which may print itself)."""
    if as_json:
        typer.echo(jsonlib.dumps(document, ensure_ascii=False, indent=2))
    elif isinstance(text, str):
        typer.echo(text)
    else:
        text()


@contextmanager
def progress() -> Iterator[Report]:
    """Show how far long work has come on stderr, with rate and time left; silent where nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        yield _reporter(bars)


def _reporter(bars: Any) -> Report:
    tasks: dict[str, Any] = {}

    def report(step: Progress) -> None:
        if step.doing not in tasks:
            tasks[step.doing] = bars.add_task(step.doing.capitalize(), rate="")
        rate = f"{step.done / step.seconds:,.0f}/s" if step.seconds else ""
        bars.update(tasks[step.doing], completed=step.done, total=step.total, rate=rate)

    return report


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C in work that can be resumed into a word on what was kept, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. What was stored so far is kept; the same command goes on from there.", err=True)
        raise typer.Exit(130) from None
