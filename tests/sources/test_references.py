"""BibTeX, RIS, CSL-JSON and ACL XML: what is read, and that one bad entry spoils no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import only, read, written

from broadsheet.errors import SourceError
from broadsheet.records import Author
from broadsheet.text.normalise import fallback, title_identity

BIBTEX = r"""
% a comment
@string{nips = "Advances in {NeurIPS}"}
@inproceedings{vaswani2017attention,
  title = {{Attention} Is All You Need, on 100% of $\alpha_{1}$ \& {Poincar\'e} Discs},
  author = "Vaswani, Ashish and M{\"u}ller, J{\"o}rg and Vincent van Gogh and {The ACME Group} and others",
  booktitle = nips, year = 2017, month = jun, doi = {10.5555/ABC.1}, eprint = {1706.03762v5}, archivePrefix = {arXiv},
  url = {https://proceedings.example/a\_b}, keywords = {one, two}, abstract = {We show
  that.}
}
@article{broken, title = {No end
@article{x, title = {Second}, journal = {arXiv preprint arXiv:2101.00001}, year = {2021}}
@book{notitle, author = {Knuth, Donald E.}, year = 1984}
@article{x, title = {Third, with the same key}, date = {2020-03-04}}
"""


def test_bibtex(tmp_path: Path) -> None:
    records, aside = read(written(tmp_path, BIBTEX))
    first, second, third = records
    assert first.title == r"Attention Is All You Need, on 100% of $\alpha_{1}$ & Poincaré Discs"
    assert [a.name for a in first.authors] == ["Ashish Vaswani", "Jörg Müller", "Vincent van Gogh", "The ACME Group"]
    assert (first.date, first.venue) == ("2017-06", "Advances in NeurIPS")
    assert first.identifiers == ("arxiv:1706.03762", "doi:10.5555/abc.1")
    assert (first.source, first.scheme, first.own_id) == ("bibtex", "bibtex", "arxiv:1706.03762")
    assert first.links == {"page": "https://proceedings.example/a_b"}
    assert first.keywords == ("one", "two")
    assert (second.title, second.identifiers) == ("Second", ("arxiv:2101.00001",))
    assert third.identifiers == (fallback("title", title_identity("Third, with the same key", [], "2020-03-04")),)
    assert sorted(one.reason[:16] for one in aside) == ["it has no title", "it is not valid "]
    assert all(", line " in one.where and one.excerpt for one in aside)


def test_a_citation_key_names_nothing_outside_its_file(tmp_path: Path) -> None:
    one = only(written(tmp_path, "@misc{smith2020, title={On One Thing}}", "a"))
    other = only(written(tmp_path, "@misc{smith2020, title={On Another}}", "b"))
    assert (one.scheme, one.own_id) != (other.scheme, other.own_id)


RIS = """\ufeffTY  - JOUR
TI  - Attention Is All You Need
AU  - Vaswani, Ashish
AU  - King, Jr., Martin
PY  - 2017
DA  - 2017/06/12/
JO  - Journal of Everything
DO  - https://doi.org/10.5555/ABC.1
UR  - https://arxiv.org/abs/1706.03762
KW  - one
KW  - two
AB  - We show that.
ER  -

TY  - JOUR
TI  - Never closed
TY  - CONF
T1  - Second
Y1  - 2020/05
N2  - Text.
ER  -
TY  - BOOK
AU  - Knuth, Donald
ER  -
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_ris(tmp_path: Path, ends: str) -> None:
    records, aside = read(written(tmp_path, RIS.replace("\n", ends)))
    first, second = records
    assert first.title == "Attention Is All You Need"
    assert [author.name for author in first.authors] == ["Ashish Vaswani", "Martin King Jr."]
    assert (first.date, first.venue, first.abstract) == ("2017-06-12", "Journal of Everything", "We show that.")
    assert first.identifiers == ("doi:10.5555/abc.1", "arxiv:1706.03762")
    assert first.keywords == ("one", "two")
    assert (second.title, second.date, second.abstract) == ("Second", "2020-05", "Text.")
    assert [(one.where.split(", ")[1], one.reason) for one in aside] == [
        ("line 15", "the reference has no ER line at its end"),
        ("line 22", "it has no title"),
    ]


def test_csl(tmp_path: Path) -> None:
    items = [
        {
            "id": "1",
            "type": "article-journal",
            "title": "Attention",
            "author": [
                {"family": "Gogh", "given": "Vincent", "non-dropping-particle": "van"},
                {"literal": "The Group", "ORCID": "https://orcid.org/0000-0002-1825-0097"},
                "bad",
            ],
            "issued": {"date-parts": [["2017", 6, 12]]},
            "container-title": ["Journal"],
            "DOI": "10.5555/ABC",
            "URL": "https://arxiv.org/abs/1706.03762",
            "abstract": "We show that.",
        },
        {"id": "2", "type": "book", "title": 7},
        "nonsense",
        {"id": "3", "type": "book", "title": "Odd date", "issued": {"date-parts": [[None]]}},
    ]
    records, aside = read(written(tmp_path, json.dumps(items)))
    first = records[0]
    assert first.authors == (Author("Vincent van Gogh"), Author("The Group", "0000-0002-1825-0097"))
    assert (first.date, first.venue) == ("2017-06-12", "Journal")
    assert first.identifiers == ("doi:10.5555/abc", "arxiv:1706.03762")
    assert records[1].date is None
    assert [one.where.split(", ")[1] for one in aside] == ["item 2", "item 3"]


def test_one_csl_item_alone(tmp_path: Path) -> None:
    item = {"id": "1", "type": "book", "title": "Alone", "issued": {"raw": "2020"}}
    assert only(written(tmp_path, json.dumps(item, indent=2))).source == "csl"
    assert only(written(tmp_path, json.dumps(item))).date == "2020"


def test_broken_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not valid JSON"):
        read(written(tmp_path, '[{"title": "a"}, '))


ACL = """<?xml version='1.0' encoding='UTF-8'?>
<collection id="2022.emnlp">
  <volume id="main" ingest-date="2022-12-01">
    <meta><booktitle>Proceedings of EMNLP</booktitle><month>December</month><year>2022</year><venue>emnlp</venue></meta>
    <frontmatter><url hash="1">2022.emnlp-main.0</url></frontmatter>
    <paper id="1">
      <title>Learning <fixed-case>BERT</fixed-case> with <tex-math>\\alpha</tex-math> <i>and</i> more</title>
      <author><first>Ashish</first><last>Vaswani</last></author><author><last>Plato</last></author>
      <abstract>We show <b>that</b> it
works.</abstract>
      <url hash="2">2022.emnlp-main.1</url><doi>10.18653/v1/2022.emnlp-main.1</doi><bibkey>v-2022</bibkey>
    </paper>
    <paper id="2"><title></title><url>2022.emnlp-main.2</url></paper>
    <paper id="3"><title>Gone</title><retracted date="2023-01-01">x</retracted></paper>
  </volume>
</collection>"""


def test_acl_xml(tmp_path: Path) -> None:
    records, aside = read(written(tmp_path, ACL))
    front, first, gone = records
    assert (front.own_id, front.title) == ("2022.emnlp-main.0", "Proceedings of EMNLP")
    assert first.title == "Learning BERT with $\\alpha$ and more"
    assert first.abstract == "We show that it works."
    assert [author.name for author in first.authors] == ["Ashish Vaswani", "Plato"]
    assert (first.date, first.venue, first.own_id) == ("2022-12", "emnlp", "2022.emnlp-main.1")
    assert first.identifiers == ("acl:2022.emnlp-main.1", "doi:10.18653/v1/2022.emnlp-main.1")
    assert first.links["pdf"] == "https://aclanthology.org/2022.emnlp-main.1.pdf"
    assert (gone.own_id, gone.status) == ("2022.emnlp-main.3", "withdrawn")
    assert [(one.where.split(", ")[1], one.reason) for one in aside] == [("line 13", "it has no title")]


def test_old_anthology_ids_are_made_of_collection_volume_and_number(tmp_path: Path) -> None:
    old = '<collection id="P18"><volume id="1"><paper id="12"><title>T</title></paper></volume></collection>'
    assert only(written(tmp_path, old)).own_id == "P18-1012"


def test_entities_are_neither_read_from_disk_nor_blown_up(tmp_path: Path) -> None:
    secret = written(tmp_path, "the secret", "secret")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    outside = f'<!ENTITY out SYSTEM "file://{secret}">'
    for name, entities in (("out", outside), ("e11", '<!ENTITY e0 "ha">' + bomb)):
        content = (
            f"<!DOCTYPE collection [{entities}]>" + ACL.partition("?>")[2].replace("Gone", f"Gone &{name};").strip()
        )
        try:
            records, _ = read(written(tmp_path, content))
        except SourceError:
            continue
        assert "secret" not in repr(records)
        assert len(repr(records)) < 10_000


def test_xml_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not well-formed"):
        read(written(tmp_path, ACL[:600]))
