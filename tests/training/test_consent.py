"""Who did not agree is not learnt from, and neither is what the model said to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.match_log import MatchLog
from agents.runner import Lineup, play_matches
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF
from arena.cli.main import main
from arena.db.repo import iter_matches
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.errors import UserError
from arena.games.registry import game_by_name
from arena.journal import Batch, DecisionLogged, LogRow, MatchStarted, SeatFilled
from training.episodes import NOT_AGREED, Terms, harvest
from training.train import Trainer, TrainPlan

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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_refusal_keeps_a_match_out(
    engine: Engine, writer: LogWriter, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    asyncio.run(log_matches(writer, tiny_checkpoint, REPLIES))
    found = Trainer(engine, TrainPlan(model=str(tiny_checkpoint), games=1), tmp_path).from_log()
    (episode,) = found.episodes  # although only the newest match was asked for, and others ended later
    assert episode.seed == "both agree"
    assert found.skipped[NOT_AGREED] == 2
    assert found.masked["played by person"] > 0
    trained_on = {episode.decisions[n].seat for n, may in zip(episode.which, episode.trainable, strict=True) if may}
    assert trained_on
    assert not trained_on & {ANN, BOB}
    direct = harvest(iter_matches(engine), Terms(episode_tokenizer(engine)))
    assert [e.seed for e in direct.episodes] == ["both agree"]
    assert direct.skipped[NOT_AGREED] == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_an_export_holds_what_may_be_learnt_from_and_teaches_the_same(
    name: str,
    engine: Engine,
    writer: LogWriter,
    database_url: str,
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asyncio.run(log_matches(writer, tiny_checkpoint, REPLIES))
    path = tmp_path / name
    with pytest.raises(SystemExit) as ended:
        main(["export", str(path), "--db", database_url, "--json"])
    assert ended.value.code in (0, None)
    assert json.loads(capsys.readouterr().out) == {"file": str(path), "matches": 1, "not_agreed": 2}
    assert b"Ann" not in path.read_bytes().replace(b"Anna", b"")
    plan = TrainPlan(model=str(tiny_checkpoint))
    from_log = Trainer(engine, plan, tmp_path).from_log()
    from_file = Trainer(engine, replace(plan, export=path), tmp_path).from_log()
    assert from_file.episodes == from_log.episodes
    assert from_file.masked == from_log.masked


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_but_refusals_is_said(engine: Engine, writer: LogWriter, tiny_checkpoint: Path, tmp_path: Path) -> None:
    asyncio.run(log_matches(writer, tiny_checkpoint, {"bob refuses": (True, False)}))
    with pytest.raises(UserError, match="1 × a person did not agree"):
        Trainer(engine, TrainPlan(model=str(tiny_checkpoint)), tmp_path).from_log()


def episode_tokenizer(engine: Engine) -> str:
    return next(iter_matches(engine)).trunks[0].tokenizer
