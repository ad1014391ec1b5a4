"""A web server on localhost that takes what is posted to hooks, or does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import orjson


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What it says."""
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """What came, and how it is answered: `answer` returns a status and headers; a status of 0 never comes."""

    answer: Callable[[Taken], tuple[int, dict[str, str]]] = lambda taken: (204, {})
    taken: list[Taken] = field(default_factory=list)


@contextmanager
def receiving(receiver: Receiver) -> Iterator[str]:
    """Serve on a free port for as long as the block lasts, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            taken = Taken(self.command, self.path, headers, self.rfile.read(length))
            receiver.taken.append(taken)
            status, more = receiver.answer(taken)
            if status == 0:
                time.sleep(1.5)
                return
            self.send_response(status)
            for name, value in {"Content-Length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        do_PUT = do_POST

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
