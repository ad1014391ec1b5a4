"""Answers as JSON, quickly made; routes return them whole, so that nothing is checked or copied on the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from broadsheet.api.shapes import ListShape
from broadsheet.server.conditional import etag
from broadsheet.settings import Settings


class Json(JSONResponse):
    """A response of JSON by orjson; a number that is none becomes null."""

    def render(self, content: Any) -> bytes:
        """Return the content's bytes."""
        return orjson.dumps(content)


class Bibtex(Response):
    """A response of BibTeX."""

    media_type = "application/x-bibtex"


class Ris(Response):
    """A response of RIS."""

    media_type = "application/x-research-info-systems"


class Csl(Response):
    """A response of CSL-JSON."""

    media_type = "application/vnd.citationstyles.csl+json"


class Markdown(Response):
    """A response of Markdown (RFC 7763)."""

    media_type = "text/markdown"


def listed(shape: ListShape) -> Json:
    """Answer with a list; its ETag leaves out how long the search took, its Server-Timing says so."""
    response = Json(shape)
    response.headers["ETag"] = etag(orjson.dumps({**shape, "milliseconds": 0}))
    response.headers["Server-Timing"] = f"search;dur={shape['milliseconds']}"
    return response


def base_of(request: Request) -> str:
    """Return the public address of this server as the settings give it, or nothing."""
    settings: Settings = request.app.state.settings
    return settings.url


def public(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `Library.status` says without what is nobody's business over HTTP."""
    # SQLAlchemy's names are a kind of str, which orjson refuses as keys.
    return {str(name): value for name, value in status.items() if name != "home"}
