"""What a concept may be called: names in other forms, phrases, and what is offered instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from broadsheet.encode import concepts, telling
from broadsheet.encode.static import Static
from broadsheet.errors import Unavailable
from broadsheet.query import parse
from broadsheet.rank import called

if TYPE_CHECKING:
    from broadsheet.index.snapshot import Snapshot

ENCODER = Static()


@dataclass
class Names:
    """As much of a snapshot as its concepts need; without an encoder where `gone`."""

    concept_names: list[str] = field(default_factory=lambda: list(concepts.load(ENCODER.id).names))
    gone: bool = False

    @property
    def manifest(self) -> SimpleNamespace:
        return SimpleNamespace(encoder_id=ENCODER.id)

    @cached_property
    def encoder(self) -> Static:
        if self.gone:
            raise Unavailable("The index was made by another encoder.")
        return ENCODER


def snapshot(*names: str, gone: bool = False) -> Snapshot:
    return cast("Snapshot", Names(list(names), gone) if names else Names(gone=gone))


def wanted(text: str, *names: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    query, notes = called.meant(parse(f'concept:"{text}"'), snapshot(*names))
    return query.filters.concepts, notes


@pytest.mark.parametrize("text", ["Wireless Sensor Network", "wireless-sensor networks", "WIRELESS SENSOR NETWORKS"])
def test_a_name_is_known_in_other_forms(text: str) -> None:
    assert wanted(text) == (("wireless sensor networks",), ())


def test_two_forms_of_one_name_are_one_concept() -> None:
    query = parse('concept:"black holes" concept:"black hole" attention')
    assert called.meant(query, snapshot())[0].filters.concepts == ("black holes",)
    assert called.meant(parse("attention"), snapshot()) == (parse("attention"), ())


def test_a_phrase_stands_for_the_concept_that_it_alone_tells_if_that_is_the_nearest() -> None:
    (found,), (note,) = wanted("kutta")
    assert found == "runge kutta" == called.nearest(snapshot(), "kutta")[0]
    assert f"it tells of “{found}”" in note


def test_a_phrase_that_tells_a_distant_concept_stands_for_none() -> None:
    told = telling.told(ENCODER.id)
    alone = {phrase: names[0] for phrase, names in told.items() if len(names) == 1}
    distant = next(phrase for phrase, name in alone.items() if not called.nearest(snapshot(), phrase))
    (found,), (note,) = wanted(distant)
    assert found == distant
    assert note == f"No concept here is called “{distant}”. /topics lists those of the month."


def test_the_nearest_that_are_here_are_offered_and_none_that_is_far() -> None:
    assert called.nearest(snapshot(), "protein folds")[0] == "protein folding"
    assert called.nearest(snapshot("amino acids", "dark matter"), "protein folds") == ["amino acids"]
    assert called.nearest(snapshot(), "zzzz") == []
    assert "nearest: “transformer architecture”" in wanted("transformers")[1][0]


def test_an_encoder_that_cannot_be_had_offers_nothing() -> None:
    said = called.unknown(snapshot(gone=True), "transformers")
    assert said == "No concept here is called “transformers”. /topics lists those of the month."
