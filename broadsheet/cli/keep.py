"""Commands that look after the data: status, doctor, unmerge, migrate, backup, restore."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from broadsheet.cli.common import Json, answer, opened


def status(
    rejected: Annotated[
        int,
        typer.Option("--set-aside", metavar="N", min=0, help="Also list the last N records that could not be used."),
    ] = 0,
    json: Json = False,
) -> None:
    """Show how many papers there are, how fresh each source is, and how far the index is behind."""
    from broadsheet.cli import show

    with opened() as library:
        document = library.status()
        if rejected:
            aside = library.store.set_aside(rejected)
            document["set_aside_records"] = [{"source": source, **asdict(record)} for source, record in aside]
    answer(document, lambda: show.status(document), as_json=json)


def doctor(json: Json = False) -> None:
    """Look for what can be wrong on this machine, and say what to do about it; exits 1 if anything is."""
    from broadsheet.cli import show

    with opened() as library:
        checks = library.doctor()
    answer({"checks": [asdict(check) for check in checks]}, lambda: show.checks(checks), as_json=json)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def unmerge(
    merge: Annotated[int, typer.Argument(metavar="MERGE", help="The number that `broadsheet paper ID` shows.")],
    json: Json = False,
) -> None:
    """Undo a merge: two papers that were taken for one stand apart again, and stay so."""
    with opened() as library:
        apart = [paper.id for paper in library.unmerge(merge)]
    answer({"merge": merge, "papers": apart}, f"Now apart: {' and '.join(apart)}.", as_json=json)


def migrate(json: Json = False) -> None:
    """Bring the store's schema up to this version; SQLite is backed up first and needs no asking."""
    with opened(migrate=True):
        answer({"migrated": True}, "The store is up to date.", as_json=json)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    json: Json = False,
) -> None:
    """Write everything but the index into one file, also while serving."""
    with opened() as library:
        library.backup(file)
    size = file.stat().st_size
    answer({"file": str(file), "bytes": size}, f"{file}: {size / 1e6:,.1f} MB.", as_json=json)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `broadsheet backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the papers that are there.")] = False,
    json: Json = False,
) -> None:
    """Bring back a backup, and build its index."""
    from broadsheet import Library, settings

    Library.restore(file, settings.load(), force=force)
    with opened() as library:
        papers = library.status()["papers"]
    answer(
        {"file": str(file), "papers": papers}, f"{papers:,} papers are back; run `broadsheet refresh`.", as_json=json
    )
