"""Whatever is asked, over the app and over the wire: an answer of a known shape, and never a 500."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import uvicorn
from fakes import client
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from broadsheet.server.headers import SECURITY

KNOWN = """papers search similar new date authors venues about docs static front healthz arxiv:2603.00001 doi:10.1000
data.json hep-th 9901001 .. . 2026-03-14 ada-example x.csl.json .json .md .bib .atom"""
PARAMETERS = "q limit page profile after before category venue sort explain id not"
ENDINGS = ["", ".json", ".bib", ".feed.json", "/", "/similar.json"]
SEGMENTS = st.sampled_from(KNOWN.split()) | st.text(max_size=12)
PATHS = st.builds(
    lambda parts, end: "/" + "/".join(parts) + end, st.lists(SEGMENTS, max_size=5), st.sampled_from(ENDINGS)
)
NAMES = st.sampled_from(PARAMETERS.split()) | st.text(max_size=5)
VALUES = (
    st.sampled_from(
        ["", "0", "-1", "201", "1e9", "hybrid", "2025-99-99", "arxiv:2603.00001", "\0", '"', "x" * 10_001, "cs.CL"]
    )
    | st.text(max_size=30)
    | st.integers().map(str)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "If-None-Match", "Accept-Encoding", "Range", "If-Modified-Since", "X-Forwarded-Host"]),
    st.sampled_from(
        ["text/html", "*/*", "*", "gzip", 'W/"x"', "bytes=0-1", "bytes=9-1,-", "é".encode().decode("latin-1"), ""]
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def web() -> Iterator[TestClient]:
    with client() as entered:  # one event loop for all requests, which is what takes the time
        yield entered


def assert_answered(web: TestClient, method: str, address: str, headers: dict[str, str]) -> None:
    response = web.request(method, address, headers={name: value.encode("latin-1") for name, value in headers.items()})  # type: ignore[arg-type]
    assert response.status_code < 500, response.text
    assert response.headers["Content-Security-Policy"] == SECURITY["Content-Security-Policy"]
    if response.headers.get("Content-Type") == "application/json" and response.content:
        assert ("error" in response.json()) == (response.status_code >= 400) or "/openapi" in address


@settings(max_examples=300, deadline=5000)
@given(
    PATHS,
    st.lists(st.tuples(NAMES, VALUES), max_size=5),
    HEADERS,
    st.sampled_from(["GET", "GET", "HEAD", "POST", "OPTIONS"]),
)
def test_nothing_asked_of_the_app_is_a_500(
    web: TestClient, path: str, question: list[tuple[str, str]], headers: dict[str, str], method: str
) -> None:
    asked = "&".join(f"{quote(name)}={quote(value)}" for name, value in question)
    assert_answered(web, method, f"http://localhost{quote(path, safe='/:')}?{asked}", headers)


@settings(max_examples=200, deadline=5000)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_escapes_that_are_not_utf8_are_no_500(web: TestClient, path: bytes, query: bytes) -> None:
    assert_answered(web, "GET", f"/papers/{quote(path)}.json", {})
    assert_answered(web, "GET", f"/search.json?q={quote(query)}&after={quote(query)}", {})
    assert_answered(web, "GET", f"/search?q={quote(query)}&category={quote(query)}", {"Accept": "text/html"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(client().app, port=0, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/healthz", b"200"),
        (b"/search.json?q=%00%ff%ed%a0%80&limit=%31%30", b"200"),
        (b"/search.json?q=" + b"x%20" * 2_000, b"200"),
        (b"/search.json?q=" + b"x" * 10_001, b"422"),
        (b"/search.json?q=%", b"200"),
        (b"/search.json?q=a;b&&&=&q=c", b"200"),
        (b"/papers/%ff%fe.json", b"404"),
        (b"/papers/%2e%2e/%2e%2e/etc/passwd", b"404"),
        (b"/papers/doi:10.1000%2Fdata.json", b"200"),
        (b"/static/%2e%2e/pages.py", b"404"),
        (b"/static/..%2fpages.py", b"404"),
        (b"//evil.example/%2f..", b"404"),
        (b"http://localhost/healthz", b"404"),
        (b"*", b"404"),
    ],
)
def test_over_the_wire(port: int, target: bytes, status: bytes) -> None:
    answer = ask(port, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] == status
    assert b"content-security-policy" in answer.lower()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_damaged_requests_are_refused_and_the_server_lives(port: int, request_: bytes) -> None:
    answer = ask(port, request_)
    assert not answer or b"400" <= answer.split(b" ", 2)[1] < b"500"
    assert b" 200 " in ask(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
