"""One paper by its name, from a server on localhost that answers well, badly, or leads elsewhere."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from standin import JSON, NOBODY, TEXT, XML, Answer, Clock, StandIn, csl, fetchers, here, oai, standing_in

from broadsheet.errors import SourceError, Unavailable
from broadsheet.records import Author
from broadsheet.sources import FETCHERS, guarded
from broadsheet.sources.guarded import guarded_get, is_public

BIB = """@inproceedings{{lovelace-2020-notes,
    title = "Notes on {{F}}olding",
    author = "Lovelace, Ada  and\n      Byron, Augusta",
    booktitle = "Proceedings of Folding",
    month = jul,
    year = "2020",
    url = "https://aclanthology.org/{id}/",
    doi = "10.18653/v1/{id}",
    pages = "1--9",
    abstract = "What is known of notes."
}}"""


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


def fetcher(server: StandIn | str, scheme: str, clock: Clock | None = None, **more: Any) -> Any:
    clock = clock or Clock()
    made = server.fetchers(**more) if isinstance(server, StandIn) else fetchers(server, **more)
    return made[scheme](now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5, attempts=1)


# -- what comes of a good answer ---------------------------------------------------------------------------------------


def test_arxiv(server: StandIn) -> None:
    server.answers.update([oai("2603.09999", "On Folding"), oai("hep-th/9901001", "Old Folds")])
    record = fetcher(server, "arxiv").fetch("https://arxiv.org/pdf/2603.09999v2.pdf")
    assert (record.source, record.own_id, record.title) == ("arxiv", "2603.09999", "On Folding")
    assert fetcher(server, "arxiv").fetch("hep-th/9901001").title == "Old Folds"


def test_a_doi_says_what_its_agency_says_without_markup(server: StandIn) -> None:
    server.answers.update(
        [
            csl(
                "10.1000/fold(1)<2>",
                "On <i>Folding</i> &amp; More",
                abstract="<jats:title>Abstract</jats:title><jats:p>It folds <jats:italic>well</jats:italic>.</jats:p>",
                URL="https://arxiv.org/abs/1706.03762",
                note="x",
            )
        ]
    )
    server.answers["/doi/10.1000/fold%281%29%3C2%3E"] = server.answers.pop("/doi/10.1000/fold(1)<2>")
    record = fetcher(server, "doi").fetch("https://doi.org/10.1000/FOLD(1)<2>")
    assert (record.title, record.abstract) == ("On Folding & More", "It folds well.")
    assert (record.venue, record.date, record.authors) == ("Journal of Folding", "2025-11", (Author("Ada Lovelace"),))
    assert record.identifiers == ("doi:10.1000/fold(1)<2>",), "it cannot say that it is somebody else's paper"


def test_the_anthology(server: StandIn) -> None:
    server.answers["/acl/2020.acl-main.1.bib"] = Answer(BIB.format(id="2020.acl-main.1").encode(), TEXT)
    record = fetcher(server, "acl").fetch("https://aclanthology.org/2020.acl-main.1/")
    assert (record.source, record.scheme, record.own_id) == ("acl", "acl", "2020.acl-main.1")
    assert (record.title, record.abstract, record.date) == ("Notes on Folding", "What is known of notes.", "2020-07")
    assert [author.name for author in record.authors] == ["Ada Lovelace", "Augusta Byron"]
    assert record.identifiers == ("acl:2020.acl-main.1", "doi:10.18653/v1/2020.acl-main.1")


@pytest.mark.parametrize("interface", ["new", "old"])
def test_openreview_by_both_of_its_interfaces(server: StandIn, interface: str) -> None:
    told = {"title": "Folds", "authors": ["Ada Lovelace"], "abstract": "Known.", "venue": "ICLR 2024", "pdf": "/pdf/1"}
    content = {name: {"value": value} for name, value in told.items()} if interface == "new" else told
    note = {"id": "rJ4km2R5t7", "forum": "rJ4km2R5t7", "content": content, "cdate": 1695_000_000_000}
    server.answers[f"/{interface}/notes?id=rJ4km2R5t7"] = Answer(json.dumps({"notes": [note]}).encode())
    record = fetcher(server, "openreview").fetch("https://openreview.net/forum?id=rJ4km2R5t7")
    assert (record.title, record.abstract, record.venue, record.date) == ("Folds", "Known.", "ICLR 2024", "2023-09-18")
    assert record.identifiers == ("openreview:rJ4km2R5t7",) and record.links["pdf"].endswith("pdf?id=rJ4km2R5t7")


# -- and of bad ones ---------------------------------------------------------------------------------------------------

NAMES = {"arxiv": "2603.09999", "doi": "10.1000/x", "acl": "2020.acl-main.1", "openreview": "openreview:rJ4km2R5t7"}
ASKED = {
    "arxiv": oai("2603.09999", "")[0],
    "doi": "/doi/10.1000/x",
    "acl": "/acl/2020.acl-main.1.bib",
    "openreview": "/new/notes?id=rJ4km2R5t7",
}
OTHERS = {
    "arxiv": oai("2603.09999", "Another", answered="2603.00001")[1],
    "doi": csl("10.1000/y", "Another")[1],
    "acl": Answer(BIB.format(id="2020.acl-main.2").encode(), TEXT),
    "openreview": Answer(json.dumps({"notes": [{"id": "other", "content": {"title": "Another"}}]}).encode()),
}


@pytest.mark.parametrize("scheme", NAMES)
def test_each_way_of_going_wrong_says_whether_it_may_go_right_later(
    server: StandIn, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(answer: Answer) -> Any:
        server.answers[ASKED[scheme]] = answer
        return fetcher(server, scheme).fetch(NAMES[scheme])

    good = OTHERS[scheme].kind
    for later in (Answer(b"busy", good, 500), Answer(b"", good, 429, {"Retry-After": "7200"}), Answer(b"{tru", good)):
        with pytest.raises(Unavailable):
            fetched(later)
    with pytest.raises(SourceError, match="403"):
        fetched(Answer(b"", good, 403))
    with pytest.raises(SourceError, match=r"2603\.00001|10\.1000/y|2020\.acl-main\.2|another note"):
        fetched(OTHERS[scheme])
    monkeypatch.setattr(guarded, "LARGEST", 1000)
    with pytest.raises(SourceError, match="more than"):
        fetched(Answer(b"x" * 2000, good))
    monkeypatch.setattr(guarded, "LONGEST", 0.1)
    with pytest.raises(Unavailable, match="longer than"):
        fetched(Answer(b" ", good, pause=0.06, drips=9))
    if scheme != "acl":  # whose BibTeX is told by how it begins
        with pytest.raises(SourceError, match="html"):
            fetched(Answer(b"<html></html>", "text/html"))


@pytest.mark.parametrize("scheme", NAMES)
def test_what_is_not_there_and_what_is_no_name(server: StandIn, scheme: str) -> None:
    server.answers[ASKED["arxiv"]] = Answer(
        b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="idDoesNotExist">x</error></OAI-PMH>', XML
    )
    assert fetcher(server, scheme).fetch(NAMES[scheme]) is None
    with pytest.raises(SourceError):
        fetcher(server, scheme).fetch("not a name")
    with pytest.raises(Unavailable, match="Try again later"):
        fetcher(NOBODY, scheme, allowed=lambda address, port: True).fetch(NAMES[scheme])


# -- nowhere else ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::a00:1"),
        *("2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::1%eth0", "localhost", ""),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address, 443)


def test_what_is_public() -> None:
    assert is_public("93.184.215.14", 443) and is_public("2606:2800:21f::1", 80)
    assert not is_public("93.184.215.14", 22)


@pytest.mark.parametrize("scheme", NAMES)
def test_the_real_fetchers_ask_nobody_on_this_machine(server: StandIn, scheme: str) -> None:
    """The very objects that the program uses, turned to an address inside."""
    clock = Clock()
    base = {"base_urls": (server.url,)} if scheme == "openreview" else {"base_url": server.url}
    made = FETCHERS[scheme](now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5, **base)
    with pytest.raises(SourceError, match="no address of the public web"):
        made.fetch(NAMES[scheme])
    assert server.asked == []


@pytest.mark.parametrize("target", ["{}/secret", "http://localhost:{port}/secret", "http://[::1]:{port}/secret"])
def test_no_redirect_leads_inside(server: StandIn, target: str) -> None:
    with standing_in(("/secret", Answer(b'{"title": "secret"}'))) as inner:
        target = target.format(inner.url, port=inner.url.rpartition(":")[2])
        server.answers["/doi/10.1000/x"] = Answer(status=302, headers={"Location": target})
        with pytest.raises(SourceError, match="no address of the public web"):
            fetcher(server, "doi").fetch("10.1000/x")
        assert inner.asked == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/", "/doi/10.1000/x", "gopher://x"])
def test_redirects_to_other_schemes_and_without_end_are_given_up(server: StandIn, target: str) -> None:
    server.answers["/doi/10.1000/x"] = Answer(status=302, headers={"Location": target})
    with pytest.raises(SourceError, match="leads nowhere"):
        fetcher(server, "doi").fetch("10.1000/x")
    assert len(server.asked) < 10


def test_a_name_cannot_change_its_mind_between_looking_and_connecting(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is resolved once, and just what was looked at is connected to."""
    looked: list[str] = []
    port = int(server.url.rpartition(":")[2])
    real = socket.getaddrinfo

    def changing(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, *rest, **more)
        looked.append(host)
        address = "127.0.0.1" if len(looked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    server.answers["/x"] = Answer(b"{}", JSON)
    assert guarded_get(f"http://rebinding.example:{port}/x", allowed=here(server.url)).status == 200
    assert looked == ["rebinding.example"]


def test_one_bad_address_of_a_name_is_enough_to_leave_it(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(SourceError, match="no address of the public web"):
        guarded_get("https://half.example/x")


def test_packed_answers_are_not_unpacked(server: StandIn) -> None:
    server.answers["/x"] = Answer(b"\x28\xb5\x2f\xfd", JSON, headers={"Content-Encoding": "zstd"})
    with pytest.raises(SourceError, match="packs"):
        guarded_get(f"{server.url}/x", allowed=here(server.url))


def test_those_who_ask_one_server_take_turns(server: StandIn) -> None:
    server.answers.update([oai("2603.09999", "On Folding")])
    clock = Clock()
    for _ in range(3):
        fetcher(server, "arxiv", clock).fetch("2603.09999")
    assert clock.slept == [3.0, 3.0]
