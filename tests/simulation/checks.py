"""What must hold of a match's log, whatever happened while it was played."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import groupby

from arena.decision import MindKind
from arena.games.chance import Chance
from arena.games.core import Event, begin, fold, only, step
from arena.games.registry import game_by_name
from arena.rooms.acts import DEAD_TALK
from tests.simulation.storage import StoredMatch


def digest(events: Iterable[Event]) -> str:
    """sha256 over the canonical JSON of the events."""
    text = json.dumps([e.to_json() for e in events], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def replayed(match: StoredMatch) -> list[Event]:
    """The match played again from its seed and its decisions alone."""
    game = game_by_name(match.started.game)
    chance = Chance(match.started.seed)
    state, events = begin(game, game.options(match.started.options), chance)
    out = list(events)
    for row in match.decisions:
        made = row.decision
        if made.turn_id == DEAD_TALK:
            continue  # it may fall into a moment that rested, and plays no part in what follows
        turn = next(t for t in game.turns(state) if (t.seat, t.id) == (made.seat, made.turn_id))
        passed = not made.act.text and made.act.choice is None
        state, events = step(game, state, turn, made.act, chance, force_pass=passed)
        out.extend(events)
    return out


def check_dead_talk(match: StoredMatch) -> None:
    """Each of its decisions is an event, in their order, for those who were out of the match just then."""
    game = game_by_name(match.started.game)
    said = [(d.decision.seat, d.decision.act.text) for d in match.decisions if d.decision.turn_id == DEAD_TALK]
    state = game.blank()
    for row in match.events:
        if row.event.kind == "dead_said":
            assert (row.event.data["seat"], row.event.data["text"]) == said.pop(0), "other words among the dead"
            assert row.event.audience == only(*game.out(state)), "the living hear the dead"
        state = game.apply(state, row.event)
    assert not said, "words among the dead are lost"


def check_nights(match: StoredMatch) -> None:
    """Where people play with each other, no moment that hides something ended in public before its time."""
    terms = match.started.terms or {}
    gone = {change.seat for change in match.handovers if change.person is None}
    if sum(s.person is not None and s.seat not in gone for s in match.seats) < 2 and not terms.get("blind"):
        return
    night_s = terms.get("night_s", 0.0)
    game = game_by_name(match.started.game)
    state, shown_at, hid = game.blank(), match.started.at, False
    for at, together in groupby(match.events, key=lambda row: row.at):
        events = [row.event for row in together]
        if any(e.audience.is_public for e in events):
            seen = any(e.kind in ("shot", "mayor", "no_mayor") for e in events)  # a last act that everybody sees
            waited = at - shown_at
            assert not hid or seen or waited >= night_s - 1e-6, f"{events} came after {waited} s of {night_s}"
            shown_at = at
        state = fold(game, events, state)
        hid = game.hides(state)


def check_match(match: StoredMatch, asked: Mapping[tuple[str, int, str], set[str]]) -> None:
    """
    Args:
        asked: the versions that were live when a mind was asked, by match, seat and turn.

    Raises:
        AssertionError: something that must hold does not.
    """
    game = game_by_name(match.started.game)
    events = [row.event for row in match.events]
    assert match.abandoned is None, f"it was given up: {match.abandoned}"
    assert match.ended is not None, "it never ended"
    again = replayed(match)
    of_game = [e for e in events if e.kind != "dead_said"]
    assert digest(again) == digest(of_game), "the decisions, played again, give other events"
    check_dead_talk(match)
    read = [Event.from_json(json.loads(json.dumps(e.to_json()))) for e in events]
    state = fold(game, events)
    assert fold(game, read) == state, "folded twice, it is another state"
    assert game.outcome(state) == match.ended.outcome, "the log has another outcome than its events"
    for row in match.decisions:
        made = row.decision
        if made.tokens is not None:
            versions = asked[match.started.match_id, made.seat, made.turn_id]
            assert made.tokens.policy_version in versions, f"{made.turn_id}: a version that nobody had asked"
        if made.kind is MindKind.PERSON:
            assert row.act_id is not None, f"{made.turn_id}: a person's act without an id"
            assert match.seats[made.seat].person is not None, f"{made.turn_id}: a person acts for a mind's seat"
