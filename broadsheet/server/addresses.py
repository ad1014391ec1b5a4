"""Where papers live: `/papers/` and the best identifier; every other identifier redirects there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from starlette.requests import Request

    from broadsheet.library import Library
    from broadsheet.records import Paper

_KEPT = "/:@!$&'()*+,;="  # what RFC 3986 lets stand in a path beside the unreserved characters


class Moved(Exception):
    """The address named a paper by another identifier than its best one, which is `best`."""

    def __init__(self, named: str, best: str) -> None:
        super().__init__(f"{named} is now {best}")
        self.named = named
        self.best = best


def paper_path(identifier: str, rest: str = "") -> str:
    """Return the address of a paper; `rest` is what follows the identifier, such as `/similar` or `.bib`."""
    return f"/papers/{quote(identifier, safe=_KEPT)}{rest}"


def find(request: Request, identifier: str) -> Paper:
    """Return the paper that an address names.

    Raises:
        Moved: the identifier is not the paper's best one; the reader is redirected there.
        NotFound: no paper has that identifier.
    """
    library: Library = request.app.state.library
    paper = library.paper(identifier)
    if paper.id != identifier:
        raise Moved(identifier, paper.id)
    return paper


def new_address(request: Request, moved: Moved) -> str:
    """Return the address to go to instead: the same form of the same page with the same question."""
    rest = request.scope["path"].removeprefix(f"/papers/{moved.named}")
    question = request.scope["query_string"].decode("latin-1")
    return paper_path(moved.best, quote(rest, safe=_KEPT)) + (f"?{question}" if question else "")
