"""selfplay, evaluate, leaderboard and checkpoints: their JSON faces, what they leave in the database, their errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import agents.models
from agents.checkpoints import MANIFEST, read_checkpoint
from agents.models import register
from arena.db.checkpoints import live_checkpoint
from arena.db.repo import iter_matches, list_matches, rated_matches
from arena.db.writer import LogWriter
from arena.errors import StorageError
from arena.games.core import fold
from arena.games.werewolf import Werewolf
from tests.cli.test_commands import run
from tests.fakes.checkpoints import copied

RATE = {"wins", "games", "rate", "low", "high"}


@pytest.fixture
def db(database_url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, and no packaged models."""
    monkeypatch.setattr(agents.models, "_MODELS", tmp_path / "models")
    return database_url


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command prints as JSON, and nothing beside it."""
    assert run(*arguments, "--json") == 0
    return json.loads(capfd.readouterr().out)


def test_selfplay_of_scripts_is_logged(db: str, engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    report = said(
        capfd, "selfplay", "--game", "werewolf", "--games", "4", "--model", "none", "--db", db,
        "--option", "talk_rounds=2", "--option", "discussion=parallel", "--seed", "5",
    )  # fmt: skip
    keys = ["games", "seconds", "games_per_s", "decisions", "tokens", "tokens_per_s", "fallbacks", "wins"]
    assert list(report) == keys
    assert (report["games"], report["tokens"], report["fallbacks"]) == (4, 0, 0)
    assert list(report["wins"]) == ["village", "werewolves"]
    assert sum(report["wins"].values()) == 4
    matches = list(iter_matches(engine))
    assert len(matches) == 4
    for match in matches:
        game = Werewolf()
        assert game.outcome(fold(game, match.events)) == match.outcome
        assert (match.summary.purpose, match.summary.rated) == ("selfplay", False)
        assert match.summary.options["talk_rounds"] == 2
        assert set(match.summary.minds) == {"scripted:careful"}
    assert sum(len(m.decisions) for m in matches) == report["decisions"]
    assert {m.seed for m in matches} == {f"selfplay/5/{n}" for n in range(4)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_selfplay_and_evaluation_of_checkpoints(
    db: str, engine: Engine, tiny_checkpoint: Path, second_checkpoint: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = str(tiny_checkpoint)
    report = said(capfd, "selfplay", "--games", "2", "--model", model, "--db", db, "--option", "max_days=1")
    ids = [read_checkpoint(c).id for c in (tiny_checkpoint, second_checkpoint)]
    (a, b) = list(iter_matches(engine))
    sampled = [d.tokens for m in (a, b) for d in m.decisions if d.tokens]
    assert report["tokens"] == sum(len(t.sampled) for t in sampled) > 0
    assert {t.policy_version for t in sampled} == {ids[0]}
    found = said(capfd, "evaluate", str(tiny_checkpoint), str(second_checkpoint), "--games", "1", "--db", db)
    assert [found["a"], found["b"]] == [f"checkpoint:{i}" for i in ids]
    for match in rated_matches(engine):
        assert set(match.minds) == {found["a"], found["b"]}
    for match in iter_matches(engine):  # two policies, one tokenizer: the stored trunk is as long as any of them read
        assert all(d.tokens.trunk_length <= len(match.trunks[0].tokens) for d in match.decisions if d.tokens)


def test_evaluate_and_leaderboard(db: str, engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    found = said(capfd, "evaluate", "scripted:careful", "random", "--games", "20", "--db", db, "--seed", "1")
    assert list(found) == [
        "game", "a", "b", "games", "a_village_vs_b_wolves", "b_village_vs_a_wolves",
        "a_return", "elo", "elo_low", "elo_high", "rated", "seed", "decisions", "fallbacks", "seconds",
    ]  # fmt: skip
    assert set(found["a_village_vs_b_wolves"]) == set(found["b_village_vs_a_wolves"]) == RATE
    assert found["a_village_vs_b_wolves"]["games"] == found["games"] == 20
    assert found["elo_low"] > 0
    rows = said(capfd, "leaderboard", "--db", db)
    assert [(r["rank"], r["player"], r["games"]) for r in rows] == [(1, "scripted:careful", 40), (2, "random", 40)]
    assert list(rows[0]) == ["rank", "player", "rating", "low", "high", "games", "sides", "labels", "run", "trained"]
    (village, wolves) = rows[0]["sides"]
    assert village["won"] == found["a_village_vs_b_wolves"]["wins"]
    assert wolves["won"] == 20 - found["b_village_vs_a_wolves"]["wins"]
    assert rows[0]["rating"] - rows[1]["rating"] == pytest.approx(found["elo"])
    for arguments in ((), ("--per-side",)):
        assert run("leaderboard", "--db", db, *arguments) == 0
        table = capfd.readouterr().out
        assert table.index("scripted:careful") < table.index("random")
        assert "village" in table


def test_a_player_against_itself_is_said_and_not_rated(
    db: str, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", "random", "random", "--games", "1", "--db", db, "--json") == 0
    told = capfd.readouterr()
    assert json.loads(told.out)["rated"] is False
    assert "same player" in told.err
    assert len(list_matches(engine)) == 2
    assert said(capfd, "leaderboard", "--db", db) == []
    assert run("leaderboard", "--db", db) == 0
    assert "arena evaluate" in capfd.readouterr().err


def test_checkpoints_are_listed_and_promoted(
    db: str,
    engine: Engine,
    tmp_path: Path,
    tiny_checkpoint: Path,
    second_checkpoint: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert said(capfd, "checkpoints", "--db", db) == []
    copied(tiny_checkpoint, tmp_path / "models" / "shipped")
    shipped, second = (read_checkpoint(c).id for c in (tiny_checkpoint, second_checkpoint))
    (row,) = said(capfd, "checkpoints", "--db", db)
    assert list(row) == ["id", "parent", "games", "path", "live", "labels", "run", "created_at"]
    assert (row["id"], row["live"], row["labels"]) == (shipped, True, ["shipped", "base", "live"])
    rows = said(capfd, "checkpoints", "--db", db, "--promote", str(second_checkpoint))
    assert [(r["id"], r["live"], r["labels"]) for r in rows] == [
        (second, True, ["live"]),
        (shipped, False, ["shipped", "base"]),
    ]
    for name, expected in (("shipped", shipped), (second[:6], second), (shipped[:6], shipped)):
        rows = said(capfd, "checkpoints", "--db", db, "--promote", name)
        assert [r["id"] for r in rows if r["live"]] == [expected]
        live = live_checkpoint(engine)
        assert live is not None
        assert live.id == expected
    assert run("checkpoints", "--db", db) == 0
    assert f"* {shipped}" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("selfplay", "--games", "0"), "--games is 0; it must be at least 1."),
        (("selfplay", "--games", "1", "--at-once", "0"), "--at-once is 0"),
        (("selfplay", "--model", "nope"), "There is no model 'nope'"),
        (("selfplay", "--game", "chess"), "There is no game 'chess'"),
        (("selfplay", "--model", "none", "--option", "talk_rounds=many"), "talk_rounds is 'many'"),
        (("selfplay", "--model", "none", "--option", "talk_rounds"), "not of the form KEY=VALUE"),
        (("selfplay", "--model", "none", "--option", "moon=1"), "no option 'moon'"),
        (("evaluate", "random", "scripted:nope"), "There is no script 'nope'"),
        (("evaluate", "random", "nope"), "There is no model 'nope'"),
        (("evaluate", "random", "DAMAGED"), "is damaged"),
        (("evaluate", "random", "live"), "No model comes with this installation"),
        (("evaluate", "random", "random", "--games", "-1"), "--games is -1"),
        (("leaderboard", "--game", "chess"), "There is no game 'chess'"),
        (("checkpoints", "--promote", "nope"), "There is no checkpoint 'nope'"),
        (("checkpoints", "--promote", "DAMAGED"), "is damaged"),
    ],
    ids=" ".join,
)
def test_mistakes_are_one_line_and_status_two(
    db: str,
    tmp_path: Path,
    tiny_checkpoint: Path,
    arguments: tuple[str, ...],
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if "DAMAGED" in arguments:
        damaged = copied(tiny_checkpoint, tmp_path / "damaged")
        (damaged / "config.json").write_text("{}")
        assert (damaged / MANIFEST).exists()
        arguments = tuple(str(damaged) if a == "DAMAGED" else a for a in arguments)
    assert run(*arguments, "--db", db) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert message in told.err
    assert len(told.err.splitlines()) == 1


def test_a_log_that_is_not_written_is_an_error(
    db: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(LogWriter, "_attempt", refuse)
    assert run("selfplay", "--games", "2", "--model", "none", "--db", db, "--json") == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert "the disk is full" in told.err


def test_selfplay_of_scenarios_says_what_everybody_scored(db: str, capfd: pytest.CaptureFixture[str]) -> None:
    report = said(
        capfd, "selfplay", "--game", "scenario", "--games", "4", "--model", "none", "--db", db, "--seed", "5",
    )  # fmt: skip
    seven = ("believability", "relationship", "knowledge", "secret", "social_rules", "financial", "goal", "overall")
    assert set(seven) <= report["scores"].keys()
    assert report["wins"].keys() >= {"first", "second"}


def test_players_are_compared_by_their_scores(
    db: str, engine: Engine, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("compare", "scripted:greedy", "scripted:fair", "--deals", "3", "--db", db, "--seed", "5")
    found = said(capfd, *asked, "--option", "family=training")
    assert (found["a"], found["b"], found["deals"]) == ("scripted:greedy", "scripted:fair", 3)
    assert found["scores"]["overall"].keys() == {"a", "b", "difference", "low", "high", "deals"}
    assert len(list(iter_matches(engine))) == 9, "two seats: three matches a deal"
    assert not list(rated_matches(engine))
    assert run(*asked) == 0
    assert "overall" in capfd.readouterr().out


def test_wins_are_not_compared_where_everybody_is_scored_and_the_other_way_round(
    db: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", "scripted:fair", "scripted:greedy", "--game", "scenario", "--db", db) == 2
    assert "arena compare scripted:fair scripted:greedy" in capfd.readouterr().err
    assert run("compare", "random", "random", "--game", "werewolf", "--db", db) == 2
    assert "Scored is: scenario." in capfd.readouterr().err


def test_who_met_whom_and_the_history_of_a_run(
    db: str, engine: Engine, tiny_checkpoint: Path, second_checkpoint: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for folder, games in ((tiny_checkpoint, 640), (second_checkpoint, 320)):
        manifest = replace(read_checkpoint(folder), games=games, run="village")
        register(engine, manifest, folder, 1.0, live=games == 640)
        said(capfd, "evaluate", str(folder), "random", "--games", "1", "--db", db)
    said(capfd, "evaluate", "scripted:careful", "random", "--games", "3", "--db", db)
    first, second = (f"checkpoint:{read_checkpoint(c).id}" for c in (second_checkpoint, tiny_checkpoint))
    met = said(capfd, "leaderboard", "--db", db, "--matrix")
    assert list(met[0]) == ["player", "other", "games", "points"]
    assert {frozenset((m["player"], m["other"])): m["games"] for m in met} == {
        frozenset((first, "random")): 2,
        frozenset((second, "random")): 2,
        frozenset(("scripted:careful", "random")): 6,
    }
    points = said(capfd, "leaderboard", "--db", db, "--history", "village")
    assert [(p["player"], p["trained"]) for p in points] == [(first, 320), (second, 640)]
    assert run("leaderboard", "--db", db, "--matrix") == 0
    table = capfd.readouterr().out.splitlines()
    assert len(table) == 5
    assert all(line.count("·") == 1 for line in table[1:])
    assert run("leaderboard", "--db", db, "--history", "village") == 0
    assert f"320  {first}" in capfd.readouterr().out
    assert run("leaderboard", "--db", db, "--history", "nope") == 2
    assert "Runs that have: village." in capfd.readouterr().err
    assert run("leaderboard", "--db", db, "--history", "village", "--matrix") == 2


def test_a_roll_back_makes_live_what_was_live(
    db: str, engine: Engine, tmp_path: Path, tiny_checkpoint: Path, second_checkpoint: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    copied(tiny_checkpoint, tmp_path / "models" / "shipped")
    shipped = read_checkpoint(tiny_checkpoint).id
    assert run("checkpoints", "--db", db, "--roll-back") == 2
    assert "--promote" in capfd.readouterr().err
    said(capfd, "checkpoints", "--db", db, "--promote", str(second_checkpoint))
    rows = said(capfd, "checkpoints", "--db", db, "--roll-back")
    assert [r["id"] for r in rows if r["live"]] == [shipped]
    assert run("checkpoints", "--db", db, "--roll-back", "--promote", "shipped") == 2
