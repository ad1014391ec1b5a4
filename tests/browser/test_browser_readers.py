"""Readers' pages in a real browser: with and without script, by keyboard, and what axe says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import desk
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page
from test_browser import browser as browser  # a chromium for this file
from test_browser import opened, serving

from broadsheet.app import create
from broadsheet.library import Library
from broadsheet.mail import letters, rendering
from broadsheet.records import Reader

PAGE = f"/papers/{desk.CRANES}"
PAGES = (
    *("/", PAGE, "/shelf", "/shelf/1", "/me", "/notifications"),
    *("/moderation", "/readers", "/comments/1/edit", "/report/paper/1"),
    *("/submit", "/submissions/1", "/submissions/2", "/moderation/submissions"),
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with desk.library(tmp_path) as library:
        yield library


@pytest.fixture
def ada(library: Library) -> Reader:
    """An admin with something on every page."""
    ada = library.add_reader("ada@example.org", name="Ada", role="admin")
    bob = library.add_reader("bob@example.org", name="Bob")
    library.save(ada, desk.CRANES, note="read again")
    number = library.comment(ada, desk.CRANES, "See $x^2$ and *this*.")
    answer = library.comment(bob, desk.CRANES, "@ada, no.", parent=number)
    library.edit_comment(bob, answer, "@ada, yes.")
    library.report(bob, "comment", str(number), "I disagree")
    library.submit(ada, desk.BOATS)
    library.submit(bob, "2603.09999")
    return ada


def log_in(page: Page, library: Library, reader: Reader) -> None:
    page.goto(library.login_link(reader))
    page.click("main button")
    page.wait_for_url("**/")


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious_on_readers_pages(
    browser: Browser, library: Library, ada: Reader, width: int
) -> None:
    with serving(create(library.settings, library=library)) as base:
        scheme = "dark" if width == 390 else "light"
        with opened(browser, base, viewport={"width": width, "height": 900}, color_scheme=scheme) as (page, complaints):
            page.goto("/login")
            _check(page, "/login")
            log_in(page, library, ada)
            for path in PAGES:
                page.goto(path)
                _check(page, path)
            # Papers without authors leave the italic face unused, which a slow machine has the time to remark upon.
            assert not [complaint for complaint in complaints if "preload" not in complaint]


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[Library]:
    """A library that sends mail, with a reader who has follows, a digest on its way, and webhooks that fail."""
    settings = {"url": "https://papers.example.org", "smtp_url": f"file://{tmp_path / 'out'}", "registration": "open"}
    with desk.library(tmp_path / "home", **settings) as library:
        library.refresh()
        ada = library.add_reader("ada@example.org", name="Ada", role="admin")
        link = library.seal("confirm", [ada.id, "ada@example.org"], seconds=3_600)
        library.confirm(link)
        follow = library.follow(ada, "search", "paper cranes", threshold=0.2)
        hook = library.add_hook(ada, follow.id, "https://hooks.example.org/x")
        library.store.hooks.failed(hook.id, "It answered 500.", now=library.now, patience=timedelta(days=3))
        gone = library.add_hook(ada, follow.id, "https://chat.example.org/y", format="slack")
        library.store.hooks.failed(gone.id, "It answered 410.", now=library.now, patience=timedelta())
        yield library


@pytest.mark.parametrize(("width", "mail_width"), [(1280, 600), (390, 380)])
def test_axe_finds_nothing_serious_on_pages_of_mail_and_in_mail(
    browser: Browser, mailing: Library, width: int, mail_width: int
) -> None:
    ada = mailing.find_reader("ada@example.org")
    digest = mailing.preview(ada)
    told = letters.digest_told(
        digest, mailing.papers_of(digest), mailing.base, mailing.now, {"manage": "/m", "unsubscribe": "/u"}
    )
    links = [mailing.manage_link(ada.id, mailing.now), mailing.unsubscribe_link(ada.id)]
    sealed = mailing.seal("confirm", [ada.id, "ada@example.org"], seconds=3_600)
    paths = [link.removeprefix(mailing.base) for link in links] + [f"/mail/confirm/{sealed}", "/subscribe"]
    scheme = "dark" if width == 390 else "light"
    with serving(create(mailing.settings, library=mailing)) as base:
        with opened(browser, base, viewport={"width": width, "height": 900}, color_scheme=scheme) as (page, _):
            for path in paths:
                page.goto(path)
                _check(page, path)
            page.goto(mailing.login_link(ada).replace(mailing.base, base))
            page.click("main button")
            page.wait_for_url("**/")
            for path in ("/follows", "/follows/preview", "/feeds"):
                page.goto(path)
                _check(page, path)
        with opened(browser, base, viewport={"width": mail_width, "height": 900}, color_scheme=scheme) as (page, _):
            page.set_content(rendering.html("digest", told))
            assert "Cranes" in page.inner_text("body")
            _check(page, "the mail itself")


def _check(page: Page, path: str) -> None:
    found = Axe().run(page).response["violations"]
    grave = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, (path, grave)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_votes_and_saves_without_script(browser: Browser, library: Library) -> None:
    with (
        serving(create(library.settings, library=library, local=True)) as base,
        opened(browser, base, java_script_enabled=False) as (page, _),
    ):
        page.goto("/")
        for kind in ("vote", "save"):
            button = page.locator(f".lead button.{kind}")
            button.click()
            assert button.get_attribute("aria-pressed") == "true"
        page.goto("/shelf")
        assert page.locator(".hit").count() == 1
        page.click(".hit button.save")
        assert page.locator(".hit").count() == 0
        page.goto(PAGE)
        page.fill("#text", "Written *without* script.")
        page.click("#comments form button")
        assert page.locator("#comments em").inner_text() == "without"


def test_votes_and_saves_by_keyboard_without_a_reload(browser: Browser, library: Library) -> None:
    with (
        serving(create(library.settings, library=library, local=True)) as base,
        opened(browser, base) as (page, complaints),
    ):
        page.goto("/")
        page.evaluate("window.same = true")
        page.keyboard.press("j")
        for key, kind in (("u", "vote"), ("s", "save")):
            page.keyboard.press(key)
            page.locator(f".lead button.{kind}[aria-pressed=true]").wait_for()
        assert page.locator(".lead .vote b").inner_text() == "1"
        page.keyboard.press("u")
        page.locator(".lead button.vote[aria-pressed=false]").wait_for()
        assert page.evaluate("window.same") and not complaints
    assert len(library.saved(library.local_reader())) == 1  # type: ignore[arg-type]


def test_the_page_of_a_submission_looks_again_by_itself(browser: Browser, library: Library) -> None:
    with (
        serving(create(library.settings, library=library, local=True)) as base,
        opened(browser, base) as (page, complaints),
    ):
        page.goto("/submit")
        page.fill("#what", "2603.09999")
        page.click("main form button >> nth=0")
        page.get_by_text("Queued.").wait_for()
        library.store.submissions.settle(1, "refused", "There is no such paper.", now=desk.NOW)
        page.get_by_text("There is no such paper.").wait_for()
        assert not complaints
