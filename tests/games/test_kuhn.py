"""All deals and histories of Kuhn poker, what they pay, who learns what, and the conformance tests."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from arena.errors import OptionError
from arena.games.chance import Chance
from arena.games.conformance import assert_game_conforms
from arena.games.core import Act, Event, begin, step, visible
from arena.games.kuhn import Kuhn
from arena.games.kuhn.hand import CARDS
from arena.games.kuhn.rules import Kuhn as Rules
from arena.games.kuhn.rules import State, deal
from arena.games.non_interference import AIMS, compare_worlds

GAME = Kuhn()
LINES = ("check check", "check bet fold", "check bet call", "bet fold", "bet call")
DEALS = tuple(itertools.permutations(CARDS, 2))


def play(cards: tuple[str, str], line: str, hands: int = 1) -> tuple[State, list[Event]]:
    chance = Chance(0)
    options = GAME.options({"hands": hands})
    started = GAME.opening(options, chance)[0]
    state, events = begin(GAME, options, chance, (started, *deal(1, cards)))
    seen = list(events)
    for act in line.split():
        state, events = step(GAME, state, GAME.turns(state)[0], Act(choice=act), chance)
        seen.extend(events)
    return state, seen


@pytest.mark.parametrize("options", [{}, {"hands": 2}, {"hands": 5}], ids=str)
def test_it_conforms(options: dict[str, Any]) -> None:
    assert_game_conforms(GAME, options, range(20))


@pytest.mark.parametrize("cards", DEALS, ids="".join)
@pytest.mark.parametrize("line", LINES)
def test_every_line_of_every_deal_pays_what_it_should(cards: tuple[str, str], line: str) -> None:
    state, _ = play(cards, line)
    outcome = GAME.outcome(state)
    assert outcome is not None
    higher = 1 if CARDS.index(cards[0]) > CARDS.index(cards[1]) else -1
    chips = {
        "check check": higher,
        "check bet fold": -1,
        "check bet call": 2 * higher,
        "bet fold": 1,
        "bet call": 2 * higher,
    }[line]
    assert outcome.returns == (chips / 2, -chips / 2)
    assert outcome.winner == ("first" if chips > 0 else "second")
    assert outcome.reason == ("fold" if line.endswith("fold") else "showdown")
    assert outcome.sides == ("first", "second")


def test_a_player_can_stand_in_twelve_situations() -> None:
    """What a seat has seen when it is asked; nothing else tells its deal from another."""
    situations: dict[tuple[Any, ...], set[tuple[str, str]]] = {}
    for cards in DEALS:
        for line in LINES:
            acts = line.split()
            for n in range(len(acts)):
                state, events = play(cards, " ".join(acts[:n]))
                turn = GAME.turns(state)[0]
                seen = tuple(str(e.to_json()) for e in visible(events, turn.seat))
                situations.setdefault((turn.id, turn.seat, turn.choices, seen), set()).add(cards)
    assert len(situations) == 12
    assert all(len(deals) == 2 for deals in situations.values()), "the other card stays unknown"


def test_a_fold_shows_no_card() -> None:
    _, events = play(("K", "J"), "bet fold")
    for seat in (0, 1, None):
        other = "JK"[seat] if seat is not None else "KJ"
        shown = [e for e in visible(events, seat) if e.kind in ("shown", "card") and e.data["card"] in other]
        assert not shown


def test_who_runs_out_of_time_checks_or_folds() -> None:
    state, _ = play(("Q", "J"), "")
    for expected in ("check", "check"):
        state, events = step(GAME, state, GAME.turns(state)[0], Act(), Chance(0), force_pass=True)
        assert events[0].data["act"] == expected
    state, _ = play(("Q", "J"), "bet")
    _, events = step(GAME, state, GAME.turns(state)[0], Act(), Chance(0), force_pass=True)
    assert events[0].data["act"] == "fold"


def test_hands_alternate_and_add_up() -> None:
    state, events = play(("K", "Q"), "bet call bet fold", hands=2)
    assert [e.data["seat"] for e in events if e.kind == "acted"] == [0, 1, 1, 0]
    assert state.chips == (1, -1)
    outcome = GAME.outcome(state)
    assert outcome is not None
    assert (outcome.winner, outcome.reason, outcome.returns) == ("first", "hands_played", (0.25, -0.25))


def test_even_hands_have_no_winner() -> None:
    state, _ = play(("K", "Q"), "bet fold bet fold", hands=2)
    outcome = GAME.outcome(state)
    assert outcome is not None
    assert (outcome.winner, outcome.returns) == ("nobody", (0.0, 0.0))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("aim", AIMS)
def test_spectators_learn_no_card_before_it_is_shown(seed: int, aim: Any) -> None:
    assert compare_worlds(GAME, GAME.options({"hands": 3}), seed, 0, 1, aim=aim) is not None


class Leaky(Rules):
    """Whoever has the king smiles before acting."""

    def record(self, state: State, turn: Any, act: Act) -> tuple[Event, ...]:
        smile = (Event("smiled", {}),) if state.cards[turn.seat] == "K" else ()
        return (*smile, *super().record(state, turn, act))


def test_a_leak_is_found() -> None:
    with pytest.raises(AssertionError, match="depending on the secrets"):
        assert_game_conforms(Leaky(), {}, range(30))


def test_the_options_are_checked() -> None:
    for raw in ({"hands": 0}, {"hands": True}, {"hands": 101}, {"cards": 4}):
        with pytest.raises(OptionError):
            GAME.options(raw)
