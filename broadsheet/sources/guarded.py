"""Asking addresses that somebody else named: only public ones, only so much, only for so long.

Every connection, also that of a redirect, is made to an address that was looked at after the name was resolved, so that
no name can lead inside a network, not even one that resolves to something else a moment later.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from typing import Any

import httpcore
import httpx

from broadsheet.errors import SourceError
from broadsheet.sources.polite import Reply

Allowed = Callable[[str, int], bool]  # an address and a port

LARGEST = 8 << 20  # bytes of one reply
LONGEST = 60.0  # seconds that one reply may take in all
_TIMEOUT = 20.0  # seconds without a sign of life
_MOST_REDIRECTS = 6
_PORTS = (80, 443)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str, port: int) -> bool:
    """Say whether an address is one of the public internet, on a port of the web.

    >>> is_public("93.184.215.14", 443), is_public("127.0.0.1", 443), is_public("::ffff:10.0.0.1", 80)
    (True, False, False)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        found = _within(found) or found
    strange = found.is_multicast or found.is_reserved or found.is_unspecified
    return port in _PORTS and found.is_global and not strange


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to by one of the ways of writing one in the other."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class _Backend(httpcore.SyncBackend):
    """Resolves a name itself, looks at what came out, and connects to just that."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a name, if all that it stands for is public.

        Raises:
            SourceError: it leads inside a network.
            httpcore.ConnectError: there is no such name, or nobody answers.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host!r:.80} is not known: {error}") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not addresses or not all(self._allowed(address, port) for address in addresses):
            raise SourceError(f"{host!r:.80} (port {port}) is no address of the public web, so it was not asked.")
        return super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


class _Transport(httpx.HTTPTransport):
    def __init__(self, allowed: Allowed) -> None:
        super().__init__(verify=_secure())
        self._pool = httpcore.ConnectionPool(ssl_context=_secure(), network_backend=_Backend(allowed))


@cache
def _secure() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # takes a tenth of a second


@cache
def client(allowed: Allowed = is_public) -> httpx.Client:
    """Return a client that connects to nothing but what is allowed; proxies of the environment are not used."""
    agent = f"broadsheet/{version('broadsheet')} (self-hosted paper reader; one request per 3 s)"
    return httpx.Client(
        transport=_Transport(allowed),
        timeout=_TIMEOUT,
        follow_redirects=True,
        max_redirects=_MOST_REDIRECTS,
        headers={"User-Agent": agent, "Accept-Encoding": "identity"},
    )


def guarded_get(url: str, *, accept: str = "*/*", kind: str = "", allowed: Allowed = is_public) -> Reply:
    """Return the reply to a GET request; `kind` is what its Content-Type has to contain where it is a 200.

    Raises:
        SourceError: the address or what it redirects to is not public, or the reply is of another kind or too large.
        httpx.HTTPError: the network failed, or the reply took too long.
    """
    deadline = time.monotonic() + LONGEST
    try:
        with client(allowed).stream("GET", url, headers={"Accept": accept}) as response:
            _check(response, kind)
            return Reply(response.status_code, _body(response, deadline), response.headers)
    except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
        raise SourceError(f"{url:.200} leads nowhere: {error}.") from error


def _check(response: httpx.Response, kind: str) -> None:
    said = response.headers.get("content-type", "")
    if response.status_code == 200 and kind not in said.lower():
        raise SourceError(f"{response.url.host} answers with {said[:60] or 'something'!r}, not with {kind}.")
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise SourceError(f"{response.url.host} packs its answer in a way that was not asked for.")


def _body(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise SourceError(f"{response.url.host} answers with more than {LARGEST >> 20} MiB.")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"the reply took longer than {LONGEST:.0f} s")
    return bytes(body)
