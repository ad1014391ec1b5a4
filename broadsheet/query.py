"""What a reader typed, parsed once into a Query, and printed back.

    attention "state space" -survey      words, a phrase, a word to leave out
    title:bert abstract:"gated unit"     words of one field (also ti: abs: au:)
    author:hinton transform*             a person; words that begin so
    venue:ACL cat:cs.CL source:arxiv     filters; the same filter twice means either
    concept:"dark matter"                papers that have a concept, as the list at /topics names it, or nearly so
    after:2024 before:2024-06            from the first day of 2024 on, up to the day before June
    id:1706.03762 sort:new               one paper by any of its names; sort by new, old, votes, cited
    show:everything                      rejected, withdrawn and front matter too

Nothing raises: what cannot be understood is left out or taken as plain words, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any, Literal, cast, get_args

from broadsheet.records import day_range
from broadsheet.text import tokens, variants
from broadsheet.text.normalise import parse_identifier

Field = Literal["any", "title", "abstract", "author"]
Sort = Literal["relevance", "new", "old", "votes", "cited"]

LONGEST = 4_000  # characters of words that are looked at
MOST_TERMS = 256
SHORT_BEGINNING = 3  # letters; shorter beginnings are looked for in titles and names alone
MOST_VARIED = 10  # words of a query that other spellings are looked for of; longer ones say enough
MOST_VALUES = 16  # values of one filter, each of at most _VALUE characters
_VALUE = 200
_LONGEST_TYPED = 20_000  # room for LONGEST and for every filter at its longest
_LONGEST_WORD = 64
_CUT = f"The query was longer than {LONGEST:,} characters; the rest was left out."

_FIELDS: dict[str, Field] = {"title": "title", "abstract": "abstract", "author": "author"}
_FILTERS = {"after", "before", "cat", "venue", "source", "concept", "id", "sort", "show"}
_LISTS = {"cat": "categories", "venue": "venues", "source": "sources", "concept": "concepts", "id": "ids"}
_ALIASES = {"ti": "title", "abs": "abstract", "au": "author", "category": "cat"}
_NAMES = {name: name for name in (*_FIELDS, *_FILTERS)} | _ALIASES
_ELSEWHERE = "und der für mit eine oder les des pour dans une sur los las para una por della degli nella voor het"
_OTHER_LANGUAGES = frozenset(_ELSEWHERE.split())

_CLAUSE = re.compile(r'([-\u2212\u2013]*)(?:([A-Za-z]{2,9}):(?=\S))?(?:"([^"]*)"|([^\s"]+))')
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'))
_COMPOUND = re.compile(r"\w+(?:[-\u2010\u2011]\w+)+")
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: a word, or the words of a phrase, as index terms; a prefix is folded but not stemmed.

    `also` are index terms in a row that stand for it: another spelling, an acronym or what it is short for. Those in
    `whole` stand for the `reach` plain words before it, too: "pretrained" for "pre-trained". `typed` is what it was
    made of.
    """

    words: tuple[str, ...]
    field: Field = "any"
    phrase: bool = False
    prefix: bool = False
    negative: bool = False
    required: bool = False
    also: tuple[tuple[str, ...], ...] = ()
    whole: tuple[tuple[str, ...], ...] = ()
    reach: int = 0
    typed: str = dataclass_field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Filters:
    """What papers must be besides matching. `after` is from its first day on, `before` up to the day before its first.

    Values of one filter are alternatives. `keys` are the papers that `ids` name, once somebody has looked them up.
    """

    after: str | None = None
    before: str | None = None
    categories: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    everything: bool = False
    keys: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. Two queries are equal when they ask the same, however it was typed or remarked upon.

    `text` is as typed; `words` is its part that is not filters, evenly spaced; `like` and `unlike` are paper keys,
    `more` and `less` names of concepts that the like ones shall have more or less of.
    """

    text: str = dataclass_field(compare=False)
    terms: tuple[Term, ...] = ()
    filters: Filters = Filters()
    sort: Sort = "relevance"
    notes: tuple[str, ...] = dataclass_field(default=(), compare=False)
    identifier: str | None = None
    like: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    words: str = ""

    @property
    def plain(self) -> str:
        """The words wanted as they were typed, without signs, fields and people: what the encoder reads."""
        return _plain(self.words)


@dataclass(frozen=True, slots=True)
class _Clause:
    value: str
    name: str = ""
    negative: bool = False
    quoted: bool = False

    def __str__(self) -> str:
        value = f'"{self.value}"' if self.quoted or " " in self.value else self.value
        return f"{'-' * self.negative}{self.name}{':' * bool(self.name)}{value}"


def parse(
    text: str,
    *,
    after: str | None = None,
    before: str | None = None,
    category: str | None = None,
    venue: str | None = None,
    sort: str = "relevance",
) -> Query:
    """Return what was asked; the keywords are filters chosen beside the box, added to those typed in it."""
    reading = _Reading()
    beside = {"after": after, "before": before, "cat": category, "venue": venue, "sort": sort}
    for name, value in beside.items():
        if value:
            reading.filter(name, _usable(value).replace('"', " "))
    typed = _usable(text)
    if len(typed) > _LONGEST_TYPED:
        reading.note(_CUT)
    for clause in _clauses(_balanced(typed[:_LONGEST_TYPED], reading)):
        reading.take(clause)
    return reading.query(text)


def plain(text: str) -> Query:
    """Return a query for the words of a sentence in which no sign means anything: a question, a title, a claim."""
    reading = _Reading()
    for word in tokens.compounds(_usable(text)[:_LONGEST_TYPED]):
        reading.take(_Clause(word))
    return reading.query(text)


def show(query: Query) -> str:
    """Return the query as it could have been typed: parsing that gives the query again, but for text and notes."""
    f = query.filters
    listed = {"cat": f.categories, "venue": f.venues, "source": f.sources, "concept": f.concepts, "id": f.ids}
    single = {"after": f.after, "before": f.before, "show": "everything" if f.everything else None}
    clauses = [_Clause(value, name) for name, values in listed.items() for value in values]
    clauses += [_Clause(value, name) for name, value in single.items() if value]
    if query.sort != "relevance":
        clauses.append(_Clause(query.sort, "sort"))
    return " ".join(filter(None, (query.words, *map(str, clauses))))


@lru_cache(maxsize=1_024)
def _plain(words: str) -> str:
    wanted = (clause for clause in _clauses(words) if not clause.negative and clause.name != "author")
    return " ".join(clause.value.rstrip("*") for clause in wanted)


def _usable(text: str) -> str:
    return _UNUSABLE.sub(" ", text).translate(_QUOTES)


def _balanced(text: str, reading: _Reading) -> str:
    if text.count('"') % 2 == 0:
        return text
    reading.note("A quotation mark was not closed, so the words after it were taken one by one.")
    start, _, rest = text.rpartition('"')
    return f"{start} {rest}"


def _clauses(text: str) -> Iterator[_Clause]:
    """Yield the clauses of a text whose quotation marks are balanced; those that say nothing are left out."""
    for match in _CLAUSE.finditer(text):
        sign, name, phrase, word = match.groups()
        negative, quoted = bool(sign), phrase is not None
        value = " ".join((phrase if quoted else word).split())
        known = _NAMES.get((name or "").lower(), "")
        if name and not known:
            yield _Clause(name if quoted else f"{name}:{value}", negative=negative)
            if not quoted:
                continue
        if value:
            yield _Clause(value, known, negative and not (name and not known), quoted)


class _Reading:
    """A query while it is being read."""

    def __init__(self) -> None:
        self._terms: list[Term] = []
        self._common: list[Term] = []
        self._words: list[str] = []
        self._length = 0
        self._filters = Filters()
        self._sort: Sort = "relevance"
        self._notes: dict[str, None] = {}

    def note(self, text: str) -> None:
        self._notes[text] = None

    def take(self, clause: _Clause) -> None:
        if clause.name in _FILTERS:
            if clause.negative:
                self.note(f"{clause.name}: cannot be turned round with a minus sign, so it was left out.")
            else:
                self.filter(clause.name, clause.value)
        elif fitting := self._fitting(clause):
            self._look_for(fitting)

    def _fitting(self, clause: _Clause) -> _Clause | None:
        """Return the clause, cut to the room that is left."""
        excess = self._length + len(str(clause)) + 1 - LONGEST
        if excess <= 0:
            return clause
        self.note(_CUT)
        value = clause.value[:-excess].strip()
        return replace(clause, value=value) if value else None

    def _look_for(self, clause: _Clause) -> None:
        groups = tokens.groups(clause.value)
        if not groups:
            return
        self._words.append(str(clause))
        self._length += len(self._words[-1]) + 1
        for term in _terms(clause, groups):
            common = term.words[0] in tokens.STOP_WORDS and not (term.required or term.negative or term.prefix)
            (self._common if common else self._terms).append(term)

    def filter(self, name: str, value: str) -> None:
        value = " ".join(value.split())[:_VALUE].strip()
        if name in ("after", "before"):
            self._date(name, value)
        elif name == "sort":
            self._sort_by(value)
        elif name == "show":
            self._show(value)
        elif value:
            self._one_of(name, value)

    def _date(self, name: str, value: str) -> None:
        day = _day(value)
        if day is None:
            self.note(f"{name}:{value} is not a date and was left out; write 2024, 2024-06 or 2024-06-30.")
            return
        known = getattr(self._filters, name)
        if known is not None:
            pick = max if name == "after" else min
            day = pick(known, day, key=_first)
        self._filters = replace(self._filters, **cast(Any, {name: day}))

    def _sort_by(self, value: str) -> None:
        for sort in get_args(Sort):
            if sort == value.lower():
                self._sort = sort
                return
        self.note(f"sort:{value} was left out; results can be sorted by {', '.join(get_args(Sort))}.")

    def _show(self, value: str) -> None:
        if value.lower() == "everything":
            self._filters = replace(self._filters, everything=True)
        else:
            self.note(f"show:{value} was left out; only show:everything is known.")

    def _one_of(self, name: str, value: str) -> None:
        attribute = _LISTS[name]
        given = [part.strip() for part in value.split(",")] if name == "cat" else [value]
        if name == "id":
            given = [parse_identifier(value) or value]
        values = tuple(dict.fromkeys((*getattr(self._filters, attribute), *filter(None, given))))
        if len(values) > MOST_VALUES:
            self.note(f"Only the first {MOST_VALUES} values of {name}: were looked at.")
        self._filters = replace(self._filters, **cast(Any, {attribute: values[:MOST_VALUES]}))

    def query(self, text: str) -> Query:
        terms = self._terms
        if not any(not term.negative for term in terms) and self._common:
            self.note("These are all very common words; papers with any of them were looked for.")
            terms = self._common + terms
        if len(terms) > MOST_TERMS:
            self.note(f"Only the first {MOST_TERMS} words were looked for.")
        terms = _varied(terms[:MOST_TERMS])
        self._remark(terms)
        words = " ".join(self._words)
        ids = self._filters.ids
        return Query(
            text=text,
            terms=tuple(terms),
            filters=self._filters,
            sort=self._sort,
            notes=tuple(self._notes),
            identifier=parse_identifier(words) if words else ids[0] if len(ids) == 1 else None,
            words=words,
        )

    def _remark(self, terms: list[Term]) -> None:
        """Note what will surprise: contradictions, nothing to look for, another language."""
        if not terms and self._filters == Filters():
            self.note("No word was given that could be looked for, so these are all papers.")
        wanted, unwanted = ({t.words for t in terms if t.negative is negative} for negative in (False, True))
        for words in sorted(wanted & unwanted):
            self.note(f"“{' '.join(words)}” is both asked for and left out, so no paper with it is shown.")
        if unwanted and not wanted:
            self.note("This only says what to leave out; add a word to look for.")
        if any(t.prefix and t.field == "any" and len(t.words[0]) < SHORT_BEGINNING for t in terms):
            self.note("Beginnings of two letters are looked for in titles and names alone.")
        after, before = self._filters.after, self._filters.before
        if after and before and _first(after) >= _first(before):
            self.note(f"No day is both after {after} and before {before}, so nothing can match.")
        if _foreign(self._words, wanted):
            self.note("Most papers here are in English, so few may match words of another language.")


def _terms(clause: _Clause, groups: list[tuple[str, ...]]) -> Iterator[Term]:
    """Yield what a clause looks for: a phrase where it is quoted or must hold together, else its words."""
    within = _FIELDS.get(clause.name, "any")
    required = not clause.negative and (clause.quoted or within != "any")
    prefix = not clause.quoted and clause.value.endswith("*") and len(groups[-1]) == 1 and len(groups[-1][0]) > 1
    together = clause.quoted or clause.negative or within != "any"
    if together and within != "author" and not prefix:
        groups = [tuple(word for group in groups for word in group)]
    for group in groups:
        begins = prefix and group is groups[-1]
        stems = group if begins else tuple(_stem(word) for word in group)
        exact = begins or clause.quoted or clause.negative or within == "author" or len(group) > 1
        whole = _whole(clause.value, groups) if group is groups[-1] and not exact else ()
        also = () if exact else (*whole, *_also(clause.value, group[0]))
        reach = sum(part not in tokens.STOP_WORDS for part, *_ in groups[:-1]) if whole else 0
        yield Term(
            stems, within, len(stems) > 1, begins, clause.negative, required, also, whole, reach, typed=clause.value
        )


def _whole(typed: str, groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return what stands for all of a compound ("pre-trained"), asked for at its last word."""
    if len(groups[-1][0]) > _LONGEST_WORD or not _COMPOUND.fullmatch(typed):
        return ()
    return variants.of_parts([part for part, *_ in groups])


def _also(typed: str, word: str) -> tuple[tuple[str, ...], ...]:
    """Return what stands for a word."""
    return variants.of_word(word, typed) if len(word) <= _LONGEST_WORD else ()


def _varied(terms: list[Term]) -> list[Term]:
    """Return terms with the acronyms of what stands among them in full; a long query's without anything beside it."""
    if len(terms) > MOST_VARIED:
        return [replace(term, also=(), whole=(), reach=0) if term.also else term for term in terms]
    plain = [place for place, term in enumerate(terms) if len(term.words) == 1 and not (term.negative or term.prefix)]
    found = variants.acronyms_in([terms[place].words[0] for place in plain])
    varied = list(terms)
    for end, (begin, short) in found.items():
        typed = " ".join(dict.fromkeys(terms[place].typed for place in plain[begin : end + 1]))
        last = varied[plain[end]]
        also = tuple(dict.fromkeys((*last.also, *short)))
        varied[plain[end]] = replace(last, also=also, whole=short, reach=end - begin, typed=typed)
    return varied


def _stem(word: str) -> str:
    return tokens.stem(word) if len(word) <= _LONGEST_WORD else word  # the stemmer's cache keeps what it is given


def _day(value: str) -> str | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    day = "-".join(part.zfill(2) for part in match.groups() if part)
    try:
        day_range(day)
    except ValueError:
        return None
    return day


def _first(day: str) -> str:
    return day_range(day)[0]


def _foreign(clauses: list[str], wanted: set[tuple[str, ...]]) -> bool:
    if wanted and not any(char.isascii() for words in wanted for word in words for char in word):
        return True
    return len(_OTHER_LANGUAGES.intersection(clause.lower() for clause in clauses)) > 1
