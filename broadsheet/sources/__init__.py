"""Where papers come from: files of any known format, told by their content, and live services, by name."""

from broadsheet.sources.arxiv import Arxiv
from broadsheet.sources.files import FileSource
from broadsheet.sources.recognition import recognise

__all__ = ["REGISTRY", "Arxiv", "FileSource", "recognise"]

REGISTRY: dict[str, type[Arxiv]] = {Arxiv.name: Arxiv}
