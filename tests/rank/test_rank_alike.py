"""Which words make a paper like another."""

from __future__ import annotations

import numpy as np
import pytest
import shelf
from shelf import Meanings

from broadsheet.evaluation.attribution import measured, removed
from broadsheet.query import Query, Term
from broadsheet.rank import View, alike
from broadsheet.rank.alike import MOST, attributed

TEXT = "Kittens of the dog sleep; a cat sleeps, and a telescope too."


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Sixteen papers on four subjects."""
    return shelf.view(tmp_path_factory.mktemp("alike"))


def _marked(view: View, text: str, *like: int) -> set[str]:
    (terms,) = alike(Query("", like=like), view, [text])
    return {term.words[0] for term in terms}


def test_words_that_mean_what_the_example_does_are_marked(view: View) -> None:
    assert _marked(view, TEXT, 3) == {"telescop"}
    assert _marked(view, "A feline star.", 4) == {"felin"}


def test_words_that_the_example_says_too_are_marked(view: View) -> None:
    assert _marked(view, TEXT, 4) == {"kitten", "cat", "sleep"}
    assert _marked(view, TEXT, 4, 3) == {"kitten", "cat", "sleep", "telescop"}


def test_nothing_is_marked_without_an_example_or_a_text(view: View) -> None:
    assert alike(Query("", like=(999,)), view, [TEXT, TEXT]) == [(), ()]
    assert alike(Query("", like=(4,)), view, [""]) == [()]
    assert alike(Query("", terms=(Term(("cat",)),)), view, [TEXT]) == [()]


def test_few_words_are_marked(view: View) -> None:
    many = " ".join(f"cat{number} kitten felin cat hunt night study sleep again" for number in range(40))
    assert len(_marked(view, many, 4)) == MOST


def test_taking_the_strongest_word_out_makes_papers_least_alike() -> None:
    encoder, text = Meanings(), "A cat, a cat, a cat and a dog."
    example = encoder.encode(["felines"])
    stems, shares = attributed(encoder, text, example)
    falls = removed(encoder, text, stems, example[0])
    assert stems[int(shares.argmax())] == stems[int(falls.argmax())] == "cat"
    assert np.all(falls[[stems.index("dog")]] < 0)


def test_agreement_with_the_removal_test_is_measured() -> None:
    subjects = (("learning", "attention", "images"), ("pruning", "sparsity", "text"), ("search", "hashing", "codes"))
    papers = [
        (f"{one} {b}", f"We study {one} and {b} with {c} on {d}, carefully and slowly measured.")
        for one in ("graph", "cat", "star")
        for b, c, d in subjects
    ]
    table = measured(papers)
    assert -1 <= table["attribution"]["spearman"] <= 1
    assert 0 < table["attribution"]["top"] <= 1
