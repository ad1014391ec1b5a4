"""Commands that bring papers in: add, harvest, refresh."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from broadsheet.cli.common import Json, answer, interruptible, opened, progress
from broadsheet.errors import InputError, SourceError

NoRefresh = Annotated[
    bool,
    typer.Option("--no-refresh", help="Leave the index for a later `broadsheet refresh`; much adding goes faster."),
]


def add(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files of any known format; plain or compressed by gzip, xz or zstd."),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Add the papers that come with the program.")] = False,
    no_refresh: NoRefresh = False,
    json: Json = False,
) -> None:
    """Add papers from files: JSON lines, BibTeX, RIS, CSL-JSON, ACL Anthology XML, saved result pages.

    The format is recognised from the content. Adding a file again adds nothing twice, and one that was interrupted
    goes on where it stopped.
    """
    if not files and not sample:
        raise InputError("Name at least one file, or say --sample.")
    with interruptible(), opened() as library, progress() as report:
        done = library.add([*(_sample() if sample else ()), *(files or ())], refresh=not no_refresh, progress=report)
    failed = done["failed"]
    answer(done, _taken_in(done), as_json=json)
    if failed:
        raise SourceError(" ".join(f"{failure['file']}: {failure['reason']}" for failure in failed))


def _sample() -> list[Path]:
    from broadsheet.sources import sample

    return list(sample.files())


def harvest(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="The live source: arxiv, huggingface, github, openalex or hackernews."),
    ],
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Begin on this day (2026-11-01) instead of where the last one ended."),
    ] = None,
    set: Annotated[str | None, typer.Option(metavar="SET", help="A part of the source, such as cs or physics.")] = None,
    no_refresh: NoRefresh = False,
    json: Json = False,
) -> None:
    """Gather what a live source has that is new, politely: arXiv is asked once in three seconds."""
    with interruptible(), opened() as library, progress() as report:
        done = library.harvest(source, since=since, set=set, refresh=not no_refresh, progress=report)
    answer(done, _taken_in(done), as_json=json)


def refresh(json: Json = False) -> None:
    """Bring the index up to date with the store; a deleted index is built anew."""
    with interruptible(), opened() as library, progress() as report:
        done = library.refresh(progress=report)
    answer(done, _refreshed(done), as_json=json)


def _taken_in(done: dict[str, Any]) -> str:
    kinds = ("new", "updated", "unchanged", "merged")
    counted = [f"{done[kind]:,} {kind}" for kind in kinds if done.get(kind)]
    text = f"{done.get('records', 0):,} records read: {', '.join(counted) or 'nothing new'}."
    if aside := done.get("set_aside"):
        text += f" {aside:,} could not be used; `broadsheet status --set-aside 20` says why."
    return f"{text}\n{_refreshed(done['refresh'])}" if "refresh" in done else text


def _refreshed(done: dict[str, Any]) -> str:
    if not done["indexed"] and not done["deleted"]:
        return "The index was up to date."
    gone = f", {done['deleted']:,} taken out" if done["deleted"] else ""
    return f"{done['indexed']:,} papers indexed{gone} in {done['seconds']:.1f} s."
