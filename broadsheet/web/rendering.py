"""From a template and records to a page: the one Jinja environment and what it knows beside the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import lru_cache, partial
from inspect import isfunction
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from broadsheet.records import Edition, Hit, Listing, Marks, Paper, Span
from broadsheet.server import forms
from broadsheet.server.addresses import paper_path
from broadsheet.server.sessions import door_of, keep_logged_in, reader_of
from broadsheet.text import latex, markdown
from broadsheet.web import addresses, categories, filters, pictures
from broadsheet.web.following import followable

if TYPE_CHECKING:
    from broadsheet.library import Library


@lru_cache(maxsize=4_096)
def _maths(text: str, marks: tuple[Span, ...]) -> Markup:
    return Markup(latex.to_html(text, marks))


def maths(text: str, marks: Sequence[Span] = ()) -> Markup:
    """Return a title or abstract as HTML: escaped, formulas as MathML, the marked stretches in <mark>."""
    return _maths(text, tuple(marks))


def comment(text: str) -> Markup:
    """Return a comment as HTML: Markdown with formulas, made safe."""
    return Markup(markdown.to_html(text))


@lru_cache(maxsize=4)
def archives_list(archives: tuple[categories.Archive, ...]) -> Markup:
    """Return the list of all categories: thousands of lines that change only with the index."""
    return Markup(_ENVIRONMENT.get_template("_archives.html").render(archives=archives))


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
    made.filters |= {
        "archives_list": archives_list,
        "maths": maths,
        "plain": latex.to_text,
        "paper_path": paper_path,
        "markdown": comment,
    }
    return made


_ENVIRONMENT = _environment()


def render(request: Request, template: str, *, status: int = 200, fresh: bool = True, **context: Any) -> HTMLResponse:
    """Return a page; `fresh` says whether it tells how fresh the sources are and who reads, which asks the library."""
    state = request.app.state
    library: Library = state.library
    reader = reader_of(request) if fresh else None
    visit = library.visit(reader) if reader else None
    shown = [paper.key for paper in _papers(context.values())] if reader else []
    marks = library.marks(reader, shown, visit) if reader else Marks()
    context = {name: _without(value, marks.hidden) for name, value in context.items()}
    html = _ENVIRONMENT.get_template(template).render(
        static=state.static,
        path=request.url.path,
        feed=addresses.feed_of(request.url.path, request.url.query),
        freshness=filters.freshness(library.freshness(), state.now()) if fresh else [],
        reader=reader,
        door=door_of(request) if fresh else "",
        marks=marks,
        opened=marks.seen,
        visit=visit,
        unread=library.unread(reader) if reader else 0,
        csrf=partial(forms.csrf_token, request),
        said=forms.said(request) if fresh else None,
        no_mail=library.no_mail if fresh else None,
        subscribing=fresh and (reader is not None or state.settings.registration == "open"),
        followable=followable(request.url.path, request.url.query),
        **context,
    )
    response = HTMLResponse(html, status_code=status, headers={"Vary": "Cookie"})
    if reader is not None:
        response.headers["Cache-Control"] = "private, no-cache"
        keep_logged_in(request, response)
    forms.keep_anchor(request, response)
    forms.forget_said(request, response)
    return response


def _without(value: Any, hidden: Set[int]) -> Any:
    """Return a list without the papers that its reader hid; anything else is returned as it is."""
    if isinstance(value, Listing):
        return replace(value, hits=tuple(hit for hit in value.hits if hit.paper.key not in hidden))
    if isinstance(value, Edition) and any(paper.key not in hidden for paper in value.papers):
        return replace(value, papers=tuple(paper for paper in value.papers if paper.key not in hidden))
    return value


def _papers(values: Iterable[object]) -> Iterator[Paper]:
    """Yield the papers that a template is told of, wherever they stand."""
    for value in values:
        if isinstance(value, Paper):
            yield value
        elif isinstance(value, Hit):
            yield value.paper
            yield from [value.because] if value.because else []
        elif isinstance(value, Listing):
            yield from _papers(value.hits)
        elif isinstance(value, Edition):
            yield from value.papers
        elif isinstance(value, list | tuple):
            yield from _papers(value)
        elif isinstance(value, dict):
            yield from _papers(value.values())
