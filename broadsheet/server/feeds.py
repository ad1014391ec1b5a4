"""Feeds: a list as Atom (RFC 4287) or JSON Feed 1.1. What they say comes from their entries, never from the clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any
from xml.etree import ElementTree as Xml

import orjson
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.records import Comment, Paper, day_range
from broadsheet.server.addresses import paper_path
from broadsheet.text import latex

ATOM, JSON = ".atom", ".feed.json"
_TYPES = {ATOM: "application/atom+xml; charset=utf-8", JSON: "application/feed+json; charset=utf-8"}
_NAMESPACE = "http://www.w3.org/2005/Atom"
_BEGINNING = "1970-01-01T00:00:00Z"
_DAY = 86_400
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 has no place for


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in a feed; `id` stays the same for ever, `updated` is a time of RFC 3339."""

    id: str
    title: str
    path: str
    updated: str
    published: str | None = None
    text: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A list that can be subscribed to: its title, its page, and what stands there.

    `whose` names one that is somebody's own, other than by its page: no cache may give it to others.
    """

    title: str
    path: str
    whose: str = ""
    entries: tuple[Entry, ...] = field(default=())

    @property
    def updated(self) -> str:
        """When the newest entry was last changed; the beginning of time where there is none."""
        return max((entry.updated for entry in self.entries), default=_BEGINNING)


def of_papers(title: str, path: str, papers: Sequence[Paper], *, whose: str = "") -> Feed:
    """Return a list of papers as a feed."""
    return Feed(title=title, path=path, whose=whose, entries=tuple(map(_of_paper, papers)))


def of_comments(title: str, path: str, comments: Sequence[Comment], about: str) -> Feed:
    """Return comments, the newest first, as a feed; what has been taken back is left out."""
    shown = sorted((one for one in comments if one.gone is None), key=lambda one: (one.made, one.id), reverse=True)
    return Feed(
        title=title,
        path=path,
        entries=tuple(
            Entry(
                id=f"comment-{one.id}",
                title=f"{one.writer} on {about}",
                path=f"{path}#c{one.id}",
                updated=_utc(one.edited or one.made),
                published=_utc(one.made),
                text=one.text,
                authors=(one.writer,),
            )
            for one in shown
        ),
    )


def answer(request: Request, feed: Feed) -> Response:
    """Return a feed in the form that its address asks for; 304 to those who know its Last-Modified."""
    form, base = request.scope["form"], str(request.app.state.settings.url or request.base_url).rstrip("/")
    own = base + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    content = atom(feed, base, own) if form == ATOM else json_feed(feed, base, own)
    headers = {
        "Last-Modified": _last_modified(feed),
        "Cache-Control": "private, no-cache" if feed.whose else "no-cache",
    }
    known = request.headers
    if "if-none-match" not in known and known.get("if-modified-since") == headers["Last-Modified"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_TYPES[form], headers=headers)


def atom(feed: Feed, base: str, own: str) -> bytes:
    """Return a feed as Atom; `base` is the public address of this server, `own` that of the feed."""
    root = Xml.Element("feed", xmlns=_NAMESPACE)
    _add(root, "id", _name(base, feed.whose or feed.path))
    _add(root, "title", feed.title)
    _add(root, "updated", feed.updated)
    _add(root, "link", rel="self", type="application/atom+xml", href=own)
    _add(root, "link", rel="alternate", type="text/html", href=base + feed.path)
    _add(_add(root, "author"), "name", "Broadsheet")
    for entry in feed.entries:
        _add_entry(_add(root, "entry"), entry, base)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def json_feed(feed: Feed, base: str, own: str) -> bytes:
    """Return a feed as JSON Feed 1.1."""
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": base + feed.path,
            "feed_url": own,
            "items": [_item(entry, base) for entry in feed.entries],
        }
    )


def _of_paper(paper: Paper) -> Entry:
    days = [day_range(day)[0] for day in (paper.updated, paper.announced, paper.date) if day]
    published = paper.announced or paper.date
    return Entry(
        id=f"paper-{paper.key}",
        title=latex.to_text(paper.title),
        path=paper_path(paper.id),
        updated=_midnight(max(days)) if days else _BEGINNING,
        published=_midnight(day_range(published)[0]) if published else None,
        text=latex.to_text(paper.text),
        authors=tuple(author.name for author in paper.authors),
        tags=paper.categories,
        elsewhere=next((paper.links[kind] for kind in ("page", "pdf") if kind in paper.links), None),
    )


def _add_entry(node: Xml.Element, entry: Entry, base: str) -> None:
    _add(node, "id", _name(base, entry.id))
    _add(node, "title", entry.title)
    _add(node, "updated", entry.updated)
    if entry.published:
        _add(node, "published", entry.published)
    _add(node, "link", rel="alternate", type="text/html", href=base + entry.path)
    if entry.elsewhere:
        _add(node, "link", rel="related", href=entry.elsewhere)
    for author in entry.authors:
        _add(_add(node, "author"), "name", author)
    for tag in entry.tags:
        _add(node, "category", term=tag)
    if entry.text:
        _add(node, "summary", entry.text, type="text")


def _add(parent: Xml.Element, tag: str, text: str | None = None, **attributes: str) -> Xml.Element:
    node = Xml.SubElement(parent, tag, {name: _NO_XML.sub(" ", value) for name, value in attributes.items()})
    node.text = None if text is None else _NO_XML.sub(" ", text)
    return node


def _item(entry: Entry, base: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": _name(base, entry.id),
        "url": base + entry.path,
        "title": entry.title,
        "content_text": entry.text or entry.title,
        "date_modified": entry.updated,
    }
    if entry.published:
        item["date_published"] = entry.published
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.tags:
        item["tags"] = list(entry.tags)
    if entry.elsewhere:
        item["external_url"] = entry.elsewhere
    return item


def _name(base: str, what: str) -> str:
    """Return the lasting name (tag URI, RFC 4151) of something on this server, whatever its address becomes."""
    host = base.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    return f"tag:{host},2026:{what}"


def _midnight(day: str) -> str:
    return f"{day}T00:00:00Z"


def _utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _last_modified(feed: Feed) -> str:
    """Return a time in the day before the newest entry's that differs wherever the entries do.

    Entries are dated by days, so a paper more on the same day would otherwise go unseen by those who ask with it alone.
    """
    content = blake2b(repr(feed).encode("utf-8", "replace"), digest_size=8).digest()
    moment = datetime.fromisoformat(feed.updated) - timedelta(seconds=int.from_bytes(content) % _DAY)
    return format_datetime(max(moment, datetime.fromisoformat(_BEGINNING)).astimezone(UTC), usegmt=True)


def opml(title: str, feeds: Sequence[tuple[str, str]]) -> bytes:
    """Return (name, address) of feeds as an outline (OPML 2.0)."""
    root = Xml.Element("opml", version="2.0")
    _add(_add(root, "head"), "title", title)
    body = _add(root, "body")
    for name, address in feeds:
        _add(body, "outline", type="rss", title=name, xmlUrl=address).set("text", _NO_XML.sub(" ", name))
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))
