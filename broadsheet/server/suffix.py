"""The forms of an address: `/papers/X` is a page, `/papers/X.json` its data, `/papers/X.bib` its citation."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

FORMS = (".feed.json", ".csl.json", ".json", ".atom", ".bib", ".ris", ".md")  # longest first
_PAPERS = "/papers/"


def form_of(path: str) -> str:
    """Return the suffix that says which form of an address is meant; nothing means the page."""
    return next((form for form in FORMS if path.endswith(form)), "")


class Suffixes:
    """ASGI: settles which form an address asks for, before any route is matched, as `scope["form"]`.

    `literal(identifier, form)` says whether a paper's identifier itself ends so; then the address is that paper's page.
    """

    def __init__(self, app: ASGIApp, literal: Callable[[str, str], bool]) -> None:
        self._app = app
        self._literal = literal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["form"] = await self._form(scope["path"])
        await self._app(scope, receive, send)

    async def _form(self, path: str) -> str:
        form = form_of(path)
        identifier = path.removeprefix(_PAPERS)
        # Only a DOI can end like one of the forms, so only those are worth asking for.
        if form and path.startswith(_PAPERS) and "10." in identifier:
            return "" if await run_in_threadpool(self._literal, identifier, form) else form
        return form


class FormRoute(APIRoute):
    """A route of one form, declared with its suffix (`/papers/{id:path}.json`); it answers to that form alone."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route does, once the form is the right one."""
        if scope.get("form", "") != form_of(self.path):
            return Match.NONE, {}
        return super().matches(scope)
