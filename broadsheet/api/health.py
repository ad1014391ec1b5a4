"""For those who run it: alive, ready, measured, described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from typing_extensions import TypedDict

from broadsheet.api.responses import Json
from broadsheet.errors import NoSnapshot
from broadsheet.server.errors import ErrorShape
from broadsheet.server.metrics import Metrics

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(tags=["instance"], default_response_class=Json)


class HealthShape(TypedDict):
    """That all is well; anything else is an error."""

    status: Literal["ok"]


@router.get("/healthz", response_model=HealthShape)
def healthz() -> Response:
    """Whether the process is alive."""
    return Json(HealthShape(status="ok"))


@router.get("/readyz", response_model=HealthShape, responses={503: {"model": ErrorShape}})
def readyz(request: Request) -> Response:
    """Whether a snapshot is open; 503 until then."""
    library: Library = request.app.state.library
    if not library.ready:
        raise NoSnapshot("Nothing has been indexed yet. Add papers with `broadsheet add`, or run `broadsheet refresh`.")
    return Json(HealthShape(status="ok"))


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """What is measured of this process, in the text format of Prometheus."""
    library: Library = request.app.state.library
    measured: Metrics = request.app.state.metrics
    text = "\n".join(measured.lines(library.status())) + "\n"
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The OpenAPI document of this server."""
    return Json(request.app.openapi())
