"""Searching: queries to listings, through a view of the open snapshot."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from broadsheet.errors import NotFound
from broadsheet.library.base import Base
from broadsheet.query import Query, Term, parse
from broadsheet.records import Attention, Hit, Listing, Paper
from broadsheet.text import highlight

if TYPE_CHECKING:
    from broadsheet.rank import Ranking, Taste, View

RANKED = 1_000  # results that are ranked, however many match
_NO_MARKS = highlight.Marker[Term](())


class Searching(Base):
    """Search by what was typed, and by example."""

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        page: int = 1,
        profile: str = "hybrid",
        after: str | None = None,
        before: str | None = None,
        category: str | None = None,
        venue: str | None = None,
        sort: str = "relevance",
        explain: bool = False,
        plain: bool = False,
    ) -> Listing:
        """Return the papers that answer what a reader typed, best first; `plain` leaves out marks and facets.

        Raises:
            InputError: there is no such profile.
            NoSnapshot: nothing has been indexed yet.
        """
        query = self._with_keys(parse(text, after=after, before=before, category=category, venue=venue, sort=sort))
        if query.identifier and (key := self.store.resolve(query.identifier)) is not None:
            return self._outright(query, key)
        return self._ranked(profile, query, limit=limit, page=page, explain=explain, plain=plain)

    def warm(self) -> None:
        """Do once what the first searches would wait for: open the index, load the encoder and the learned tables.

        Raises:
            NoSnapshot: nothing has been indexed yet.
        """
        for text in ("paper", ""):
            self.search(text, explain=True)

    def similar(
        self,
        identifiers: Sequence[str],
        *,
        unlike: Sequence[str] = (),
        more: Sequence[str] = (),
        less: Sequence[str] = (),
        limit: int = 20,
        page: int = 1,
        explain: bool = False,
        plain: bool = False,
    ) -> Listing:
        """Return papers like the given ones by words and meaning, unlike others, more or less about concepts.

        `plain` leaves out marks and facets.

        Raises:
            NotFound: one of the identifiers names no paper here, or there is no such concept.
            NoSnapshot: nothing has been indexed yet.
        """
        like, away = (tuple(self._key(name) for name in names) for names in (identifiers, unlike))
        wanted, unwanted = (self._concepts(names) for names in (more, less))
        query = Query(text=" ".join(identifiers), like=like, unlike=away, more=wanted, less=unwanted)
        return self._ranked("similar", query, limit=limit, page=page, explain=explain, plain=plain)

    def _concepts(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the concepts that are called so, or whose names have these address forms."""
        from broadsheet.rank import called, topics

        found = [topics.named(self.snapshot, name) for name in names]
        for name, concept in zip(names, found, strict=True):
            if concept is None:
                raise NotFound(called.unknown(self.snapshot, name))
        return tuple(concept for concept in found if concept is not None)

    def _with_keys(self, query: Query) -> Query:
        found = self.store.resolve_many(query.filters.ids) if query.filters.ids else {}
        return replace(query, filters=replace(query.filters, keys=tuple(sorted(set(found.values())))))

    def _outright(self, query: Query, key: int) -> Listing:
        (paper,) = self.store.papers([key])
        return Listing(
            query=query.text,
            total=1,
            page=1,
            next=None,
            notes=query.notes,
            hits=(Hit(paper=paper, score=1.0),),
            goto=paper.id,
        )

    def _ranked(
        self,
        profile: str,
        query: Query,
        *,
        limit: int,
        page: int,
        explain: bool = False,
        plain: bool = False,
        taste: Taste | None = None,
    ) -> Listing:
        from broadsheet import rank

        started = time.perf_counter()
        view = self._view(taste)
        query, renamed = rank.meant(query, view.snapshot)
        query, mended = rank.understood(query, view)  # reasons and marks are of what was looked for
        ranking = rank.run(profile, query, view, RANKED)
        if profile == "rerank":
            self._note_unread(ranking, view)
        first = (page - 1) * limit
        rows = ranking.cut(first, first + limit)
        more = first + limit < len(ranking.rows)
        return Listing(
            query=query.text,
            total=max(ranking.total, 0),
            page=page,
            next=page + 1 if more else None,
            notes=query.notes + renamed + mended + ranking.notes,
            hits=self._hits(profile, query, view, rows, explain=explain, plain=plain),
            snapshot=view.snapshot.number,
            milliseconds=(time.perf_counter() - started) * 1e3,
            facets=None if plain else rank.facets(ranking, view),
        )

    def _note_unread(self, ranking: Ranking, view: View) -> None:
        """Have the loop read what stands near the top and has not been read again."""
        from broadsheet.index import wanted
        from broadsheet.rank import unread

        wanted.note(self.settings.index_folder, unread(ranking, view))

    def _hits(
        self, profile: str, query: Query, view: View, page: Ranking, *, explain: bool, plain: bool
    ) -> tuple[Hit, ...]:
        from broadsheet import rank

        keys = [int(key) for key in view.snapshot.keys[page.rows]]
        also = {key: _keys(view, page.also.get(row, ())) for key, row in zip(keys, page.rows.tolist(), strict=True)}
        present = {paper.key: paper for paper in self.store.papers([*keys, *chain.from_iterable(also.values())])}
        shown = [present.get(key) for key in keys]
        reasons = rank.explain(profile, query, view, page, shown) if explain else [None] * len(keys)
        markers = _markers(query, view, shown) if not plain else [_NO_MARKS] * len(shown)
        return tuple(
            Hit(
                paper=paper,
                score=float(score),
                by_meaning=bool(by_meaning),
                title_marks=marker.marks(paper.title),
                text_marks=marker.marks(paper.text),
                also=tuple(present[key] for key in also[paper.key] if key in present),
                concepts=view.snapshot.concepts_of(row),
                reasons=why,
            )
            for paper, row, score, by_meaning, why, marker in zip(
                shown, page.rows.tolist(), page.scores, page.by_meaning, reasons, markers, strict=True
            )
            if paper is not None  # deleted since the snapshot was made
        )

    def _view(self, taste: Taste | None = None) -> View:
        from broadsheet.rank import View

        return View(
            snapshot=self.snapshot,
            now=self.now,
            attention=self._attention,
            taste=taste,
            voted=self.store.votes.voted,
            votes=self.store.votes.counted,
        )

    def _attention(self, keys: Sequence[int]) -> dict[int, Attention]:
        return {paper.key: paper for paper in self._weighed(list(self.store.fronts.of(keys).values()))}

    def _weighed(self, found: Sequence[Attention]) -> list[Attention]:
        """Return what the trending formula knows of papers: votes by what they weigh, and who keeps them."""
        from broadsheet.rank import trending

        keys = [paper.key for paper in found]
        return trending.weighed(found, self.store.votes.given(keys), self.store.shelves.savers(keys))


def _markers(query: Query, view: View, shown: Sequence[Paper | None]) -> list[highlight.Marker[Term]]:
    """Return what marks each paper's words: those asked for, or those that make it like what was asked for."""
    from broadsheet import rank

    if not query.like:
        return [highlight.Marker(query.terms)] * len(shown)
    texts = [f"{paper.title}\n{paper.text}" if paper else "" for paper in shown]
    return [highlight.Marker(terms) for terms in rank.alike(query, view, texts)]


def _keys(view: View, rows: Sequence[int]) -> list[int]:
    return [int(view.snapshot.keys[row]) for row in rows]
