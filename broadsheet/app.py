"""The one ASGI application: `uvicorn --factory broadsheet.app:create`."""

from __future__ import annotations

import gc
import importlib
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

import broadsheet
from broadsheet import settings as settings_module
from broadsheet.api import feeds as api_feeds
from broadsheet.api import follows as api_follows
from broadsheet.api import fronts, health, routes
from broadsheet.api import shelves as api_shelves
from broadsheet.api import submitting as api_submitting
from broadsheet.api import taste as api_taste
from broadsheet.api import topics as api_topics
from broadsheet.errors import BroadsheetError, NotFound
from broadsheet.server import errors
from broadsheet.server.conditional import Conditional
from broadsheet.server.headers import Headers
from broadsheet.server.hosts import Hosts, allowed_hosts
from broadsheet.server.limits import Gate, size_thread_pool
from broadsheet.server.metrics import Measured, Metrics
from broadsheet.server.static import MOUNT, Static
from broadsheet.server.suffix import Suffixes
from broadsheet.settings import Settings
from broadsheet.web import (
    accounts,
    acts,
    comments,
    feeds,
    follows,
    hooks,
    importing,
    moderation,
    pages,
    shelves,
    submitting,
    taste,
    visits,
)
from broadsheet.web import fronts as front_pages
from broadsheet.web import topics as topic_pages

if TYPE_CHECKING:
    from broadsheet.library import Library

API = tuple(
    part.router
    for part in (health, fronts, api_follows, api_submitting, api_topics, api_shelves, routes, api_taste, api_feeds)
)
# The last takes all else that begins with /papers.
PAGES = tuple(
    page.router
    for page in (
        accounts,
        acts,
        comments,
        feeds,
        follows,
        hooks,
        importing,
        shelves,
        moderation,
        submitting,
        taste,
        visits,
        front_pages,
        topic_pages,
        pages,
    )
)
STATIC_FOLDER = Path(pages.__file__).parent / "static"
_LONGEST_WARMING = 2.0  # seconds that the end waits for it
DESCRIPTION = "Search research papers by words and by meaning. Every page of this server has a twin here."


def create(settings: Settings | None = None, *, library: Library | None = None, local: bool = False) -> FastAPI:
    """Return the application over a library, by default the one of this machine's settings.

    `local` says that only this machine can reach it: then whoever sits here needs no account while none has been made.

    Raises:
        BroadsheetError: the settings or the store cannot be used.
    """
    settings = settings or settings_module.load()
    mine = library is None
    library = library or _open(settings)
    metrics = Metrics()
    app = FastAPI(
        title="Broadsheet",
        version=broadsheet.__version__,
        description=DESCRIPTION,
        lifespan=partial(_lifespan, mine=mine),
        middleware=_middleware(settings, library, metrics),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    _fill_state(app, settings, library, metrics)
    app.state.local = local
    errors.install(app)
    for router in API:
        app.include_router(router)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    return app


def create_local() -> FastAPI:
    """Return the application as it is served on an address that only this machine can reach."""
    return create(local=True)


def _open(settings: Settings) -> Library:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # one search, one thread; numpy and faiss look once, when they are loaded
    return broadsheet.Library(settings)


def _middleware(settings: Settings, library: Library, metrics: Metrics) -> list[Middleware]:
    """Return what every request passes through, outermost first."""
    return [
        Middleware(Measured, metrics),
        Middleware(Headers),
        Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        Middleware(Hosts, allowed_hosts(settings)),
        Middleware(Conditional),
        Middleware(Gate),
        Middleware(errors.Failures),
        Middleware(Suffixes, partial(_is_literal, library)),
    ]


def _fill_state(app: FastAPI, settings: Settings, library: Library, metrics: Metrics) -> None:
    static = Static(STATIC_FOLDER)
    app.mount(MOUNT, static)
    app.state.library = library
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.now = broadsheet.now
    app.state.static = static.address
    app.state.error_page = pages.error_page


@asynccontextmanager
async def _lifespan(app: FastAPI, *, mine: bool) -> AsyncIterator[None]:
    """Do what is due when the server starts and when it ends; of the library only where it is the application's own."""
    size_thread_pool()
    if not mine:
        yield
        return
    library: Library = app.state.library
    _settle()
    warming = threading.Thread(target=_warm, args=(library,), name="warm", daemon=True)
    warming.start()
    yield
    await run_in_threadpool(warming.join, _LONGEST_WARMING)
    library.close()


def _settle() -> None:
    """Keep the collector from looking at the program ever again: a full collection would halt a search by 50 ms.

    Before any snapshot is opened: what is frozen and in a circle is never freed, and snapshots come and go.
    """
    importlib.import_module("broadsheet.rank")  # and with it the engine
    gc.collect()
    gc.freeze()


def _warm(library: Library) -> None:
    """Load what searches need before the first reader asks."""
    with suppress(BroadsheetError):  # whoever searches is told
        library.warm()


def _is_literal(library: Library, identifier: str, form: str) -> bool:
    """Say whether an identifier that ends like a form is one that a paper really has."""
    try:
        paper = library.paper(identifier)
    except NotFound:
        return False
    return any(name.endswith(form) for name in paper.identifiers)
