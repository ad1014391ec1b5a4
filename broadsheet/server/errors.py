"""One error shape for every failure, as JSON or, for those who read pages, as a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import TypedDict

from broadsheet.errors import BroadsheetError, TooMany
from broadsheet.server.addresses import Moved, new_address
from broadsheet.server.suffix import form_of

ErrorPage = Callable[[Request, int, str], Response]

_log = logging.getLogger("broadsheet")
_CODES = {
    400: "bad_request",
    401: "log_in_first",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    421: "unknown_host",
    422: "invalid_parameter",
    429: "too_many",
    500: "internal_error",
    503: "unavailable",
}
_MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address cannot be used that way.",
    500: "Something went wrong here, and it is in the log. Trying again may help.",
}
_RETRY_SECONDS = "2"
_KEYS = ("{token}", "{sealed}")  # parts of addresses that let somebody in


class ErrorDetail(TypedDict):
    """What went wrong: the HTTP status, a word for programs, a sentence for people."""

    status: int
    code: str
    message: str


class ErrorShape(TypedDict):
    """What every failure answers with."""

    error: ErrorDetail


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the failures of a route for its OpenAPI description; their content is always `ErrorShape` as JSON."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorShape"}}}
    return {status: {"description": _CODES[status].replace("_", " "), "content": content} for status in statuses}


def error_body(status: int, message: str) -> bytes:
    """Return the one error shape as JSON."""
    detail = ErrorDetail(status=status, code=_CODES.get(status, "error"), message=message)
    return orjson.dumps(ErrorShape(error=detail))


def answer(request: Request, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a failure in the form that the client reads: the page at page addresses, JSON elsewhere."""
    if _wants_page(request):
        page: ErrorPage = request.app.state.error_page
        response = page(request, status, message)
    else:
        response = Response(error_body(status, message), media_type="application/json")
    response.status_code = status
    response.headers.update(headers or {})
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _wants_page(request: Request) -> bool:
    return not form_of(request.scope["path"]) and "text/html" in request.headers.get("accept", "")


def install(app: FastAPI) -> None:
    """Have the app answer every failure that a route may raise."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(BroadsheetError, _on_ours)
    app.add_exception_handler(Moved, _on_moved)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(request, error.status_code, _MESSAGES.get(error.status_code, error.detail), error.headers)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{problem['loc'][-1]}: {problem['msg']}, not {problem['input']!r:.60}" for problem in error.errors()]
    return answer(request, 422, ". ".join(problems) + ".")


def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, BroadsheetError)
    if error.status >= 500 and error.status != 503:
        _log.error("%s %s failed", request.method, _where(request), exc_info=error)
    waiting = {"Retry-After": str(error.seconds)} if isinstance(error, TooMany) else None
    return answer(request, error.status, str(error), waiting)


def _where(request: Request) -> str:
    """Return the path of a request as a log may have it: without what is a key to something."""
    path = str(request.scope["path"])
    route = str(getattr(request.scope.get("route"), "path", ""))
    if route and not any(name in route for name in _KEYS):
        return path
    return route or f"/{path.strip('/').partition('/')[0]}"


def _on_moved(request: Request, error: Exception) -> Response:
    assert isinstance(error, Moved)
    return RedirectResponse(new_address(request, error), status_code=308)


class Failures:
    """ASGI: turns what nobody foresaw into a 500 of the one shape, and writes it to the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # the last line of defence: one bad request must not look like a dead server
            if scope["type"] != "http":
                raise
            request = Request(scope, receive)
            _log.error("%s %s failed", request.method, _where(request), exc_info=error)
            status = error.status if isinstance(error, BroadsheetError) else 500
            message = str(error) if isinstance(error, BroadsheetError) else _MESSAGES[500]
            await answer(request, status, message)(scope, receive, send)
