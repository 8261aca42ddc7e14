"""What every game must keep, as one assertion that anybody can run on their own game.

    def test_my_game():
        assert_game_conforms(MyGame(), options={"seats": 5}, seeds=range(20))

Each property is a function of its own below; a failure is an ``AssertionError`` that names the seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arena.errors import IllegalAct
from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Turn, begin, fold, step
from arena.games.non_interference import AIMS, compare_worlds

AnyGame = Game[Any, Any]


def assert_game_conforms(
    game: AnyGame, options: Mapping[str, Any] | None = None, seeds: Iterable[int] = range(10)
) -> None:
    """
    Args:
        options: raw, as a person would give them.
        seeds: one match each, and for games with secrets some pairs of matches that differ in them.

    Raises:
        AssertionError: the game breaks one of the properties.
    """
    parsed = game.options(options or {})
    written = game.options_json(parsed)
    assert json.loads(json.dumps(written)) == written, "options_json gives plain JSON"
    assert game.options(written) == parsed, "options(options_json(o)) == o"
    for seed in seeds:
        try:
            first = list(played(game, parsed, seed))
            _assert_ends_in_time(game, parsed, first)
            _assert_log_is_the_truth(game, first)
            _assert_turns_are_well_made(game, first)
            _assert_illegal_acts_change_nothing(game, parsed, first, seed)
            _assert_every_line_can_be_said(game, first)
            assert [s.events for s in played(game, parsed, seed)] == [s.events for s in first], "not deterministic"
            _assert_secrets_do_not_leak(game, parsed, seed)
        except AssertionError as error:
            raise AssertionError(f"{game.name}, options {written}, seed {seed}: {error}") from error


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a match, or its beginning (``turn`` None). ``events`` are those that it caused."""

    turn: Turn | None
    act: Act
    events: tuple[Event, ...]
    state: Any


def played(game: AnyGame, options: Any, seed: int | str, opening: Sequence[Event] | None = None) -> Iterator[Step]:
    """A match of drawn legal acts, some of them passes. Among open turns the next one to act is drawn as well."""
    chance = Chance(seed)
    state, events = begin(game, options, chance, opening)
    yield Step(None, Act(), events, state)
    n = 0
    while turns := game.turns(state):
        turn = chance.pick(f"conformance/turn/{n}", turns)
        act = drawn_act(turn, chance, f"conformance/act/{n}")
        state, events = step(game, state, turn, act, chance)
        yield Step(turn, act, events, state)
        n += 1


def drawn_act(turn: Turn, chance: Chance, key: str) -> Act:
    """A legal act; where the turn may be passed, it is now and then."""
    if turn.may_pass and chance.below(f"{key}/pass", 12) == 0:
        return Act()
    text = f"I have thought of {chance.below(f'{key}/text', 1000)} things."[: turn.text_limit]
    return Act(text, chance.pick(f"{key}/choice", turn.choices) if turn.choices else None)


def _assert_ends_in_time(game: AnyGame, options: Any, steps: Sequence[Step]) -> None:
    assert len(steps) - 1 <= game.max_acts(options), "more acts than max_acts"
    seats = game.seat_count(options)
    outcome = game.outcome(steps[-1].state)
    assert outcome is not None, "the match has no turns and no outcome"
    assert len(outcome.sides) == len(outcome.returns) == seats, "one side and one return a seat"
    assert outcome.winner, "an outcome names its winner"
    assert game.sides(steps[0].state) == outcome.sides, "the outcome's sides are not those that were dealt"
    assert outcome.reason, "an outcome has a reason"
    assert all(game.outcome(s.state) is None for s in steps[:-1]), "an outcome while somebody may still act"
    names = game.seat_names(steps[0].state)
    assert len(set(names)) == seats, "one name a seat, all different"


def _assert_log_is_the_truth(game: AnyGame, steps: Sequence[Step]) -> None:
    events: list[Event] = []
    state = game.blank()
    for s in steps:
        events.extend(s.events)
        state = fold(game, s.events, state)
        assert state == s.state, "the state is not the fold of the events"
    stored = [Event.from_json(json.loads(json.dumps(e.to_json()))) for e in events]
    assert stored == events, "an event does not survive JSON"
    assert fold(game, stored) == steps[-1].state, "the stored events fold to another state"


def _assert_turns_are_well_made(game: AnyGame, steps: Sequence[Step]) -> None:
    open_turns: dict[tuple[int, str], Turn] = {}
    over: set[tuple[int, str]] = set()
    for s in steps:
        now = {(t.seat, t.id): t for t in game.turns(s.state)}
        assert len(now) == len(game.turns(s.state)), "two open turns of a seat share an id"
        assert not over & now.keys(), "a turn id comes again"
        for key, turn in now.items():
            assert turn.text_limit > 0 or turn.choices, f"{turn.id} asks for nothing"
            assert len(set(turn.choices)) == len(turn.choices), f"{turn.id} has a choice twice"
            assert turn.budget_s > 0, f"{turn.id} has no time"
            assert open_turns.get(key, turn) == turn, f"{turn.id} changed while it was open"
        over |= open_turns.keys() - now.keys()
        open_turns = now


def _assert_illegal_acts_change_nothing(game: AnyGame, options: Any, steps: Sequence[Step], seed: int) -> None:
    stale: Turn | None = None
    for s in steps:
        before = s.state
        for turn in game.turns(s.state):
            wrong = [Act(choice="no such choice"), Act(text="x" * (turn.text_limit + 1))]
            if turn.choices and not turn.may_pass:
                wrong.append(Act())
            for act in wrong:
                _assert_refused(game, before, turn, act)
            for choice in turn.choices:
                step(game, before, turn, Act(choice=choice), Chance(seed))
        if stale is not None:
            _assert_refused(game, before, stale, Act())
        stale = s.turn or stale
    replayed = fold(game, [e for s in steps for e in s.events])
    assert replayed == steps[-1].state, "trying acts changed a state"


def _assert_refused(game: AnyGame, state: Any, turn: Turn, act: Act) -> None:
    try:
        step(game, state, turn, act, Chance(0))
    except IllegalAct:
        return
    raise AssertionError(f"{act} was taken for turn {turn.id}")


def _assert_every_line_can_be_said(game: AnyGame, steps: Sequence[Step]) -> None:
    names, phase = game.seat_names(steps[0].state), ""
    for s in steps:
        before, phase = phase, game.phase(s.state)
        assert before == phase or any(e.audience.is_public for e in s.events), "the phase tells what nobody was told"
        for event in s.events:
            line = game.line(names, event)
            assert "\n" not in line, f"the line of {event.kind} is more than one"
            assert "\n" not in game.phase(s.state), "the phase is more than one line"


def _assert_secrets_do_not_leak(game: AnyGame, options: Any, seed: int) -> None:
    """Exchange the secrets of two seats, and the others see the same: a pair a seed and aim."""
    seats = range(game.seat_count(options))
    for aim in AIMS:
        first, second, *_ = Chance(f"pairs/{seed}/{aim}").shuffled("pair", seats)
        compare_worlds(game, options, seed, first, second, aim=aim)
