"""The query parameters that pages and API share. A form sends empty fields: those count as absent."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from broadsheet import query
from broadsheet.records import period_days, period_of

LIMIT = 20
MAX_LIMIT = 200
MAX_PAGE = 1_000
MAX_TEXT = 10_000
MAX_PAPERS = 100
MAX_CONCEPTS = 20
_MONTH = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])").fullmatch


def _or(default: object) -> BeforeValidator:
    def filled(value: Any) -> Any:
        return default if value == "" else value

    return BeforeValidator(filled)


def _clean(text: str) -> str:
    return text.replace("\0", " ")  # PostgreSQL takes none


def _clean_all(texts: list[str]) -> list[str]:
    return [_clean(text) for text in texts]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError("a day is written as 2025-11-03") from error


def _week(text: str) -> str:
    try:
        if "-W" not in text:
            raise ValueError(text)
        return period_of("week", period_days(text)[0])
    except ValueError as error:
        raise ValueError("a week is written as 2026-W27, with the number that ISO 8601 gives it") from error


def _month(text: str) -> str:
    if not _MONTH(text):
        raise ValueError("a month is written as 2026-06")
    return text


def _month_or_none(text: str | None) -> str | None:
    return text if text is None else _month(text)


_Name: TypeAlias = Annotated[str, StringConstraints(max_length=200), AfterValidator(_clean)]

Text = Annotated[
    str,
    Query(max_length=MAX_TEXT, description='Words, "phrases", -not, title: author: venue: cat: after: before: id:'),
    AfterValidator(_clean),
]
What = Annotated[str, Query(max_length=500, description="What is to be sent in."), AfterValidator(_clean)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many papers on one page."), _or(LIMIT)]
Page = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Which page, from 1."), _or(1)]
Profile = Annotated[
    Literal["hybrid", "lexical", "dense", "trending"],
    _or("hybrid"),
    Query(description="Rank by words and meaning, by words alone, by meaning alone, or by what trends."),
]
Sort = Annotated[
    query.Sort,
    _or("relevance"),
    Query(description="The order; all but relevance go over every paper whose words match."),
]
Order = Annotated[Literal["new", "trending"], _or("new"), Query(description="The newest first, or what trends.")]
After = Annotated[_Name | None, _or(None), Query(description="Only papers from this day, month or year on.")]
Before = Annotated[_Name | None, _or(None), Query(description="Only papers up to this day, month or year.")]
Category = Annotated[_Name | None, _or(None), Query(description="Only papers of this category, such as cs.CL.")]
Venue = Annotated[_Name | None, _or(None), Query(description="Only papers of this venue.")]
Explain = Annotated[bool, _or(False), Query(description="Say for each paper why it stands where it does.")]
Ids = Annotated[
    list[str],
    Query(alias="id", min_length=1, max_length=MAX_PAPERS, description="Papers to resemble, by any identifier."),
    AfterValidator(_clean_all),
]
SomeIds = Annotated[
    list[str],
    Query(default_factory=list, alias="id", max_length=MAX_PAPERS, description="Papers to go by, by any identifier."),
    AfterValidator(_clean_all),
]
NotIds = Annotated[
    list[str],
    Query(default_factory=list, alias="not", max_length=MAX_PAPERS, description="Papers to keep away from."),
    AfterValidator(_clean_all),
]
More = Annotated[
    list[str],
    Query(default_factory=list, alias="more", max_length=MAX_CONCEPTS, description="Concepts to have more of."),
    AfterValidator(_clean_all),
]
Less = Annotated[
    list[str],
    Query(default_factory=list, alias="less", max_length=MAX_CONCEPTS, description="Concepts to have less of."),
    AfterValidator(_clean_all),
]
Identifier = Annotated[
    str,
    Path(alias="id", description="Any identifier of the paper: arxiv:1706.03762, doi:10.1000/x, or a bare arXiv id."),
    AfterValidator(_clean),
]
Day = Annotated[str, Path(description="The edition's day, such as 2025-11-03."), AfterValidator(_day)]
Week = Annotated[str, Path(description="An ISO 8601 week, such as 2026-W27."), AfterValidator(_week)]
Month = Annotated[str, Path(description="A month, such as 2026-06."), AfterValidator(_month)]
InMonth = Annotated[
    str | None,
    _or(None),
    Query(description="A month, such as 2026-06; else the newest."),
    AfterValidator(_month_or_none),
]
Code = Annotated[str, Path(max_length=200, description="A category, such as cs.CL."), AfterValidator(_clean)]
Number = Annotated[int, Path(ge=1, lt=10**15, description="The thing's number.")]
Token = Annotated[str, Path(max_length=100, description="The unguessable part of a private feed's address.")]
Slug = Annotated[str, Path(description="The name as it stands in the address."), AfterValidator(_clean)]
