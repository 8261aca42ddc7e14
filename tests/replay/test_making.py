"""Recordings of real matches: every decision in its place, the turns in order, nothing of it lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.decision import Decision, MindKind, TokenRecord
from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn, begin, step, visible
from arena.games.registry import game_by_name
from arena.protocol.recording import Recording, joined
from arena.replay import making
from arena.replay.turns import marks_for, phase_at, replay_turns, seen_by, turn_of
from tests.fakes.minds import public_act

MATCHES: list[tuple[str, dict[str, Any]]] = [
    ("werewolf", {}),
    ("werewolf", {"discussion": "parallel", "seats": 9}),
    ("werewolf", {"discussion": "open", "mayor": True, "seats": 12, "tie": "second_vote"}),
    ("scenario", {"family": "bargain"}),
    ("scenario", {"family": "pot", "seats": 4, "order": "parallel"}),
    ("scenario", {"family": "secret"}),
    ("kuhn", {}),
    ("tictactoe", {}),
    ("negotiation", {}),
]


def tokens(turn: Turn) -> TokenRecord:
    """Each option half as likely as the one before."""
    odds = [2.0**-n for n in range(len(turn.choices))]
    return TokenRecord(
        policy_version="v1",
        tokenizer="t",
        prompt_version="p",
        trunk_length=0,
        branch=(),
        sampled=(),
        logprobs=(),
        choice_probs=tuple(o / sum(odds) for o in odds),
    )


def decided(turn: Turn, act: Act) -> Decision:
    act = Act(act.text, act.choice, f"About {turn.id}.")
    return Decision(turn.seat, turn.id, turn.kind, MindKind.MODEL, "checkpoint:v1", act, 1.5, tokens=tokens(turn))


def played(name: str, options: dict[str, Any], seed: int = 3) -> tuple[Recording, tuple[Event, ...], list[Decision]]:
    """A whole match, and what its recording is made from."""
    game, chance = game_by_name(name), Chance(seed)
    parsed = game.options(options)
    state, happened = begin(game, parsed, chance)
    events, decisions = list(happened), []
    while turns := game.turns(state):
        turn = chance.pick(f"next/{len(decisions)}", turns)
        act = public_act(turn)
        state, more = step(game, state, turn, act, chance)
        events += more
        decisions.append(decided(turn, act))
    minds = ["checkpoint:v1"] * game.seat_count(parsed)
    made = making.recording("m", game, game.options_json(parsed), minds, tuple(events), decisions, game.outcome(state))
    return made, tuple(events), decisions


@pytest.mark.parametrize(("name", "options"), MATCHES)
def test_it_holds_the_whole_match(name: str, options: dict[str, Any]) -> None:
    made, events, decisions = played(name, options)
    assert [e.event for e in made.events] == list(events)
    assert [(d.seat, d.turn, d.choice, d.text) for d in made.decisions] == [
        (d.seat, d.turn_id, d.act.choice, d.act.text) for d in decisions
    ]
    assert all(d.thought == f"About {d.turn}." for d in made.decisions)
    for decision in made.decisions:
        if decision.options:
            odds = [o.probability or 0.0 for o in decision.options]
            assert odds == sorted(odds, reverse=True), "each probability stands at its own choice"
            assert sum(odds) == pytest.approx(1)
    assert made.outcome is not None
    assert Recording.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(("name", "options"), MATCHES)
def test_turns_go_through_all_of_it_in_order(name: str, options: dict[str, Any]) -> None:
    made, events, decisions = played(name, options)
    turns = replay_turns(made)
    assert [turn.start for turn in turns] == [0, *(turn.end for turn in turns[:-1])]
    assert turns[-1].end == len(events)
    assert [t.decision for t in turns if t.decision] == list(made.decisions)
    assert len(turns) < len(decisions) + len(events)
    assert [turn_of(turns, turn.start) for turn in turns] == list(range(len(turns)))


@pytest.mark.parametrize(("name", "options"), MATCHES)
def test_a_seat_sees_what_it_saw_and_no_more(name: str, options: dict[str, Any]) -> None:
    made, events, _ = played(name, options)
    for seat in range(len(made.seats)):
        numbers = seen_by(made, seat)
        assert [made.events[n].event for n in numbers] == list(visible(events, seat))
        turns = replay_turns(made, seat)
        assert {t.decision.seat for t in turns if t.decision} <= {seat}, "nobody else's mind"
        told = {n for t in turns for n in range(t.start, t.end)}
        assert {n for n in numbers if made.events[n].line} <= told
        for mark in marks_for(made, seat):
            assert mark.event in numbers
            assert not mark.secret or mark.seat == seat


@settings(max_examples=30, deadline=None)
@given(limit=st.integers(1, 40_000))
def test_portions_are_small_and_lose_nothing(limit: int) -> None:
    made = _MATCH
    portions = list(made.portions(limit))
    assert joined(made.head, portions) == made
    entries = [sum(len(getattr(p, name)) for name in type(p).model_fields) for p in portions]
    sizes = [len(p.model_dump_json()) for p in portions]
    assert all(n == 1 or size <= limit + 200 for n, size in zip(entries, sizes, strict=True))


_MATCH = played("werewolf", {})[0]


def test_what_was_forgotten_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """``arena forget`` drops tokens and words; a decision whose turn cannot be found any more is left out."""
    _, events, decisions = played("werewolf", {})
    game = game_by_name("werewolf")
    without = [Decision(d.seat, d.turn_id, d.turn_kind, d.kind, d.mind, d.act, 0.0) for d in decisions]
    without.insert(5, Decision(0, "dead_talk", "dead_talk", MindKind.PERSON, "person", Act("Boo"), 0.0))
    made = making.recording("m", game, {}, ["person"] * 7, events, without, None)
    assert len(made.decisions) == len(decisions)
    assert all(o.probability is None for d in made.decisions for o in d.options)
    assert made.outcome is None


def test_phases_are_the_games_own_words() -> None:
    names = [phase.name for phase in _MATCH.phases]
    assert names[:3] == ["Night 1", "Day 1", "Day 1, vote"]
    assert names[-1] == "Over"
    assert phase_at(_MATCH, 0) == ""
    assert phase_at(_MATCH, len(_MATCH.events)) == "Over"


@pytest.mark.parametrize(("mind", "kind"), [("person", "person"), ("random", "script"), ("scripted:calm", "script")])
def test_nothing_says_who_the_people_are(mind: str, kind: str) -> None:
    _, events, _ = played("werewolf", {})
    made = making.recording("m", game_by_name("werewolf"), {}, [mind] * 7, events, [], None)
    assert {seat.mind for seat in made.seats} == {kind}
