"""One-line summaries measured: what is read of a collection, and the ways beside ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broadsheet.evaluation.collections import Collection
from broadsheet.evaluation.summaries import MEASURES, WAYS, Told, lead, measured, textrank, told

TEXT = "Cats sleep. We train cats to sleep long and deeply. Dogs sleep deeply and long, too."


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """One paper with two summaries, one without."""
    papers = [{"id": "a", "title": "Sleep", "text": TEXT}, {"id": "b", "title": "Other", "text": "Nothing."}]
    lines = [{"id": "a#0", "text": "We train cats to sleep."}, {"id": "a#1", "text": "Deep sleep."}]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, papers)))
    (tmp_path / "queries_dev.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "qrels_dev.tsv").write_text("query-id\tcorpus-id\tscore\na#0\ta\t1\na#1\ta\t1\n")
    return Collection(tmp_path, "dev")


def test_papers_come_with_what_people_wrote(collection: Collection) -> None:
    assert told(collection) == [Told("Sleep", TEXT, ("We train cats to sleep.", "Deep sleep."))]


def test_papers_may_call_their_text_abstract_and_judgements_name_papers_that_are_not_there(
    collection: Collection,
) -> None:
    (collection.folder / "corpus.jsonl").write_text(json.dumps({"id": "a", "abstract": TEXT}))
    with (collection.folder / "qrels_dev.tsv").open("a") as file:
        file.write("a#0\tnobody\t1\n")
    assert told(collection) == [Told("", TEXT, ("We train cats to sleep.", "Deep sleep."))]


def test_lead_is_the_first_sentence_and_textrank_the_most_connected() -> None:
    assert lead("Sleep", TEXT) == "Cats sleep."
    assert textrank("Sleep", TEXT) == "We train cats to sleep long and deeply."


def test_rouge_of_the_oracle_is_the_highest_of_whole_sentences(collection: Collection) -> None:
    pytest.importorskip("rouge_score", reason="ROUGE is computed by the extra [evaluation]")
    table = measured(collection)
    assert set(table) == set(WAYS)
    for measure in MEASURES:
        assert table["oracle"][measure] >= max(table["lead"][measure], table["textrank"][measure])
    assert table["oracle"]["ROUGE-1"] == pytest.approx(10 / 13, abs=1e-4)  # five of its eight words, all five asked for
