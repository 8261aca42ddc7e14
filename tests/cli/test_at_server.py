"""Commands that ask a running server what the screens ask: rooms, past games, the ladder, training."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from arena.cli.past_there import AT_ONCE
from arena.client.client import connect
from arena.client.reconnecting import reconnecting
from arena.db.writer import LogWriter
from arena.errors import UserError
from arena.protocol.server_messages import LadderListed, RoomInfo, RunsListed
from arena.server.app import ArenaServer, ServerSettings
from arena.server.boards import Readers
from arena.server.limits import Limits
from tests.cli.test_commands import run
from tests.fakes.minds import FakeMinds
from tests.fakes.servers import play_to_end
from tui import canned_boards
from tui.memory import Memory

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOKEN = "the-operators-own-token"
QUICK = Limits(guess_delay_s=0.05, ladder_kept_s=0.0, runs_kept_s=0.0, linger_s=0.0, matches_listed=1)
LIVE, BEFORE, OTHER = canned_boards.IDS[6], canned_boards.IDS[5], canned_boards.IDS[0]


class Boards:
    """Canned ones; ``promoted`` is what an operator made live."""

    def __init__(self) -> None:
        self.promoted: list[str] = []
        self.told: RunsListed = canned_boards.runs()
        self.ladder: LadderListed = canned_boards.ladder()

    def promote(self, checkpoint: str) -> None:
        if checkpoint not in canned_boards.IDS:
            raise UserError("There is no such folder: /home/operator")
        self.promoted.append(checkpoint)


@pytest.fixture
def boards() -> Boards:
    return Boards()


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
async def server(writer: LogWriter, boards: Boards) -> AsyncIterator[ArenaServer]:
    readers = Readers(lambda game: boards.ladder, lambda run: boards.told, boards.promote)
    settings = ServerSettings(port=0, limits=QUICK, operator_token=TOKEN)
    server = ArenaServer(FakeMinds(), writer, settings, readers=readers)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def arena(server: ArenaServer, *arguments: str) -> int:
    """The exit status; the server goes on meanwhile."""
    return await asyncio.to_thread(run, *arguments, "--server", server.url)


async def played(server: ArenaServer, memory: Memory | None = None, **terms: Any) -> RoomInfo:
    async with reconnecting(server.url, "Ann", memory=memory or Memory(server.url)) as ann:
        made = await ann.create(fills=["open", *["self"] * 6], options={"first_night_kill": False}, **terms)
        await ann.join(made.room)
        async with asyncio.timeout(120):
            await play_to_end(ann)  # type: ignore[arg-type]
        await ann.leave(made.room)
    return made


# -- rooms ------------------------------------------------------------------------------------------------------------


async def test_rooms_are_those_of_the_lobby(server: ArenaServer, capfd: pytest.CaptureFixture[str]) -> None:
    assert await arena(server, "rooms") == 0
    assert "No games yet" in capfd.readouterr().out
    async with connect(server.url, "Ann") as ann:
        public = await ann.create(fills=["open", "open", *["self"] * 5], show_all_after_s=60.0)
        await ann.join(public.room)
        blind = await ann.create(fills=["open"] * 7, blind=True)
        hidden = await ann.create(private=True)
        await asyncio.sleep(0.3)  # the list is kept for a moment
        assert await arena(server, "rooms") == 0
        table = capfd.readouterr().out
        assert await arena(server, "rooms", "--json") == 0
        listed = json.loads(capfd.readouterr().out)
    rows = {line.split()[0]: line for line in table.splitlines()}
    assert "7 seats, 1 open  1 person" in rows[public.code]
    assert "7 seats          hidden" in rows[blind.code]
    assert "blind, " in rows[blind.code]
    assert hidden.code not in table, "only whoever is told its code finds it"
    assert {room["code"] for room in listed} == {public.code, blind.code}


# -- past games -------------------------------------------------------------------------------------------------------


async def test_past_games_are_listed_and_read_back(server: ArenaServer, capfd: pytest.CaptureFixture[str]) -> None:
    assert await arena(server, "matches") == 0
    assert "No game is over yet" in capfd.readouterr().err
    first, second = await played(server), await played(server)
    assert await arena(server, "matches") == 0
    table = capfd.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in table] == [second.room, first.room], "page by page, the newest first"
    assert all("1/7" in line and line.endswith("[yours]") for line in table)
    assert await arena(server, "matches", "--limit", "1", "--json") == 0
    (match,) = json.loads(capfd.readouterr().out)
    assert (match["match"], match["code"], match["seat"]) == (second.room, second.code, 0)
    for name in (first.room, first.room[:8], first.code.lower()):
        assert await arena(server, "replay", name) == 0
        assert "You are" in (told := capfd.readouterr().out)
        assert "win" in told.splitlines()[-1]
    assert await arena(server, "replay", first.room, "--seat", "0", "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["match"], document["seat"], document["status"]) == (first.room, 0, "over")
    assert [e["data"]["seat"] for e in document["events"] if e["kind"] == "dealt"] == [0]
    assert await arena(server, "replay", first.room, "--json", "--thoughts") == 0
    assert json.loads(capfd.readouterr().out)["decisions"]
    assert await arena(server, "replay", first.room, "--suspicion") == 2
    assert "cannot say what was believed" in capfd.readouterr().err


async def test_a_private_game_is_read_by_who_was_there(
    server: ArenaServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mine, theirs = await played(server, private=True), await played(server, Memory(server.url, tmp_path), private=True)
    assert await arena(server, "matches") == 0
    (row,) = capfd.readouterr().out.splitlines()[1:]
    assert row.startswith(mine.room)
    assert row.endswith("[private]")
    assert await arena(server, "replay", mine.code) == 0
    for name in (theirs.room, theirs.code, theirs.room[:6], "x"):
        capfd.readouterr()
        assert await arena(server, "replay", name) == 2
        told = capfd.readouterr()
        assert told.out == ""
        assert "There is no such match that you were in." in told.err


async def test_many_pages_are_not_asked_for_at_once(server: ArenaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from arena.cli import past_there
    from tui import canned_past

    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    class Endless:
        async def matches(self, before: object) -> object:
            return canned_past.matches().model_copy(update={"more": True})

    monkeypatch.setattr(past_there.asyncio, "sleep", sleep)
    page = len(canned_past.matches().matches)
    found = await past_there.past_there(Endless(), page * (AT_ONCE + 3))  # type: ignore[arg-type]
    assert (len(found), len(pauses)) == (page * (AT_ONCE + 3), 3)


# -- boards -----------------------------------------------------------------------------------------------------------


async def test_the_ladder_of_a_server(server: ArenaServer, boards: Boards, capfd: pytest.CaptureFixture[str]) -> None:
    boards.ladder = boards.ladder.model_copy(update={"left_out": 4})
    assert await arena(server, "leaderboard", "--json") == 0
    assert json.loads(capfd.readouterr().out) == [row.model_dump() for row in boards.ladder.rows]
    for more, shown in ((), "95 %"), (("--matrix",), "·"), (("--history", canned_boards.RUN), "learnt"):
        assert await arena(server, "leaderboard", *more) == 0
        told = capfd.readouterr()
        assert shown in told.out
        assert "4 more players" in told.err
    assert await arena(server, "leaderboard", "--game", "chess") == 2
    assert "There is no game" in capfd.readouterr().err


async def test_training_and_checkpoints_of_a_server(
    server: ArenaServer, boards: Boards, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (("train", "status"), ("checkpoints",), ("checkpoints", "--promote", OTHER)):
        assert await arena(server, *command, "--operator-token", "wrong-but-long-enough") == 2
        assert "operator" in capfd.readouterr().err
    monkeypatch.setenv("ARENA_OPERATOR_TOKEN", TOKEN)
    assert await arena(server, "train", "status") == 0
    assert f"{canned_boards.RUN}, {canned_boards.UPDATES} updates" in capfd.readouterr().out
    assert await arena(server, "train", "status", "nope") == 2
    assert "There is no run 'nope'." in capfd.readouterr().err
    assert await arena(server, "checkpoints", "--json") == 0
    rows = json.loads(capfd.readouterr().out)
    assert {row["id"] for row in rows} == {c.checkpoint for c in boards.told.shown.checkpoints}  # type: ignore[union-attr]
    assert [row["id"] for row in rows if row["live"]] == [LIVE]
    assert await arena(server, "checkpoints", "--promote", OTHER[:5]) == 0
    assert f"Checkpoint {OTHER} is live." in (told := capfd.readouterr()).err
    assert f"* {LIVE}" in told.out
    assert await arena(server, "checkpoints", "--roll-back") == 0
    assert boards.promoted == [OTHER, boards.told.before]
    assert await arena(server, "checkpoints", "--promote", "nope") == 2
    assert "/home/operator" not in (told := capfd.readouterr()).err
    assert "Nothing has changed." in told.err


async def test_there_is_nothing_to_roll_back_to(
    server: ArenaServer, boards: Boards, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARENA_OPERATOR_TOKEN", TOKEN)
    boards.told = boards.told.model_copy(update={"before": None})
    assert await arena(server, "checkpoints", "--roll-back") == 2
    assert "Nothing was live before" in capfd.readouterr().err
    assert boards.promoted == []


async def test_what_a_mean_server_says_moves_no_cursor(
    server: ArenaServer, boards: Boards, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mean = "\x1b[2J\u202ex\n"
    monkeypatch.setenv("ARENA_OPERATOR_TOKEN", TOKEN)
    shown = boards.told.shown
    assert shown is not None
    runs = [r.model_copy(update={"run": mean, "why": mean}) for r in boards.told.runs]
    checkpoints = [c.model_copy(update={"checkpoint": mean, "labels": [mean]}) for c in shown.checkpoints]
    boards.told = boards.told.model_copy(
        update={"runs": runs, "shown": shown.model_copy(update={"run": mean, "checkpoints": checkpoints}), "live": mean}
    )
    boards.ladder = boards.ladder.model_copy(
        update={"rows": [r.model_copy(update={"player": mean, "run": mean}) for r in boards.ladder.rows]}
    )
    for command in (("train", "status"), ("checkpoints",), ("leaderboard",), ("leaderboard", "--matrix")):
        assert await arena(server, *command) == 0
        told = capfd.readouterr().out
        assert told
        assert "\x1b" not in told
        assert "\u202e" not in told


@pytest.mark.parametrize(
    "command",
    [("leaderboard",), ("matches",), ("replay", "m"), ("checkpoints",), ("train", "status")],
    ids=" ".join,
)
def test_a_server_or_a_database(command: tuple[str, ...], database_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--server", "ws://127.0.0.1:1", "--db", database_url) == 2
    assert "--db is about a database" in capfd.readouterr().err
    assert run(*command, "--server", "ws://127.0.0.1:1") == 2
    assert "No server answers" in (told := capfd.readouterr()).err
    assert len(told.err.splitlines()) == 1
