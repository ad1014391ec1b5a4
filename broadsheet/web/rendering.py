"""From a template and records to a page: the one Jinja environment and what it knows beside the records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from inspect import isfunction
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from broadsheet.records import Span
from broadsheet.server.addresses import paper_path
from broadsheet.text import latex
from broadsheet.web import addresses, categories, filters, pictures

if TYPE_CHECKING:
    from broadsheet.library import Library


@lru_cache(maxsize=4_096)
def _maths(text: str, marks: tuple[Span, ...]) -> Markup:
    return Markup(latex.to_html(text, marks))


def maths(text: str, marks: Sequence[Span] = ()) -> Markup:
    """Return a title or abstract as HTML: escaped, formulas as MathML, the marked stretches in <mark>."""
    return _maths(text, tuple(marks))


def _functions(room: ModuleType) -> dict[str, Callable[..., Any]]:
    own = {name: found for name, found in vars(room).items() if isfunction(found) and not name.startswith("_")}
    return {name: found for name, found in own.items() if found.__module__ == room.__name__}


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("broadsheet.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for room in (filters, addresses, categories, pictures):
        made.filters |= _functions(room)
    made.filters |= {"maths": maths, "plain": latex.to_text, "paper_path": paper_path}
    return made


_ENVIRONMENT = _environment()


def render(request: Request, template: str, *, status: int = 200, fresh: bool = True, **context: Any) -> HTMLResponse:
    """Return a page; `fresh` says whether its footer tells how fresh the sources are, which asks the library."""
    state = request.app.state
    library: Library = state.library
    html = _ENVIRONMENT.get_template(template).render(
        static=state.static,
        path=request.url.path,
        freshness=filters.freshness(library.freshness(), state.now()) if fresh else [],
        **context,
    )
    return HTMLResponse(html, status_code=status)
