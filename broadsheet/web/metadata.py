"""What a paper's page says to machines: Highwire tags (Google Scholar, Zotero), Dublin Core, OpenGraph, JSON-LD."""

from __future__ import annotations

import re
from typing import Any

from broadsheet.records import Paper
from broadsheet.text.latex import to_text
from broadsheet.web.filters import external_links, identifier_link

Tags = list[tuple[str, str]]

_JOURNAL = re.compile(r"\b(journal|transactions|letters|review|annals|tacl|jmlr|tmlr|nature|science)\b", re.IGNORECASE)


def highwire(paper: Paper, url: str) -> Tags:
    """Return (name, content) of the `citation_*` tags, in the order that Google Scholar's guide names them."""
    tags = [("citation_title", to_text(paper.title))]
    tags += [("citation_author", author.name) for author in paper.authors]
    if paper.date:
        tags.append(("citation_publication_date", paper.date.replace("-", "/")))
    tags += _published_in(paper)
    tags += [("citation_doi", doi) for doi in _dois(paper)[:1]]
    tags += [("citation_arxiv_id", arxiv) for arxiv in _of_scheme(paper, "arxiv")[:1]]
    tags += [("citation_pdf_url", link) for name, link in external_links(paper) if name == "PDF"]
    tags += [("citation_public_url", url), ("citation_abstract_html_url", url)]
    if paper.abstract:
        tags.append(("citation_abstract", to_text(paper.abstract)))
    if paper.keywords:
        tags.append(("citation_keywords", "; ".join(paper.keywords)))
    return tags


def _published_in(paper: Paper) -> Tags:
    if paper.venue is None or paper.venue.lower() == "arxiv":
        return [("citation_technical_report_institution", "arXiv")] if _of_scheme(paper, "arxiv") else []
    kind = "citation_journal_title" if _JOURNAL.search(paper.venue) else "citation_conference_title"
    return [(kind, paper.venue)]


def dublin_core(paper: Paper, url: str) -> Tags:
    """Return (name, content) of the `DC.*` tags."""
    tags = [("DC.title", to_text(paper.title)), ("DC.identifier", paper.id), ("DC.source", url)]
    tags += [("DC.creator", author.name) for author in paper.authors]
    return tags + ([("DC.date", paper.date)] if paper.date else [])


def open_graph(paper: Paper, url: str) -> Tags:
    """Return (property, content) for those who show a link as a card."""
    tags = [("og:type", "article"), ("og:site_name", "Broadsheet"), ("og:url", url), ("og:title", to_text(paper.title))]
    return tags + ([("og:description", to_text(paper.text)[:300])] if paper.text else [])


def json_ld(paper: Paper, url: str) -> dict[str, Any]:
    """Return a schema.org `ScholarlyArticle`."""
    known = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": to_text(paper.title),
        "url": url,
        "identifier": list(paper.identifiers),
        "sameAs": [link for name in paper.identifiers if (link := identifier_link(name))],
        "author": [_person(author.name, author.orcid) for author in paper.authors],
        "datePublished": paper.date,
        "dateModified": paper.updated,
        "abstract": to_text(paper.abstract) if paper.abstract else None,
        "keywords": list(paper.keywords),
        "isPartOf": {"@type": "Periodical", "name": paper.venue} if paper.venue else None,
        "license": paper.licence,
    }
    return {name: value for name, value in known.items() if value}


def _person(name: str, orcid: str | None) -> dict[str, str]:
    person = {"@type": "Person", "name": name}
    return person | {"sameAs": f"https://orcid.org/{orcid}"} if orcid else person


def cite_as(paper: Paper) -> str | None:
    """Return the persistent address to cite: that of the DOI, if there is one."""
    return next((identifier_link(f"doi:{doi}") for doi in _dois(paper)), None)


def _dois(paper: Paper) -> list[str]:
    """The publisher's DOI before the one that arXiv gives to every preprint."""
    return sorted(_of_scheme(paper, "doi"), key=lambda doi: doi.startswith("10.48550/"))


def _of_scheme(paper: Paper, scheme: str) -> list[str]:
    return [name.partition(":")[2] for name in paper.identifiers if name.startswith(f"{scheme}:")]
