"""Any acts, legal and not, through any cast and house rules: no crash, a bounded match, a log that is the truth."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.errors import IllegalAct
from arena.games.chance import Chance
from arena.games.core import PASS, Act, Event, Turn, begin, fold, step, visible
from arena.games.non_interference import AIMS, compare_worlds
from arena.games.werewolf import Werewolf
from arena.games.werewolf.casts import CAST
from arena.games.werewolf.types import Discussion, Ending, Reveal, Role, State, Tie
from arena.games.werewolf.view import view
from tests.soak import count

GAME = Werewolf()

others = st.dictionaries(st.sampled_from([str(r) for r in Role if r is not Role.WEREWOLF]), st.integers(0, 4))


def is_playable(cast: dict[str, int]) -> bool:
    seats, wolves = sum(cast.values()), cast["werewolf"]
    return 5 <= seats <= 16 and 2 * wolves < seats and seats - wolves > cast.get("possessed", 0)


casts = st.builds(lambda n, more: {"werewolf": n, **more}, st.integers(1, 5), others).filter(is_playable)
deals = st.one_of(
    st.sampled_from(sorted(CAST)).map(lambda seats: {"seats": seats}), casts.map(lambda cast: {"cast": cast})
)
rules = st.fixed_dictionaries(
    {
        "discussion": st.sampled_from([str(d) for d in Discussion]),
        "talk_rounds": st.integers(0, 2),
        "open_slots": st.integers(0, 2),
        "reveal": st.sampled_from([str(r) for r in Reveal]),
        "tie": st.sampled_from([str(t) for t in Tie]),
        "max_days": st.integers(1, 4),
        **{name: st.booleans() for name in ("first_night_kill", "mayor", "self_protect", "same_target", "open_vote")},
    }
)
options = st.builds(lambda deal, house: {**deal, **house}, deals, rules)
styles = st.tuples(st.floats(0, 0.6), st.floats(0, 0.5))
"""How often a turn is passed, and how often something illegal is tried before it."""


def some_act(turn: Turn, random: Random) -> Act:
    return Act(
        f"word {random.randrange(9)}" if turn.text_limit else "", random.choice(turn.choices) if turn.choices else None
    )


def wrong_act(turn: Turn, random: Random) -> Act:
    """Something that does not fit the turn."""
    wrong = [Act("x" * (turn.text_limit + 1)), Act(choice="Nobody At All"), Act(choice="")]
    if turn.choices:
        wrong.append(Act(choice=random.choice(turn.choices), text="and words"))
    else:
        wrong.append(Act(choice="silent"))
    return random.choice(wrong)


@given(raw=options, seed=st.integers(0, 2**32), style=styles)
@settings(max_examples=count(120, 5_000), deadline=None)
def test_any_match_ends_in_its_bound_and_folds_to_its_state(
    raw: dict[str, Any], seed: int, style: tuple[float, float]
) -> None:
    parsed, random, chance = GAME.options(raw), Random(seed), Chance(seed)
    assert GAME.options(json.loads(json.dumps(GAME.options_json(parsed)))) == parsed
    state, events = begin(GAME, parsed, chance)
    log: list[Event] = list(events)
    acts, over = 0, None
    while turns := GAME.turns(state):
        turn = random.choice(turns)
        if random.random() < style[1]:
            with pytest.raises(IllegalAct):
                step(GAME, state, turn, wrong_act(turn, random), chance)
            if over is not None:
                with pytest.raises(IllegalAct):
                    step(GAME, state, over, PASS, chance)
        passing = random.random() < style[0]
        state, events = step(GAME, state, turn, PASS if passing else some_act(turn, random), chance)
        log += events
        over = turn
        acts += 1
        assert acts <= GAME.max_acts(parsed)
    stored = [Event.from_json(json.loads(json.dumps(e.to_json()))) for e in log]
    assert fold(GAME, stored) == state
    _ended_rightly(state)
    for seat in (None, *range(parsed.seats)):
        seen = view(visible(log, seat))
        assert seen.alive == list(state.alive)
        assert seen.roles == state.roles
        assert (seen.winner, seen.mayor) == (state.winner, state.mayor)


def _ended_rightly(state: State) -> None:
    outcome = GAME.outcome(state)
    assert outcome is not None
    wolves, living = len(state.living_wolves()), len(state.living())
    assert outcome.reason in list(Ending)
    match Ending(outcome.reason):
        case Ending.NOBODY_LEFT:
            assert (outcome.winner, living) == ("village", 0)
        case Ending.WOLVES_DEAD:
            assert outcome.winner == "village"
            assert wolves == 0 < living
        case Ending.WOLVES_EQUAL:
            assert outcome.winner == "werewolves"
            assert 2 * wolves >= living > 0
        case Ending.OUT_OF_DAYS:
            assert outcome.winner == "werewolves"
            assert 0 < 2 * wolves < living
            assert state.day == state.options.max_days


@given(
    raw=options,
    seed=st.integers(0, 2**32),
    aim=st.sampled_from(AIMS),
    pair=st.tuples(st.integers(0, 15), st.integers(0, 15)),
)
@settings(max_examples=count(120, 5_000), deadline=None)
def test_any_exchange_of_cards_is_a_secret(raw: dict[str, Any], seed: int, aim: Any, pair: tuple[int, int]) -> None:
    parsed = GAME.options({**raw, "max_days": min(2, raw["max_days"])})
    first, second = (s % parsed.seats for s in pair)
    if first != second:
        compare_worlds(GAME, parsed, seed, first, second, aim=aim)
