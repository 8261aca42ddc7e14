"""The choices for a new game: what the rules take, and what the server is sent."""

from __future__ import annotations

from typing import Any

import pytest

from arena.games.registry import GAMES
from tui import house_rules, scenario_rows


def starts(game: str = "werewolf", **changed: Any) -> dict[str, Any]:
    return {name: row.start for name, row in house_rules.rows(game).items()} | changed


@pytest.mark.parametrize("name", sorted(GAMES.keys() - {"scenario"}))
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


# -- social scenarios: what is offered follows from what is picked ----------------------------------------------------


@pytest.mark.parametrize("family", [v.value for v in house_rules.rows("scenario")["family"].values])
def test_whatever_is_offered_of_scenarios_the_rules_take(family: str) -> None:
    game = GAMES["scenario"]
    for seats in scenario_rows.seats_of(family):
        picked = {"family": family, "seats": seats}
        rows = house_rules.rows("scenario", picked)
        assert [v.value for v in rows["seats"].values] == list(scenario_rows.seats_of(family))
        for row in rows.values():
            for value in row.values:
                assert row.explained(value) or row.name in ("game", "people")
                values = {name: r.start for name, r in rows.items()} | picked | {row.name: value.value}
                if row.name not in ("game", "family", "seats"):
                    choice = house_rules.chosen(values)
                    assert choice.fills is not None
                    assert game.seat_count(game.options(choice.options)) == len(choice.fills) == seats


def test_a_family_that_has_not_so_many_seats_moves_the_pick() -> None:
    rows = house_rules.rows("scenario", {"family": "sale", "seats": 5})
    assert [v.value for v in rows["seats"].values] == [2]
    assert [v.value for v in rows["people"].values] == [1, 2]
    assert [v.value for v in house_rules.rows("scenario", {"family": "coalition"})["seats"].values] == list(range(3, 9))


def test_a_hand_written_scenario_is_named_or_drawn() -> None:
    values = starts("scenario", family="written", seats=3, scenario="car-pool", order="open", turns=10)
    assert "scenario" in house_rules.rows("scenario", {"family": "written", "seats": 3})
    assert "difficulty" not in house_rules.rows("scenario", {"family": "written", "seats": 3})
    choice = house_rules.chosen(values)
    assert choice.options == {"scenario": "car-pool", "order": "open", "turns": 10}
    drawn = house_rules.chosen(values | {"scenario": ""}, pick=lambda ids: ids[-1])
    assert drawn.options["scenario"] == "opening-hours"
    assert drawn.fills is not None
    assert sorted(drawn.fills) == ["open", "scripted:fair", "scripted:fair"]


def test_the_defaults_of_a_scenario_ask_for_nothing() -> None:
    assert house_rules.chosen(starts("scenario")).options == {}
