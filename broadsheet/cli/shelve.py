"""The command that brings a library along: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.errors import InputError

_ZOTERO = "zotero:"


def import_library(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE", help="BibTeX, RIS or CSL-JSON, or zotero:users/NUMBER, zotero:groups/NUMBER."),
    ],
    shelf: Annotated[str, typer.Option(metavar="NAME", help="The shelf; else it is called as the file is.")] = "",
    reader: Annotated[str, typer.Option(metavar="WHO", help="Whose shelf, where there are accounts.")] = "",
    key: Annotated[
        str, typer.Option(metavar="KEY", envvar="ZOTERO_API_KEY", help="The key of a private Zotero library.")
    ] = "",
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="Another address of Zotero's API, such as that of the program itself.")
    ] = "",
    json: Json = False,
) -> None:
    """Make a shelf of a library kept elsewhere; what is not here is listed, and joins the shelf when it comes."""
    with opened() as library:
        owner = library.find_reader(reader) if reader else library.local_reader()
        if owner is None:
            raise InputError("This paper has accounts: say with --reader whose shelf it is to be.")
        if what.startswith(_ZOTERO):
            name = what.removeprefix(_ZOTERO)
            found = library.import_zotero(owner, name, key=key or None, endpoint=endpoint or None, shelf=shelf)
        else:
            found = library.import_file(owner, Path(what), shelf=shelf)
    document = {
        "shelf": found.shelf,
        "records": found.records,
        "matched": found.matched,
        "saved": found.saved,
        "missing": [record.title for record in found.missing],
        "set_aside": [{"where": one.where, "reason": one.reason} for one in found.set_aside],
    }
    answer(document, found.words, as_json=json)
