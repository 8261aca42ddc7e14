"""Evaluation: every deal both ways round, sides given to whom they belong, and the figures that follow."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine as Database

from agents.match_log import MatchLog
from agents.players import open_players
from agents.runner import Played
from arena.db.repo import list_matches, rated_matches
from arena.db.writer import LogWriter
from arena.games.core import fold
from arena.games.werewolf import Werewolf
from arena.rating.wilson import wilson
from training.evaluate import A_FIRST, Evaluation, evaluate

GAME = Werewolf()


async def run(
    database: Database, writer: LogWriter, a: str, b: str, games: int, **settings: Any
) -> tuple[Evaluation, list[Played]]:
    matches: list[Played] = []
    log = MatchLog(writer)
    async with open_players((a, b), database, "werewolf") as (first, second):
        found = await evaluate(GAME, first, second, games=games, seed=3, log=log, on_match=matches.append, **settings)
    await log.stored()
    return found, matches


async def test_every_deal_is_played_both_ways(engine: Database, writer: LogWriter) -> None:
    found, matches = await run(engine, writer, "scripted:careful", "random", 4)
    assert (found.a, found.b, found.games, found.rated) == ("scripted:careful", "random", 4, True)
    assert found.sides == ("village", "werewolves")
    assert Counter(m.lineup.seed for m in matches) == {f"evaluate/3/{n}": 2 for n in range(4)}
    deals: dict[Any, set[tuple[str, ...]]] = {}
    for match in matches:
        roles = fold(GAME, match.events).roles
        village, wolves = (found.a, found.b) if match.lineup.label == A_FIRST else (found.b, found.a)
        assert match.lineup.fills == tuple(wolves if role == "werewolf" else village for role in roles)
        assert all(d.mind == match.lineup.fills[d.seat] for d in match.decisions)
        deals.setdefault(match.lineup.seed, set()).add((*match.events[0].data["names"], *roles))
    assert all(len(dealt) == 1 for dealt in deals.values())
    for label, rate in ((A_FIRST, found.a_first), ("b first", found.b_first)):
        wins = sum(m.outcome.winner == "village" for m in matches if m.lineup.label == label)
        assert (rate.wins, rate.games, rate.rate) == (wins, 4, wins / 4)
        assert (rate.low, rate.high) == wilson(wins, 4)
    assert found.elo_low <= found.elo <= found.elo_high
    assert (found.decisions, found.fallbacks) == (sum(len(m.decisions) for m in matches), 0)
    stored = {m.id: m for m in rated_matches(engine)}
    assert stored.keys() == {m.match_id for m in matches}
    for match in matches:
        kept = stored[match.match_id]
        assert (kept.purpose, kept.rated, kept.minds) == ("evaluation", True, match.lineup.fills)


async def test_elo_is_of_a_over_b(engine: Database, writer: LogWriter) -> None:
    better, _ = await run(engine, writer, "scripted:careful", "random", 30)
    worse, _ = await run(engine, writer, "random", "scripted:careful", 30)
    assert better.elo > 0 > worse.elo


async def test_a_player_against_itself_is_not_rated(engine: Database, writer: LogWriter) -> None:
    found, matches = await run(engine, writer, "random", "scripted:random", 3)
    assert found.a == found.b == "random"
    assert not found.rated
    assert len(matches) == 6
    assert found.a_first.games == found.b_first.games == 3
    assert not rated_matches(engine)
    assert [m.purpose for m in list_matches(engine)] == ["evaluation"] * 6


@pytest.mark.parametrize("limit", [1, 10])
async def test_a_full_queue_holds_matches_back_and_loses_nothing(engine: Database, limit: int) -> None:
    writer = LogWriter(engine, limit_rows=limit)
    try:
        _, matches = await run(engine, writer, "random", "scripted:bold", 2)
        assert {m.id for m in rated_matches(engine)} == {m.match_id for m in matches}
    finally:
        writer.close()
