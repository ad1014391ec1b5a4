"""Hacker News, live, through its search: how many stories link to an arXiv paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from broadsheet.records import Paper, Signal
from broadsheet.sources import clean
from broadsheet.sources.watching import Watching


class HackerNews(Watching):
    """Mentions by arXiv id."""

    name = "hackernews"
    base_url = "https://hn.algolia.com"

    def can_measure(self, paper: Paper) -> bool:
        """Say whether a paper has an arXiv id to look for."""
        return paper.id.startswith("arxiv:")

    def measure(self, papers: Sequence[Paper], today: str) -> Iterator[tuple[Paper, Signal]]:
        """Yield the number of stories whose link holds the paper's arXiv id."""
        for paper in papers:
            asked = {
                "query": f'"{paper.id.removeprefix("arxiv:")}"',
                "restrictSearchableAttributes": "url",
                "tags": "story",
                "hitsPerPage": 0,
            }
            found = self._server.json(f"{self.base_url}/api/v1/search?{urlencode(asked)}")
            count = clean.number(found.get("nbHits")) if isinstance(found, Mapping) else None
            if count is not None:
                yield paper, Signal("mentions", today, count, self.name)
