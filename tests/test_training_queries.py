"""Collections to learn from: every answer is there, and no paper gives itself away."""

from __future__ import annotations

from pathlib import Path

import learning
import pytest

from broadsheet.evaluation.collections import Collection
from broadsheet.training import queries


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Collection]:
    papers, collections, out = (tmp_path_factory.mktemp(name) for name in ("papers", "collections", "out"))
    learning.write(papers, collections)
    return {folder.name: Collection(folder) for folder in queries.make(papers, collections, out)}


def test_every_answer_is_a_paper_and_not_the_one_the_query_was_made_from(made: dict[str, Collection]) -> None:
    assert len(made) == 11
    for name, collection in made.items():
        papers = {paper["id"] for paper in collection.papers()}
        judged, questions = collection.judgements(), {q.id: q for q in collection.questions()}
        assert questions, name
        assert judged.keys() == questions.keys(), name
        for query, answers in judged.items():
            assert answers.keys() <= papers, name
            assert questions[query].paper not in answers, name


@pytest.mark.parametrize("name", ["titles", "halves"])
def test_no_paper_has_a_title_where_titles_would_tell(made: dict[str, Collection], name: str) -> None:
    assert not any(paper["title"] for paper in made[name].papers())


@pytest.mark.parametrize("name", ["sentences", "halves"])
def test_what_is_asked_does_not_stand_in_the_answer(made: dict[str, Collection], name: str) -> None:
    texts = {paper["id"]: paper["text"] for paper in made[name].papers()}
    asked = {question.id: question.text for question in made[name].questions()}
    judged = made[name].judgements()
    assert all(asked[query] not in texts[paper] for query, own in judged.items() for paper in own)


def test_keywords_are_answered_by_all_papers_that_list_them(made: dict[str, Collection]) -> None:
    asked = {question.text: question.id for question in made["keywords"].questions()}
    assert "word: of a venue" not in asked
    judged = made["keywords"].judgements()[asked["topic 3"]]
    assert judged.keys() == {f"conf{number}" for number in range(3, 40, 7)}


def test_a_name_leads_to_the_paper_that_introduced_it(made: dict[str, Collection]) -> None:
    questions = {question.id: question for question in made["mentions"].questions()}
    found = {(questions[query].paper, *answers) for query, answers in made["mentions"].judgements().items()}
    assert ("arxiv_2025_261", "arxiv_2025_260") in found


def test_what_has_been_made_is_not_made_again(made: dict[str, Collection]) -> None:
    folder = made["titles"].folder
    assert queries.make(Path("nowhere"), Path("nowhere"), folder.parent) == [one.folder for one in made.values()]
