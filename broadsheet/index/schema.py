"""The word index's fields, and a paper as a document of them.

    words     title, then text: what plain words are looked for in, so that one BM25 sees the whole paper
    title     the title alone: its share of the score, and `title:`
    authors   names
    absent    terms of the title that the text lacks: with `words`, tells what the text holds, for `abstract:`
    flags     numbers of venue, categories and sources, and whether the paper is hidden: filters
    row       the row of the columns and codes; what hits are read back as, and deletions are made by
    first_day, last_day, new, votes, cited    for filters and sorting; the last three with the key below the value

Tokens are ours (`text.tokens.terms`), with spaces between; a `|` keeps phrases from reaching over an edge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from broadsheet.index.columns import Flags
from broadsheet.index.entry import MISSING_DAY, Entry
from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import stem, terms, words

_EDGE = "|"
_KEY_BITS = 32  # of a sorting value; keys beyond would only blur ties
_HEAP = 256_000_000
_DAYS_BEFORE_1970 = 800_000  # makes the day of every possible date positive
REPLACED = ("meta.json", ".managed.json")  # files that tantivy replaces
LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")


@dataclass(frozen=True, slots=True)
class Texts:
    """A paper's words as the index takes them: terms with spaces between."""

    words: str
    title: str
    authors: str
    absent: str


def texts(title_words: Sequence[str], text_words: Sequence[str], authors: Iterable[str]) -> Texts:
    """Return the terms of a paper, from the folded words of its title and text and its authors' names."""
    title, text = list(map(stem, title_words)), list(map(stem, text_words))
    return Texts(
        words=" ".join([*title, _EDGE, *text]),
        title=" ".join(title),
        authors=f" {_EDGE} ".join(" ".join(terms(name)) for name in authors),
        absent=" ".join(set(title).difference(text)),
    )


def split(entry: Entry) -> tuple[list[str], list[list[str]]]:
    """Return the folded words of a paper's title and of each sentence of its text."""
    return words(entry.title), [words(sentence) for sentence in sentences(entry.text)]


def sorting(value: int, key: int) -> int:
    """Return a number that sorts by value, then by key."""
    return value << _KEY_BITS | key & (1 << _KEY_BITS) - 1


def document(row: int, entry: Entry, own: Texts, flags: Flags) -> tantivy.Document:
    """Return a paper as the word index takes it."""
    made = tantivy.Document()
    made.add_unsigned("row", row)
    for name, text in (("words", own.words), ("title", own.title), ("authors", own.authors), ("absent", own.absent)):
        if text:
            made.add_text(name, text)
    made.add_text("flags", str(flags))
    if entry.first_day != MISSING_DAY:
        made.add_integer("last_day", entry.last_day)
    made.add_unsigned("new", sorting(_day(entry.first_day), entry.key))
    for name, signal in (("votes", "votes"), ("cited", "citations")):
        if value := int(entry.signals.get(signal, 0)):
            made.add_unsigned(name, sorting(max(value, 0), entry.key))
    return made


def dated(until_day: int | None = None) -> tuple[int, int | None]:
    """Return the least and the largest value of the field `new` of papers with a first day, up to that given."""
    return sorting(1, 0), None if until_day is None else sorting(_day(until_day) + 1, 0) - 1


def _day(day: int) -> int:
    """Return a positive number for any day of a date, 0 for none."""
    return 0 if day == MISSING_DAY else day + _DAYS_BEFORE_1970


def create(folder: Path) -> tantivy.Index:
    """Return a new empty word index in a folder."""
    folder.mkdir(parents=True)
    builder = tantivy.SchemaBuilder()
    for name, option in (
        ("words", "position"),
        ("title", "position"),
        ("authors", "position"),
        ("absent", "basic"),
        ("flags", "basic"),
    ):
        builder.add_text_field(name, tokenizer_name="terms", index_option=option)
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_integer_field("last_day", fast=True)
    for name in ("new", "votes", "cited"):
        builder.add_unsigned_field(name, fast=True)
    return _with_tokens(tantivy.Index(builder.build(), path=str(folder), reuse=False))


def open_index(folder: Path) -> tantivy.Index:
    """Return the word index of a folder.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    return _with_tokens(tantivy.Index.open(str(folder)))


def writer(index: tantivy.Index) -> tantivy.IndexWriter:
    """Return the one writer of a word index, of one thread."""
    return index.writer(_HEAP, 1)


def delete(index: tantivy.Index, own_writer: tantivy.IndexWriter, rows: Collection[int]) -> None:
    """Delete the documents of rows, those too that the writer has not committed yet."""
    if rows:
        own_writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "row", sorted(rows)))


def _with_tokens(index: tantivy.Index) -> tantivy.Index:
    analyser = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer("terms", analyser.filter(tantivy.Filter.custom_stopword([_EDGE])).build())
    return index
