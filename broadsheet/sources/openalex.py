"""OpenAlex, live: how often papers are cited, fifty papers a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from broadsheet.records import Paper, Signal
from broadsheet.sources import clean
from broadsheet.sources.watching import Watching


class OpenAlex(Watching):
    """Citations by DOI; an arXiv paper has the DOI that arXiv gave it."""

    name = "openalex"
    base_url = "https://api.openalex.org"
    together = 50

    def can_measure(self, paper: Paper) -> bool:
        """Say whether a paper has a DOI or an arXiv id."""
        return bool(dois(paper))

    def measure(self, papers: Sequence[Paper], today: str) -> Iterator[tuple[Paper, Signal]]:
        """Yield the citations of each paper; of several entries of one work the most, for they count the same."""
        paper_of = {doi: paper for paper in papers for doi in dois(paper)}
        asked = {"filter": "doi:" + "|".join(paper_of), "per-page": 200, "select": "doi,cited_by_count"}
        found = self._server.json(f"{self.base_url}/works?{urlencode(asked)}")
        counts: dict[str, float] = {}
        for work in found.get("results") or () if isinstance(found, Mapping) else ():
            paper = paper_of.get(str(work.get("doi") or "").lower().partition("doi.org/")[2])
            count = clean.number(work.get("cited_by_count"))
            if paper is not None and count is not None:
                counts[paper.id] = max(count, counts.get(paper.id, 0.0))
        for paper in papers:
            if paper.id in counts:
                yield paper, Signal("citations", today, counts[paper.id], self.name)


def dois(paper: Paper) -> list[str]:
    """Return the DOIs under which a paper may be counted, lower case; none with a sign that parts them."""
    found = [name.removeprefix("doi:").lower() for name in paper.identifiers if name.startswith("doi:")]
    found += [
        "10.48550/arxiv." + name.removeprefix("arxiv:").lower()
        for name in paper.identifiers
        if name.startswith("arxiv:")
    ]
    return [doi for doi in dict.fromkeys(found) if "|" not in doi and "," not in doi]
