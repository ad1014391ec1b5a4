"""Commands that stay: serve (the web server) and work (the loop)."""

from __future__ import annotations

import errno
import ipaddress
import json as jsonlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.errors import InputError, Unavailable

if TYPE_CHECKING:
    from broadsheet.jobs import Event
    from broadsheet.settings import Settings

_GRACE = 4  # seconds that open requests and, after them, the child have to end; both together stay under ten
_BACKLOG = 1024


def serve(
    host: Annotated[str, typer.Option(metavar="H", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="P", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="How many processes answer requests.")] = 1,
    no_work: Annotated[
        bool, typer.Option("--no-work", help="Start no `broadsheet work`; you run it yourself.")
    ] = False,
    json: Json = False,
) -> None:
    """Serve the pages and the API, and do the work behind them (harvests, index) in one child process."""
    with (
        opened() as library
    ):  # the store is created or migrated, and what is wrong with it said, before anyone is served
        settings = library.settings
    with _listening(host, port) as listener, _ended_by_signals(), _worker(start=not no_work):
        _announce(listener, settings, as_json=json)
        _run(listener, settings, workers)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
        # Connections inherit it. Without it the body of an answer waits 40 ms until its head has been acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise _refusal(error, host, port) from error
    with listener:
        yield listener


def _refusal(error: OSError, host: str, port: int) -> InputError | Unavailable:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(f"Port {port} of {host} is in use; stop what uses it or choose another with --port.")
    if error.errno == errno.EACCES:
        return InputError(f"Port {port} needs more rights than you have; choose one above 1023 with --port.")
    return InputError(f"Cannot listen on {host!r}: {error.strerror}.")


def _announce(listener: socket.socket, settings: Settings, *, as_json: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    answer(
        {"url": f"http://{shown}:{port}", "pid": os.getpid()},
        f"Broadsheet is at http://{shown}:{port} (Ctrl-C stops it)",
        as_json=as_json,
    )
    if not as_json and not ipaddress.ip_address(host).is_loopback:
        names = ", ".join(settings.allowed_hosts) or "none yet: set BROADSHEET_ALLOWED_HOSTS or BROADSHEET_URL"
        typer.echo(
            f"Others can reach it: it is read-only without accounts. Names it answers to beside localhost: {names}"
        )
    sys.stdout.flush()


def _run(listener: socket.socket, settings: Settings, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    local = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    config = uvicorn.Config(
        "broadsheet.app:create_local" if local else "broadsheet.app:create",
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=_GRACE,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _worker(*, start: bool) -> Iterator[None]:
    """Run `broadsheet work` beside what is inside, and end it with it."""
    if not start:
        yield
        return
    # A session of its own: Ctrl-C reaches the server alone, which then ends the child in its turn.
    command = [sys.executable, "-m", "broadsheet", "work", "--parent", str(os.getpid())]
    child = subprocess.Popen(command, start_new_session=True)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            child.kill()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End what is inside by SIGTERM or Ctrl-C, tidily and with exit code 0: that is how servers are stopped."""

    def stop(*_: object) -> NoReturn:
        raise SystemExit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def work(
    parent: Annotated[int | None, typer.Option(hidden=True, help="End with the process of this number.")] = None,
    json: Json = False,
) -> None:
    """Do the work behind the pages until stopped: harvests, submissions, the index, digests and mail."""
    from broadsheet import now
    from broadsheet.jobs import Desk, Heralds, Loop, Post

    report = _as_json if json else _as_text
    with (
        _ended_by_signals(),
        opened() as library,
        _beside(Post(library, now=now, report=report).run),
        _beside(Desk(library, report=report).run),
        _beside(Heralds(library, now=now, report=report).run),
    ):
        sleep = _napping(parent) if parent else time.sleep
        Loop(library, now=now, sleep=sleep, report=report).run()


@contextmanager
def _beside(run: Callable[[Callable[[float], bool]], None]) -> Iterator[None]:
    """Run something in a thread that is asked to end with what is inside, and is not waited for long."""
    end = threading.Event()
    thread = threading.Thread(target=run, args=(end.wait,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(_GRACE / 2)


def _napping(parent: int) -> Callable[[float], None]:
    """Return a sleep that ends the process when its parent is gone."""

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if os.getppid() != parent:
            raise SystemExit(0)

    return sleep


def _as_json(event: Event) -> None:
    print(jsonlib.dumps({"job": event.job, "ok": event.ok, **event.detail}, ensure_ascii=False), flush=True)


def _as_text(event: Event) -> None:
    detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
    print(
        f"{event.job}: {'' if event.ok else 'failed, '}{detail}",
        file=sys.stdout if event.ok else sys.stderr,
        flush=True,
    )
