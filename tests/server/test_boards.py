"""The ladder and the training runs over a real server and database, and who may make a checkpoint live."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from websockets.asyncio.client import connect as open_socket

import agents.models
from agents.checkpoints import read_checkpoint
from agents.ladder import MOST_MET, MOST_ROWS, bounded, read_ladder
from agents.models import register
from agents.registry import open_minds
from arena.cli.main import main
from arena.cli.serve import readers
from arena.client.client import RequestRefused, connect
from arena.db.checkpoints import live_checkpoint
from arena.db.writer import LogWriter
from arena.errors import UserError
from arena.protocol import codes
from arena.protocol.ladder_rows import LadderMeeting, LadderRow
from arena.protocol.server_messages import LadderListed, RunsListed
from arena.server.app import ArenaServer, ServerSettings
from arena.server.boards import Readers
from arena.server.limits import Limits, Rate
from tests.cli.test_commands import run as command
from tests.fakes.checkpoints import copied
from tests.fakes.minds import FakeMinds
from tests.fakes.sockets import heard, say
from training import diary
from training.curves import Point, append

TOKEN = "the-operators-own-token"
QUICK = Limits(guess_delay_s=0.05, ladder_kept_s=0.0, runs_kept_s=0.0)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here is no matter of the kind of database, but for the marks of the ladder (``test_ladder``)."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with one run."""
    folder = tmp_path / "runs"
    diary.write(folder / "village", diary.Begun(time.time(), "werewolf", 0, 20))
    append(folder / "village", Point(1, 192, time.time(), {"village": 0.3}, {"kl_reference": 0.01}))
    return folder


@asynccontextmanager
async def serving(writer: LogWriter, what: Readers, minds: Any = None, **settings: Any) -> AsyncIterator[ArenaServer]:
    server = ArenaServer(
        minds or FakeMinds(), writer, ServerSettings(**{"port": 0, "limits": QUICK, **settings}), readers=what
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_the_ladder_is_what_the_command_prints(
    engine: Engine, writer: LogWriter, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(writer, readers(engine, ())) as server, connect(server.url, "Ann") as ann:
        empty = await ann.ladder()
        assert (empty.games, empty.rows, empty.meetings) == (0, [], [])
        arguments = ("evaluate", "scripted:careful", "random", "--games", "3", "--db", database_url, "--json")
        assert await asyncio.to_thread(command, *arguments) == 0
        capfd.readouterr()
        async with asyncio.timeout(60):
            while not (listed := await ann.ladder()).rows:  # the empty one is kept for a moment
                await asyncio.sleep(0.05)
        assert (await ann.ladder("werewolf")).rows == listed.rows
        assert (await ann.ladder("kuhn")).rows == []
        with pytest.raises(RequestRefused, match="chess"):
            await ann.ladder("chess\x1b[2J")
    assert await asyncio.to_thread(command, "leaderboard", "--db", database_url, "--json") == 0
    assert json.loads(capfd.readouterr().out) == [row.model_dump() for row in listed.rows]
    assert await asyncio.to_thread(command, "leaderboard", "--matrix", "--db", database_url, "--json") == 0
    assert json.loads(capfd.readouterr().out) == [m.model_dump() for m in listed.meetings]
    assert [(m.games, m.points) for m in listed.meetings] == [(6, sum(f.won for f in listed.rows[0].sides))]


def test_a_long_ladder_is_cut_at_its_end() -> None:
    rows = [
        LadderRow(rank=n, player=f"p{n}", rating=-n, low=-n, high=-n, games=1, sides=[])
        for n in range(1, MOST_ROWS + 50)
    ]
    meetings = [
        LadderMeeting(player=a.player, other=b.player, games=1, points=0.5)
        for i, a in enumerate(rows)
        for b in rows[i + 1 : i + 3]
    ]
    told = bounded(LadderListed(game=None, games=9, rows=rows, meetings=meetings))
    assert (len(told.rows), told.left_out, told.rows[-1].rank) == (MOST_ROWS, 49, MOST_ROWS)
    assert {m.other for m in told.meetings} <= {f"p{n}" for n in range(1, MOST_MET + 1)}
    assert len(told.model_dump_json()) < 256 * 1024


async def test_many_who_ask_cost_one_reading(writer: LogWriter) -> None:
    read, go_on = [], threading.Event()

    def ladder(game: str | None) -> LadderListed:
        read.append(game)
        assert go_on.wait(30)
        return LadderListed(game=game, games=len(read), rows=[], meetings=[])

    limits = Limits(ladder_kept_s=30.0)
    async with (
        serving(writer, Readers(ladder=ladder), limits=limits) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Bob") as bob,
        connect(server.url, "Cleo") as cleo,
    ):
        asked = [asyncio.create_task(who.ladder()) for who in (ann, bob)]
        await asyncio.sleep(0.2)
        assert await cleo.rooms() == [], "the loop is free while it is read"
        go_on.set()
        assert [m.games for m in await asyncio.gather(*asked)] == [1, 1]
        assert (await ann.ladder()).games == 1
        assert (await ann.ladder("kuhn")).games == 2
    assert read == [None, "kuhn"]


async def test_one_question_at_a_time(writer: LogWriter) -> None:
    go_on = threading.Event()

    def ladder(game: str | None) -> LadderListed:
        assert go_on.wait(30)
        return LadderListed(game=game, games=0, rows=[], meetings=[])

    async with serving(writer, Readers(ladder=ladder)) as server, open_socket(server.url) as eve:
        await say(eve, type="hello", name="Eve")
        await heard(eve)
        for _ in range(3):
            await say(eve, type="list_ladder")
        assert [(await heard(eve))["code"] for _ in range(2)] == [codes.TOO_FAST] * 2
        go_on.set()
        assert (await heard(eve))["type"] == "ladder_listed"


async def test_what_cannot_be_read_is_told_without_a_word_of_it(writer: LogWriter) -> None:
    def fail(_: str | None) -> Any:
        raise OSError("/secret/folder is gone")

    async with serving(writer, Readers(ladder=fail, runs=fail)) as server, connect(server.url, "Ann") as ann:
        for ask in (ann.ladder, ann.runs):
            with pytest.raises(RequestRefused) as refused:
                await ask()
            assert refused.value.code == codes.NOT_READ
            assert "secret" not in refused.value.message
    async with serving(writer, Readers()) as server, connect(server.url, "Ann") as ann:
        with pytest.raises(RequestRefused) as refused:
            await ann.runs()
        assert refused.value.code == codes.NOT_READ


async def test_training_is_told_of_without_a_path(engine: Engine, writer: LogWriter, runs: Path) -> None:
    async with serving(writer, readers(engine, [runs])) as server, connect(server.url, "Ann") as ann:
        told = await ann.runs()
        assert [(r.run, r.state, r.updates, r.planned) for r in told.runs] == [("village", "running", 1, 20)]
        assert told.shown is not None
        assert told.shown.series == {"wins/village": [0.3], "kl_reference": [0.01]}
        append(runs / "village", Point(2, 384, time.time(), {"village": 0.4}, {}))
        again = await ann.runs("village")
        assert again.shown is not None
        assert again.shown.updates == [1, 2]
        assert str(runs.parent) not in told.model_dump_json()


@pytest.mark.parametrize(
    ("host", "token", "show", "is_open"),
    [
        ("127.0.0.1", None, None, True),
        ("0.0.0.0", None, None, False),
        ("0.0.0.0", "an-access-token", None, True),
        ("0.0.0.0", None, True, True),
        ("127.0.0.1", None, False, False),
    ],
)
def test_who_sees_training_unless_it_is_said(host: str, token: str | None, show: bool | None, is_open: bool) -> None:
    assert ServerSettings(host=host, token=token, show_training=show).training_is_open is is_open


async def test_hidden_training_is_for_the_operator(engine: Engine, writer: LogWriter, runs: Path) -> None:
    how: dict[str, Any] = {"show_training": False, "operator_token": TOKEN}
    async with serving(writer, readers(engine, [runs]), **how) as server:
        async with connect(server.url, "Ann") as ann:
            assert not ann.welcome.operator
            assert (await ann.ladder()).rows == []
            with pytest.raises(RequestRefused) as refused:
                await ann.runs()
            assert refused.value.code == codes.NOT_OPERATOR
        async with connect(server.url, "Oda", operator_token=TOKEN) as oda:
            assert oda.welcome.operator
            assert isinstance(await oda.runs(), RunsListed)


async def test_only_the_operators_token_makes_an_operator(writer: LogWriter) -> None:
    limits = Limits(guess_delay_s=0.1, guesses=Rate(3, 0.001))
    async with serving(writer, Readers(), limits=limits, token="an-access-token", operator_token=TOKEN) as server:
        began = time.monotonic()
        for wrong in ("wrong", "an-access-token"):
            with pytest.raises(RequestRefused, match="operator's token") as refused:
                async with connect(server.url, "Eve", token="an-access-token", operator_token=wrong):
                    pass
            assert refused.value.code == codes.UNAUTHORISED
        with pytest.raises(RequestRefused, match="access token"):
            async with connect(server.url, "Eve", token=TOKEN, operator_token=TOKEN):
                pass
        assert time.monotonic() - began >= 0.3, "each wrong one is answered late, and all count together"
        with pytest.raises(RequestRefused) as refused:
            async with connect(server.url, "Eve", token="an-access-token", operator_token=TOKEN):
                pass
        assert refused.value.code == codes.TOO_MANY_GUESSES
        assert TOKEN not in repr(server.settings) + repr(vars(server._access))
    async with serving(writer, Readers()) as server, connect(server.url, "Ann", operator_token=TOKEN) as ann:
        assert not ann.welcome.operator, "nobody is, where no token was set"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"operator_token": "short"}, "An operator's token has 12 to 200"),
        ({"operator_token": TOKEN, "token": TOKEN}, "everybody who comes in would have it"),
    ],
)
def test_what_is_no_operators_token(settings: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ArenaServer(FakeMinds(), None, ServerSettings(**settings))  # type: ignore[arg-type]


def test_serve_says_what_is_wrong_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = f"sqlite:///{tmp_path / 'a.db'}"
    with pytest.raises(SystemExit):
        main(["serve", "--model", "none", "--port", "0", "--db", db, "--operator-token", "short"])
    assert "12 to 200 characters" in capsys.readouterr().err


async def test_a_promotion_reaches_the_minds_that_play(
    engine: Engine,
    writer: LogWriter,
    tmp_path: Path,
    tiny_checkpoint: Path,
    second_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agents.models, "_MODELS", tmp_path / "models")
    copied(tiny_checkpoint, tmp_path / "models" / "shipped")
    folder = copied(second_checkpoint, tmp_path / "second")
    register(engine, read_checkpoint(folder), folder, 1.0, live=False)
    first, second = (read_checkpoint(c).id for c in (tiny_checkpoint, second_checkpoint))
    minds = open_minds("live", engine)
    await minds.start()
    try:
        async with serving(writer, readers(engine, [tmp_path]), minds, operator_token=TOKEN) as server:
            async with connect(server.url, "Ann") as ann:
                with pytest.raises(RequestRefused, match="--operator-token") as refused:
                    await ann.promote(second)
                assert refused.value.code == codes.NOT_OPERATOR
            assert live_checkpoint(engine) is None
            async with connect(server.url, "Oda", operator_token=TOKEN) as oda:
                for wrong in ("nope", "shipped", second[:6], str(folder), f"../{folder.name}"):
                    with pytest.raises(RequestRefused) as refused:
                        await oda.promote(wrong)
                    assert refused.value.code == codes.NO_CHECKPOINT
                    assert str(tmp_path) not in refused.value.message
                assert ((await oda.runs()).live, (await oda.runs()).before) == (first, None)
                assert (await oda.promote(second)).checkpoint == second
                told = await oda.runs()
                assert (told.live, told.before) == (second, first)
                async with asyncio.timeout(60):
                    while minds.live_checkpoint != second:
                        await asyncio.sleep(0.05)
                await oda.promote(first)
                assert (await oda.runs()).live == first
                (folder / "config.json").write_text("{}")
                with pytest.raises(RequestRefused) as refused:
                    await oda.promote(second)
                assert refused.value.code == codes.NO_CHECKPOINT
    finally:
        await minds.stop()


def test_the_mark_of_the_ladder_changes_with_it(engine: Engine, database_url: str) -> None:
    from agents.ladder import Ladders

    ladders = Ladders(engine)
    empty = ladders(None)
    assert ladders(None) is empty, "nothing has changed, nothing is read"
    assert command("evaluate", "scripted:careful", "random", "--games", "1", "--db", database_url) == 0
    assert ladders(None).rows == read_ladder(engine).rows != []
    assert ladders("kuhn").rows == []
