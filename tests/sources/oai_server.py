"""An OAI-PMH server on localhost that behaves like arXiv's, and misbehaves when told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

PAGE = 3
TODAY = "2026-11-21"
NAMESPACES = {"arXiv": "http://arxiv.org/OAI/arXiv/", "arXivRaw": "http://arxiv.org/OAI/arXivRaw/"}


@dataclass
class Paper:
    """One record as the server has it."""

    id: str
    day: str
    title: str = "A Title"
    deleted: bool = False
    set: str = "cs"


@dataclass
class Server:
    """What the server holds, what it was asked, and the faults that are still to happen, in order."""

    papers: list[Paper]
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    expired: int = 0  # how many tokens are to be refused
    repeat_pages: bool = False

    def answer(self, asked: dict[str, str]) -> str:
        verb = asked.get("verb")
        if verb == "Identify":
            return "<Identify><earliestDatestamp>2026-11-01</earliestDatestamp></Identify>"
        if verb == "GetRecord":
            number = asked["identifier"].removeprefix("oai:arXiv.org:")
            found = [paper for paper in self.papers if paper.id == number]
            if not found:
                return '<error code="idDoesNotExist">no such record</error>'
            return f"<GetRecord>{record(found[0], asked['metadataPrefix'])}</GetRecord>"
        return self.listing(asked)

    def listing(self, asked: dict[str, str]) -> str:
        skip = 0
        if token := asked.get("resumptionToken"):
            if self.expired:
                self.expired -= 1
                return '<error code="badResumptionToken">expired</error>'
            asked = {key: value[0] for key, value in parse_qs(token).items()}
            skip = int(asked["skip"])
        if asked.get("set") == "nonsense":
            return '<error code="badArgument">no such set</error>'
        found = [
            paper
            for paper in self.papers
            if asked["from"] <= paper.day <= asked.get("until", "9999") and paper.set.startswith(asked.get("set", ""))
        ]
        if not found:
            return '<error code="noRecordsMatch">none</error>'
        start = max(skip - PAGE, 0) if self.repeat_pages and skip else skip
        page = "".join(record(paper, asked["metadataPrefix"]) for paper in found[start : skip + PAGE])
        if skip + PAGE < len(found):
            rest = "&".join(f"{key}={value}" for key, value in asked.items() if key != "skip")
            page += f'<resumptionToken expires="x">{escape(rest)}&amp;skip={skip + PAGE}</resumptionToken>'
        return f"<ListRecords>{page}</ListRecords>"


def record(paper: Paper, form: str) -> str:
    header = f"<identifier>oai:arXiv.org:{paper.id}</identifier><datestamp>{paper.day}</datestamp>"
    if paper.deleted:
        return f'<record><header status="deleted">{header}</header></record>'
    if form == "arXivRaw":
        inner = (
            "<version version='v1'><date>Mon, 2 Apr 2007 19:18:42 GMT</date></version>"
            "<version version='v2'><date>Tue, 24 Jul 2007 20:10:27 GMT</date></version>"
            "<authors>A. One (MIT (Boston)), B. Two and C. Three</authors>"
        )
    else:
        inner = (
            "<created>2007-04-02</created><updated>2007-07-24</updated><authors>"
            "<author><keyname>One</keyname><forenames>A.</forenames></author>"
            "<author><keyname>Collaboration</keyname></author>"
            "<author><keyname>Two</keyname><forenames>B.</forenames><suffix>Jr</suffix></author></authors>"
        )
    body = (
        f"<id>{paper.id}</id>{inner}<title>{escape(paper.title)}</title><categories>cs.LG math.ST</categories>"
        "<comments>8 pages</comments><doi>10.1000/X</doi><license>http://l.example/</license>"
        "<abstract>  We show\nthat.\n</abstract>"
    )
    return (
        f"<record><header>{header}<setSpec>cs</setSpec></header>"
        f"<metadata><{form} xmlns='{NAMESPACES[form]}'>{body}</{form}></metadata></record>"
    )


@contextmanager
def serving(papers: list[Paper]) -> Iterator[Server]:
    """Serve papers on a free port of localhost."""
    state = Server(papers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()}
            state.asked.append(asked)
            state.agents.append(self.headers["User-Agent"])
            fault = state.faults.pop(0) if state.faults else ""
            answer = "" if fault == "503" else state.answer(asked)
            body = (
                f'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
                f"<responseDate>{TODAY}T01:02:03Z</responseDate>{answer}</OAI-PMH>"
            ).encode()
            self.reply(fault, body)

        def reply(self, fault: str, body: bytes) -> None:
            name, _, detail = fault.partition(" ")
            if name == "slow":
                time.sleep(0.3)
            self.send_response(int(name) if name.isdecimal() else 200)
            if detail:
                self.send_header("Retry-After", detail)
            if name == "truncated":
                body = body[: len(body) // 2]
            self.send_header("Content-Length", str(len(body) + (50 if name == "broken-off" else 0)))
            self.end_headers()
            self.wfile.write(b"<html>not OAI</html>" if name == "html" else body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/oai"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
