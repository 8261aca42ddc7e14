"""Options: what is refused says what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from arena.errors import OptionError, UserError
from arena.games.chance import Chance
from arena.games.core import begin, fold
from arena.games.scenario.families.registry import FAMILIES, TRANSFER, families_for
from tests.games.scenario.tables import GAME

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"seats": 1}, "seats is 1; it can be a whole number from 2 to 8."),
    ({"seats": 9}, "seats is 9; it can be a whole number from 2 to 8."),
    ({"seats": "2"}, "seats is '2'; it can be a whole number from 2 to 8."),
    ({"seats": True}, "seats is True; it can be a whole number"),
    ({"seats": 2.0}, "seats is 2.0; it can be a whole number"),
    ({"difficulty": 4}, "difficulty is 4; it can be a whole number from 1 to 3."),
    ({"turns": 1}, "turns is 1; it can be a whole number from 2 to 60."),
    ({"text_limit": 19}, "text_limit is 19; it can be a whole number from 20 to 500."),
    ({"order": "chaos"}, "order is 'chaos'; it can be one of: round, parallel, open."),
    ({"order": ["round"]}, "it can be one of: round, parallel, open."),
    ({"split": "validation"}, "split is 'validation'; it can be one of: train, test."),
    ({"family": "feud"}, "it can be one of: any, training, transfer, bargain, split"),
    ({"family": "bargain", "seats": 3}, "seats is 3; bargain has 2."),
    ({"family": "split", "seats": 5}, "seats is 5; split has 2 to 4."),
    ({"family": "coalition", "seats": 2}, "seats is 2; coalition has 3 to 8."),
    ({"scenario": 7}, "scenario is the id of one; arena scenarios list prints them."),
    ({"scenario": "lost-deposits"}, "There is no scenario 'lost-deposits'. Near it: lost-deposit"),
    ({"scenario": "lost-deposit", "seats": 3}, "seats is 3; lost-deposit has 2."),
    ({"pay": "goal"}, "pay is 'goal'; it maps scores to weights"),
    ({"pay": {"charm": 1}}, "pay knows no score 'charm'"),
    ({"pay": {"goal": -1}}, "pay weighs goal -1; it can be a number above 0"),
    ({"colour": "red"}, "A scenario has no option 'colour'. It has: difficulty, family, order, pay, scenario, seats"),
]


@pytest.mark.parametrize(("raw", "says"), REFUSED, ids=lambda x: str(x)[:40])
def test_it_is_refused(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as refused:
        GAME.options(raw)
    assert says in str(refused.value)


def test_a_group_without_a_family_for_so_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "pot", FAMILIES["bargain"])
    with pytest.raises(OptionError, match="seats is 8; no family of 'training' has so many"):
        GAME.options({"family": "training", "seats": 8})


def test_seats_follow_from_what_is_played() -> None:
    assert GAME.options({"family": "coalition"}).seats == 3
    assert GAME.options({"family": "bargain"}).seats == 2
    assert GAME.options({"scenario": "lost-deposit"}).seats == 2
    assert GAME.options({}).seats == 2


def test_every_number_of_seats_has_a_family_in_every_group_that_can() -> None:
    for seats in range(2, 9):
        assert families_for(seats)
        assert families_for(seats, "training")
        assert families_for(seats, "transfer")
        for family in families_for(seats, "transfer"):
            assert family in TRANSFER
    assert families_for(8, "training") == ("pot",)


def test_a_match_goes_on_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a restarted server needs of a scenario stands in the log."""
    options = GAME.options({"scenario": "lost-deposit"})
    state, events = begin(GAME, options, Chance(0))

    def gone() -> Any:
        raise AssertionError("the library was asked")

    monkeypatch.setattr("arena.games.scenario.rules.library", gone)
    monkeypatch.setattr("arena.games.scenario.options.library", gone)
    assert fold(GAME, events) == state
    assert GAME.turns(state)
