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
from arena.games.core import Act, Event, Game, Turn, begin, fold, step, visible

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
    names = game.seat_names(steps[0].state)
    for s in steps:
        for event in s.events:
            line = game.line(names, event)
            assert "\n" not in line, f"the line of {event.kind} is more than one"
            assert "\n" not in game.phase(s.state), "the phase is more than one line"


def _assert_secrets_do_not_leak(game: AnyGame, options: Any, seed: int) -> None:
    """Non-interference: exchange the secrets of two seats, and the others see the same.

    Both worlds are played side by side with acts that depend on nothing secret. As long as the acts themselves come out
    alike, a third seat's stream and turns must be the same; the first difference that it sees must be about one of
    the two seats (their secret is shown by the rules), or the end of either match.
    """
    chance = Chance(f"pairs/{seed}")
    dealt = game.opening(options, Chance(seed))
    seats = range(game.seat_count(options))
    first, second, *_ = chance.shuffled("pair", seats)
    swapped = game.swap_hidden(dealt, first, second)
    if swapped is None or swapped == dealt:
        return
    others = {s for s in seats if s not in (first, second) and visible(dealt, s) == visible(swapped, s)}
    assert visible(dealt, None) == visible(swapped, None), "the opening shows a secret to everybody"
    worlds = (_blind(game, options, seed, dealt), _blind(game, options, seed, swapped))
    streams: tuple[list[Event], list[Event]] = ([], [])
    for a, b in zip(*worlds, strict=False):
        if (a.turn and a.turn.kind, a.act) != (b.turn and b.turn.kind, b.act):
            return  # what the two did differs, so what follows may
        streams[0].extend(a.events)
        streams[1].extend(b.events)
        for seat in list(others):
            seen_a, seen_b = visible(streams[0], seat), visible(streams[1], seat)
            if seen_a == seen_b:
                mine = [[t for t in game.turns(w.state) if t.seat == seat] for w in (a, b)]
                assert mine[0] == mine[1], f"seat {seat} is asked otherwise when {first} and {second} are exchanged"
                continue
            others.discard(seat)
            if game.outcome(a.state) is not None or game.outcome(b.state) is not None:
                continue  # who has won depends on the secrets
            n = next((i for i, (x, y) in enumerate(zip(seen_a, seen_b, strict=False)) if x != y), None)
            assert n is not None, f"seat {seat} sees that something happened between {first} and {second}"
            differing = (seen_a[n], seen_b[n])
            about_them = all(_is_about(e, first) or _is_about(e, second) for e in differing)
            assert about_them, (
                f"seat {seat} sees {differing[0]} or {differing[1]}, depending on the secrets of {first} and {second}"
            )
        if _asked(game, a.state) != _asked(game, b.state):
            return  # one of the two, dead or alive, has something to do here that the other has not there


def _asked(game: AnyGame, state: Any) -> list[tuple[str, str]]:
    return sorted((t.kind, t.id) for t in game.turns(state))


def _is_about(event: Event, seat: int) -> bool:
    return any(value == seat and type(value) is int for value in event.data.values())


def _blind(game: AnyGame, options: Any, seed: int, opening: Sequence[Event]) -> Iterator[Step]:
    """A match whose acts depend on the kind and id of the turn alone, never on who holds which secret."""
    chance = Chance(seed)
    state, events = begin(game, options, chance, opening)
    yield Step(None, Act(), events, state)
    while turns := game.turns(state):
        turn = min(turns, key=lambda t: (t.kind, t.id, t.seat))
        key = f"blind/{turn.kind}/{turn.id}"
        choice = min(turn.choices, key=lambda c: chance.below(f"{key}/{c}", 2**32)) if turn.choices else None
        act = Act(f"It is {turn.id}."[: turn.text_limit], choice)
        state, events = step(game, state, turn, act, chance)
        yield Step(turn, act, events, state)
