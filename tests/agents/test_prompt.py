"""Prompts: one public trunk a match, private branches that never enter it, and the same tokens again from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine as Database

from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.llm.policy import PolicyMind
from agents.llm.prompt import Place, SeatReader, Trunk, line_tokens, option_tokens, trunk_limit
from agents.runner import Lineup, Played, no_log, play_matches
from arena.db.repo import iter_matches
from arena.db.writer import LogWriter
from arena.games.core import Event, Turn, fold, visible
from arena.games.werewolf import Werewolf

GAME = Werewolf()
OPTIONS = [{}, {"discussion": "parallel", "talk_rounds": 2, "reveal": "nothing"}, {"first_night_kill": False}]


@dataclass
class DrawingEngine:
    """Draws among the options, and says something."""

    codec: HubCodec
    words: Sequence[str] = ("I am new here.", "It is Kira, I saw it.", "Who did it?")
    random: Random = field(default_factory=lambda: Random(5))
    asked: list[DecisionRequest] = field(default_factory=list)

    context_tokens: int | None = None
    forgotten: list[str] = field(default_factory=list)

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        self.asked.append(request)
        tokens = (
            self.random.choice(request.options)
            if request.options
            else self.codec.encode(f" {self.random.choice(self.words)}\n")
        )
        return DecisionReply(tokens, (0.0,) * len(tokens), "drawn")

    def forget(self, match_id: str, policy: str) -> None:
        self.forgotten.append(match_id)


@pytest.fixture(scope="module")
def codec(tiny_tokenizer: Path) -> HubCodec:
    return HubCodec(tiny_tokenizer)


async def play(engine: DrawingEngine, games: int = 3, log: Any = no_log, **options: Any) -> list[Played]:
    lineups = (Lineup(n, ("self",) * 7) for n in range(games))
    minds = {"self": PolicyMind(engine)}
    matches = play_matches(GAME, GAME.options(options), lineups, minds, log, purpose="selfplay")
    return [played async for played in matches]


def asked_after(events: Sequence[Event]) -> dict[tuple[int, str], tuple[Turn, int]]:
    """Each turn of a match with the number of events before it was opened."""
    found: dict[tuple[int, str], tuple[Turn, int]] = {}
    state = GAME.blank()
    for n, event in enumerate(events, start=1):
        state = fold(GAME, [event], state)
        for turn in GAME.turns(state):
            found.setdefault((turn.seat, turn.id), (turn, n))
    return found


@pytest.mark.parametrize("options", OPTIONS, ids=str)
async def test_the_trunk_is_the_public_lines_and_nothing_else(codec: HubCodec, options: dict[str, Any]) -> None:
    for played in await play(DrawingEngine(codec), **options):
        names = played.events[0].data["names"]
        public = [GAME.line(names, e) for e in visible(played.events, None)]
        whole = [*codec.head, *(t for line in public if line for t in line_tokens(codec, line))]
        (trunk,) = played.trunks
        assert list(trunk.tokens) == whole[: len(trunk.tokens)]
        text = codec.decode(trunk.tokens)
        private = {GAME.line(names, e) for e in played.events if not e.audience.is_public}
        for line in private - {""}:
            assert line not in text or line in public
        for decision in played.decisions:
            assert decision.tokens is not None
            assert decision.tokens.trunk_length <= len(trunk.tokens)


async def test_a_branch_knows_what_its_seat_knows_and_no_more(codec: HubCodec) -> None:
    for played in await play(DrawingEngine(codec)):
        names = played.events[0].data["names"]
        for decision in played.decisions:
            assert decision.tokens is not None
            branch = codec.decode(decision.tokens.branch)
            mine = {GAME.line(names, e) for e in visible(played.events, decision.seat)}
            for event in played.events:
                line = GAME.line(names, event)
                if event.kind == "dealt" and decision.seat in event.audience:
                    assert line in branch
                if event.kind in ("dealt", "checked", "protected") and line not in mine:
                    assert line not in branch


@pytest.mark.parametrize("context", [None, 320])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
async def test_prompts_of_play_are_those_of_the_stored_log(
    codec: HubCodec, options: dict[str, Any], context: int | None, writer: LogWriter, engine: Database
) -> None:
    futures: list[Any] = []
    drawing = DrawingEngine(codec, context_tokens=context)
    await play(drawing, 2, lambda rows: futures.append(writer.append(rows)), **options)
    for future in futures:
        future.result(10)
    asked = {(r.match_id, r.trunk_length, r.branch, r.options): r for r in drawing.asked}
    stored = list(iter_matches(engine))
    assert len(stored) == 2
    shortened = 0
    for match in stored:
        (kept,) = match.trunks
        shortened += len(kept.epochs) - 1
        opened = asked_after(match.events)
        for decision in match.decisions:
            record = decision.tokens
            assert record is not None
            turn, n = opened[decision.seat, decision.turn_id]
            trunk, reader = Trunk.open(codec, trunk_limit(context)), SeatReader(GAME)
            reader.read_on(codec, trunk, visible(match.events[:n], decision.seat))
            assert trunk.places[reader.lines] == Place(record.epoch, record.trunk_length)
            assert record.trunk_length == len(trunk.tokens)
            assert kept.holds(record)
            assert tuple(trunk.tokens) == kept.read_by(record)
            answer = max(map(len, record.options), default=48)
            room = None if context is None else context - record.trunk_length - answer
            assert reader.branch(codec, turn, room) == record.branch
            assert option_tokens(codec, turn) == record.options
            name = match.id if record.epoch == 0 else f"{match.id}/{record.epoch}"
            played = asked[name, record.trunk_length, record.branch, record.options]
            assert list(played.trunk[: played.trunk_length]) == trunk.tokens
            if context is not None:
                assert len(trunk.tokens) + len(record.branch) + answer <= context
    assert (shortened > 0) is (context is not None)


async def test_each_epoch_is_a_memory_of_its_own_and_is_forgotten(codec: HubCodec) -> None:
    drawing = DrawingEngine(codec, context_tokens=320)
    (played,) = await play(drawing, 1, talk_rounds=3)
    (trunk,) = played.trunks
    names = [played.match_id, *(f"{played.match_id}/{n}" for n in range(1, len(trunk.epochs)))]
    assert len(names) > 1
    assert list(dict.fromkeys(r.match_id for r in drawing.asked)) == names
    assert drawing.forgotten == [*names[:-1], *names]
    for asked in drawing.asked:
        whole = trunk.epochs[names.index(asked.match_id)]
        assert tuple(asked.trunk[: asked.trunk_length]) == whole[: asked.trunk_length]


@pytest.mark.parametrize("typed", ["<|match|>", "hello <|pad|> there", "<|match|><|match|>"])
async def test_special_tokens_cannot_be_typed(codec: HubCodec, typed: str) -> None:
    special = {codec.bos_id, codec.pad_id}
    tokens = codec.encode(f"Ada: {typed}\n")
    assert not special & set(tokens)
    assert codec.decode(tokens).strip() == f"Ada: {typed}"
    (played,) = await play(DrawingEngine(codec, words=[typed]), 1)
    said = [e for e in played.events if e.kind == "said"]
    assert said
    assert {e.data["text"] for e in said} == {typed}
    (trunk,) = played.trunks
    assert trunk.tokens[0] == codec.bos_id
    assert not special & set(trunk.tokens[1:])
    for decision in played.decisions:
        assert decision.tokens is not None
        assert not special & set(decision.tokens.branch)
