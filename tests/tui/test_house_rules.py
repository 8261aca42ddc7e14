"""The choices for a new game: what the rules take, and what the server is sent."""

from __future__ import annotations

from typing import Any

import pytest

from arena.games.registry import GAMES
from tui import house_rules


def starts(game: str = "werewolf", **changed: Any) -> dict[str, Any]:
    return {name: row.start for name, row in house_rules.rows(game).items()} | changed


@pytest.mark.parametrize("name", GAMES)
def test_every_row_offers_only_what_the_game_takes(name: str) -> None:
    game = GAMES[name]
    defaults = game.options({})
    for row in house_rules.rules(name):
        assert getattr(defaults, row.name) == row.start
        assert row.start in [v.value for v in row.values]
        for value in row.values:
            game.options({row.name: value.value})
            assert row.explained(value)


def test_the_defaults_ask_for_nothing_but_the_seats() -> None:
    choice = house_rules.chosen(starts())
    assert choice.options == {}
    assert choice.fills is not None
    assert sorted(choice.fills) == ["open"] + ["self"] * 6
    assert choice.terms == {}


def test_what_is_chosen_is_sent() -> None:
    values = starts(seats=5, people=7, fill="scripted:sly", blind=True, show_all_after_s=0.0, reveal="side")
    choice = house_rules.chosen(values, shuffle=lambda _: None)
    assert choice.options == {"seats": 5, "reveal": "side"}
    assert choice.fills == ("open",) * 5
    assert choice.terms == {"blind": True, "show_all_after_s": 0.0}
    some = house_rules.chosen(starts(seats=9, people=2), shuffle=lambda fills: fills.reverse())
    assert some.fills == ("self",) * 7 + ("open",) * 2
