"""A real SMTP server on localhost whose behaviour a test chooses, letter by letter."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ACCEPT = "250 OK"


@dataclass
class Post:
    """What a server took, and how it answers: `rcpt` and `data` get an address and return a reply.

    A reply "drop" ends the connection there; for `data` that is after the letter has been taken.
    """

    rcpt: Callable[[str], str] = lambda address: ACCEPT
    data: Callable[[str], str] = lambda address: ACCEPT
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt(address)
        if reply == ACCEPT:
            envelope.rcpt_tos.append(address)
        return self._answer(server, reply)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        reply = self.data(address)
        if reply == "stall":
            await asyncio.sleep(3)
        if reply in (ACCEPT, "drop"):
            assert isinstance(envelope.content, bytes)
            self.taken.append((address, envelope.content))
        return self._answer(server, reply)

    def _answer(self, server: Any, reply: str) -> str:
        if reply == "drop":
            server.transport.abort()
            return ACCEPT
        return reply

    @property
    def addresses(self) -> list[str]:
        """Whom letters were taken for, in order."""
        return [address for address, _ in self.taken]

    @property
    def letters(self) -> list[Message]:
        """The letters that were taken."""
        return [message_from_bytes(content) for _, content in self.taken]


@contextmanager
def serving(post: Post) -> Iterator[str]:
    """Serve on a free port for as long as the block lasts, and give the server's address."""
    controller = Controller(post, hostname="127.0.0.1", port=post.port)
    if not post.port:
        controller.port = _free_port()
    controller.start()
    post.port = controller.port
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
