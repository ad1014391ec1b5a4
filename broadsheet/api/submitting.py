"""What a reader sent in and what became of it, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from broadsheet.api import shapes
from broadsheet.api.responses import Json, base_of
from broadsheet.records import Submission
from broadsheet.server import params
from broadsheet.server.errors import described
from broadsheet.server.sessions import must_be_known
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(
    route_class=FormRoute, default_response_class=Json, responses=described(401, 403, 404, 422), tags=["submissions"]
)
_NEVER_KEPT = {"Cache-Control": "no-store"}


class SubmissionShape(TypedDict):
    """Something that was sent in, and its state: queued, waiting, found, merged or refused, with the reason.

    `new` papers came of it, `here` were here already; it is tried next when it is `due` (UTC), null once it is settled.
    """

    id: int
    url: str
    kind: str
    given: str
    state: str
    reason: str | None
    made: str
    due: str | None
    attempts: int
    settled: str | None
    new: int
    here: int


class SubmissionsShape(TypedDict):
    """A page of what a reader sent in, the last first; `next` is the next page's number."""

    page: int
    next: int | None
    submissions: list[SubmissionShape]


class CameShape(shapes.BriefShape):
    """A paper that came of a submission; not `new` where it was here before."""

    new: bool


class OneSubmissionShape(SubmissionShape):
    """A submission with the first hundred papers that came of it."""

    papers: list[CameShape]


@router.get("/submit.json", response_model=SubmissionsShape)
def submissions(request: Request, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """What the reader sent in, the last first."""
    reader, base = must_be_known(request), base_of(request)
    library: Library = request.app.state.library
    found = library.submissions(reader, limit=limit + 1, page=page)
    told = SubmissionsShape(
        page=page,
        next=page + 1 if len(found) > limit else None,
        submissions=[submission(one, base) for one in found[:limit]],
    )
    return Json(told, headers=_NEVER_KEPT)


@router.get("/submissions/{number}.json", response_model=OneSubmissionShape)
def one(request: Request, number: params.Number) -> Response:
    """One thing that the reader sent in, and the papers that came of it."""
    reader, base = must_be_known(request), base_of(request)
    library: Library = request.app.state.library
    found = library.submission(reader, number)
    papers = [CameShape(**shapes.brief(paper, base), new=new) for paper, new in library.submitted(found)]
    return Json({**submission(found, base), "papers": papers}, headers=_NEVER_KEPT)


def submission(found: Submission, base: str) -> SubmissionShape:
    """Return a submission as JSON shows it."""
    return SubmissionShape(
        id=found.id,
        url=f"{base}/submissions/{found.id}",
        kind=found.kind,
        given=found.given,
        state=found.state,
        reason=found.reason,
        made=found.made,
        due=found.due if found.open else None,
        attempts=found.attempts,
        settled=found.settled,
        new=found.new,
        here=found.here,
    )
