"""What stands around every route: headers, host names, ETags, compression, static files, places, measuring."""

from __future__ import annotations

import gzip
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from fakes import FakeLibrary, client, library
from starlette.testclient import TestClient

from broadsheet.server.headers import SECURITY
from broadsheet.server.hosts import allowed_hosts, host_name
from broadsheet.server.limits import PLACES, Gate
from broadsheet.server.metrics import BUCKETS, Metrics
from broadsheet.settings import Settings

HOME = Path("/nowhere")


@pytest.fixture(scope="module")
def web() -> TestClient:
    return client()


@pytest.mark.parametrize(
    "path",
    ["/", "/search?q=paper", "/search.json?q=paper", "/nothing", "/search.json?limit=x", "/healthz", "/openapi.json"],
)
def test_every_response_has_the_security_headers(web: TestClient, path: str) -> None:
    response = web.get(path)
    for name, value in SECURITY.items():
        assert response.headers[name] == value


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = SECURITY["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert set(re.findall(r"https?:|\*|data:", policy)) == {"data:"}


class Policed(HTMLParser):
    """Fails on whatever the policy would stop, or should not have to: what is inline, or from elsewhere."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert tag not in ("style", "iframe", "object", "base")
        assert not [name for name in given if name == "style" or name.startswith("on")]
        if tag == "script" and given.get("type") != "application/ld+json":  # data, which no browser runs
            assert given["src"].startswith("/static/")
        if (tag, given.get("rel")) != ("link", "canonical"):
            self._check_addresses(tag, given)

    def _check_addresses(self, tag: str, given: dict[str, str]) -> None:
        for name in ("src", "href", "action"):
            scheme = urlsplit(given.get(name, "")).scheme
            assert scheme in (("", "http", "https") if (tag, name) == ("a", "href") else ("",))


@pytest.mark.parametrize("path", ["/", "/search?q=markup", "/papers/acl:X26-1001", "/about", "/docs", "/nothing"])
def test_pages_keep_to_the_policy(web: TestClient, path: str) -> None:
    Policed().feed(web.get(path, headers={"Accept": "text/html"}).text)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_loopback_names_are_answered(web: TestClient, host: str) -> None:
    assert web.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "localhost@evil.example"]
)
def test_other_names_are_refused(web: TestClient, host: str) -> None:
    response = web.get("/healthz", headers={"Host": host})
    assert response.status_code in (400, 421)
    assert response.json()["error"]["status"] == response.status_code
    assert response.headers["Content-Security-Policy"]


def test_names_of_the_settings_are_answered() -> None:
    settings = Settings(home=HOME, url="https://papers.example.org/", allowed_hosts=("other.example", "[::2]"))
    assert {"papers.example.org", "other.example", "::2", "localhost"} <= allowed_hosts(settings)
    assert client(settings=settings).get("/healthz", headers={"Host": "papers.example.org"}).status_code == 200


@pytest.mark.parametrize("header", ["", "[", "a b", "a:x", "a/b", "a?b", "user@localhost", "a#b", "[::1"])
def test_what_is_no_host_name(header: str) -> None:
    assert host_name(header) not in {"localhost", "::1", "127.0.0.1"}


def test_urls_are_absolute_where_the_server_has_a_public_address() -> None:
    settings = Settings(home=HOME, url="https://papers.example.org/")
    (first, *_) = client(settings=settings).get("/search.json?q=paper").json()["hits"]
    assert first["url"] == "https://papers.example.org/papers/arxiv:2603.00001"


@pytest.mark.parametrize(
    "path", ["/search.json?q=paper", "/papers/arxiv:2603.00001.json", "/papers/arxiv:2603.00001", "/docs"]
)
def test_an_etag_saves_the_second_transfer(web: TestClient, path: str) -> None:
    first = web.get(path)
    again = web.get(path, headers={"If-None-Match": f'W/"other", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Content-Security-Policy"]
    assert web.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_an_etag_changes_with_the_content(web: TestClient) -> None:
    assert web.get("/search.json?q=paper").headers["ETag"] != web.get("/search.json?q=own").headers["ETag"]


def test_errors_have_no_etag(web: TestClient) -> None:
    assert "ETag" not in web.get("/nothing.json").headers


def test_large_answers_are_compressed(web: TestClient) -> None:
    with web.stream("GET", "/search.json?q=", headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["Content-Encoding"] == "gzip"
    assert b'"hits"' in gzip.decompress(raw)


def test_static_files_are_kept_for_good_under_their_fingerprint(web: TestClient) -> None:
    address: str = web.app.state.static("look.css")  # type: ignore[attr-defined]
    assert re.fullmatch(r"/static/[0-9a-f]{12}/look\.css", address)
    response = web.get(address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"].startswith("text/css")
    assert web.get("/static/look.css").headers["Cache-Control"] == "no-cache"
    assert web.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/pages.py", "/static//etc/passwd", "/static/%00", "/static/"]
)
def test_static_files_are_only_those_of_the_folder(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 404


class Slow(FakeLibrary):
    """A library whose searches wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def search(self, text: str, **more: Any) -> Any:
        self.begun.release()
        assert self.go.wait(30)
        return super().search(text, **more)


def test_when_all_places_are_taken_the_next_is_asked_to_come_back() -> None:
    slow = Slow()
    app = client().app
    app.state.library = slow  # type: ignore[attr-defined]
    with TestClient(app, base_url="http://localhost") as web, ThreadPoolExecutor(PLACES) as readers:
        answers = [readers.submit(web.get, "/search.json?q=paper") for _ in range(PLACES)]
        for _ in range(PLACES):
            assert slow.begun.acquire(timeout=30)
        refused = web.get("/search.json?q=paper")
        assert web.get("/healthz").status_code == 200
        slow.go.set()
        assert [answer.result().status_code for answer in answers] == [200] * PLACES
        assert web.get("/search.json?q=paper").status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["error"]["code"] == "unavailable"


def test_who_is_slow_to_send_takes_no_place() -> None:
    async def read(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def main() -> None:
        gate, slow, answers = Gate(read, places=1, wait=0.2), anyio.Event(), list[Any]()

        async def late() -> Any:
            await slow.wait()
            return {"type": "http.request", "body": b"x"}

        async def at_once() -> Any:
            return {"type": "http.request", "body": b"x"}

        async def send(message: Any) -> None:
            answers.append(message.get("status"))

        scope = {"type": "http", "path": "/login", "method": "POST", "headers": [], "query_string": b""}
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(gate, scope, late, send)
            await anyio.wait_all_tasks_blocked()
            await gate(scope, at_once, send)
            assert answers == [200, None]
            slow.set()
        await gate(scope, at_once, send)
        assert answers == [200, None] * 5
        assert gate._places.value == 1

    anyio.run(main)


def test_readiness_waits_for_a_snapshot() -> None:
    assert client().get("/readyz").json() == {"status": "ok"}
    waiting = client(ready=False)
    assert waiting.get("/readyz").status_code == 503
    assert waiting.get("/healthz").status_code == 200


def test_server_timing_is_on_every_response(web: TestClient) -> None:
    assert re.search(r"search;dur=[\d.]+, total;dur=[\d.]+", web.get("/search.json?q=paper").headers["Server-Timing"])
    assert web.get("/nothing").headers["Server-Timing"].startswith("total;dur=")


def test_metrics_count_requests_by_route_and_tell_the_lag() -> None:
    web = client()
    for path in ("/search.json?q=a", "/search.json?q=b", "/search.json?limit=x", "/papers/arxiv:2603.00001.json", "/n"):
        web.get(path)
    web.head("/search.json?q=a")
    text = web.get("/metrics").text
    assert 'broadsheet_requests_total{route="/search.json",status="200"} 3' in text
    assert 'broadsheet_requests_total{route="/search.json",status="422"} 1' in text
    assert 'broadsheet_requests_total{route="/papers/{id:path}.json",status="200"} 1' in text
    assert 'broadsheet_requests_total{route="none",status="404"} 1' in text
    assert 'broadsheet_request_seconds_count{route="/search.json"} 4' in text
    assert "broadsheet_snapshot_lag_changes 2" in text
    assert "broadsheet_papers 12" in text


def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.007, 99.0):
        metrics.record("/x", 200, seconds)
    lines = list(metrics.lines({"papers": 3, "snapshot": None}))
    assert all(
        re.fullmatch(r'# (HELP|TYPE) \S+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.]+', line) for line in lines
    )
    counts = [int(line.split()[-1]) for line in lines if "_bucket" in line]
    assert counts == [1] + [2] * (len(BUCKETS) - 1) + [3]
    assert not any("snapshot" in line for line in lines)


def test_the_library_of_someone_else_is_left_open() -> None:
    fake = library()
    with client() as web:
        web.get("/healthz")
    assert not [name for name, _ in fake.calls if name == "close"]  # type: ignore[attr-defined]
