"""Commands that print what the front pages show: front, trending, topics."""

from __future__ import annotations

from typing import Annotated

import typer

from broadsheet.cli.common import Json, answer, opened

Limit = Annotated[int, typer.Option(min=1, max=200, help="How many papers.")]


def front(
    day: Annotated[
        str | None,
        typer.Argument(
            metavar="DAY", help="A day (2026-06-30), week (2026-W27) or month (2026-06); else the newest day."
        ),
    ] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Print the front page of a day, a week or a month."""
    from broadsheet.api import shapes
    from broadsheet.cli import show

    with opened() as library:
        found = library.edition(day, limit=limit)
        answer(shapes.edition(found, library.settings.url), lambda: show.edition(found), as_json=json)


def trending(
    limit: Limit = 20,
    page: Annotated[int, typer.Option(min=1, help="Which page of the results.")] = 1,
    json: Json = False,
) -> None:
    """Print what trends now, with each paper's score."""
    from broadsheet.api import shapes
    from broadsheet.cli import show

    with opened() as library:
        found = library.trending(limit=limit, page=page)
        answer(shapes.listing(found, library.settings.url), lambda: show.trending(found), as_json=json)


def topics(
    month: Annotated[
        str | None, typer.Argument(metavar="MONTH", help="A month, such as 2026-06; else the newest with papers.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many topics.")] = 20,
    json: Json = False,
) -> None:
    """Print what the papers of a month are about, those topics first that rose most over the year before."""
    from broadsheet.api import shapes
    from broadsheet.cli import show

    with opened() as library:
        shown, found = library.topics(month, limit=limit)
    answer(shapes.topics(shown, found), lambda: show.topics(shown, found), as_json=json)
