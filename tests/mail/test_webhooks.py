"""Matches of follows on their way to addresses: planned, signed, posted, tried again, given up."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from desk import NOW, browser, send
from receiver import Receiver, Taken, receiving
from town import Town, close

from broadsheet.cli import main
from broadsheet.errors import InputError, NotFound
from broadsheet.jobs import Heralds
from broadsheet.library.hooks import check_address
from broadsheet.mail import herald
from broadsheet.mail.herald import ALL, BATCH, LEASE, STEP, Herald
from broadsheet.mail.webhooks import call
from broadsheet.records import Follow, Hook, HookFormat, Paper, Pick, Reader, Section
from broadsheet.store.freshness import stamp

CRANES, BOATS = "Folding of Paper Cranes", "Theory of <Paper> & Boats"
MATRIX = "/_matrix/client/v3/rooms/!room:example.org"
PATHS = {"json": "/in", "slack": "/services/T/B/x", "discord": "/api/webhooks/1/x", "matrix": MATRIX}
PATHS["telegram"] = "/bot1:x/sendMessage?chat_id=-100"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, webhooks="any")


@pytest.fixture
def either_town(tmp_path: Path, database_url: str) -> Town:
    return Town(tmp_path, webhooks="any", database_url=database_url)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with receiving(receiver) as address:
        yield address


def hooked(town: Town, address: str, format: HookFormat = "json", text: str = "paper") -> tuple[Reader, Hook]:
    """Have Ada follow something and its matches posted to an address."""
    reader = town.reader()
    follow = town.library.follow(reader, "search", text, threshold=0.2)
    url = address + PATHS[format] if address.startswith("http://127") else address
    return reader, town.library.add_hook(reader, follow.id, url, format=format, token="key")


def post(town: Town, minutes: float = 11) -> None:
    """Let time go by and have everything posted that is due."""
    town.now += timedelta(minutes=minutes)
    heralds = Heralds(town.library, now=lambda: town.now, report=town.events.append)
    while heralds.turn():
        pass


def kept(town: Town, reader: Reader) -> Hook:
    (hook,) = town.library.hooks(reader)
    return hook


def test_what_matches_is_posted_once_signed_as_json(either_town: Town, receiver: Receiver, address: str) -> None:
    town = either_town
    town.publish("An Old Paper")
    reader, hook = hooked(town, address)
    town.publish(CRANES, BOATS, index=True)
    post(town)
    post(town)
    (taken,) = receiver.taken
    said = taken.json
    assert said["type"] == "follow.matched" and said["data"]["follow"]["name"] == "paper"
    assert {paper["title"] for paper in said["data"]["papers"]} == {CRANES, BOATS}
    assert said["data"]["papers"][0]["url"].startswith("https://papers.example.org/papers/arxiv:")
    name, moment = taken.headers["webhook-id"], taken.headers["webhook-timestamp"]
    key = b64decode(hook.secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{name}.{moment}.".encode() + taken.body, sha256).digest()
    assert taken.headers["webhook-signature"] == f"v1,{b64encode(signed).decode()}"
    assert int(moment) == round(town.now.timestamp()) - 660
    assert kept(town, reader).posted is not None


def told(taken: Taken, format: str) -> tuple[str, str]:
    """What a message says, and what must stand in it."""
    body: dict[str, Any] = taken.json
    if format == "slack":
        return body["text"], "|Theory of &lt;Paper&gt; &amp; Boats>"
    if format == "telegram":
        assert body["chat_id"] == "-100" and taken.path == "/bot1:x/sendMessage"
        return body["text"], ">Theory of &lt;Paper&gt; &amp; Boats</a>"
    if format == "matrix":
        assert taken.method == "PUT" and taken.headers["authorization"] == "Bearer key"
        assert BOATS in body["body"]
        return body["formatted_body"], ">Theory of &lt;Paper&gt; &amp; Boats</a>"
    assert body["allowed_mentions"] == {"parse": []}
    return body["embeds"][0]["title"], BOATS


@pytest.mark.parametrize("format", ["slack", "telegram", "matrix", "discord"])
def test_each_service_gets_what_it_takes(town: Town, receiver: Receiver, address: str, format: HookFormat) -> None:
    hooked(town, address, format)
    town.publish(BOATS, index=True)
    post(town)
    (taken,) = receiver.taken
    said, wanted = told(taken, format)
    assert wanted in said


@pytest.mark.parametrize("format", ["json", "slack", "telegram", "matrix", "discord"])
def test_without_an_address_of_this_paper_links_lead_to_sources_or_nowhere(format: HookFormat) -> None:
    follow = Follow(id=1, reader=1, kind="search", text="paper", name="paper")
    url = f"https://x.org{PATHS[format]}"
    hook = Hook(
        id=1,
        reader=1,
        follow=1,
        url=url,
        format=format,
        token="",
        secret="",
        newest=0,
        looked=stamp(NOW),
        due=stamp(NOW),
    )
    papers = {
        1: Paper(key=1, id="arxiv:2603.00001", identifiers=(), title="Linked"),
        2: Paper(key=2, id="bs:aaaaaaaaaaaa", identifiers=(), title="Unlinked"),
    }
    section = Section(1, "paper", (Pick(key=1, score=1.0), Pick(key=2, score=0.9)), more=7, path="/search?q=paper")
    found = call(1, hook, follow, section, papers, "", NOW).body.decode()
    assert "Linked" in found and "Unlinked" in found and ("7 more" in found or '"more":7' in found)
    assert set(re.findall(r"https?:[^\s\"\\|)>]*", found)) == {"https://arxiv.org/abs/2603.00001"}
    test = call(2, hook, follow, None, {}, "", NOW).body.decode()
    for body in (found, test):
        assert not re.search(r'/(search|papers|follows)|href=\\?"\\?"|<\||"url":\s*""', body), body


def test_a_message_is_never_longer_than_telegram_takes(town: Town, receiver: Receiver, address: str) -> None:
    reader, _ = hooked(town, address, "telegram")
    town.library.change_follow(reader, town.library.follows(reader)[0].id, size=50)
    town.publish(*(f"Paper {n} " + "of very long titles & more " * 10 for n in range(30)), index=True)
    post(town)
    text = receiver.taken[0].json["text"]
    assert len(text) <= 4_096 and "And " in text and text.count("<a ") == text.count("</a>")


def test_what_fails_is_tried_again_with_its_name_until_it_arrives(
    town: Town, receiver: Receiver, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "ALL", 0.5)
    answers = iter([500, 0, 429, 302, 204])
    more = {429: {"Retry-After": "1800"}, 302: {"Location": f"{address}/elsewhere"}}
    receiver.answer = lambda taken: (status := next(answers), more.get(status, {}))
    reader, _ = hooked(town, address)
    town.publish(CRANES, index=True)
    reasons = []
    for minutes in (11, 2, 3, 29, 2, 11):
        post(town, minutes)
        reasons.append(kept(town, reader).reason)
    assert reasons[:3] == ["It answered 500.", "It did not answer within 0 seconds.", "It answered 429."]
    assert reasons[3:] == [reasons[2], "It answered 302 and sent us elsewhere, where we do not go.", None]
    assert len({taken.headers["webhook-id"] for taken in receiver.taken}) == 1
    assert {taken.path for taken in receiver.taken} == {"/in"} and len(receiver.taken) == 5


def test_a_hook_that_fails_for_days_stops_and_its_page_says_so(town: Town, receiver: Receiver, address: str) -> None:
    receiver.answer = lambda taken: (500, {})
    reader, hook = hooked(town, address)
    town.publish(CRANES, index=True)
    for _ in range(40):
        post(town, 125)
    stopped = kept(town, reader)
    assert stopped.stopped is not None and len(receiver.taken) < 30
    tried = len(receiver.taken)
    post(town, 600)
    assert len(receiver.taken) == tried
    receiver.answer = lambda taken: (204, {})
    town.library.test_hook(reader, hook.id)
    post(town)
    assert [taken.json["type"] for taken in receiver.taken[tried:]] == ["follow.test"]
    assert (kept(town, reader).stopped, kept(town, reader).failing) == (None, None)


def test_an_address_that_is_gone_is_asked_once(town: Town, receiver: Receiver, address: str) -> None:
    receiver.answer = lambda taken: (410, {})
    reader, _ = hooked(town, address)
    town.publish(CRANES, index=True)
    post(town)
    post(town, 300)
    assert len(receiver.taken) == 1 and kept(town, reader).stopped is not None


@pytest.mark.parametrize("number", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_names_that_lead_into_a_private_network_are_not_posted_to(
    tmp_path: Path, receiver: Receiver, address: str, number: str
) -> None:
    town = Town(tmp_path)
    reader, _ = hooked(town, "https://hooks.example.org:" + address.rpartition(":")[2])
    town.publish(CRANES, index=True)
    town.now += timedelta(minutes=1)
    assert town.library.plan_hooks() == 1

    async def resolve(host: str, port: int) -> list[str]:
        assert host == "hooks.example.org"
        return ["93.184.215.14", number]

    assert Herald(town.library, lambda: town.now, resolve=resolve).turn() == {"posted": 0, "failed": 1}
    assert "private network" in (kept(town, reader).reason or "") and not receiver.taken


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://10.0.0.1/"),
        *("https://u:p@example.org/", "ftp://example.org", "https:///x", "https://example.org/#a", "https://[x/", ""),
        *("https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://a:99999/"),
    ],
)
def test_addresses_that_nothing_may_be_posted_to(url: str) -> None:
    with pytest.raises(InputError):
        check_address(url, anywhere=False)


def test_hooks_are_their_readers_own_and_go_with_their_follow(town: Town, address: str) -> None:
    ada, hook = hooked(town, address)
    eve = town.reader("eve@example.org")
    for act in (town.library.remove_hook, town.library.test_hook):
        with pytest.raises(NotFound):
            act(eve, hook.id)
    with pytest.raises(NotFound):
        town.library.add_hook(eve, hook.follow, address)
    with pytest.raises(InputError, match="Telegram"):
        town.library.add_hook(ada, hook.follow, address, format="telegram")
    town.library.unfollow(ada, hook.follow)
    assert not town.library.hooks(ada)


def test_a_lease_is_longer_than_a_batch_takes() -> None:
    assert LEASE > 2 * ALL > 2 * STEP and BATCH > 1


def test_hooks_from_the_command_line(
    town: Town, receiver: Receiver, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = town.library.local_reader()
    assert reader is not None
    follow = town.library.follow(reader, "search", "paper")
    monkeypatch.setenv("BROADSHEET_HOME", str(town.library.settings.home))
    monkeypatch.setenv("BROADSHEET_WEBHOOKS", "any")

    def broadsheet(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main(["hook", *arguments])
        return ended.value.code, "".join(capsys.readouterr())

    assert "Secret: whsec_" in broadsheet("add", str(follow.id), f"{address}/in")[1]
    assert broadsheet("test", "1") == (0, "The test arrived at 127.0.0.1.\n")
    receiver.answer = lambda taken: (500, {})
    assert broadsheet("test", "1") == (5, "broadsheet: The test did not arrive at 127.0.0.1: It answered 500.\n")
    assert "It answered 500." in broadsheet("list")[1]
    assert broadsheet("remove", "1")[0] == 0 and "no webhooks" in broadsheet("list")[1]


def test_hooks_are_added_tested_and_removed_on_the_page(town: Town, receiver: Receiver, address: str) -> None:
    reader = town.library.local_reader()
    assert reader is not None
    follow = town.library.follow(reader, "search", "paper", threshold=0.2)
    page = browser(town.library)
    added = send(page, f"/follows/{follow.id}/hooks", page="/follows", url=f"{address}/secret-path", format="json")
    assert added.status_code == 303
    (hook,) = town.library.hooks(reader)
    shown = page.get("/follows").text
    assert hook.secret in shown and "127.0.0.1" in shown and "secret-path" not in shown
    send(page, f"/hooks/{hook.id}/test", page="/follows")
    receiver.answer = lambda taken: (404, {})
    post(town)
    assert receiver.taken[0].json["type"] == "follow.test"
    assert "It answered 404." in page.get("/follows").text
    told = page.get("/follows.json").json()["hooks"]
    assert [(one["host"], one["reason"]) for one in told] == [("127.0.0.1", "It answered 404.")]
    assert "secret" not in told[0] and "url" not in told[0]
    send(page, f"/hooks/{hook.id}/remove", page="/follows")
    assert not town.library.hooks(reader)
    wrong = send(page, f"/follows/{follow.id}/hooks", page="/follows", url="nowhere", format="json")
    assert wrong.status_code == 400 and "https://HOST" in wrong.text
