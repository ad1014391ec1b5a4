"""A server on localhost in the place of all that papers are fetched from; it answers as it is told, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from broadsheet.sources import guarded
from broadsheet.sources.anthology import Anthology
from broadsheet.sources.arxiv import Arxiv
from broadsheet.sources.doi import Doi
from broadsheet.sources.landing import Landing
from broadsheet.sources.openreview import OpenReview
from broadsheet.sources.polite import Reply

XML, JSON, TEXT = "application/xml", "application/json", "text/plain; charset=utf-8"
NOBODY = "http://127.0.0.1:9"  # where nobody answers


@dataclass
class Answer:
    """What is sent; `pause` seconds pass before the head, or between the pieces of a body that `drips`."""

    body: bytes = b""
    kind: str = JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    drips: int = 1


@dataclass
class StandIn:
    """What it answers by path (and question), what it was asked, and where it is."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    hold: threading.Event | None = None  # answers wait for it where it is there

    def fetchers(self, **more: Any) -> dict[str, Any]:
        """Return what makes fetchers of this server, by scheme, as `broadsheet.sources.FETCHERS` has them."""
        return fetchers(self.url, **more)


def fetchers(url: str, *, allowed: guarded.Allowed | None = None) -> dict[str, Any]:
    """Return makers of fetchers that ask one address, guarded as the real ones are but for what is allowed."""
    get = partial(guarded.guarded_get, allowed=allowed or here(url))
    described = partial(get, accept="application/vnd.citationstyles.csl+json", kind="json")

    def page(address: str) -> Reply:
        return get(f"{url}/web/{address.partition('://')[2]}", kind="html")

    return {
        "https": partial(Landing, get=page),
        "http": partial(Landing, get=page),
        "arxiv": partial(Arxiv, base_url=f"{url}/oai", get=partial(get, kind="xml")),
        "doi": partial(Doi, base_url=f"{url}/doi", get=described),
        "acl": partial(Anthology, base_url=f"{url}/acl", get=get),
        "openreview": partial(OpenReview, base_urls=(f"{url}/new", f"{url}/old"), get=partial(get, kind="json")),
    }


def here(url: str) -> guarded.Allowed:
    """Return what allows just one server of this machine."""
    port = int(url.rpartition(":")[2])
    return lambda address, asked: (address, asked) == ("127.0.0.1", port)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def oai(identifier: str, title: str, *, answered: str | None = None) -> tuple[str, Answer]:
    """Return what arXiv is asked for one id, and what it says: the record of it, or of another."""
    told = answered or identifier
    body = (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record>'
        f"<header><identifier>oai:arXiv.org:{told}</identifier><datestamp>2026-03-13</datestamp></header>"
        f"<metadata><arXiv xmlns='http://arxiv.org/OAI/arXiv/'><id>{told}</id><created>2026-03-12</created>"
        "<authors><author><keyname>Lovelace</keyname><forenames>Ada</forenames></author></authors>"
        f"<title>{title}</title><categories>cs.DL</categories><abstract> What is\nknown. </abstract></arXiv></metadata>"
        "</record></GetRecord></OAI-PMH>"
    )
    asked = f"/oai?verb=GetRecord&identifier=oai%3AarXiv.org%3A{identifier.replace('/', '%2F')}&metadataPrefix=arXiv"
    return asked, Answer(body.encode(), XML)


def csl(doi: str, title: str, **more: Any) -> tuple[str, Answer]:
    """Return what is asked for a DOI, and what its agency says."""
    item = {
        "type": "article-journal",
        "DOI": doi,
        "title": title,
        "author": [{"given": "Ada", "family": "Lovelace"}],
        "issued": {"date-parts": [[2025, 11]]},
        "container-title": "Journal of Folding",
        **more,
    }
    return f"/doi/{doi}", Answer(json.dumps(item).encode(), "application/vnd.citationstyles.csl+json")


def tagged(address: str, *tags: tuple[str, str]) -> tuple[str, Answer]:
    """Return what is asked for a page on the web, and the page with these tags."""
    told = "".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in tags)
    page = f"<!doctype html><html><head><title>x</title>{told}</head><body><p>A paper.</body></html>"
    return f"/web/{address.partition('://')[2]}", Answer(page.encode(), "text/html; charset=utf-8")


@contextmanager
def standing_in(*answers: tuple[str, Answer]) -> Iterator[StandIn]:
    """Serve for as long as the block lasts."""
    state = StandIn(dict(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            if state.hold is not None:
                state.hold.wait(20)
            answer = state.answers.get(self.path, Answer(b"{}", status=404))
            time.sleep(answer.pause)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for _ in range(answer.drips):
                    self.wfile.write(answer.body)
                    self.wfile.flush()
                    time.sleep(answer.pause if answer.drips > 1 else 0)
            except OSError:
                pass  # who asked has had enough

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        if state.hold is not None:
            state.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
