"""A server on localhost that answers with JSON, and misbehaves when told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = Callable[[str, dict[str, str]], Any]  # path and question to what is sent as JSON; None is 404


@dataclass
class Server:
    """How it answers, what it was asked, and the faults that are still to happen: a status with headers, or a body."""

    answer: Answer
    url: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    faults: list[tuple[int, dict[str, str]] | bytes] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """Serve for as long as the block lasts."""
    state = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(unquote(self.path))
            state.tokens.append(self.headers["Authorization"])
            fault = state.faults.pop(0) if state.faults else None
            if isinstance(fault, tuple):
                self.reply(fault[0], b"{}", fault[1])
            elif fault is not None:
                self.reply(200, fault, {})
            else:
                parts = urlsplit(self.path)
                found = state.answer(unquote(parts.path), {k: v[0] for k, v in parse_qs(parts.query).items()})
                self.reply(404 if found is None else 200, json.dumps(found).encode(), {})

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
