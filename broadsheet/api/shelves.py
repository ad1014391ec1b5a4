"""Shelves and comments as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from broadsheet.api import shapes
from broadsheet.api.responses import Json, base_of
from broadsheet.records import Comment
from broadsheet.server import params
from broadsheet.server.addresses import find
from broadsheet.server.errors import described
from broadsheet.server.sessions import must_be_known
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.library.shelves import Shelved

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(404, 422, 503))


class SavedShape(TypedDict):
    """On which shelf a paper stands, since when (UTC), with which note."""

    shelf: str
    note: str
    saved: str


class ShelvedShape(shapes.HitShape):
    """A paper on a shelf; on several where all shelves are shown together."""

    on: list[SavedShape]


class ShelfListShape(TypedDict):
    """A page of a shelf, or of all: the last saved first, or what answers `query` of what stands there."""

    name: str
    owner: str
    query: str
    total: int
    page: int
    next: int | None
    notes: list[str]
    hits: list[ShelvedShape]


class CommentShape(TypedDict):
    """A comment: `depth` says how far below another it stands, `text` is Markdown, empty where it is `gone`."""

    id: int
    parent: int | None
    depth: int
    writer: str
    text: str
    made: str
    edited: str | None
    gone: str | None


class CommentsShape(TypedDict):
    """A paper's comments, in the order of their threads."""

    paper: str
    comments: list[CommentShape]


@router.get("/shelf.json", response_model=ShelfListShape, responses=described(401, 403), tags=["shelves"])
def shelf(request: Request, q: params.Text = "", limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """What you have saved, on whichever shelf."""
    return _own(request, None, q, limit, page)


@router.get("/shelf/{number}.json", response_model=ShelfListShape, responses=described(401, 403), tags=["shelves"])
def one_shelf(
    request: Request,
    number: params.Number,
    q: params.Text = "",
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
) -> Response:
    """One of your shelves."""
    return _own(request, number, q, limit, page)


@router.get("/shelves/{token}.json", response_model=ShelfListShape, tags=["shelves"])
def shared(
    request: Request,
    token: params.Token,
    q: params.Text = "",
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
) -> Response:
    """A shelf that somebody shares."""
    return Json(_shelf(_library(request).shared_shelf(token, q=q, limit=limit, page=page), base_of(request)))


@router.get("/papers/{id:path}/comments.json", response_model=CommentsShape, tags=["papers"])
def comments(request: Request, identifier: params.Identifier) -> Response:
    """A paper's comments."""
    paper = find(request, identifier)
    return Json(CommentsShape(paper=paper.id, comments=_comments(_library(request).comments(paper.id))))


def _own(request: Request, number: int | None, q: str, limit: int, page: int) -> Response:
    shelved = _library(request).shelved(must_be_known(request), number, q=q, limit=limit, page=page)
    return Json(_shelf(shelved, base_of(request)), headers={"Cache-Control": "private, no-cache", "Vary": "Cookie"})


def _shelf(shelved: Shelved, base: str) -> ShelfListShape:
    listing = shelved.listing
    return ShelfListShape(
        name=shelved.name,
        owner=shelved.owner,
        query=listing.query,
        total=listing.total,
        page=listing.page,
        next=listing.next,
        notes=list(listing.notes),
        hits=[
            ShelvedShape(
                **shapes.hit(hit, base),
                on=[
                    SavedShape(shelf=shelved.shelves.get(one.shelf, ""), note=one.note, saved=one.made)
                    for one in shelved.saved.get(hit.paper.key, ())
                ],
            )
            for hit in listing.hits
        ],
    )


def _comments(found: Sequence[tuple[int, Comment]]) -> list[CommentShape]:
    return [
        CommentShape(
            id=one.id,
            parent=one.parent,
            depth=depth,
            writer="" if one.gone else one.writer,
            text="" if one.gone else one.text,
            made=one.made,
            edited=one.edited,
            gone=one.gone,
        )
        for depth, one in found
    ]


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
