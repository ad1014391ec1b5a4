"""Citations out, and back in through the sources: the same identifiers, titles, authors and dates."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.records import Author, Paper, SourceRecord
from broadsheet.sources import recognise
from broadsheet.text.cite import bibtex, csl, ris

ATTENTION = Paper(
    key=1,
    id="arxiv:1706.03762",
    identifiers=("arxiv:1706.03762", "doi:10.5555/abc.1", "acl:P18-1001", "openreview:abcDEF", "bs:abcdefgh2345"),
    title="Attention Is All You Need: 100% of $\\alpha_{1}$ & more_or_less #1 {braces} ~ ^ -- ``x''",
    abstract="We show\nthat 50% is $x_1$.",
    authors=(Author("Ashish Vaswani", "0000-0002-1825-0097"), Author("Vincent van Gogh"), Author("Jörg Müller")),
    date="2017-06-12",
    venue="NeurIPS 2017",
    categories=("cs.CL",),
    keywords=("attention", "R&D"),
    links={"page": "https://arxiv.org/abs/1706.03762"},
)
PLAIN = Paper(
    key=2,
    id="bs:abcdefgh2346",
    identifiers=("bs:abcdefgh2346",),
    title="Plain",
    authors=(Author("Plato"),),
    date="2020",
)
MONTH = Paper(
    key=3,
    id="acl:2022.x-main.1",
    identifiers=("acl:2022.x-main.1",),
    title="A Month",
    date="2022-12",
    venue="Journal of X",
)
PAPERS = [ATTENTION, PLAIN, MONTH]
Export = Callable[[Sequence[Paper]], str]


def back(content: str) -> list[SourceRecord]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        path.write_text(content, encoding="utf-8")
        batches = list(recognise(path).harvest(None))
    assert all(batch.set_aside == () for batch in batches)
    return [record for batch in batches for record in batch.records]


@pytest.mark.parametrize("export", [bibtex, ris, csl])
def test_what_is_exported_is_read_back(export: Export) -> None:
    records = back(export(PAPERS))
    for paper, record in zip(PAPERS, records, strict=True):
        assert set(record.identifiers) == set(paper.identifiers)
        assert record.title == paper.title
        assert [author.name for author in record.authors] == [author.name for author in paper.authors]
        assert (record.date, record.venue, record.keywords) == (paper.date, paper.venue, paper.keywords)
        assert (record.abstract or "").split() == (paper.abstract or "").split()


LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Po", "Sm"), exclude_characters="\\$\x85")
TITLES = st.text(LETTERS, min_size=1, max_size=40).filter(lambda title: any(c.isalnum() for c in title))
NAMES = st.lists(st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=8), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None)
@given(TITLES, st.lists(NAMES, max_size=3), st.sampled_from([bibtex, ris, csl]))
def test_any_title_and_name_is_read_back(title: str, names: list[list[str]], export: Export) -> None:
    people = tuple(Author(" ".join(parts)) for parts in names)
    paper = Paper(key=1, id="arxiv:1706.03762", identifiers=("arxiv:1706.03762",), title=title, authors=people)
    (record,) = back(export([paper]))
    assert record.title == title
    assert record.authors == people


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("\\${}%&#_^~'`\"-@=,ab1 é\n"), max_size=40), st.sampled_from([bibtex, ris, csl]))
def test_no_title_breaks_the_entry_after_it(text: str, export: Export) -> None:
    paper = Paper(key=1, id="arxiv:1706.03762", identifiers=("arxiv:1706.03762",), title=f"T {text} t", abstract=text)
    records = back(export([paper, PLAIN]))
    assert [record.identifiers for record in records] == [("arxiv:1706.03762",), ("bs:abcdefgh2346",)]
    assert records[1].title == "Plain"


def test_bibtex_is_escaped_for_latex_and_formulas_are_left_alone() -> None:
    content = bibtex([ATTENTION])
    assert r"100\% of $\alpha_{1}$ \& more\_or\_less \#1 \textbraceleft{}braces\textbraceright{}" in content
    assert "@inproceedings{vaswani2017attention," in content
    assert "eprint = {1706.03762}" in content


def test_a_title_that_is_latex_already_stays_so() -> None:
    paper = Paper(key=1, id="doi:10.1/x", identifiers=("doi:10.1/x",), title="Poincar\\'e and \\emph{others}")
    assert "{{Poincar\\'e and \\emph{others}}}" in bibtex([paper])


def test_keys_are_unique_and_do_not_depend_on_neighbours() -> None:
    twins = [
        Paper(
            key=at,
            id=f"arxiv:1706.0000{at}",
            identifiers=(),
            title="Deep Twins",
            authors=(Author("Li Xu"),),
            date="2017",
        )
        for at in range(1, 4)
    ]
    keys = re.findall(r"@misc\{(.+),", bibtex([ATTENTION, *twins, twins[0]]))
    assert len(keys) == len(set(keys)) == 4
    assert all(re.fullmatch(r"xu2017deep-[a-z2-7]{4}(-\d+)?", key) for key in keys)
    assert re.findall(r"@misc\{(.+),", bibtex(twins[::-1])) == keys[2::-1]
    assert re.findall(r"@misc\{(.+),", bibtex(twins[:1])) == ["xu2017deep"]


def test_a_paper_with_nothing_but_signs_has_a_key() -> None:
    assert re.search(r"@misc\{paper-[a-z2-7]{4},", bibtex([Paper(key=1, id="bs:x", identifiers=(), title="深度")]))


def test_csl_names_are_divided_and_orcids_kept() -> None:
    (item,) = orjson.loads(csl([ATTENTION]))
    assert item["author"][0] == {
        "given": "Ashish", "family": "Vaswani", "ORCID": "https://orcid.org/0000-0002-1825-0097",
    }  # fmt: skip
    assert item["author"][1] == {"given": "Vincent", "family": "van Gogh"}
    assert (item["id"], item["type"]) == ("arxiv:1706.03762", "paper-conference")


def test_nothing_exported_is_nothing() -> None:
    assert (bibtex([]).strip(), ris([]).strip(), orjson.loads(csl([]))) == ("", "", [])
