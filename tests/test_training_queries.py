"""Collections to learn from: every answer is there, and no paper gives itself away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from broadsheet.evaluation.collections import Collection
from broadsheet.training import queries


def _paper(name: str, number: int, **more: object) -> dict[str, object]:
    parts = [
        f"Sentence {part} of study {number} in {name} looks at subject {number % 7} once more." for part in range(8)
    ]
    text = " ".join(parts)
    return {"id": f"{name}{number}", "title": f"Paper {number} of {name} on things", "abstract": text, **more}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Collection]:
    papers, collections, out = (tmp_path_factory.mktemp(name) for name in ("papers", "collections", "out"))
    for name in ("arxiv_history", "arxiv_2025_26", "acl_anthology"):
        own = [_paper(name, number) for number in range(40)]
        own[0]["title"] = f"{name.upper()[:5]}X: a method"
        own[1]["abstract"] = f"{own[1]['abstract']} It is better than {name.upper()[:5]}X in all that we measured."
        _compressed(papers / f"{name}.jsonl.zst", own)
    keywords = [{"keywords": f"topic {number % 7};area {number % 7};word: of a venue"} for number in range(40)]
    _compressed(papers / "conferences.jsonl.zst", [_paper("conf", number, **keywords[number]) for number in range(40)])
    _lines(
        collections / "scitldr" / "corpus.jsonl",
        [{"id": f"s{n}", "title": f"Short {n}", "text": "T."} for n in range(450)],
    )
    _lines(
        collections / "scitldr" / "queries_train.jsonl", [{"id": f"s{n}#0", "text": f"We do {n}."} for n in range(450)]
    )
    item = {"title": "An item", "abstract": "Of a shelf."}
    _lines(
        collections / "citeulike_a" / "items.jsonl",
        [{"id": "1", "cites": ["2", "3"], **item}, {"id": "2", **item}, {"id": "3"}],
    )
    return {folder.name: Collection(folder) for folder in queries.make(papers, collections, out)}


def _compressed(path: Path, papers: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(paper) + "\n" for paper in papers)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))


def _lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


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
