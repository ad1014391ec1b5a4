"""The command that sends papers in: submit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.errors import BroadsheetError, InputError, Unavailable

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.records import Reader, Submission

_STATES = {"queued": "queued", "waiting": "waits", "merged": "here already", "refused": "refused"}


def submit(
    what: Annotated[
        list[str], typer.Argument(metavar="WHAT", help="arXiv ids, DOIs, addresses of papers, or files of them.")
    ],
    reader: Annotated[str, typer.Option(metavar="WHO", help="Who submits it, where there are accounts.")] = "",
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is due now, where no `broadsheet work` does it.")
    ] = False,
    json: Json = False,
) -> None:
    """Submit papers that are not here; `broadsheet work` fetches them within seconds.

    Exits 2 if something cannot be submitted or was refused, and 5 if something waits for a network.
    """
    failed: list[tuple[str, BroadsheetError]] = []
    with opened() as library:
        owner = library.find_reader(reader) if reader else library.local_reader()
        if owner is None:
            raise InputError("This paper has accounts: say with --reader who submits it.")
        sent = [one for name in what if (one := _sent(library, owner, name, failed)) is not None]
        while fetch and library.fetch_submission() is not None:
            pass
        now = {one.id: library.submission(owner, one.id) for one in sent}
        documents = [_document(library, one) for one in now.values()]
    document = {"submissions": documents, "failed": [{"given": name, "reason": str(why)} for name, why in failed]}
    answer(document, "\n".join(map(_words, documents)), as_json=json)
    _complain(list(now.values()), failed)


def _sent(library: Library, reader: Reader, name: str, failed: list[tuple[str, BroadsheetError]]) -> Submission | None:
    path = Path(name)
    try:
        if path.is_file():
            return library.submit_file(reader, path.read_bytes(), name=path.name)
        return library.submit(reader, name)
    except BroadsheetError as error:
        failed.append((name, error))
        return None


def _document(library: Library, one: Submission) -> dict[str, Any]:
    names = ("id", "given", "state", "reason", "new", "here")
    told = {name: getattr(one, name) for name in names}
    return {**told, "papers": [paper.id for paper, _ in library.submitted(one)]}


def _words(told: dict[str, Any]) -> str:
    state = _STATES.get(told["state"]) or f"{told['new']:,} new, {told['here']:,} here already"
    shown = " ".join(told["papers"][:3]) + (" ..." if told["papers"][3:] else "")
    return f"{told['given']}: {state}{' ' + shown if shown else ''}{'; ' + told['reason'] if told['reason'] else ''}"


def _complain(sent: list[Submission], failed: list[tuple[str, BroadsheetError]]) -> None:
    """Raise what is to be the command's exit code, if anything went wrong."""
    for _, error in failed:
        if not isinstance(error, InputError):
            raise error
    refused = [f"{one.given} was refused." for one in sent if one.state == "refused"]
    if failed or refused:
        raise InputError(" ".join([*(str(error) for _, error in failed), *refused]))
    if waiting := [f"{one.given} waits to be tried again." for one in sent if one.state == "waiting"]:
        raise Unavailable(" ".join(waiting))
