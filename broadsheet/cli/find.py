"""Commands that find papers: search, similar, paper, export."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.errors import InputError

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many papers to show.")]
Page = Annotated[int, typer.Option(metavar="N", min=1, help="Which page of them.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each paper stands where it does.")]
Identifiers = Annotated[
    list[str],
    typer.Argument(metavar="ID", help="Any identifier: 1706.03762, doi:10.1000/x, acl:P18-1001, an address."),
]


def search(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help='Words, "phrases", -not, prefix*, title: author: venue: cat: after: before: id:, or an identifier.',
        ),
    ],
    limit: Limit = 20,
    page: Page = 1,
    profile: Annotated[str, typer.Option(metavar="P", help="How to rank: hybrid, lexical or dense.")] = "hybrid",
    after: Annotated[str | None, typer.Option(metavar="D", help="Not before this day, month or year.")] = None,
    before: Annotated[str | None, typer.Option(metavar="D", help="Before this day, month or year.")] = None,
    category: Annotated[str | None, typer.Option(metavar="C", help="Only this category, such as cs.CL.")] = None,
    venue: Annotated[str | None, typer.Option(metavar="V", help="Only this venue.")] = None,
    sort: Annotated[
        Literal["relevance", "new", "old", "votes", "cited"], typer.Option(help="What comes first.")
    ] = "relevance",
    explain: Explain = False,
    json: Json = False,
) -> None:
    """Search the papers by words and by meaning."""
    narrowed = {"after": after, "before": before, "category": category, "venue": venue}
    with opened() as library:
        found = library.search(
            query, limit=limit, page=page, profile=profile, sort=sort, explain=explain, plain=json, **narrowed
        )
        _list(found, library.settings.url, as_json=json)


def similar(
    ids: Identifiers,
    unlike: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="ID", help="Papers to stay away from: all that follow, up to the next option."),
    ] = None,
    more: Annotated[list[str] | None, typer.Option(metavar="CONCEPT", help="Be more about this; repeatable.")] = None,
    less: Annotated[list[str] | None, typer.Option(metavar="CONCEPT", help="Be less about this; repeatable.")] = None,
    limit: Limit = 20,
    page: Page = 1,
    explain: Explain = False,
    json: Json = False,
) -> None:
    """Find papers like the given ones by words and meaning, unlike those after --not, more or less about concepts."""
    about = {"unlike": unlike or (), "more": more or (), "less": less or ()}
    with opened() as library:
        found = library.similar(ids, limit=limit, page=page, explain=explain, plain=json, **about)
        _list(found, library.settings.url, as_json=json)


def recommend(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Papers to go by, instead of your shelf.")
    ] = None,
    unlike: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="ID", help="Papers to stay away from: all that follow, up to the next option."),
    ] = None,
    after: Annotated[str | None, typer.Option(metavar="D", help="Not before this day, month or year.")] = None,
    category: Annotated[str | None, typer.Option(metavar="C", help="Only this category, such as cs.CL.")] = None,
    limit: Limit = 20,
    page: Page = 1,
    json: Json = False,
) -> None:
    """Recommend what you would save next, from your shelf, votes and hidden papers, or from the papers given."""
    with opened() as library:
        reader = None if ids else library.local_reader()
        if reader is None and not ids:
            raise InputError("This paper has accounts: name the papers to go by, or read /for-you.json logged in.")
        found = library.recommend(
            reader, like=ids or (), unlike=unlike or (), limit=limit, page=page, after=after, category=category
        )
        _list(found, library.settings.url, as_json=json)


def spread(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which each word after `similar ... --not` has a --not of its own; recommend's too."""
    if not {*arguments[:1]} & {"similar", "recommend"}:
        return list(arguments)
    result: list[str] = []
    negative = False
    for word in arguments:
        if word.startswith("-"):
            negative = word == "--not"
            result += [] if negative else [word]
        else:
            result += ["--not", word] if negative else [word]
    return result + ["--not"] * (arguments[-1] == "--not")


def paper(
    id: Annotated[str, typer.Argument(metavar="ID", help="Any identifier it was ever known by, or its address.")],
    json: Json = False,
) -> None:
    """Show one paper with everything that is known of it."""
    from broadsheet.api import shapes
    from broadsheet.cli import show

    with opened() as library:
        found = library.paper(id)
        known: dict[str, Any] = {
            "series": library.series(id),
            "records": library.records(id),
            "perhaps_same": library.perhaps_same(id),
        }
        document = shapes.paper(found, library.settings.url, **known)
        merges = library.merges(id)
    answer(document, lambda: show.paper(found, known["perhaps_same"], merges), as_json=json)


def export(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Identifiers; - reads them from standard input.")],
    format: Annotated[Literal["bibtex", "ris", "csl"], typer.Option(help="What to write.")] = "bibtex",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of standard output.")] = None,
    json: Json = False,
) -> None:
    """Write papers as BibTeX, RIS or CSL-JSON (which is also what --json gives)."""
    names = [name for given in ids for name in (sys.stdin.read().split() if given == "-" else [given])]
    if not names:
        raise InputError("There is no identifier on standard input.")
    with opened() as library:
        text = library.export(names, "csl" if json else format)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        typer.echo(text.rstrip("\n"))


def _list(found: Any, base: str, *, as_json: bool) -> None:
    from broadsheet.api import shapes
    from broadsheet.cli import show

    answer(shapes.listing(found, base), lambda: show.listing(found), as_json=as_json)
