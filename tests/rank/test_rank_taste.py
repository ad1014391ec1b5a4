"""Taste: nearness of words and meaning, local activation, co-reading."""

from __future__ import annotations

import numpy as np
import pytest

from broadsheet.rank import taste
from broadsheet.rank.nearness import WORDS, Lexicon, Papers, from_middle

_TEXTS = [
    ("Protein folding", "Structures of proteins are predicted from sequences."),
    ("Folding proteins", "Sequences tell the structures of proteins."),
    ("Galaxy surveys", "A telescope counts galaxies and stars."),
    ("", ""),
]


def _papers() -> Papers:
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [0, 0]], np.float32)
    return Papers.of(vectors, _TEXTS, Lexicon.among(_TEXTS))


def test_nearness_is_the_weighed_cosine_of_words_and_of_meaning() -> None:
    papers = _papers()
    near = papers.near(papers)
    assert near[:3, :3].diagonal() == pytest.approx(np.ones(3), abs=1e-5)
    assert near[0, 2] == 0
    assert near[3] == pytest.approx(np.zeros(4))
    words = (near[0, 1] - (1 - WORDS) * 0.6) / WORDS
    assert 0.5 < words < 1
    assert near == pytest.approx(near.T, abs=1e-6)


def test_nearness_is_the_same_whichever_side_is_longer() -> None:
    papers = _papers()
    few = papers.take(np.array([0, 2]))
    assert papers.near(few) == pytest.approx(few.near(papers).T, abs=1e-6)
    assert few.near(papers) == pytest.approx(papers.near(papers)[[0, 2]], abs=1e-6)


def test_seen_from_the_middle_what_all_share_is_gone() -> None:
    seen = from_middle(np.array([[1, 1], [1, -1], [0, 0]], np.float32), np.array([1, 0], np.float32))
    assert seen == pytest.approx(np.array([[0, 1], [0, -1], [0, 0]]))


def test_interests_are_not_averaged() -> None:
    near = np.array([[0.8, 0.0], [0.4, 0.4], [0.0, 0.8]], np.float32)
    liked = taste.liking(near, np.ones(2, np.float32))
    assert liked[0] == pytest.approx(liked[2])
    assert liked[0] > 1.5 * liked[1]  # what lies between two interests is neither


def test_what_is_unwanted_takes_away_only_near_itself() -> None:
    near = np.array([[0.5, 0.9], [0.5, 0.5], [0.5, 0.0], [0.5, -0.4]], np.float32)
    with_it, without = (taste.liking(near, np.array([1, weight], np.float32)) for weight in (-1, 0))
    assert with_it[2:] == pytest.approx(without[2:])
    assert with_it[1] == pytest.approx(without[1] / 2)
    assert with_it[0] < without[0] / 4


def test_weights_count_and_an_empty_shelf_likes_nothing() -> None:
    near = np.array([[0.8, 0.0], [0.0, 0.8]], np.float32)
    liked = taste.liking(near, np.array([3, 1], np.float32))
    assert liked[0] == pytest.approx(3 * liked[1])
    assert taste.liking(np.empty((2, 0), np.float32), np.empty(0, np.float32)).tolist() == [0, 0]


def test_co_reading_is_the_cosine_of_papers_by_their_readers() -> None:
    matrix = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])
    readers, papers = np.nonzero(matrix)
    shared = matrix.T @ matrix
    damping = 1 / np.sqrt(shared.diagonal() + 1)
    expected = ((shared * damping[:, None] * damping)[[0, 2]]).sum(axis=0)
    warmth = taste.CoReading(readers, papers, 4).warmth(np.array([0, 2]))
    assert warmth == pytest.approx(expected, abs=1e-6)


def test_a_paper_nobody_has_read_takes_its_warmth_from_those_near_it() -> None:
    near = np.array([[0.9, 0.1], [-0.2, -0.1]], np.float32)
    warmth = taste.Neighbours.of(near).warmth(np.array([1.0, 0.0], np.float32))
    assert warmth[0] == pytest.approx(0.9**3 / (0.9**3 + 0.1**3), abs=1e-5)
    assert warmth[1] == 0


def test_only_the_nearest_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste, "NEIGHBOURS", 1)
    warmth = taste.Neighbours.of(np.array([[0.5, 0.4, 0.3]], np.float32)).warmth(np.array([1, 5, 5], np.float32))
    assert warmth == pytest.approx([1])


def test_what_is_the_same_for_all_adds_nothing() -> None:
    content = np.array([1, 2, 3], np.float32)
    alone = taste.joined(content, np.zeros(3, np.float32))
    assert alone == pytest.approx((content - 2) / content.std(), abs=1e-5)
    assert taste.joined(content, np.array([3, 0, 0], np.float32)).argmax() == 0
    assert len(taste.joined(np.empty(0, np.float32), np.empty(0, np.float32))) == 0
