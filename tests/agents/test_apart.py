"""Matches that are read seat by seat, beside those that are read off one trunk: the same prompts, the same answers, the
same training."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.llm.prompt import Codec, line_tokens, option_tokens, trunk_limit
from agents.llm.reading import MatchReader
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.mind import ScriptedMind
from agents.scripted.negotiators.negotiator import NEGOTIATORS
from arena.decision import TokenRecord, TrunkRecord
from arena.games.core import Event, Turn, fold, visible
from arena.games.registry import game_by_name
from tests.fakes.plain_pass import assert_played_by
from training.episodes import Terms, harvest
from training.packing import PACKED, TokenGame, hidden_states, pack

GAME = game_by_name("scenario")
WEREWOLF = game_by_name("werewolf")
TABLES: list[dict[str, Any]] = [
    {"family": "bargain", "turns": 8},
    {"family": "secret", "turns": 6, "order": "open"},
    {"family": "pot", "turns": 4, "order": "parallel"},
    {"family": "coalition", "seats": 3, "turns": 6},
    {"family": "split", "seats": 3, "turns": 3, "order": "parallel"},
    {"scenario": "lost-deposit", "turns": 6},
]


@dataclass
class DrawingEngine:
    """Draws among the options, and says something; seldom does it part or wait."""

    codec: HubCodec
    context_tokens: int | None = None
    random: Random = field(default_factory=lambda: Random(5))
    asked: list[DecisionRequest] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        self.asked.append(request)
        ends = [self.codec.encode(f" {word}") for word in ("leave", "wait", "silent")]
        likely = [o for o in request.options if o not in ends] or request.options
        text = f" I have thought of {self.random.randrange(99)} ways, and none of them seems to be bad.\n"
        tokens = self.random.choice(likely) if likely else self.codec.encode(text)
        return DecisionReply(tokens, (0.0,) * len(tokens), "drawn")

    def forget(self, match_id: str, policy: str) -> None:
        self.forgotten.append(match_id)


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path) -> HubCodec:
    return HubCodec(tiny_tokenizer)


async def play(engine: Any, games: int, options: dict[str, Any], fills: Sequence[str] = ("self",)) -> list[Played]:
    """``fills`` repeat over the seats. Each name but ``fair`` is a mind of its own, of one engine."""
    parsed = GAME.options(options)
    minds: dict[str, Any] = {name: PolicyMind(engine, max_tokens=16) for name in fills}
    if "fair" in fills:
        minds["fair"] = ScriptedMind("fair", NEGOTIATORS["fair"], seed=1)
    seats = tuple(fills[s % len(fills)] for s in range(parsed.seats))
    lineups = (Lineup(f"apart/{n}", seats) for n in range(games))
    playing = play_matches(GAME, parsed, lineups, minds, no_log, purpose="selfplay", at_once=games)
    return [match async for match in playing]


def asked_after(events: Sequence[Event]) -> dict[tuple[int, str], tuple[Turn, int]]:
    """Each turn with the number of events before it was opened: not between those that come together."""
    found: dict[tuple[int, str], tuple[Turn, int]] = {}
    state = GAME.blank()
    for n, event in enumerate(events, start=1):
        state = fold(GAME, [event], state)
        if n < len(events) and events[n].kind in ("dealt", "card", "heard"):
            continue
        for turn in GAME.turns(state):
            found.setdefault((turn.seat, turn.id), (turn, n))
    return found


def whole_prompt(codec: Codec, seen: Sequence[Event], turn: Turn, apart: bool) -> tuple[int, ...]:
    """A prompt as it would be written from nothing: every line that the seat sees, the choices and the cue."""
    names = seen[0].data["names"]
    lines = [(e, line_tokens(codec, line)) for e in seen if (line := GAME.line(names, e))]
    if not apart:
        lines.sort(key=lambda pair: not pair[0].audience.is_public)
    told = [t for _, line in lines for t in line]
    choices = codec.encode(" ".join(turn.choices) + "\n") if turn.choices else ()
    return (*codec.head, *told, *choices, *codec.tail, *codec.encode(GAME.cue(names, turn)))


@pytest.mark.parametrize("options", TABLES, ids=str)
async def test_row_and_branch_are_the_whole_prompt(codec: HubCodec, options: dict[str, Any]) -> None:
    seats = GAME.options(options).seats
    assert GAME.apart(seats) == (seats == 2)
    private = 0
    for played in await play(DrawingEngine(codec), 3, options):
        opened = asked_after(played.events)
        (trunk,) = played.trunks
        for decision in played.decisions:
            record = decision.tokens
            assert record is not None
            turn, n = opened[decision.seat, decision.turn_id]
            seen = visible(played.events[:n], decision.seat)
            assert record.options == option_tokens(codec, turn)
            assert (*trunk.read_by(record), *record.branch) == whole_prompt(codec, seen, turn, seats == 2)
            assert trunk.holds(record)
            assert record.epoch == (decision.seat if seats == 2 else 0)
            private += GAME.line(seen[0].data["names"], seen[1]) in codec.decode(trunk.read_by(record))
        if seats == 2:
            assert private
        else:
            assert not private


@pytest.mark.parametrize("family", ["pot", "trait"])
async def test_long_matches_apart_are_shortened_row_by_row(codec: HubCodec, family: str) -> None:
    """A row a seat and epoch: ``seat + 2 · epoch``. Each begins with the opening and the seat's own card."""
    drawing = DrawingEngine(codec, context_tokens=1600)
    (played,) = await play(drawing, 1, {"family": family, "turns": 60})
    (trunk,) = played.trunks
    assert len(trunk.starts) > 2
    opened = asked_after(played.events)
    names = played.events[0].data["names"]
    cards = [line_tokens(codec, GAME.line(names, visible(played.events, s)[1])) for s in (0, 1)]
    for decision in played.decisions:
        record = decision.tokens
        assert record is not None
        assert record.epoch % 2 == decision.seat
        assert trunk.holds(record)
        read = trunk.read_by(record)
        assert record.trunk_limit is not None
        assert len(read) <= record.trunk_limit
        text, mine, other = (codec.decode(t) for t in (read, cards[decision.seat], cards[1 - decision.seat]))
        assert mine in text
        assert other not in text
        _, n = opened[decision.seat, decision.turn_id]
        again = MatchReader(codec, GAME, trunk_limit(1600))
        _, place, row = again.read_on(decision.seat, visible(played.events[:n], decision.seat))
        assert (place.epoch, tuple(row[: place.length])) == (record.epoch, read)
    rows = {f"{played.match_id}/{n}" if n else played.match_id for n in range(len(trunk.starts))}
    assert {r.match_id for r in drawing.asked} <= rows
    assert set(drawing.forgotten) == {r.match_id for r in drawing.asked}, "every row is a memory, and all are forgotten"


# -- two policies in one match -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"family": "bargain", "turns": 8}, {"family": "coalition", "turns": 6}], ids=str)
async def test_two_policies_of_one_match_give_one_trunk(codec: HubCodec, options: dict[str, Any]) -> None:
    for played in await play(DrawingEngine(codec), 3, options, fills=("one", "two")):
        alone = await play(DrawingEngine(codec), 1, options, fills=("one", "fair"))
        (trunk,) = played.trunks
        assert all(d.tokens is not None and trunk.holds(d.tokens) for d in played.decisions)
        (of_one,) = alone[0].trunks
        if GAME.apart(len(played.lineup.fills)):
            assert [bool(row) for row in trunk.epochs] == [True, True]
            assert [bool(row) for row in of_one.epochs] == [True], "the script's seat has no row"


def record(row: int, length: int, limit: int | None = None) -> TokenRecord:
    return TokenRecord("v", "t", "1", length, (), (1,), (0.0,), epoch=row, trunk_limit=limit)


def test_with_rows_of_keeps_the_longer_of_each_row() -> None:
    one = TrunkRecord("t", "1", (1, 2, 3, 4, 5), (0, 3))
    other = TrunkRecord("t", "1", (1, 2, 3, 6, 4, 7, 8), (0, 4, 5))
    both = one.with_rows_of(other)
    assert both.epochs == ((1, 2, 3, 6), (4, 5), (7, 8))
    assert other.with_rows_of(one) == both
    assert both.with_rows_of(both) == both
    assert both.holds(record(0, 4))
    assert both.holds(record(1, 2))
    assert not both.holds(record(1, 3))
    assert not both.holds(record(3, 0))
    assert both.read_by(record(2, 1)) == (7,)


def test_a_row_that_only_one_has_may_be_empty_before_others() -> None:
    first, second = TrunkRecord("t", "1", (1, 2)), TrunkRecord("t", "1", (3, 4, 5), (0, 0))
    assert second.epochs == ((), (3, 4, 5))
    assert first.with_rows_of(second).epochs == ((1, 2), (3, 4, 5))


def test_of_two_limits_the_longer_trunk_stays_whole() -> None:
    one, other = TrunkRecord("t", "1", (1, 2), trunk_limit=9), TrunkRecord("t", "1", (1, 2, 3), trunk_limit=8)
    assert one.with_rows_of(other) is other
    assert other.with_rows_of(one) is other
    assert not other.holds(record(1, 1, 9))


# -- a real engine -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matches(tiny_checkpoint: Path) -> list[Played]:
    """Matches of a tiny model with random weights, in both layouts and all orders; some with a script."""

    async def playing() -> list[Played]:
        engine = LocalEngine(tiny_checkpoint)
        engine.start()
        try:
            found = [m for options in TABLES for m in await play(engine, 2, options)]
            return found + await play(engine, 3, TABLES[0], fills=("self", "fair"))
        finally:
            await engine.stop()

    return asyncio.run(playing())


def test_logged_logprobs_are_those_of_a_plain_forward_pass(matches: list[Played], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    decisions = {2: 0, 3: 0}
    for played in matches:
        assert all(not (d.fallback or "").startswith("engine/") for d in played.decisions)
        if played.trunks:
            decisions[len(played.lineup.fills)] += assert_played_by(played, {weights.version: weights.model})
    assert min(decisions.values()) > 20


def test_they_become_episodes(matches: list[Played], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    found = harvest(matches, Terms(weights.codec.fingerprint, frozenset({weights.version})))
    assert not {r for r in found.masked if r not in ("played by scripted", "played by script", "asked again")}
    assert len(found.episodes) >= len(matches) - 2
    for episode in found.episodes:
        by_model = [n for n, d in enumerate(episode.decisions) if d.tokens is not None]
        assert sorted(set(episode.which)) == by_model
        seats = len(episode.names)
        for n, branch in zip(episode.which, episode.branches, strict=True):
            tokens = episode.decisions[n].tokens
            assert tokens is not None
            assert branch.prompt == tokens.branch
            assert branch.answer == tokens.sampled
        held = [{episode.decisions[n].seat for n in of_row} for of_row in _by_row(episode.rows, episode.which)]
        assert all(len(s) == 1 for s in held) if seats == 2 else len(held) == 1
        (trunk,) = next(m for m in matches if m.match_id == episode.match_id and m.events == episode.events).trunks
        assert {row.trunk for row in episode.rows} <= set(trunk.epochs)


def _by_row(rows: Sequence[TokenGame], which: Sequence[int]) -> list[Sequence[int]]:
    found, at = [], 0
    for row in rows:
        found.append(which[at : at + len(row.branches)])
        at += len(row.branches)
    return found


def test_the_packed_loss_is_the_loss_of_separate_passes(matches: list[Played], tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    model = weights.model
    found = harvest(matches, Terms(weights.codec.fingerprint, None))
    games = [row for episode in found.episodes[::2] for row in episode.rows]
    games = [replace(g, branches=g.branches[:14]) for g in games]
    head = model.get_output_embeddings()

    def loss(states: torch.Tensor, tokens: Sequence[int]) -> float:
        logits = head(states[-len(tokens) - 1 : -1])
        return float(torch.nn.functional.cross_entropy(logits, torch.tensor(tokens), reduction="sum"))

    with torch.inference_mode():
        model.set_attn_implementation(PACKED)
        batch = pack(games)
        states = hidden_states(model, batch)
        packed = [
            loss(states[begin : begin + size], branch.answer)
            for one, spans in zip(games, batch.branch_spans, strict=True)
            for branch, (begin, size) in zip(one.branches, spans, strict=True)
        ]
        model.set_attn_implementation("sdpa")
        plain = []
        for one in games:
            for branch in one.branches:
                tokens = (*one.trunk[: branch.offset], *branch.prompt, *branch.answer)
                whole = model.base_model(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state[0]
                plain.append(loss(whole, branch.answer))
    assert len(plain) > 40
    assert packed == pytest.approx(plain, rel=1e-4, abs=1e-4)
