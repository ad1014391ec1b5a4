"""GitHub, live: the stars of the repositories that papers link to.

It answers 60 questions an hour, and 5,000 to those who have a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from broadsheet.records import Paper, Signal
from broadsheet.sources import clean
from broadsheet.sources.polite import http_get
from broadsheet.sources.watching import Watching

_REPOSITORY = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?(?:[/?#].*)?", re.IGNORECASE)


class GitHub(Watching):
    """Stars by repository."""

    name = "github"
    base_url = "https://api.github.com"

    def __init__(self, *, token: str = "", **how: Any) -> None:
        """As all that measure; `token` is one for GitHub's API, which needs no rights."""
        if token:
            how["get"] = partial(http_get, bearer=token)
        super().__init__(**how)

    def can_measure(self, paper: Paper) -> bool:
        """Say whether a paper links to a repository."""
        return repository(paper) is not None

    def measure(self, papers: Sequence[Paper], today: str) -> Iterator[tuple[Paper, Signal]]:
        """Yield the stars of each paper's repository; one that is gone has none."""
        for paper in papers:
            owner, name = repository(paper) or ("", "")
            found = self._server.json(f"{self.base_url}/repos/{quote(owner)}/{quote(name)}")
            stars = clean.number(found.get("stargazers_count")) if isinstance(found, Mapping) else None
            if stars is not None:
                yield paper, Signal("stars", today, stars, self.name)


def repository(paper: Paper) -> tuple[str, str] | None:
    """Return owner and name of the repository that a paper's code link leads to."""
    match = _REPOSITORY.fullmatch(paper.links.get("code", ""))
    return (match[1], match[2]) if match else None
