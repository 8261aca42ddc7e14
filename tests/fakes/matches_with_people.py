"""Logged matches in which two people sat with a model and said whether they agree to training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.match_log import MatchLog
from agents.runner import Lineup, play_matches
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.games.registry import game_by_name
from arena.journal import Batch, DecisionLogged, LogRow, MatchStarted, SeatFilled

GAME = game_by_name("werewolf")
FILLS = ("self",) * 5 + ("person",) * 2
ANN, BOB = 5, 6
REPLIES = {"both agree": (True, True), "bob refuses": (True, False), "both refuse": (False, False)}


async def log_matches(writer: LogWriter, checkpoint: Path, replies: Mapping[str, tuple[bool, bool]]) -> None:
    """One match a reply, with a model in five seats and two people who said whether they agree."""
    policy = LocalEngine(checkpoint)
    policy.start()
    log = MatchLog(writer)
    seeds: dict[str, str] = {}

    def as_people(row: LogRow) -> LogRow:
        match row:
            case MatchStarted():
                seeds[row.match_id] = row.seed
                return row
            case SeatFilled(seat=5 | 6):
                ann, bob = replies[seeds[row.match_id]]
                person, train = ("Ann", ann) if row.seat == ANN else ("Bob", bob)
                return replace(row, person=person, train=train)
            case DecisionLogged() if row.decision.seat in (ANN, BOB):
                return replace(row, decision=replace(row.decision, kind=MindKind.PERSON, mind="person"))
            case _:
                return row

    def logged(rows: Batch) -> None:
        log(tuple(map(as_people, rows)))

    script = ScriptedMind("careful", WEREWOLF["careful"], seed=1)
    minds = {"self": PolicyMind(policy, max_tokens=8), "person": script}
    lineups = [Lineup(name, FILLS) for name in replies]
    try:
        async for _ in play_matches(GAME, GAME.options({}), lineups, minds, logged, purpose="room"):
            pass
        await log.stored()
    finally:
        await policy.stop()
