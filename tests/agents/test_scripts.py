"""Every script plays whole legal matches under all options, the same one for a seed, and knows only what it saw."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from agents.scripted.base import Script
from agents.scripted.measure import MIXED, measure
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF, script_by_name
from agents.scripted.table import ScriptedGame, play
from arena.decision import MindKind
from arena.errors import UnknownName
from arena.games.chance import Chance
from arena.games.core import Event, Turn, begin, step, visible
from arena.games.werewolf import Werewolf
from arena.games.werewolf.types import Discussion, Reveal, WerewolfOptions
from arena.rooms.minds import Request

GAME = Werewolf()
SEATED = ("careful", "bold", "sly", "random", "careful", "bold", "sly")
MIX: list[Callable[[Random], Script]] = [WEREWOLF[name] for name in SEATED]
OPTIONS = [
    WerewolfOptions(discussion=d, reveal=r, talk_rounds=n, first_night_kill=k)
    for d, r, n, k in product(Discussion, Reveal, (0, 1, 3, 5), (True, False))
]


@pytest.mark.parametrize("name", [*WEREWOLF, "mixed"])
def test_plays_whole_matches_under_all_options(name: str) -> None:
    for i, options in enumerate(OPTIONS):
        scripts = MIX if name == "mixed" else [WEREWOLF[name]] * 7
        game = play(GAME, options, f"{name}/{i}", scripts)
        assert game.outcome.winner in ("village", "werewolves")
        for turn in game.turns:
            if turn.probe is not None:  # what it would vote now, beside what it says
                _sound(turn.probe, turn.weights, "")
            _sound(turn.turn, None if turn.probe else turn.weights, turn.act.text)


@pytest.mark.parametrize("limit", [20, 40, 60])
def test_keeps_to_a_small_text_limit(limit: int) -> None:
    for seed in range(4):
        for turn in play(GAME, WerewolfOptions(text_limit=limit), seed, MIX).turns:
            assert len(turn.act.text) <= limit


def _sound(turn: Turn, weights: dict[str, float] | None, text: str) -> None:
    assert len(text) <= turn.text_limit
    if turn.choices:
        assert weights is not None
        assert set(weights) == set(turn.choices)
        assert sum(weights.values()) == pytest.approx(1.0)
        assert min(weights.values()) >= 0.0
    else:
        assert weights is None
        assert text


def test_the_same_seed_gives_the_same_match() -> None:
    assert play(GAME, WerewolfOptions(), 7, MIX) == play(GAME, WerewolfOptions(), 7, MIX)
    assert play(GAME, WerewolfOptions(), 7, MIX).events != play(GAME, WerewolfOptions(), 8, MIX).events


def test_turns_say_what_their_seat_had_seen() -> None:
    game = play(GAME, WerewolfOptions(), 3, MIX)
    for turn in game.turns:
        assert len(visible(game.events[: turn.position], turn.seat)) == turn.events_seen


def test_weighing_changes_nothing() -> None:
    game = play(GAME, WerewolfOptions(), 11, MIX)
    for seat, make in enumerate(MIX):
        script = make(Random(f"11/{seat}/script"))
        read = 0
        for turn in (t for t in game.turns if t.seat == seat):
            for event in visible(game.events, seat)[read : turn.events_seen]:
                script.see(event)
            read = turn.events_seen
            if turn.turn.choices:
                assert script.weigh(turn.turn) == script.weigh(turn.turn) == turn.weights
            else:
                assert script.say(turn.turn) == turn.act.text


def test_secrets_of_others_do_not_reach_a_seat() -> None:
    """Seats 0 and 1 exchange their cards; until either acts on them, nobody else behaves differently."""
    for seed in range(5):
        chance = Chance(seed)
        opening = GAME.opening(WerewolfOptions(), chance)
        swapped = GAME.swap_hidden(opening, 0, 1)
        for seat in range(2, 7):
            assert _first_night(opening, chance, seat) == _first_night(swapped, chance, seat) or (
                visible(opening, seat) != visible(swapped, seat)
            )


def _first_night(opening: tuple[Event, ...], chance: Chance, seat: int) -> object:
    state, events = begin(GAME, WerewolfOptions(), chance, opening)
    script = WEREWOLF["careful"](Random(seat))
    for event in visible(events, seat):
        script.see(event)
    return [(t.id, script.weigh(t) if t.choices else script.say(t)) for t in GAME.turns(state) if t.seat == seat]


def test_scripts_beat_chance_on_both_sides() -> None:
    options = WerewolfOptions()
    even = measure(40, options, ["random"], ["random"])["village_wins"]
    assert measure(40, options, MIXED, ["random"])["village_wins"] > even + 0.25
    mixed = measure(40, options, MIXED, MIXED)
    assert mixed["village_votes_on_wolves"] > mixed["by_chance"] + 0.1
    assert measure(40, options, ["random"], MIXED)["village_wins"] < 0.2


def test_an_unknown_script_is_refused_with_the_names() -> None:
    with pytest.raises(UnknownName, match="bold, careful, random, sly"):
        script_by_name("brave", "werewolf")


async def _through_minds(mind: ScriptedMind, match: str) -> ScriptedGame | tuple[Event, ...]:
    chance = Chance(5)
    state, events = begin(GAME, WerewolfOptions(), chance)
    log = list(events)
    streams: list[list[Event]] = [list(visible(log, s)) for s in range(7)]
    while turns := GAME.turns(state):
        turn = turns[0]
        answer = await mind.decide(Request(match, GAME, turn.seat, turn, streams[turn.seat]))
        assert answer.kind is MindKind.SCRIPT
        state, new = step(GAME, state, turn, answer.act, chance)
        log += new
        for seat, stream in enumerate(streams):
            stream += visible(new, seat)
    return tuple(log)


async def test_a_mind_plays_all_seats_and_the_same_match_again() -> None:
    first = await _through_minds(ScriptedMind("careful", WEREWOLF["careful"], 1), "m1")
    mind = ScriptedMind("careful", WEREWOLF["careful"], 1)
    assert await _through_minds(mind, "m1") == first
    assert await _through_minds(mind, "m2") != first
    assert mind.finish("m1") is None
    assert await _through_minds(mind, "m1") == first


@pytest.mark.parametrize(("name", "called"), [("sly", "scripted:sly"), ("random", "random")])
async def test_a_mind_says_who_it_is(name: str, called: str) -> None:
    state, events = begin(GAME, WerewolfOptions(), Chance(1))
    turn = GAME.turns(state)[0]
    mind = ScriptedMind(name, WEREWOLF[name], 1)
    answer = await mind.decide(Request("m", GAME, turn.seat, turn, list(visible(events, turn.seat))))
    assert answer.mind == called
