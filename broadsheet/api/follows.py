"""What a reader follows, and the next digest, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from broadsheet.api import shapes
from broadsheet.api.responses import Json, base_of
from broadsheet.records import Digest, Hit, Hook, Paper
from broadsheet.server.errors import described
from broadsheet.server.sessions import must_be_known
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(401, 403), tags=["follows"])
_NEVER_KEPT = {"Cache-Control": "no-store"}


class FollowShape(TypedDict):
    """Something that is followed: what, how often it comes, when next (UTC), and what came of it last."""

    id: int
    kind: str
    text: str
    name: str
    every: str
    size: int
    threshold: float
    due: str
    looked: str | None
    found: int | None


class HookShape(TypedDict):
    """Where a follow's matches are posted to, without what is secret in the address, and how that went (UTC)."""

    id: int
    follow: int
    format: str
    host: str | None
    posted: str | None
    failing: str | None
    stopped: str | None
    reason: str | None


class FollowsShape(TypedDict):
    """What a reader follows, and when its digests come."""

    address: str | None
    timezone: str
    hour: int
    weekday: int
    stopped: str | None
    reason: str | None
    opens: bool
    follows: list[FollowShape]
    hooks: list[HookShape]


class SectionShape(TypedDict):
    """What a digest says of one follow; `more` papers were found beyond those."""

    follow: int
    name: str
    more: int
    hits: list[shapes.HitShape]


class DigestShape(TypedDict):
    """What the next digest would be now."""

    due: str
    sections: list[SectionShape]


@router.get("/follows.json", response_model=FollowsShape)
def follows(request: Request) -> Response:
    """What the reader follows, and when its digests come."""
    reader, library = must_be_known(request), _library(request)
    told = {name: value for name, value in asdict(library.delivery(reader)).items() if name != "reader"}
    told["follows"] = [_follow(one) for one in library.follows(reader)]
    told["hooks"] = [_hook(one) for one in library.hooks(reader)]
    return Json(told, headers=_NEVER_KEPT)


@router.get("/follows/preview.json", response_model=DigestShape)
def preview(request: Request) -> Response:
    """What the reader's next digest would be now, had nothing been sent before."""
    library = _library(request)
    digest = library.preview(must_be_known(request))
    return Json(_digest(digest, library.papers_of(digest), base_of(request)), headers=_NEVER_KEPT)


def _follow(follow: object) -> dict[str, object]:
    return {name: getattr(follow, name) for name in FollowShape.__annotations__}


def _hook(hook: Hook) -> dict[str, object]:
    kept = {name: getattr(hook, name) for name in HookShape.__annotations__ if name != "host"}
    return {**kept, "host": urlsplit(hook.url).hostname}


def _digest(digest: Digest, papers: dict[int, Paper], base: str) -> DigestShape:
    sections = [
        SectionShape(
            follow=section.follow,
            name=section.name,
            more=section.more,
            hits=[
                shapes.hit(Hit(paper=papers[pick.key], score=pick.score), base)
                for pick in section.picks
                if pick.key in papers
            ],
        )
        for section in digest.sections
    ]
    return DigestShape(due=digest.due, sections=sections)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
