from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from arena.cli.main import COMMANDS, main
from arena.client.client import connect
from arena.db.engine import WRITES
from arena.db.writer import LogWriter
from arena.rooms.effects import Append
from tests.fakes.minds import public_act
from tests.fakes.servers import play_to_end
from tests.rooms.play import play, werewolf_room


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code if isinstance(ended.value.code, int) else 0


@pytest.fixture
def played(writer: LogWriter, database_url: str) -> str:
    """The address of a database with one finished match ``m``."""
    effects = play(werewolf_room(4, people=(2,)), public_act)
    for effect in effects:
        if isinstance(effect, Append):
            writer.append(effect.rows).result(60)
    return database_url


def test_help_is_light() -> None:
    program = (
        "import sys, time; began = time.perf_counter(); from arena.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "took = time.perf_counter() - began\n"
        "heavy = {'torch', 'textual', 'sqlalchemy', 'websockets', 'transformers', 'alembic'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy), 'TOOK', took)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    assert COMMANDS[name].split(":")[0].split(",")[0].rstrip(".") in capsys.readouterr().out


def test_matches(played: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("matches", "--db", played, "--json") == 0
    (match,) = json.loads(capsys.readouterr().out)
    assert (match["match"], match["status"], match["purpose"]) == ("m", "over", "room")
    assert run("matches", "--db", played) == 0
    assert match["winner"] in capsys.readouterr().out


def test_replay_shows_a_seat_what_it_saw(played: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "m", "--db", played) == 0
    everything = capsys.readouterr().out
    cards = [line for line in everything.splitlines() if "You are" in line]
    assert len(cards) == 7
    assert run("replay", "m", "--db", played, "--seat", "2", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    name = document["names"][2]
    assert [e["seq"] for e in document["events"]] == list(range(len(document["events"])))
    assert [e["data"]["seat"] for e in document["events"] if e["kind"] == "dealt"] == [2]
    assert run("replay", "m", "--db", played, "--seat", name.lower()) == 0
    seen = capsys.readouterr().out.splitlines()
    assert seen == [e["line"] for e in document["events"] if e["line"]]
    assert sum("You are" in line for line in seen) == 1
    assert not any(line.startswith("  [") for line in seen)


def test_checking_the_log(played: str, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("matches", "--check", "--db", played) == 0
    assert capsys.readouterr().out == "1 matches checked, 0 bad.\n"
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text("UPDATE events SET data = '{}' WHERE seq = 3"))
    assert run("matches", "--check", "--db", played) == 1
    assert "m: events do not fit the chain: 3\n" in capsys.readouterr().out
    assert run("matches", "--check", "--db", played, "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"checked": 1, "bad": {"m": ["events do not fit the chain: 3"]}}


def test_forgetting_asks_first(
    played: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert run("forget", "person 2", "--db", played) == 1
    assert "person 2 held a seat in 1 match." in capsys.readouterr().err
    assert run("forget", "person 3", "--db", played, "--yes") == 2
    assert "Nobody called 'person 3'" in capsys.readouterr().err
    assert run("forget", "person 2", "--db", played, "--yes", "--json") == 0
    removed = json.loads(capsys.readouterr().out)
    assert (removed["matches"], removed["running"]) == (1, [])
    assert removed["events"] > 0
    assert removed["decisions"] > 0
    assert run("matches", "--check", "--db", played) == 0
    assert run("forget", "person 2", "--db", played, "--yes") == 2


def test_a_running_match_shows_no_secrets(
    writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for effect in play(werewolf_room(4), public_act, until=5):
        if isinstance(effect, Append):
            writer.append(effect.rows).result(60)
    assert run("replay", "m", "--db", database_url, "--json") == 0
    assert all(e["public"] for e in json.loads(capsys.readouterr().out)["events"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay", "nope"), "There is no match 'nope'"),
        (("replay", "m", "--seat", "Nobody"), "There is no seat 'Nobody'"),
        (("serve", "--game", "chess", "--model", "none"), "There is no game 'chess'"),
    ],
)
def test_mistakes_are_one_line_and_status_two(
    played: str, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments, "--db", played) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert "Traceback" not in said.err


def test_a_missing_database_folder_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("matches", "--db", "/nowhere/at/all.db") == 2
    assert "--db" in capsys.readouterr().err


async def test_serve_plays_is_joined_and_stops(database_url: str, engine: Engine, tmp_path: Path) -> None:
    db = database_url
    command = [sys.executable, "-m", "arena.cli.main", "serve", "--port", "0", "--db", db, "--model", "none"]
    child = await asyncio.create_subprocess_exec(
        *command, "--rooms", "1", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "NO_COLOR": "1"}
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(150):
            first = (await child.stdout.readline()).decode()
            found = re.search(r"ws://127\.0\.0\.1:(\d+)", first)
            assert found, first
            assert b"arena play" in await child.stdout.readline()
            async with connect(found[0], "Ann") as ann:
                await ann.join()
                await play_to_end(ann)
            other = f"sqlite:///{tmp_path / 'other.db'}"
            for url, port, complaint in ((other, found[1], b"is in use already"), (db, "0", b"Another server runs")):
                second = await asyncio.create_subprocess_exec(
                    *command[:4], "--port", port, "--db", url, "--model", "none",
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )  # fmt: skip
                _, error = await second.communicate()
                assert second.returncode == 2
                assert complaint in error
            assert b"Traceback" not in error
            child.send_signal(signal.SIGINT)
            rest = await child.stdout.read()
            assert await child.wait() == 0, rest
            assert b"Stopping." in rest
            assert b"Traceback" not in rest
    finally:
        if child.returncode is None:
            child.kill()


def test_replay_shows_suspicions_of_a_match_that_is_over(played: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "m", "--db", played, "--suspicion", "--model", "shipped", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [phase["phase"] for phase in document["phases"]][:2] == ["Night 1", "Day 1"]
    for phase in document["phases"]:
        for belief in phase["beliefs"]:
            assert document["names"][belief["seat"]] not in belief["of"]
            assert sum(belief["of"].values()) == pytest.approx(1, abs=0.01)
    assert run("replay", "m", "--db", played, "--thoughts") == 0
    assert run("replay", "m", "--db", played, "--thoughts", "--seat", "2") == 2
    assert "show secrets" in capsys.readouterr().err


def test_suspicion_goes_by_message_too(played: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "m", "--db", played, "--suspicion", "--model", "shipped", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["question"] == "vote"
    assert {b["seat"] for b in document["beliefs"]} == set(range(7))
    most = document["moved_most"]
    assert most["total"] == max(m["total"] for m in document["movements"] if ": " in most["line"])
    names = document["names"]
    assert any(most["line"].startswith(f"{name}: ") for name in names), "somebody said it"
    assert set(most["most"]) == {"seat", "of", "before", "after"}
    assert run("replay", "m", "--db", played, "--suspicion", "--model", "shipped") == 0
    assert f"This message moved them most: {most['line']}" in capsys.readouterr().out


def test_replay_marks_deaths_votes_and_lies(played: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", "m", "--db", played, "--json", "--thoughts") == 0
    document = json.loads(capsys.readouterr().out)
    kinds = {mark["kind"] for mark in document["marks"]}
    assert {"death", "vote"} <= kinds
    for mark in document["marks"]:
        if mark["kind"] != "lie":
            assert document["events"][mark["seq"]]["line"] == mark["says"]
    assert [p["phase"] for p in document["phases"]][:2] == ["Night 1", "Day 1"]
    assert len(document["decisions"]) > 20
    assert {"seat", "turn", "choice", "options", "by", "thought"} <= set(document["decisions"][0])
    assert run("replay", "m", "--db", played, "--json", "--seat", "1") == 0
    mine = json.loads(capsys.readouterr().out)
    assert all(m["kind"] != "lie" or m["seat"] == 1 for m in mine["marks"])
    assert all(mine["events"][m["seq"]]["line"] == m["says"] for m in mine["marks"] if m["kind"] != "lie")
    assert "decisions" not in mine


def test_the_screen_needs_a_match_that_is_over_and_a_terminal(
    played: str, writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("replay", "m", "--db", played, "--screen") == 2
    assert "arena replay without --screen" in capsys.readouterr().err
    assert run("replay", "m", "--db", played, "--screen", "--json") == 2
    assert "over" in capsys.readouterr().err


def test_nothing_else_is_told_of_a_running_match(
    writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for effect in play(werewolf_room(4), public_act, until=12):
        if isinstance(effect, Append):
            writer.append(effect.rows).result(60)
    assert run("replay", "m", "--db", database_url, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert "decisions" not in document
    assert all(mark["kind"] != "lie" for mark in document["marks"])
    for flag in ("--thoughts", "--suspicion", "--screen"):
        assert run("replay", "m", "--db", database_url, flag) == 2
        assert "over" in capsys.readouterr().err
