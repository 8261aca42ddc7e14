from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import Engine, text

from arena.db.arrays import pack_floats, pack_tokens, unpack_floats, unpack_tokens
from arena.db.checkpoints import StoredCheckpoint, find_checkpoint, live_checkpoint, register_checkpoint, set_live
from arena.db.engine import WRITES, open_database
from arena.db.repo import MatchQuery, broken_links, iter_matches, list_matches, load_match
from arena.db.writer import QUEUE_FULL, LogWriter
from arena.decision import Decision, MindKind, ThoughtRecord, TokenRecord, TrunkRecord
from arena.errors import StorageError, UnknownName
from arena.games.core import Act, Event, Outcome, only
from arena.journal import (
    DecisionLogged,
    EventLogged,
    LogRow,
    MatchEnded,
    MatchStarted,
    SeatFilled,
    TrunkLogged,
)

OUTCOME = Outcome("village", "wolves_dead", ("village", "werewolves"), (1.0, -1.0))


def started(match_id: str, at: float = 1.0) -> MatchStarted:
    return MatchStarted(match_id, "werewolf", {"seats": 7}, "secret", "selfplay", False, ("self", "self"), at)


def said(match_id: str, seq: int, words: str = "hello") -> EventLogged:
    return EventLogged(match_id, seq, 2.0, Event("said", {"seat": 0, "text": words}, only(0)))


def decided(match_id: str, n: int, act_id: str | None = None, tokens: TokenRecord | None = None) -> DecisionLogged:
    act = Act("Good morning ☀", "Ada", "she lies")
    decision = Decision(1, "day1.vote", "vote", MindKind.MODEL, "checkpoint:a", act, 0.25, None, tokens)
    return DecisionLogged(match_id, n, 3.0, decision, act_id)


def test_a_match_comes_back_as_it_was_stored(engine: Engine, writer: LogWriter) -> None:
    tokens = TokenRecord(
        "a", "tok", "p1", 7, (1, 2, 2**31 - 1), (5, 0), (-0.5, -1.25), ((5, 0), (6,), ()), (0.25, 0.75), 0.5,
        epoch=2, trunk_limit=400, thought=ThoughtRecord((1,), (2, 3), (-0.25, -0.5)), trainable=False,
    )  # fmt: skip
    trunk = TrunkRecord("tok", "p1", tuple(range(1000)), (0, 400, 700), 400)
    rows: tuple[LogRow, ...] = (
        started("m1"),
        SeatFilled("m1", 0, "Zoë", True, "self"),
        said("m1", 0),
        said("m1", 1, "ünïcode \\u0000 kept as text"),
        decided("m1", 0, "a1", tokens),
        decided("m1", 1),
    )
    writer.append(rows).result(60)
    writer.append((said("m1", 2), TrunkLogged("m1", trunk), MatchEnded("m1", OUTCOME, 9.0))).result(60)
    match = load_match(engine, "m")
    assert match.summary.status == "over"
    assert match.outcome == OUTCOME
    assert match.trunk == trunk
    assert match.decisions == (decided("m1", 0, None, tokens).decision, decided("m1", 1).decision)
    assert [e.data["text"] for e in match.events] == ["hello", "ünïcode \\u0000 kept as text", "hello"]
    assert match.events[0] == said("m1", 0).event
    assert match.seats[0].person == "Zoë"
    assert match.seed == "secret"
    assert "secret" not in repr(match)
    assert broken_links(engine, "m1") == []
    with pytest.raises(UnknownName):
        load_match(engine, "nope")


def test_damage_is_seen(engine: Engine, writer: LogWriter) -> None:
    writer.append((started("m1"), *(said("m1", n) for n in range(5)))).result(60)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text("UPDATE events SET data = '{}' WHERE seq = 2"))
    assert broken_links(engine, "m1") == [2]


@pytest.mark.parametrize(
    "poison",
    [
        (said("bad", 0, "a lone \ud800 surrogate"),),
        (started("bad\x00"),),
        (said("never started", 0),),
        (started("good0"),),
        (started("bad"), said("bad", 1)),
        (started("bad"), decided("bad", 0, "a"), decided("bad", 1, "a")),
        (started("bad"), EventLogged("bad", 0, 0.0, Event("x", {"n": float("nan")}))),
        (started("bad"), EventLogged("bad", 0, 0.0, Event("x", {"n": object()}))),
    ],
)
def test_only_the_poisoned_batch_is_refused(engine: Engine, writer: LogWriter, poison: tuple[LogRow, ...]) -> None:
    good = [writer.append((started(f"good{n}"), said(f"good{n}", 0))) for n in range(4)]
    bad = writer.append(poison)
    good += [writer.append((said(f"good{n}", 1),)) for n in range(4)]
    for future in good:
        future.result(60)
    with pytest.raises(StorageError):
        bad.result(60)
    assert {m.id for m in list_matches(engine)} == {f"good{n}" for n in range(4)}
    assert all(broken_links(engine, f"good{n}") == [] for n in range(4))


def test_a_log_has_no_holes(engine: Engine, writer: LogWriter) -> None:
    writer.append((started("m1"), said("m1", 0))).result(60)
    with pytest.raises(StorageError):
        writer.append((said("m1", 1, "\ud800"),)).result(60)
    with pytest.raises(StorageError, match="does not follow"):
        writer.append((said("m1", 2),)).result(60)
    writer.append((said("m1", 1),)).result(60)
    assert len(load_match(engine, "m1").events) == 2


def test_another_writer_goes_on_with_the_chain(engine: Engine, writer: LogWriter) -> None:
    writer.append((started("m1"), said("m1", 0))).result(60)
    other = LogWriter(engine)
    other.append((said("m1", 1),)).result(60)
    other.close()
    assert broken_links(engine, "m1") == []


async def test_a_full_queue_is_said_or_waited_for(engine: Engine) -> None:
    writer = LogWriter(engine, limit_rows=10)
    await asyncio.wrap_future(writer.append((started("m1"),)))
    with engine.connect().execution_options(**{WRITES: True}) as blocking, blocking.begin():
        futures = [writer.append((said("m1", 0),))]
        await asyncio.sleep(0.05)  # the writer now holds that one and waits for the lock
        futures += [writer.append(tuple(said("m1", n) for n in range(1, 10)))]
        with pytest.raises(StorageError) as full:
            writer.append((said("m1", 10), said("m1", 11)))
        assert full.value.code == QUEUE_FULL
        waiting = asyncio.create_task(writer.append_async((said("m1", 10), said("m1", 11))))
        await asyncio.sleep(0.02)
        assert not waiting.done()
    await (await waiting)
    assert all(f.done() for f in futures)
    writer.close()
    with pytest.raises(StorageError, match="closed"):
        await writer.append_async((said("m1", 12),))
    assert len(load_match(engine, "m1").events) == 12


def test_closing_drains(engine: Engine) -> None:
    writer = LogWriter(engine)
    futures = [writer.append((started(f"m{n}"),)) for n in range(500)]
    writer.close()
    assert all(f.result(0) is None for f in futures)
    assert len(list_matches(engine, limit=1000)) == 500


def test_streaming_goes_on_where_it_stopped(engine: Engine, writer: LogWriter) -> None:
    for n in range(120):
        writer.append((started(f"m{n:03}", n), said(f"m{n:03}", 0), MatchEnded(f"m{n:03}", OUTCOME, float(n // 7))))
    writer.append((started("running"),)).result(60)
    matches = list(iter_matches(engine, MatchQuery(status="over", purposes=("selfplay",))))
    assert [m.id for m in matches] == [f"m{n:03}" for n in range(120)]
    last = matches[59].summary
    assert last.ended_at is not None
    rest = list(iter_matches(engine, MatchQuery(status="over", after=(last.ended_at, last.id))))
    assert [m.id for m in rest] == [f"m{n:03}" for n in range(60, 120)]
    assert list(iter_matches(engine, MatchQuery(policy_version="nobody"))) == []


def test_nothing_acknowledged_is_lost_to_a_kill(database_url: str) -> None:
    url = database_url
    program = f"""
        import sys
        from arena.db.engine import open_database
        from arena.db.writer import LogWriter
        from tests.db.test_writer import said, started
        writer = LogWriter(open_database({url!r}))
        writer.append((started("m1"),)).result()
        n = 0
        while True:
            futures = [writer.append((said("m1", n + i),)) for i in range(3)]
            for future in futures:
                future.result()
            n += 3
            print(n, flush=True)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = 0
    while acknowledged < 60:
        acknowledged = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in child.stdout if line.strip())])
    child.wait()
    engine = open_database(url, check=True)
    assert len(load_match(engine, "m1").events) >= acknowledged
    assert broken_links(engine, "m1") == []
    engine.dispose()


def test_arrays_are_little_endian() -> None:
    assert pack_tokens([1, -1, 258]) == b"\x01\0\0\0\xff\xff\xff\xff\x02\x01\0\0"
    assert unpack_tokens(pack_tokens([])) == ()
    assert unpack_floats(pack_floats([0.5, -2.0])) == (0.5, -2.0)


def test_one_checkpoint_is_live(engine: Engine) -> None:
    for n, name in enumerate(("base", "run-1", "run-2")):
        register_checkpoint(engine, StoredCheckpoint(name, f"/c/{name}", "tok", "p1", created_at=n, live=n == 0))
    assert find_checkpoint(engine, "b") == live_checkpoint(engine)
    set_live(engine, "run-2")
    live = find_checkpoint(engine, "live")
    assert (live.id, live.live) == ("run-2", True)
    register_checkpoint(engine, StoredCheckpoint("run-1", "/elsewhere", "tok", "p1", live=True, meta={"a": [1]}))
    assert find_checkpoint(engine, "run-1").meta == {"a": [1]}
    assert not find_checkpoint(engine, "run-2").live
    with pytest.raises(UnknownName, match="several"):
        find_checkpoint(engine, "run")
    with pytest.raises(UnknownName, match="base"):
        find_checkpoint(engine, "x")
