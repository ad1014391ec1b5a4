"""For you: what a reader would save next, and, before anything is saved, papers to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.records import Paper
from broadsheet.server.params import After, Category, Limit, Page
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

ENOUGH = 3  # saved papers from which recommendations are worth something
_TO_PICK_FROM = 24

router = APIRouter(default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Span:
    """A choice of how new the papers are to be: its address, its name, whether it is the one shown."""

    address: str
    name: str
    here: bool


@router.get("/for-you")
def for_you(
    request: Request, limit: Limit = 20, page: Page = 1, after: After = None, category: Category = None
) -> Response:
    """What the reader would save next, each with the saved paper it is most like; or papers to pick from."""
    reader, library = must_be_known(request), _library(request)
    saved = len({one.key for one in library.saved(reader)})
    listing = library.recommend(reader, limit=limit, page=page, after=after, category=category)
    return render(
        request,
        "for_you.html",
        listing=listing,
        saved=saved,
        enough=ENOUGH,
        picks=_picks(library) if saved < ENOUGH else [],
        spans=_spans(library, after, category),
        asked=_asked(after=after, category=category),
        limit=limit,
        category=category,
    )


def _picks(library: Library) -> list[Paper]:
    """Return papers to begin with: those of the newest edition, the most voted first, else the newest."""
    edition = list(library.front(limit=_TO_PICK_FROM).papers)
    return edition or [hit.paper for hit in library.new(limit=_TO_PICK_FROM).hits]


def _spans(library: Library, after: str | None, category: str | None) -> list[Span]:
    """Return the choices: all, and since the beginning of the newest edition's year, month and week."""
    newest = library.front(limit=1).day
    days = {"Of all time": None, "This year": newest[:4], "This month": newest[:7], "Newest day": newest}
    return [Span(f"/for-you{_asked(after=day, category=category)}", name, after == day) for name, day in days.items()]


def _asked(**given: str | None) -> str:
    kept = {name: value for name, value in given.items() if value}
    return "?" + urlencode(kept) if kept else ""


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
