"""Where papers come from: files of any known format, told by their content, and live services, by name."""

from collections.abc import Callable
from typing import Any

from broadsheet.sources.arxiv import Arxiv
from broadsheet.sources.files import FileSource
from broadsheet.sources.github import GitHub
from broadsheet.sources.hackernews import HackerNews
from broadsheet.sources.huggingface import HuggingFace
from broadsheet.sources.openalex import OpenAlex
from broadsheet.sources.recognition import recognise
from broadsheet.sources.watching import Watching

__all__ = ["REGISTRY", "Arxiv", "FileSource", "Watching", "recognise"]

REGISTRY: dict[str, Callable[..., Any]] = {
    source.name: source for source in (Arxiv, HuggingFace, GitHub, OpenAlex, HackerNews)
}
