"""Who did not agree is not learnt from, and neither is what the model said to them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.cli.main import main
from arena.db.repo import iter_matches
from arena.db.writer import LogWriter
from arena.errors import UserError
from tests.fakes.matches_with_people import ANN, BOB, REPLIES, log_matches
from training.episodes import NOT_AGREED, Terms, harvest
from training.train import Trainer, TrainPlan


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
