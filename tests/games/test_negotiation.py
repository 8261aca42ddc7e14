"""Trades, gains and secrets of Simple Negotiation, and the conformance tests."""

from __future__ import annotations

from typing import Any

import pytest

from agents.scripted.random_script import RandomScript
from agents.scripted.table import play
from agents.scripted.trader import Trader
from arena.errors import OptionError
from arena.games.chance import Chance
from arena.games.conformance import assert_game_conforms
from arena.games.core import Act, Event, begin, step, visible
from arena.games.negotiation import Negotiation
from arena.games.negotiation.goods import NOTHING, TRADES, possible, traded, worth
from arena.games.negotiation.rules import State, deal
from arena.games.non_interference import AIMS, compare_worlds

GAME = Negotiation()
TASTES = ((9, 1, 5), (1, 9, 5))


def after(*choices: str, rounds: int = 1) -> tuple[State, tuple[Event, ...]]:
    """A match of silent traders who hold 3, 3, 3 each and like wheat and wood."""
    chance, options = Chance(0), GAME.options({"rounds": rounds})
    started = GAME.opening(options, chance)[0]
    opening = (Event("started", {**started.data, "baskets": [[3, 3, 3], [3, 3, 3]]}), *deal(TASTES))
    state, events = begin(GAME, options, chance, opening)
    for choice in choices:
        if GAME.turns(state)[0].kind == "talk":
            state, more = step(GAME, state, GAME.turns(state)[0], Act(), chance)
            events = (*events, *more)
        state, more = step(GAME, state, GAME.turns(state)[0], Act(choice=choice), chance)
        events = (*events, *more)
    return state, events


@pytest.mark.parametrize("options", [{}, {"rounds": 1, "text_limit": 20}, {"rounds": 5}], ids=str)
def test_it_conforms(options: dict[str, Any]) -> None:
    assert_game_conforms(GAME, options, range(10))


def test_a_trade_moves_both_ways() -> None:
    assert len(TRADES) == 18
    assert traded((3, 3, 3), (2, 0, 1), TRADES["two wheat for one ore"]) == ((1, 3, 4), (4, 0, 0))
    assert worth((1, 2, 3), (4, 5, 6)) == 32
    assert "one wheat for one wood" not in possible((3, 3, 3), (2, 0, 1))
    assert "one wheat for two ore" not in possible((3, 3, 3), (2, 0, 1))
    assert possible((0, 0, 0), (5, 5, 5)) == ()


def test_who_gained_more_wins() -> None:
    state, _ = after("two wood for one wheat", "accept", NOTHING)
    assert state.baskets == ((4, 1, 3), (2, 5, 3))
    assert state.gains() == (9 - 2, 2 * 9 - 1)
    outcome = GAME.outcome(state)
    assert outcome is not None
    assert (outcome.winner, outcome.reason, outcome.returns) == ("second", "rounds_over", (-1.0, 1.0))


def test_equal_gains_have_no_winner() -> None:
    state, _ = after("one wood for one wheat", "accept", NOTHING)
    outcome = GAME.outcome(state)
    assert state.gains() == (8, 8)
    assert outcome is not None
    assert (outcome.winner, outcome.returns) == ("nobody", (0.0, 0.0))


def test_what_is_declined_changes_nothing() -> None:
    state, _ = after("one wood for one wheat", "decline", NOTHING)
    assert state.baskets == state.start


def test_values_stay_secret_to_the_end() -> None:
    _, events = after("one wood for one wheat", "accept")
    for seat in (0, 1, None):
        others = [list(t) for s, t in enumerate(TASTES) if s != seat]
        assert not any(v in others for e in visible(events, seat) for v in (e.data.get("values"),))


@pytest.mark.parametrize("aim", AIMS)
def test_spectators_cannot_tell_whose_values_are_whose(aim: Any) -> None:
    for seed in range(15):
        compared = compare_worlds(GAME, GAME.options({}), seed, 0, 1, aim=aim)
        assert compared is None or compared.parted == "over"


def test_the_picture_shows_who_holds_what() -> None:
    _, events = after("two wood for one wheat", "accept")
    assert GAME.picture(events)[1].split() == ["Ada", "4", "1", "3"]


def test_the_trader_gains_against_chance() -> None:
    results = [play(GAME, GAME.options({}), seed, [Trader, RandomScript]).outcome.returns[0] for seed in range(40)]
    assert sum(results) > 20


def test_the_options_are_checked() -> None:
    for raw in ({"rounds": 0}, {"text_limit": 10}, {"goods": 4}):
        with pytest.raises(OptionError):
            GAME.options(raw)
