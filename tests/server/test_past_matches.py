"""The list of matches that are over: what stands in it, for whom, and how far it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from websockets.asyncio.client import connect as open_socket

from arena.client.client import RequestRefused, connect
from arena.client.reconnecting import reconnecting
from arena.db.past_matches import past_matches
from arena.db.writer import LogWriter
from arena.games.core import Outcome
from arena.journal import LogRow, MatchAbandoned, MatchEnded, MatchStarted, Purpose, SeatFilled
from arena.protocol import codes
from arena.protocol.client_messages import CLIENT_MESSAGE
from arena.protocol.match_rows import PastMatch
from arena.server.limits import Limits
from arena.server.lobby_room import hashed
from tests.fakes.servers import play_to_end, played, running

STARTED = MatchStarted("", "werewolf", {}, "seed", "room", False, ("person", "random", "checkpoint:a"), 10.0, {})
OVER = MatchEnded("", Outcome("village", "no_werewolf_left", ("village",) * 3, (1.0,) * 3), 0.0)


def over(match: str, ended_at: float, *, purpose: Purpose = "room", hosted: bool = True, **terms: Any) -> list[LogRow]:
    """A stored match that was played to its end, with Ann in seat 0."""
    begun = replace(STARTED, match_id=match, purpose=purpose, terms={"code": "KRTWN", **terms} if hosted else None)
    ann = SeatFilled(match, 0, "Ann", False, "self", hashed(f"ann in {match}"))
    return [begun, ann, replace(OVER, match_id=match, at=ended_at)]


def ids(matches: Iterable[PastMatch]) -> list[str]:
    return [m.match for m in matches]


# -- what is read ------------------------------------------------------------------------------------------------------


def test_rooms_of_people_that_are_over_and_nothing_else(engine: Engine, writer: LogWriter) -> None:
    rows = [
        *over("a", 30.0),
        *over("selfplay", 40.0, purpose="selfplay"),
        *over("evaluation", 40.0, purpose="evaluation", hosted=False),
        *over("hidden", 50.0, private=True),
        *over("said", 60.0, private=False),
        replace(STARTED, match_id="running"),
        replace(STARTED, match_id="given up"),
        MatchAbandoned("given up", "error", 70.0),
    ]
    writer.append(tuple(rows)).result(60)
    listed = past_matches(engine, now_s=100.0, limit=9)
    assert ids(listed) == ["said", "a"]
    assert listed[1] == PastMatch(
        match="a",
        game="werewolf",
        code="KRTWN",
        ended_at=30.0,
        age_s=70.0,
        lasted_s=20.0,
        minds=["person", "script", "model"],
        winner="village",
        reason="no_werewolf_left",
    )
    assert ids(past_matches(engine, now_s=100.0, limit=9, visited=["hidden", "running", "selfplay"])) == [
        "said",
        "hidden",
        "a",
    ]


def test_a_secret_opens_the_match_that_it_belongs_to(engine: Engine, writer: LogWriter) -> None:
    writer.append((*over("a", 30.0, private=True), *over("b", 40.0, private=True), *over("c", 50.0))).result(60)
    right = {match: hashed(f"ann in {match}") for match in "abc"}
    assert ids(past_matches(engine, now_s=100.0, limit=9)) == ["c"]
    mine = past_matches(engine, now_s=100.0, limit=9, secrets={"a": right["a"], "c": right["c"], "none": right["a"]})
    assert [(m.match, m.seat, m.private) for m in mine] == [("c", 0, False), ("a", 0, True)]
    assert ids(past_matches(engine, now_s=100.0, limit=9, secrets={"a": right["b"], "b": right["a"]})) == ["c"]


def test_pages_follow_each_other_also_where_times_are_equal(engine: Engine, writer: LogWriter) -> None:
    for n in range(7):
        writer.append(tuple(over(f"m{n}", 30.0 + n // 3, private=n == 4))).result(60)
    found, before = list[str](), None
    while page := past_matches(engine, now_s=100.0, limit=2, before=before):
        found += ids(page)
        before = page[-1].place
    assert found == ["m6", "m5", "m3", "m2", "m1", "m0"]


# -- over the wire -----------------------------------------------------------------------------------------------------


async def test_who_sees_which(writer: LogWriter) -> None:
    async with (
        running(writer) as server,
        connect(server.url, "Zoë") as zoe,
        connect(server.url, "Eve") as eve,
        connect(server.url, "Sam") as sam,
    ):
        assert (await eve.matches()).matches == []
        waiting = await sam.create(fills=["open", "open", *["self"] * 5])
        public, _ = await played(zoe)
        hidden, token = await played(zoe, private=True)
        await sam.watch(hidden)
        running_one = await zoe.create(fills=["open", *["self"] * 6], options={"first_night_kill": False})
        await zoe.join(running_one.room)
        for arena, seen in ((zoe, [hidden, public]), (sam, [hidden, public]), (eve, [public])):
            assert ids((await arena.matches()).matches) == seen, arena
        assert waiting.room not in ids((await sam.matches()).matches)
        mine = (await eve.matches(secrets={hidden: token, public: token})).matches
        assert [(m.match, m.seat, m.private) for m in mine] == [(hidden, mine[0].seat, True), (public, None, False)]
        assert mine[0].seat is not None
        wrong = {hidden: "0" * 48, public: token}
        told = await eve.matches(secrets=wrong)
        assert ids(told.matches) == [public]
        assert not told.more
        for match in (await zoe.matches()).matches:
            assert (await zoe.recording(match.match)).id == match.match, "what is listed can be read"
            assert match.minds.count("person") == 1
        assert "Zo" not in told.model_dump_json(), "nobody's handle is told"


async def test_the_terminal_brings_the_secrets_that_it_remembers(writer: LogWriter, tmp_path: Any) -> None:
    from tui.memory import Memory

    async with running(writer) as server:
        memory = Memory(server.url, tmp_path)
        async with reconnecting(server.url, "Ann", memory=memory) as ann:
            made = await ann.create(fills=["open", *["self"] * 6], private=True, options={"first_night_kill": False})
            await ann.join(made.room)
            async with asyncio.timeout(120):
                await play_to_end(ann)  # type: ignore[arg-type]
            await ann.leave(made.room)
        async with reconnecting(server.url, "Ann", memory=memory) as again:
            assert ids((await again.matches()).matches) == [made.room]
            assert (await again.recording(made.room)).id == made.room
            assert (await again.rate(made.room, 4)).stars == 4
        async with reconnecting(server.url, "Ann") as elsewhere:
            assert (await elsewhere.matches()).matches == []


async def test_a_page_is_bounded_and_says_that_there_is_more(writer: LogWriter) -> None:
    for n in range(5):
        writer.append(tuple(over(f"m{n}", 30.0 + n))).result(60)
    async with running(writer, limits=Limits(matches_listed=2)) as server, connect(server.url, "Ann") as ann:
        first = await ann.matches()
        assert (ids(first.matches), first.more, first.before) == (["m4", "m3"], True, None)
        second = await ann.matches(first.matches[-1].place)
        assert (ids(second.matches), second.more, second.before) == (["m2", "m1"], True, (33.0, "m3"))
        last = await ann.matches(second.matches[-1].place)
        assert (ids(last.matches), last.more) == (["m0"], False)
        assert (await ann.matches(last.matches[-1].place)).matches == []


async def test_one_list_at_a_time_and_not_too_often(writer: LogWriter) -> None:
    async with running(writer) as server, open_socket(server.url) as socket:
        await socket.send(json.dumps({"type": "hello", "name": "Ann"}))
        for _ in range(30):
            await socket.send(json.dumps({"type": "list_matches"}))
        await socket.recv()
        heard = [json.loads(await socket.recv()) for _ in range(30)]
    refusals = [m["code"] for m in heard if m["type"] == "refused"]
    assert set(refusals) == {codes.TOO_FAST}
    assert 0 < len(refusals) < 30


async def test_a_database_that_fails_is_said(writer: LogWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def fails(*_: Any, **__: Any) -> list[PastMatch]:
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr("arena.server.past_matches.past_matches", fails)
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        for _ in range(2):
            with pytest.raises(RequestRefused) as refused:
                await ann.matches()
            assert refused.value.code == codes.NOT_READ


@pytest.mark.parametrize(
    "wrong",
    [
        {"before": [1.0]},
        {"before": ["1", "a"]},
        {"before": [1.0, "a" * 65]},
        {"before": [float("inf"), "a"]},
        {"secrets": {"a" * 65: "b"}},
        {"secrets": {"a": "b" * 129}},
        {"secrets": {str(n): "x" for n in range(65)}},
        {"limit": 9},
    ],
)
def test_a_request_has_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_json(json.dumps({"type": "list_matches", **wrong}))
