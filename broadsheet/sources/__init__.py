"""Where papers come from: files of any known format, told by their content, and live services, by name."""

from collections.abc import Callable
from functools import partial
from typing import Any

from broadsheet.sources.anthology import Anthology
from broadsheet.sources.arxiv import Arxiv
from broadsheet.sources.doi import Doi
from broadsheet.sources.files import FileSource, unpacks_to_at_most
from broadsheet.sources.github import GitHub
from broadsheet.sources.guarded import guarded_get
from broadsheet.sources.hackernews import HackerNews
from broadsheet.sources.huggingface import HuggingFace
from broadsheet.sources.landing import Landing
from broadsheet.sources.openalex import OpenAlex
from broadsheet.sources.openreview import OpenReview
from broadsheet.sources.recognition import recognise
from broadsheet.sources.watching import Watching

__all__ = ["FETCHERS", "REGISTRY", "Arxiv", "FileSource", "Watching", "recognise", "unpacks_to_at_most"]

REGISTRY: dict[str, Callable[..., Any]] = {
    source.name: source for source in (Arxiv, HuggingFace, GitHub, OpenAlex, HackerNews)
}
# By scheme of identifier or address: who is asked for one paper, where readers have a say in which addresses.
FETCHERS: dict[str, Callable[..., Any]] = {
    "arxiv": partial(Arxiv, get=partial(guarded_get, kind="xml")),
    "doi": Doi,
    "acl": Anthology,
    "openreview": OpenReview,
    "https": Landing,
    "http": Landing,
}
