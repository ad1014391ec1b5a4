"""What is measured of this process: requests by route and status, their times, the papers and the index's lag."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds, upper ends


class Metrics:
    """Counts and time histograms by route; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def record(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        with self._lock:
            self._requests[route, status] += 1
            self._buckets[route, bisect_left(BUCKETS, seconds)] += 1
            self._seconds[route] += seconds

    def lines(self, status: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of the Prometheus text format (version 0.0.4); `status` is what `Library.status` returns."""
        with self._lock:
            requests, buckets, seconds = dict(self._requests), Counter(self._buckets), dict(self._seconds)
        yield from _family("broadsheet_requests_total", "counter", "Requests answered.")
        for (route, code), count in sorted(requests.items()):
            yield f"broadsheet_requests_total{_labels(route=route, status=code)} {count}"
        yield from _family("broadsheet_request_seconds", "histogram", "Time from request to response.")
        for route in sorted(seconds):
            yield from _histogram(route, buckets, seconds[route])
        yield from _gauges(status)


def _histogram(route: str, buckets: Counter[tuple[str, int]], seconds: float) -> Iterator[str]:
    total = 0
    for place, end in enumerate((*BUCKETS, "+Inf")):
        total += buckets[route, place]
        yield f"broadsheet_request_seconds_bucket{_labels(route=route, le=end)} {total}"
    yield f"broadsheet_request_seconds_sum{_labels(route=route)} {seconds:.6f}"
    yield f"broadsheet_request_seconds_count{_labels(route=route)} {total}"


def _gauges(status: Mapping[str, Any]) -> Iterator[str]:
    snapshot = status.get("snapshot") or {}
    gauges = (
        ("broadsheet_papers", "Papers in the store.", status.get("papers")),
        ("broadsheet_snapshot_papers", "Papers in the open snapshot.", snapshot.get("papers")),
        ("broadsheet_snapshot_lag_changes", "Changes that are not indexed yet.", snapshot.get("lag")),
    )
    for name, help_text, value in gauges:
        if value is not None:
            yield from _family(name, "gauge", help_text)
            yield f"{name} {value}"


def _family(name: str, kind: str, help_text: str) -> tuple[str, str]:
    return f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"


def _labels(**values: object) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in values.items()) + "}"


class Measured:
    """ASGI: times every request for `Metrics`, and says the time in the Server-Timing header."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                total = (time.perf_counter() - started) * 1e3
                MutableHeaders(scope=message).append("Server-Timing", f"total;dur={total:.1f}")
            await send(message)

        try:
            await self._app(scope, receive, timed)
        finally:
            self._metrics.record(_route(scope), status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    if scope["path"].startswith("/static/"):
        return "/static"
    return getattr(scope.get("route"), "path", None) or "none"
