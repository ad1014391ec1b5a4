"""Mutated files and random queries: nothing crashes, nothing answers 500, every rejected record has a reason.

`BROADSHEET_BAD_FILES` and `BROADSHEET_BAD_QUERIES` set how many (the published figures are 1,000 and 10,000).
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from starlette.testclient import TestClient

from broadsheet.app import create
from broadsheet.library import Library
from broadsheet.settings import Settings

FILES = int(os.environ.get("BROADSHEET_BAD_FILES", "120"))
LONGEST = 5_000  # characters; percent-encoded, more does not fit into an address that the client sends
QUERIES = int(os.environ.get("BROADSHEET_BAD_QUERIES", "400"))

TITLES = ["Gated fusion of words and meaning", "A twin encoder for papers", "$\\ell_1$ trees, pruned", "Über Gärten"]
LINES = "\n".join(
    json.dumps({"id": f"2401.0000{n}", "title": t, "abstract": t * 3, "authors": ["Ada Byron"], "date": "2024-01-02"})
    for n, t in enumerate(TITLES)
).encode()
BIBTEX = "\n".join(
    f"@article{{key{n}, title={{{t}}}, author={{Byron, Ada and Gauß, C.}}, year={{2024}}, doi={{10.1/x{n}}}}}"
    for n, t in enumerate(TITLES)
).encode()
RIS = "\n".join(
    f"TY  - JOUR\nTI  - {t}\nAU  - Byron, Ada\nPY  - 2024\nDO  - 10.1/r{n}\nER  - \n" for n, t in enumerate(TITLES)
)
CSL = json.dumps(
    [
        {
            "id": f"c{n}",
            "type": "article",
            "title": t,
            "author": [{"family": "Byron", "given": "Ada"}],
            "DOI": f"10.1/c{n}",
        }
        for n, t in enumerate(TITLES)
    ]
).encode()
ACL = (
    "<?xml version='1.0' encoding='UTF-8'?>\n<collection id='2024.test'><volume id='1'>"
    "<meta><booktitle>Proceedings</booktitle><year>2024</year></meta>"
    + "".join(
        f"<paper id='{n}'><title>{t}</title><author><first>Ada</first><last>Byron</last></author>"
        f"<url>2024.test-1.{n}</url></paper>"
        for n, t in enumerate(TITLES)
    )
    + "</volume></collection>"
).encode()
PAGE = (
    "Get trending papers in your email inbox!\n\nSubscribe\n\nMar 14\n\n"
    + "\n\n".join(f"{t}\n\n{t * 9}." for t in TITLES)
).encode()
HTML = (
    "<!doctype html><html><body><main>"
    + "".join(
        f"<article><h3><a href='/papers/2401.0000{n}'>{t}</a></h3><p>{t * 4}</p></article>"
        for n, t in enumerate(TITLES)
    )
    + "</main></body></html>"
).encode()
SEEDS = {
    "lines.jsonl": LINES,
    "lines.jsonl.gz": gzip.compress(LINES),
    "lines.jsonl.xz": lzma.compress(LINES),
    "lines.jsonl.zst": zstandard.compress(LINES),
    "refs.bib": BIBTEX,
    "refs.ris": RIS.encode(),
    "refs.json": CSL,
    "volume.xml": ACL,
    "page.txt": PAGE,
    "page.html": HTML,
}


def flipped(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def truncated(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(1, len(data))])


def without_a_piece(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, 60)]
    return bytes(data) or b"x"


def with_garbage(data: bytearray, chance: random.Random) -> bytes:
    garbage = chance.choice(
        [b"\x00", b"\xff\xfe", b"{" * 500, b"[" * 500, b"<a>" * 99, b'"', b"\\ud800", b"&lol;", b"\r", b"$$"]
    )
    at = chance.randrange(len(data))
    return bytes(data[:at] + garbage * chance.randint(1, 3) + data[at:])


MUTATIONS: tuple[Callable[[bytearray, random.Random], bytes], ...] = (flipped, truncated, without_a_piece, with_garbage)


def mutated_files(folder: Path, number: int) -> Iterator[Path]:
    chance = random.Random(7)
    for n in range(number):
        name, seed = chance.choice(sorted(SEEDS.items()))
        path = folder / f"{n}-{name}"
        path.write_bytes(chance.choice(MUTATIONS)(bytearray(seed), chance))
        yield path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library(Settings(home=tmp_path_factory.mktemp("home"))) as library:
        yield library


def test_every_mutated_file_is_read_or_refused_with_a_reason(library: Library, tmp_path: Path) -> None:
    aside = library.store.counts()["set_aside"]
    seen = set()
    for path in mutated_files(tmp_path, FILES):
        content = path.read_bytes()
        done = library.add([path], refresh=False)
        if content in seen:  # read before, under another name: nothing is left to do
            continue
        seen.add(content)
        assert all(failure["reason"] for failure in done["failed"])
        assert done["failed"] or done.get("records", 0) + done.get("set_aside", 0) > 0, content
        aside += done.get("set_aside", 0)
    assert library.store.counts()["set_aside"] == aside
    assert all(row.reason for _, row in library.store.set_aside(1_000_000))


def random_query(chance: random.Random) -> str:
    pieces = [
        '"',
        "-",
        "title:",
        "author:",
        "venue:",
        "cat:",
        "after:",
        "before:",
        "id:",
        "sort:",
        "*",
        "(",
        ")",
        "2024",
        "9999-99",
    ]
    alphabets = [string.printable, "«»“”—…", "日本語論文", "אבג", "\u0301\u200d\u202e\ufeff", "🙂🧪", "\x00\x01\x1f"]
    parts = [
        chance.choice(pieces)
        if chance.random() < 0.5
        else "".join(chance.choices(chance.choice(alphabets), k=chance.randint(1, 9)))
        for _ in range(chance.randint(0, 9))
    ]
    joined = chance.choice([" ", ""]).join(parts)
    return (joined * chance.choice([1, 1, 1, 1, 200]))[:LONGEST]


ODD = {
    "": "No word",
    '"" -- ** ()': "No word",
    "\x00\x01\x7f" * 9: "No word",
    "tree " * 2_000: "longer",
    "x" * 10_000: "longer",
    "注意力机制": "English",
    "der Baum und die Gärten": "English",
    "the of and": "common",
    '"twin encoder': "quotation mark",
    "trees after:2025 before:2020": "No day",
    "trees -trees": "both",
    "-trees": "leave out",
    "trees after:yesterday": "not a date",
    "trees sort:best": "sorted by",
    "treez encodr": "looked for instead",
}


@pytest.mark.parametrize("typed", ODD)
def test_odd_queries_are_answered_with_a_note(library: Library, tmp_path: Path, typed: str) -> None:
    seed = tmp_path / "seed.jsonl"
    seed.write_bytes(LINES)
    library.add([seed])
    assert any(ODD[typed] in note for note in library.search(typed, explain=True).notes)
    with TestClient(create(library.settings, library=library), base_url="http://localhost") as client:
        answer = client.get("/search.json", params={"q": typed, "explain": "true"})
    assert answer.status_code == 200
    assert any(ODD[typed] in note for note in answer.json()["notes"])


def test_reasons_and_marks_are_of_the_words_that_were_looked_for(library: Library, tmp_path: Path) -> None:
    seed = tmp_path / "seed.jsonl"
    seed.write_bytes(LINES)
    library.add([seed])
    best = library.search("encodr", explain=True).hits[0]
    assert best.reasons and "encoder" in best.reasons.words
    assert [best.paper.title[span.start : span.end] for span in best.title_marks] == ["encoder"]


def test_no_query_gives_a_500(library: Library, tmp_path: Path) -> None:
    seed = tmp_path / "seed.jsonl"
    seed.write_bytes(LINES)
    library.add([seed])
    chance = random.Random(11)
    with TestClient(create(library.settings, library=library), base_url="http://localhost") as client:
        for _ in range(QUERIES):
            query = random_query(chance)
            door = chance.choice(["/search.json", "/search"])
            answer = client.get(door, params={"q": query, "profile": chance.choice(["hybrid", "lexical", "dense"])})
            assert answer.status_code < 500, (query, answer.text[:300])
            assert answer.status_code in (200, 307, 308, 400, 422), (query, answer.status_code)
