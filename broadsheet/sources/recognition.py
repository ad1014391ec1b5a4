"""Which format a file has, decided by its content; its name only serves to name it."""

from __future__ import annotations

import re
from pathlib import Path

import orjson

from broadsheet.errors import SourceError
from broadsheet.sources.acl import AclXml
from broadsheet.sources.bibtex import BibTeX
from broadsheet.sources.csl import CslJson
from broadsheet.sources.files import FileSource, decoded, head
from broadsheet.sources.html_page import HtmlPage
from broadsheet.sources.jsonl import JsonLines
from broadsheet.sources.page import TextPage, looks_like_page
from broadsheet.sources.ris import Ris

FORMATS: tuple[type[FileSource], ...] = (JsonLines, BibTeX, Ris, CslJson, AclXml, TextPage, HtmlPage)
_SUPPORTED = (
    "Papers can be read from JSON lines (also zstd, gzip or xz), BibTeX, RIS, CSL-JSON, ACL Anthology XML, "
    "and saved result pages (text or HTML)."
)
_BINARY = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a zip archive or office document",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
    b"BZh": "compressed with bzip2",
}
_BIBTEX = re.compile(r"^\s*@[a-zA-Z]+\s*[{(]", re.MULTILINE).search
_RIS = re.compile(r"^TY {1,2}- ", re.MULTILINE).search
_HTML = re.compile(r"<(?:!doctype html|html|head|body|article|div|main|section|h[1-4])\b", re.IGNORECASE).search
_CSL_KEYS = ("author", "issued", "container-title", "DOI")


def recognise(path: Path) -> FileSource:
    """Return the source that reads a file.

    Raises:
        SourceError: it cannot be read, is empty, or has no format that papers can be read from.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name the files in it.")
    content = head(path)
    if not content.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise SourceError(f"{path} is empty.")
    if kind := _binary(content):
        raise SourceError(f"{path} is {kind}. {_SUPPORTED}")
    found = _format(decoded(content).lstrip("\ufeff \t\r\n"), len(content) < 1 << 16)
    if found is None:
        raise SourceError(f"{path} has no known format. {_SUPPORTED}")
    return found(path)


def _binary(content: bytes) -> str | None:
    for magic, kind in _BINARY.items():
        if content.startswith(magic):
            return kind
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return None if marked or content[:4096].count(0) <= 8 else "no text"


def _format(text: str, complete: bool) -> type[FileSource] | None:
    if text.startswith("["):
        return CslJson
    if text.startswith("{"):
        return _json_format(text, complete)
    if text.startswith("<"):
        if re.search(r"<collection\b", text) and "<volume" in text:
            return AclXml
        return HtmlPage if _HTML(text) else None
    if _RIS(text):
        return Ris
    if _BIBTEX(text):
        return BibTeX
    if any(_is_object(line) for line in text.split("\n")[:50]):
        return JsonLines
    return TextPage if looks_like_page(text) else None


def _json_format(text: str, complete: bool) -> type[FileSource] | None:
    """Tell JSON lines from one CSL item, which may stand on one line or on many."""
    lines = text.split("\n")
    if complete and (item := _object(text)) is not None:
        return CslJson if "type" in item and any(key in item for key in _CSL_KEYS) else JsonLines
    if any(_is_object(line) for line in lines[:50]) or (not complete and len(lines) == 1):
        return JsonLines
    return JsonLines if lines[0].rstrip().endswith("}") else None


def _is_object(text: str) -> bool:
    return _object(text) is not None


def _object(text: str) -> dict[str, object] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
