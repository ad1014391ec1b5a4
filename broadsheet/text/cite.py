"""Papers as citations: BibTeX, RIS and CSL-JSON, which the sources of the same formats read back as they were."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from broadsheet.records import Author, Paper
from broadsheet.text.normalise import fingerprint, identifiers, surname
from broadsheet.text.tokens import STOP_WORDS

_ADDRESSES = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "acl": "https://aclanthology.org/",
    "openreview": "https://openreview.net/forum?id=",
}
_FORMULA = re.compile(r"(?<!\\)(\$[^$]+\$)")
_COMMAND = re.compile(r"\\[a-zA-Z'\"`^~=.]").search
_BARE = re.compile(r"(?<!\\)[%&#]")
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$",
}  # fmt: skip
_ESCAPED = re.compile(r"[\\{}~^&%#_$]|(?<=-)(?=-)|(?<=`)(?=`)|(?<=')(?=')|(?<=[?!])(?=`)")
_JOURNAL = re.compile(
    r"\b(?:journal|transactions|letters|annals|review|magazine|tacl|jmlr|tmlr)\b", re.IGNORECASE
).search


def bibtex(papers: Sequence[Paper]) -> str:
    """Return BibTeX entries, each key unique among them and the same whatever else is exported with it, clashes apart.

    Text is escaped for LaTeX; formulas, and text that is LaTeX already, stay as they are.
    """
    from bibtexparser.entrypoint import write_string  # only here: reading a page of papers needs no BibTeX
    from bibtexparser.library import Library
    from bibtexparser.model import Block, Entry, Field
    from bibtexparser.writer import BibtexFormat

    keys = _keys(papers)
    entries: list[Block] = [
        Entry(_bibtex_type(paper), key, [Field(name, value) for name, value in _bibtex_fields(paper).items() if value])
        for paper, key in zip(papers, keys, strict=True)
    ]
    layout = BibtexFormat()  # type: ignore[no-untyped-call]
    layout.indent = "  "
    layout.trailing_comma = True
    return write_string(Library(entries), bibtex_format=layout)


def ris(papers: Sequence[Paper]) -> str:
    """Return RIS references."""
    import rispy

    return str(rispy.dumps([_ris_reference(paper) for paper in papers])) if papers else ""


def csl(papers: Sequence[Paper]) -> str:
    """Return CSL-JSON, a list of items."""
    return orjson.dumps([_csl_item(paper) for paper in papers], option=orjson.OPT_INDENT_2).decode()


# --- BibTeX -----------------------------------------------------------------------------------------------------------


def _bibtex_fields(paper: Paper) -> dict[str, str]:
    year, month, day = _date_parts(paper)
    arxiv, doi, url = _first(paper, "arxiv"), _first(paper, "doi"), source_url(paper)
    venue = "booktitle" if _bibtex_type(paper) == "inproceedings" else "journal"
    return {
        "title": f"{{{_latex(paper.title)}}}",
        "author": " and ".join(_bibtex_name(author.name) for author in paper.authors),
        "year": year,
        "month": month,
        "day": day,
        venue: _latex(paper.venue or ""),
        "doi": doi,
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "primaryclass": paper.categories[0] if arxiv and paper.categories else "",
        "url": url,
        "keywords": _latex(", ".join(paper.keywords)),
        "abstract": _latex(_one_line(paper.abstract)),
        "identifiers": " ".join(_rest(paper, f"arxiv:{arxiv}", doi, url)),
    }


def _bibtex_type(paper: Paper) -> str:
    if not paper.venue or paper.venue == "arXiv":
        return "misc"
    return "article" if _JOURNAL(paper.venue) else "inproceedings"


def _bibtex_name(name: str) -> str:
    plain = _latex(name)
    special = "," in name or re.search(r"\band\b", name, re.IGNORECASE) or name.lower() == "others"
    return f"{{{plain}}}" if special else plain


def _latex(text: str) -> str:
    """Return text escaped for LaTeX outside its formulas, or as it is where it is LaTeX already."""
    if _COMMAND(_FORMULA.sub("", text)) and _balanced(text):
        return _BARE.sub(r"\\\g<0>", text)
    parts = _FORMULA.split(text)
    return "".join(part if odd % 2 and _balanced(part) else _escaped(part) for odd, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[0], "{}"), text)


def _balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0 and text.replace("\\$", "").count("$") % 2 == 0 and not text.endswith("\\")


def _keys(papers: Sequence[Paper]) -> list[str]:
    """Return a key each, like vaswani2017attention; those that clash all get four characters of their id's hash."""
    plain = [_key(paper) for paper in papers]
    often = Counter(plain)
    keys = [
        key if often[key] == 1 else f"{key}-{_short_hash(paper.id)}" for key, paper in zip(plain, papers, strict=True)
    ]
    return [key if keys.index(key) == at else f"{key}-{at + 1}" for at, key in enumerate(keys)]


def _key(paper: Paper) -> str:
    words = fingerprint(paper.title).split()
    word = next((word for word in words if word not in STOP_WORDS and len(word) > 1), words[0] if words else "")
    name = surname(paper.authors[0].name) if paper.authors else ""
    key = "".join(c for c in f"{name}{_date_parts(paper)[0]}{word}" if c.isascii() and c.isalnum())
    return key or f"paper-{_short_hash(paper.id)}"


def _short_hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:5])[:4].decode().lower()


# --- RIS and CSL-JSON -------------------------------------------------------------------------------------------------


def _ris_reference(paper: Paper) -> dict[str, Any]:
    year, month, day = _date_parts(paper)
    doi, url = _first(paper, "doi"), source_url(paper)
    rest = _rest(paper, doi, url)
    others = [_address(name) for name in rest if _address(name)]
    item = {
        "type_of_reference": {"misc": "GEN", "article": "JOUR"}.get(_bibtex_type(paper), "CONF"),
        "title": _one_line(paper.title),
        "authors": [_comma_name(author.name) for author in paper.authors],
        "year": year,
        "date": "/".join(part for part in (year, month, day) if part) if month else "",
        "secondary_title": _one_line(paper.venue),
        "abstract": _one_line(paper.abstract),
        "keywords": [_one_line(word) for word in paper.keywords],
        "doi": doi,
        "urls": [one for one in (url, *others) if one],
        "accession_number": " ".join(name for name in rest if not _address(name)),
    }
    return {key: value for key, value in item.items() if value}


def _csl_item(paper: Paper) -> dict[str, Any]:
    doi, url = _first(paper, "doi"), source_url(paper)
    kinds = {"misc": "article", "article": "article-journal"}
    dates = [int(part) for part in _date_parts(paper) if part]
    item = {
        "id": paper.id,
        "type": kinds.get(_bibtex_type(paper), "paper-conference"),
        "title": paper.title,
        "author": [_csl_name(author) for author in paper.authors],
        "issued": {"date-parts": [dates]} if dates else None,
        "container-title": paper.venue,
        "abstract": paper.abstract,
        "keyword": ", ".join(paper.keywords),
        "DOI": doi,
        "URL": url,
        "custom": {"identifiers": rest} if (rest := _rest(paper, doi, url)) else None,
    }
    return {key: value for key, value in item.items() if value}


def _csl_name(author: Author) -> dict[str, str]:
    given, family = _divided(author.name)
    name = {"given": given, "family": family} if given else {"literal": author.name}
    return name | ({"ORCID": f"https://orcid.org/{author.orcid}"} if author.orcid else {})


def _comma_name(name: str) -> str:
    given, family = _divided(name)
    return f"{family}, {given}" if given and "," not in name else name


def _divided(name: str) -> tuple[str, str]:
    """Return given and family name; small words before the last one ("van", "de la") belong to the family name."""
    words = name.split()
    start = len(words) - 1
    while start > 1 and words[start - 1].islower():
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


# --- what all three need ----------------------------------------------------------------------------------------------


def _date_parts(paper: Paper) -> tuple[str, str, str]:
    year, month, day = [*(paper.date or "").split("-"), "", ""][:3]
    return year, month, day


def _first(paper: Paper, scheme: str) -> str:
    named = (name.partition(":") for name in paper.identifiers)
    return next((own for found, _, own in named if found == scheme), "")


def _address(name: str) -> str:
    scheme, _, own = name.partition(":")
    return _ADDRESSES[scheme] + own if scheme in _ADDRESSES else ""


def source_url(paper: Paper) -> str:
    """Return where a paper stands at its source, or nothing where that is not known."""
    return paper.links.get("page") or _address(paper.id)


def _rest(paper: Paper, *given: str) -> list[str]:
    """Return the identifiers that do not follow from what is given."""
    implied = {found for one in given for found in identifiers(one)}
    return [name for name in paper.identifiers if name not in implied]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
