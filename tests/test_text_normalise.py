# ruff: noqa: RUF001
"""Titles, names and identifiers: what must come out the same, and what must stay apart."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.text import normalise
from broadsheet.text.normalise import fingerprint, identifiers, is_front_matter, parse_identifier, surname


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Attention Is All You Need", "attention is all you need."),
        ("Order $\\hbar$ Corrections", "Order hbar corrections"),
        ("Fast $\\ell_2$ Regression", "Fast ell_2 Regression"),
        ("Dynamic $\\epsilon$", "Dynamic ε"),
        ("Poincar\\'e Embeddings", "Poincaré embeddings"),
        ("{M}\\\"uller's {BERT}", "Muller’s BERT"),
        ("\\textbf{Bold} moves", "Bold moves"),
        ("$\\mathcal{O}(n)$ Attention", "O(n) attention"),
        ("R&amp;D of <i>E. coli</i>", "R & D of E. coli"),
        ("Don’t Stop", "Don't stop"),
        ("Łukasiewicz logic", "{\\L}ukasiewicz logic"),
        ("10,000 papers", "10000 papers"),
        ("A~B", "A B"),
        ("L² norms", "L^2 norms"),
        ("Erd\\H{o}s and Fran\\c{c}ois", "Erdős and François"),
        ("ﬁne ﬂow", "fine flow"),
    ],
)
def test_one_title_written_in_two_ways_has_one_fingerprint(first: str, second: str) -> None:
    assert fingerprint(first) == fingerprint(second) != ""


@pytest.mark.parametrize(
    ("first", "second"),
    [("On $K_3$", "On $K_4$"), ("Part I", "Part II"), ("GPT-3", "GPT-4"), ("$\\alpha$ decay", "$\\beta$ decay")],
)
def test_titles_that_differ_in_a_formula_or_number_stay_apart(first: str, second: str) -> None:
    assert fingerprint(first) != fingerprint(second)


def test_fingerprint_words_are_counted() -> None:
    assert normalise.fingerprint_words("Attention: Is All You Need?") == 5
    assert normalise.fingerprint_words("—") == 0


def test_scripts_other_than_latin_have_fingerprints() -> None:
    assert fingerprint("深度学习：综述") == "深度学习 综述"
    assert fingerprint("Το ένα μοντέλο") != ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ashish Vaswani", "vaswani"),
        ("Vaswani, Ashish", "vaswani"),
        ("Vincent van Gogh", "gogh"),
        ("van Gogh, Vincent", "gogh"),
        ("Gabriel García Márquez", "marquez"),
        ("García Márquez, Gabriel", "marquez"),
        ("Martin Luther King Jr.", "king"),
        ("King, Jr., Martin Luther", "king"),
        ("Shai Ben-David", "bendavid"),
        ('J{\\"u}rgen M{\\"u}ller', "muller"),
        ("Søren Åberg", "aberg"),
        ("Tim O'Gorman", "ogorman"),
        ("Wei Zhang (Alibaba)", "zhang"),
        ("Plato", "plato"),
        ("王伟", "王伟"),
        ("", ""),
        (" , ", ""),
        ("Jr.", ""),
    ],
)
def test_surnames(name: str, expected: str) -> None:
    assert surname(name) == expected


def test_slugs_are_addresses() -> None:
    assert normalise.slug("Jürgen  Müller") == "jurgen-muller"
    assert normalise.slug("ICLR 2024") == "iclr-2024"
    assert normalise.slug("?!") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1706.03762", ("arxiv:1706.03762",)),
        ("1706.03762v5", ("arxiv:1706.03762",)),
        ("arXiv:1706.03762v1", ("arxiv:1706.03762",)),
        ("0704.0001", ("arxiv:0704.0001",)),
        ("https://arxiv.org/abs/1706.03762v5", ("arxiv:1706.03762",)),
        ("http://www.arxiv.org/pdf/1706.03762v5.pdf", ("arxiv:1706.03762",)),
        ("export.arxiv.org/abs/hep-th/9901001v2", ("arxiv:hep-th/9901001",)),
        ("hep-th/9901001", ("arxiv:hep-th/9901001",)),
        ("math.GT/0309136", ("arxiv:math/0309136",)),
        ("oai:arXiv.org:cs/0112017", ("arxiv:cs/0112017",)),
        ("/papers/2501.00001", ("arxiv:2501.00001",)),
        ("https://papers.example/papers/2501.00001#community", ("arxiv:2501.00001",)),
        ("10.48550/arXiv.1706.03762", ("arxiv:1706.03762", "doi:10.48550/arxiv.1706.03762")),
        (
            "https://doi.org/10.48550/ARXIV.hep-th/9901001",
            ("arxiv:hep-th/9901001", "doi:10.48550/arxiv.hep-th/9901001"),
        ),
        ("10.1063/1.48251", ("doi:10.1063/1.48251",)),
        ("doi:10.1000/ABC", ("doi:10.1000/abc",)),
        ("https://doi.org/10.1000%2FABC%28x%29?utm=1", ("doi:10.1000/abc(x)",)),
        ("http://dx.doi.org/10.1000/abc.", ("doi:10.1000/abc",)),
        ("https://dl.acm.org/doi/pdf/10.1145/3292500.3330701", ("doi:10.1145/3292500.3330701",)),
        (
            "10.1002/(SICI)1097(1990)41:6<391::AID-ASI1>3.0.CO;2-9",
            ("doi:10.1002/(sici)1097(1990)41:6<391::aid-asi1>3.0.co;2-9",),
        ),
        ("10.1103/A 10.1103/B", ("doi:10.1103/a", "doi:10.1103/b")),
        ("https://aclanthology.org/P18-1001/", ("acl:P18-1001",)),
        ("https://www.aclweb.org/anthology/p18-1001.pdf", ("acl:P18-1001",)),
        ("https://aclanthology.org/2022.emnlp-main.140v2.pdf", ("acl:2022.emnlp-main.140",)),
        ("2022.EMNLP-main.140", ("acl:2022.emnlp-main.140",)),
        ("acl:1952.earlymt-1.1", ("acl:1952.earlymt-1.1",)),
        ("https://openreview.net/forum?id=05T81ScPFb", ("openreview:05T81ScPFb",)),
        ("https://openreview.net/pdf?id=05T81ScPFb", ("openreview:05T81ScPFb",)),
        ("https://openreview.net/forum?noteId=x&id=rk-_zz9&referrer=y", ("openreview:rk-_zz9",)),
        ("openreview:05T81ScPFb", ("openreview:05T81ScPFb",)),
    ],
)
def test_identifiers_are_found(text: str, expected: tuple[str, ...]) -> None:
    assert identifiers(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1713.03762", "1706.037", "1604.0079", "1212.00001",
        "2022", "iclr2024:abc", "icml2021:site_5c6c048d0b", "C12-3456", "MED-118",
        "https://icml.cc/virtual/2021/poster/10299", "foo/0309136", "https://example.org/1706.03762", "10.1", "A18/B",
        "http://hdl.handle.net/2065/12106", "attention is all you need", "arxiv:", "doi:", "x" * 10_000,
        "10.1000/" + "x" * 10_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_identifier(text: str) -> None:
    assert identifiers(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 1706.03762v2 ", "arxiv:1706.03762"),
        ("arXiv: 1706.03762", "arxiv:1706.03762"),
        ("doi: 10.1000/X", "doi:10.1000/x"),
        ("doi:10.48550/arXiv.1706.03762", "arxiv:1706.03762"),
        ("P18-1001", "acl:P18-1001"),
        ("bs:ABCDEFGH2345", "bs:abcdefgh2345"),
        ("1706.03762 1706.03763", None),
        ("attention 1706.03762", None),
        ("bs:short", None),
        ("attention", None),
        ("", None),
    ],
)
def test_what_someone_typed_is_exactly_one_identifier_or_none(text: str, expected: str | None) -> None:
    assert parse_identifier(text) == expected


def test_the_best_identifier_goes_by_scheme() -> None:
    names = ["bs:aaaaaaaaaaaa", "openreview:x1234", "acl:P18-1001", "doi:10.1/x", "arxiv:1706.03762"]
    while names:
        assert normalise.best(names) == names[-1]
        names.pop()
    with pytest.raises(ValueError, match="empty"):
        normalise.best(["venue:x"])


def test_the_fallback_is_sha_256_in_base32() -> None:
    digest = hashlib.sha256(b"bibtex\0knuth84").digest()
    assert normalise.fallback("bibtex", "knuth84") == "bs:" + base64.b32encode(digest).decode()[:12].lower()
    assert parse_identifier(normalise.fallback("bibtex", "knuth84")) == normalise.fallback("bibtex", "knuth84")


def test_title_identity_leaves_absent_parts_empty() -> None:
    assert normalise.title_identity("A B!", ["Xu, Li", "Y"], "2024-05") == "a b\x1fxu\x1f2024"
    assert normalise.title_identity("A B", [], None) == "a b\x1f\x1f"


FRONT = """\
Briefly Noted|Preface|Author Index|Author and Subject Index|Book Reviews
Book Review: Dependency Parsing by S. Kübler
Proceedings of the Third International Workshop on Parsing Technologies (IWPT ’93)|Front Matter|Frontmatter
Index|Message from the General Chair|Message from the Program Committee Co-Chairs
Welcome Message from the Organizers|Tutorial Abstracts|Conference on Learning Theory 2019: Preface
Erratum: Dependency Parsing of Turkish|Errata|Introduction to the Special Issue on Summarization
The FINITE STRING Newsletter: Announcements|Letter to the Editor|Préface [Foreword]|List of participants
Call for Papers - 1981 ACL Meeting|Table of Contents|Program Committee|Introduction|Title Index: Volumes 6-19
Reviewers for Volume 39|Publications Received|personal notes|Site Report|Editorial"""
PAPERS = """\
Introduction to the CoNLL-2000 Shared Task Chunking|Indexing by latent semantic analysis
Message Passing Networks|Book QA: Stories of Challenges and Opportunities|Panel Data Models
Author Index Terms in Legal Text|Letters from the Past|Introduction to Machine Translation
Messages from the Quiet Web|Bayesian Index Policies|Coverage control for robots
Invited Talk: Named Entity Recognition: Different Approaches|Universal Dependencies|Finite State Morphology
Errors in OCR|An Analysis of Acknowledgments in NLP Conference Proceedings|News Recommendation
Editorial Agents Write Papers|Tutorial Dialogue|Query by Committee|Proceedings as Data
Discussion Structure Prediction Based on a Two-step Method|ATLAS|Program Synthesis"""


@pytest.mark.parametrize("title", FRONT.replace("\n", "|").split("|"))
def test_front_matter_is_known(title: str) -> None:
    assert is_front_matter(title)
    assert is_front_matter(title.upper())


@pytest.mark.parametrize("title", PAPERS.replace("\n", "|").split("|"))
def test_papers_are_not_taken_for_front_matter(title: str) -> None:
    assert not is_front_matter(title)


@given(st.text(st.characters()))
def test_everything_is_total_and_idempotent(text: str) -> None:
    once = fingerprint(text)
    assert fingerprint(once) == once
    assert normalise.fingerprint_words(text) == len(once.split())
    assert " " not in surname(text)
    for name in identifiers(text):
        assert identifiers(name)[0] == name
        assert parse_identifier(name) is not None
    parse_identifier(text)
    is_front_matter(text)
    assert len(normalise.fallback("title", text)) == 15


@given(st.text(st.sampled_from("\\${}_^'\"`~<>&;,()ck aAéßøσ-.:/10v9"), max_size=60))
def test_markup_of_any_kind_is_bounded_and_stable(text: str) -> None:
    assert set(fingerprint(text)).isdisjoint("\\${}_^~<>&;-")
    assert fingerprint(f" {text} ") == fingerprint(text)
