"""BibTeX files, parsed by bibtexparser; LaTeX accents in names and titles are decoded, mathematics is left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware
from bibtexparser.middlewares.middleware import Middleware
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Block, DuplicateBlockKeyBlock, Entry, ParsingFailedBlock
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource, whole

_DEEPEST = 40  # braces in braces; more is no bibliography
_MENTIONED = re.compile(r"arXiv:\s?[\w./-]+", re.IGNORECASE)
_UNESCAPED_PERCENT = re.compile(r"(?<!\\)%")
_macros = get_default_latex_context_db()
_macros.add_context_category(
    "plain",
    prepend=True,
    macros=[
        MacroTextSpec("url", simplify_repl="%s"),
        MacroTextSpec("textbraceleft", simplify_repl="{"),
        MacroTextSpec("textbraceright", simplify_repl="}"),
        MacroTextSpec("textasciicircum", simplify_repl="^"),
    ],
)
_decoder = LatexNodes2Text(math_mode="verbatim", keep_comments=True, latex_context=_macros)
_LIGATURE = re.compile(r"~|--|``|''").search
_OPENED = re.compile(r"[{}]")


class BibTeX(FileSource):
    """A bibliography in BibTeX."""

    name = "bibtex"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, Entry | ParsingFailedBlock]]:
        """Yield each entry, and each block that could not be parsed."""
        stack: list[Middleware] = [ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware()]
        library = parse_string(whole(stream), parse_stack=stack)
        for block in library.blocks:
            if isinstance(block, DuplicateBlockKeyBlock) and isinstance(block.ignore_error_block, Entry):
                block = _finished(block.ignore_error_block, library, stack)
            if isinstance(block, Entry | ParsingFailedBlock):
                yield f"line {(block.start_line or 0) + 1}", block

    def record(self, raw: Entry | ParsingFailedBlock) -> SourceRecord:
        """Return the record that a BibTeX entry is.

        Raises:
            Rejected: it could not be parsed, or has no title.
        """
        if not isinstance(raw, Entry):
            raise Rejected(f"it is not valid BibTeX: {clean.excerpt(str(raw.error))}")
        return _of_fields({field.key.lower(): str(field.value) for field in reversed(raw.fields)})

    def shown(self, raw: Entry | ParsingFailedBlock) -> object:
        """Return the text of the entry."""
        return raw.raw or ""


def _finished(entry: Entry, library: Library, stack: list[Middleware]) -> Block:
    """Return an entry that the parser left as it was, because its key stands twice, with the same steps taken."""
    small = Library([*library.strings, entry])
    for step in stack:
        small = step.transform(small)
    return small.blocks[-1]


def _of_fields(fields: dict[str, str]) -> SourceRecord:
    get = fields.get
    name, people, when = clean.title(_decoded(get("title", ""))), _authors(get("author", "")), _date(fields)
    abstract = clean.text(_decoded(get("abstract", "")))
    public = clean.public(*_identifying(fields))
    scheme, own, identifiers = clean.reference("bibtex", public, name, people, when, abstract)
    return SourceRecord(
        source="bibtex",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=people,
        date=when,
        venue=clean.line(_decoded(get("journal") or get("journaltitle") or get("booktitle") or "")) or None,
        categories=clean.listed(get("primaryclass"), " "),
        keywords=clean.listed(_decoded(get("keywords", "")).replace(",", ";")),
        identifiers=identifiers,
        links=clean.links(page=get("url", "").replace("\\", "")),
        comment=clean.line(_decoded(get("note", ""))) or None,
    )


def _identifying(fields: dict[str, str]) -> Iterator[str]:
    """Yield what may hold identifiers: the fields made for them, and an arXiv id mentioned in a journal's name."""
    plain = {key: value.replace("\\", "").strip() for key, value in fields.items() if len(value) < clean.LONGEST_LINK}
    eprint, kind = plain.get("eprint", ""), plain.get("archiveprefix", plain.get("eprinttype", "arxiv")).lower()
    if eprint and kind == "arxiv":
        yield "arxiv:" + eprint.removeprefix("arXiv:")
    yield from (plain.get(key, "") for key in ("doi", "url", "arxivid", "identifiers"))
    for key in ("journal", "howpublished", "note"):
        if mention := _MENTIONED.search(plain.get(key, "")):
            yield mention[0].replace(" ", "")


def _authors(value: str) -> tuple[Author, ...]:
    people = []
    for name in split_multiple_persons_names(" ".join(value.split())):
        if name.startswith("{") and name.endswith("}"):  # an organisation
            plain = clean.line(_decoded(name))
        else:
            parts = parse_single_name_into_parts(name, strict=False)
            plain = clean.line(_decoded(parts.merge_first_name_first))
        if plain and plain != "others" and len(plain) <= clean.LONGEST_NAME:
            people.append(Author(plain))
    return tuple(people)


def _date(fields: dict[str, str]) -> str | None:
    if found := clean.date(fields.get("date", "").split("/")[0]):
        return found
    year = clean.date(fields.get("year", "").strip("{} "))
    month = clean.month(fields.get("month", ""))
    return clean.date(f"{year}-{month}-{fields.get('day', '').strip('{} ')}") or clean.date(f"{year}-{month}") or year


def _decoded(value: str) -> str:
    """Return a field as text: accents and braces resolved, formulas kept as they are.

    Raises:
        Rejected: braces are nested deeper than any bibliography nests them.
    """
    if not value or ("{" not in value and "\\" not in value and not _LIGATURE(value)):
        return value
    depth = deepest = 0
    for brace in _OPENED.findall(value):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or len(value) > clean.LONGEST_TEXT:
        raise Rejected("its braces are nested too deeply, or a field is too long")
    return str(_decoder.latex_to_text(_UNESCAPED_PERCENT.sub(r"\\%", value)))
