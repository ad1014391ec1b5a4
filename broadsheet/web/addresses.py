"""Where things live: what a reader asked of the search page, and its address with one thing changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from broadsheet.text.normalise import slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question behind a page of results, as its address holds it."""

    q: str = ""
    category: str | None = None
    venue: str | None = None
    after: str | None = None
    before: str | None = None
    sort: str = "relevance"
    profile: str = "hybrid"
    limit: int = 20
    page: int = 1

    def but(self, **changes: Any) -> str:
        """Return the address of the same question with some things changed; anything but `page` starts at page one."""
        asked = replace(self, **({"page": 1} | changes))
        given = {name: value for name, value in asdict(asked).items() if value != _DEFAULTS[name]}
        return "/search" + ("?" + urlencode(given) if given else "")

    def about(self, concept: str) -> str:
        """Return the address of the same question about a concept alone."""
        return self.but(q=f'{self.q} concept:"{concept}"'.strip())

    @property
    def empty(self) -> bool:
        """Whether nothing was asked at all."""
        return not (self.q.strip() or self.filtered)

    @property
    def filtered(self) -> bool:
        """Whether something beside the words narrows the results."""
        return any((self.category, self.venue, self.after, self.before))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """(name, value) of what a new search keeps of this one, as a form's hidden fields."""
        names = ("category", "venue", "after", "before", "sort", "profile", "limit")
        return [(name, str(getattr(self, name))) for name in names if getattr(self, name) != _DEFAULTS[name]]


@dataclass(frozen=True, slots=True)
class Resembling:
    """The question behind a page of similar papers; its fields are what `Library.similar` takes."""

    identifiers: tuple[str, ...]
    unlike: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    limit: int = 20
    page: int = 1

    def __str__(self) -> str:
        asked = {"id": self.identifiers, "not": self.unlike, "more": self.more, "less": self.less, "page": self.page}
        return "/similar?" + urlencode(asked | {"limit": self.limit}, doseq=True)

    def on(self, page: int) -> str:
        """Return the address of another page of the same."""
        return str(replace(self, page=page))

    def wanting(self, concept: str, how: str) -> str:
        """Return the address of the same with "more" or "less" of a concept, or, for "", with neither."""
        more, less = (tuple(other for other in names if other != concept) for names in (self.more, self.less))
        added = (concept,)
        return str(replace(self, page=1, more=more + added * (how == "more"), less=less + added * (how == "less")))


_FED = (
    *("/date/", "/week", "/month", "/trending", "/new", "/category/", "/search"),
    *("/authors/", "/venues/", "/topics/", "/shelves/"),
)
_DEFAULTS = {field.name: field.default for field in fields(Asked)}


def author_path(name: str) -> str | None:
    """Return the address of an author's page, or None for a name that has none."""
    found = slug(name)
    return f"/authors/{quote(found)}" if found else None


def venue_path(name: str) -> str | None:
    """Return the address of a venue's page, or None for a name that has none."""
    found = slug(name)
    return f"/venues/{quote(found)}" if found else None


def topic_path(name: str) -> str:
    """Return the address of a concept's page."""
    return f"/topics/{quote(slug(name))}"


def concept_search(name: str) -> str:
    """Return the address of the search among a concept's papers."""
    return "/search?" + urlencode({"q": f'concept:"{name}"'})


def phrase_search(phrase: str) -> str:
    """Return the address of the search for a phrase."""
    return "/search?" + urlencode({"q": f'"{phrase}"'})


def category_path(code: str) -> str:
    """Return the address of a category's page."""
    return f"/category/{quote(code)}"


def feed_of(path: str, query: str = "", form: str = ".atom") -> str | None:
    """Return the address of a page's feed, or None for a page that has none.

    >>> feed_of("/"), feed_of("/search", "q=paper+boats&page=2"), feed_of("/about")
    ('/front.atom', '/search.atom?q=paper+boats', None)
    """
    if path != "/" and not path.startswith(_FED):
        return None
    kept = [(name, value) for name, value in parse_qsl(query) if name not in ("page", "limit")]
    if path == "/search" and not kept:
        return None
    return ("/front" if path == "/" else quote(path)) + form + (f"?{urlencode(kept)}" if kept else "")
