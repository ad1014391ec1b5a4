"""Words that stand for each other, in the table and beside it."""

from __future__ import annotations

import pytest

from broadsheet.query import Query, parse, plain, show
from broadsheet.text.tokens import stem, terms
from broadsheet.text.variants import acronyms_in, of_parts, of_word


def also(text: str) -> set[str]:
    return {" ".join(words) for term in parse(text).terms for words in term.also}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pretrained", "pre train"),
        ("pre-trained", "pretrain"),
        ("autoencoder", "auto encod"),
        ("auto-encoder", "autoencod"),
        ("colour", "color"),
        ("color", "colour"),
        ("optimisation", "optim"),
        ("RAG", "retriev augment generat"),
        ("rag", "retriev augment generat"),
        ("retrieval-augmented generation", "rag"),
        ("NLP", "natur languag process"),
        ("LLMs", "larg languag model"),
        ("LLMs", "llm"),
        ("LLM", "llms"),
        ("large language models", "llms"),
        ("gpt4o", "gpt 4o"),
        ("GPT-4o", "gpt4o"),
        ("l1", "ell 1"),
        ("kNN", "k nearest neighbor"),
    ],
)
def test_one_way_of_writing_stands_for_another(typed: str, found: str) -> None:
    assert found in also(typed)


@pytest.mark.parametrize("typed", ["attention", "of", "2024", '"pretrained"', "-pretrained", "author:rag", "pretrain*"])
def test_what_is_meant_as_it_is_stays_alone(typed: str) -> None:
    assert not also(typed)


def test_two_letters_are_an_acronym_in_capitals_alone() -> None:
    assert of_word("ir", "IR")
    assert not of_word("ir", "ir")


@pytest.mark.parametrize("word", ["added", "adding", "swapped"])
def test_an_inflected_word_is_no_acronym(word: str) -> None:
    assert of_word(stem(word), stem(word))
    assert not of_word(word, word)


def test_a_long_query_is_taken_as_it_is() -> None:
    assert also("pretrained " + "word " * 9)
    assert not also("pretrained " + "word " * 10)


def test_an_acronym_is_found_for_the_longest_expansion() -> None:
    assert acronyms_in(terms("large vision language models"))[3][0] == 0
    assert acronyms_in(["languag"]) == {}


def test_only_compounds_are_joined() -> None:
    assert of_parts(["one"]) == ()
    assert of_parts(["a", "b", "c", "d"]) == ()
    assert "input output" not in also("input/output")
    assert "inputoutput" not in also("input/output")


@pytest.mark.parametrize("text", ["pre-trained RAG model", "title:pretrained colour", "retrieval augmented generation"])
def test_a_query_with_variants_can_be_typed_again(text: str) -> None:
    query = parse(text)
    assert parse(show(query)) == query


def test_plain_text_keeps_compounds() -> None:
    query: Query = plain("Are pre-trained models -good?")
    assert query.plain == "Are pre-trained models good"
    assert ("pretrain",) in {words for term in query.terms for words in term.also}
