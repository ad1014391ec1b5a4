"""A fake library that also knows authors, venues and facets: enough that every link of every page leads somewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import fakes
from fastapi import FastAPI

from broadsheet import app
from broadsheet.errors import NotFound
from broadsheet.records import Author, Facets, Listing, Paper
from broadsheet.settings import Settings
from broadsheet.text.normalise import slug

if TYPE_CHECKING:
    from broadsheet.library import Library


@dataclass
class Newsstand(fakes.FakeLibrary):
    """`FakeLibrary` with pages for all its people and venues."""

    def search(self, text: str, *, limit: int = 20, page: int = 1, explain: bool = False, **more: Any) -> Listing:
        words = " ".join(word for word in text.split() if not word.startswith("id:"))
        listing = super().search(words, limit=limit, page=page, explain=explain, **more)
        papers = [hit.paper for hit in listing.hits]
        facets = Facets(
            years=tuple(sorted(Counter(int(p.date[:4]) for p in papers if p.date).items())),
            categories=tuple(Counter(name for p in papers for name in p.categories).most_common()),
            venues=tuple(Counter(p.venue for p in papers if p.venue).most_common()),
            concepts=tuple((name, len(papers)) for name in fakes.CONCEPTS),
        )
        return replace(listing, facets=facets)

    def author(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, str | None, Listing]:
        return self._shared(slug, limit, page, lambda p: [author.name for author in p.authors])

    def venue(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        name, _, listing = self._shared(slug, limit, page, lambda p: [p.venue] if p.venue else [])
        return name, listing

    def _shared(
        self, name_slug: str, limit: int, page: int, names: Callable[[Paper], Sequence[str]]
    ) -> tuple[str, str | None, Listing]:
        found = [paper for paper in self.contents if name_slug in map(slug, names(paper))]
        if not found:
            raise NotFound(f"Nothing here is of {name_slug!r}.")
        (name,) = {name for paper in found for name in names(paper) if slug(name) == name_slug}
        return name, "0000-0002-1825-0097", self._listing(name, found, limit, page)


def edition(size: int, day: str = "2026-06-30") -> tuple[Paper, ...]:
    """Return as many papers of one day, as long-winded as real ones are."""
    return tuple(
        Paper(
            key=100 + n,
            id=f"arxiv:2606.{n:05}",
            identifiers=(f"arxiv:2606.{n:05}",),
            title=f"Paper {n}: Towards a Realistically Long Headline of the Kind That Authors Write",
            abstract="The abstract of a paper says what was done, how, and what was found. " * 16 if n < 3 else None,
            authors=tuple(Author(f"Firstname Lastname-{k}") for k in range(9)),
            date="2026-06-28",
            announced=day,
            venue="arXiv",
            categories=("cs.CL",),
            links={"code": f"https://example.org/organisation/repository-{n}"},
            signals={"votes": float(size - n), "stars": 12.0 * n, "comments": 2.0},
            sources=("front_page",),
        )
        for n in range(size)
    )


def application(**changes: Any) -> FastAPI:
    """Return the real application over a newsstand."""
    library = cast("Library", replace(Newsstand(), **changes))
    return app.create(Settings(home=Path("/nowhere")), library=library)
