"""Words as the papers that have them use them: papers that share no word and no meaning with a query come near."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from shelf import Meanings

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import open_current
from broadsheet.query import parse
from broadsheet.rank import Ranking, View, run
from broadsheet.rank.stages import Lexical, vector_of
from broadsheet.rank.usage import Nearest, read

_KINDS = {
    "zorblaxian": ("A zorblaxian", "Protein folding, enzymes and the chemistry of amino acids in living cells."),
    "enzymes": ("Enzymes", "How amino acids of a protein fold in living cells, and the chemistry of enzymes."),
    "parsing": ("Parsing", "A neural parser for the syntax of sentences, trained on dependency treebanks."),
    "galaxies": ("Galaxies", "Redshift surveys of distant galaxies and the dark matter around them."),
}
_COPIES = 30  # of each, so that a word of one kind stands in fewer papers than one in twenty


def _view(folder: Path, encoder: Encoder) -> View:
    papers = [Entry(key=1, title=_KINDS["zorblaxian"][0], text=_KINDS["zorblaxian"][1])]
    for title, text in list(_KINDS.values())[1:]:
        papers += [Entry(key=len(papers) + copy + 1, title=title, text=text) for copy in range(_COPIES)]
    with Builder(folder, encoder, processes=0) as builder:
        builder.add(papers)
        builder.publish(1)
    return View(open_current(folder, lambda _: encoder), datetime(2026, 11, 26, tzinfo=UTC))


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """One paper that has a word no encoder knows, and thirty of each of three kinds."""
    return _view(tmp_path_factory.mktemp("usage"), encode.load("static"))


def _by_words(text: str, view: View) -> Ranking:
    return Lexical()(parse(text), Ranking.empty(), view)


def _near(vector: np.ndarray, view: View) -> list[float]:
    """Return how near a vector is to the papers on enzymes, parsing and galaxies."""
    rows = view.snapshot.rows_of([2, 2 + _COPIES, 2 + 2 * _COPIES])
    near: list[float] = view.snapshot.dense.cosines(rows, vector).tolist()
    return near


def test_a_word_in_pieces_means_what_its_papers_are_about(view: View) -> None:
    query = parse("zorblaxian")
    alone, told = vector_of(query, view), read(query, _by_words("zorblaxian", view).rows, view)
    assert np.isclose(told @ told, 1, atol=1e-5)
    assert _near(told, view)[0] > max(_near(told, view)[1:]) + 0.1
    assert _near(told, view)[0] > _near(alone, view)[0] + 0.1


def test_what_most_papers_have_is_read_as_it_is(view: View) -> None:
    query = parse("galaxies")  # in a third of them
    assert np.allclose(read(query, _by_words("galaxies", view).rows, view), vector_of(query, view), atol=1e-5)


def test_words_without_papers_are_read_as_they_are(view: View) -> None:
    query = parse("unheard quokkas of Rottnest, quokkas")
    assert np.allclose(read(query, _by_words("quokkas", view).rows, view), vector_of(query, view), atol=1e-5)
    assert not read(parse("?"), np.empty(0, np.int32), view).any()


def test_words_of_one_stem_are_read_alike(view: View) -> None:
    rows = _by_words("zorblaxian", view).rows
    once, twice = (read(parse(text), rows, view) for text in ("zorblaxian", "zorblaxian zorblaxians"))
    assert once @ twice > 0.95


def test_near_papers_join_those_that_have_the_words(view: View) -> None:
    query = parse("zorblaxian")
    joined = Nearest(papers=100, limit=5)(query, _by_words("zorblaxian", view), view)
    assert joined.rows[0] == view.snapshot.rows_of([1])[0] and len(joined) == 5
    assert np.isfinite(joined.features["dense"]).all()
    assert set(view.snapshot.keys[run("dense", query, view, 20).rows].tolist()) <= set(range(1, 2 + _COPIES))


def test_other_encoders_are_asked_for_the_whole_query(tmp_path: Path) -> None:
    view = _view(tmp_path, Meanings())
    query = parse("zorblaxian enzymes")
    assert np.array_equal(read(query, _by_words("zorblaxian", view).rows, view), vector_of(query, view))
