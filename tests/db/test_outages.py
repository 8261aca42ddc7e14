"""The database is locked, full, restarting or gone: nothing is acknowledged that is not stored, and all goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from arena.db.engine import WRITES, open_database
from arena.db.open_matches import waiting_rooms
from arena.db.outages import is_outage
from arena.db.repo import broken_links, list_matches, load_match
from arena.db.writer import UNAVAILABLE, LogWriter
from arena.errors import StorageError
from arena.journal import MatchEnded
from tests.db.test_waiting_rooms import ROOM
from tests.db.test_writer import OUTCOME, said, started
from tests.postgres import Cluster
from tests.soak import count


@pytest.fixture
def locked(engine: Engine) -> Iterator[Callable[[], None]]:
    """Another writer, of another program, holds the writing lock until the function is called (or the test ends)."""
    connection = engine.connect().execution_options(**{WRITES: True})
    transaction = connection.begin()

    def unlock() -> None:
        if transaction.is_active:
            transaction.rollback()
            connection.close()

    yield unlock
    unlock()


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "arena.db.writer" and r.levelno == logging.WARNING]


def test_what_is_locked_is_waited_for(
    engine: Engine, locked: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    writer = LogWriter(engine)
    assert writer.waiting_since is None
    futures = [writer.append((started("m1"),)), *(writer.append((said("m1", n),)) for n in range(20))]
    bad = writer.append((said("m1", 20, "a lone \ud800 surrogate"),))
    until(lambda: writer.waiting_since is not None)
    assert abs(time.time() - (writer.waiting_since or 0)) < 30
    time.sleep(count(2, 30))
    futures.append(writer.append((said("m1", 20),)))
    assert not any(f.done() for f in (*futures, bad))
    locked()
    for future in futures:
        future.result(60)
    with pytest.raises(StorageError, match="surrogate"):
        bad.result(60)
    writer.close()
    assert writer.waiting_since is None
    assert len(load_match(engine, "m1").events) == 21
    assert broken_links(engine, "m1") == []
    first, last = warnings_of(caplog)
    assert "cannot be written" in first
    assert "written again" in last


async def test_closing_during_an_outage_gives_up(engine: Engine, locked: Callable[[], None]) -> None:
    writer = LogWriter(engine, limit_rows=10)
    futures: list[Future[None]] = [writer.append((started("m1"),))]
    until(lambda: writer.waiting_since is not None)
    futures.append(writer.append(tuple(said("m1", n) for n in range(10))))
    held_back = asyncio.create_task(writer.append_async((said("m1", 10),)))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await asyncio.to_thread(writer.close, 0.3)
    assert 0.2 < time.monotonic() - began < 8
    for future in futures:
        with pytest.raises(StorageError) as failed:
            future.result(0)
        assert failed.value.code == UNAVAILABLE
    with pytest.raises(StorageError, match="closed"):
        await held_back
    locked()
    await asyncio.sleep(0.1)
    assert list_matches(engine) == []


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    engine = open_database(str(tmp_path / "a.db"))
    limit: list[int] = []

    @event.listens_for(engine, "connect")
    def _no_more_pages(connection: Any, _record: Any) -> None:
        if limit:
            connection.execute(f"PRAGMA max_page_count={limit[0]}")

    with engine.connect() as connection:
        limit.append(connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 3)
    engine.dispose()
    writer = LogWriter(engine)
    writer.append((started("m1"), said("m1", 0))).result(60)
    futures = [writer.append((said("m1", n, "many words " * 200),)) for n in range(1, 30)]
    until(lambda: writer.waiting_since is not None)
    time.sleep(0.2)
    stored = len(load_match(engine, "m1").events)
    assert sum(f.done() for f in futures) <= stored - 1 < 29
    limit.clear()
    for future in futures:
        future.result(60)
    writer.close()
    assert len(load_match(engine, "m1").events) == 30
    assert broken_links(engine, "m1") == []
    engine.dispose()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_is_waited_for(
    durable_postgres: Cluster, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = durable_postgres.new_database()
    engine = open_database(url)
    writer = LogWriter(engine)
    stop = threading.Event()
    futures: list[Future[None]] = [writer.append((started("m1"),))]

    def load() -> None:
        while not stop.is_set():
            futures.append(writer.append((said("m1", len(futures) - 1),)))
            time.sleep(0.001)

    player = threading.Thread(target=load)
    player.start()
    for _ in range(count(1, 20)):
        until(lambda: futures[-1].done() or futures[-2].done())
        durable_postgres.stop(mode)
        try:
            until(lambda: writer.waiting_since is not None)
            time.sleep(0.3)
            assert not futures[-1].done()
        finally:
            durable_postgres.start()
        until(lambda: writer.waiting_since is None)
    stop.set()
    player.join()
    for future in futures:
        future.result(60)
    writer.close()
    assert len(load_match(engine, "m1").events) == len(futures) - 1
    assert broken_links(engine, "m1") == []
    engine.dispose()
    durable_postgres.drop_database(url)


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_that_breaks_off_is_stored_once(
    engine: Engine, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes when COMMIT has been sent and before the answer has come."""
    writer = LogWriter(engine)
    writer.append((started("m1"), said("m1", 0))).result(60)
    to_break = ["three", "of", "them"]
    commit = engine.dialect.do_commit

    def broken(connection: Any) -> None:
        if not to_break:
            commit(connection)
            return
        to_break.pop()
        if committed:
            commit(connection)
        if engine.dialect.name == "sqlite":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[attr-defined]
            raise error
        with socket.socket(fileno=os.dup(connection.dbapi_connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        connection.dbapi_connection.execute("SELECT 'is anybody there?'")

    monkeypatch.setattr(engine.dialect, "do_commit", broken)
    writer.append((said("m1", 1), said("m1", 2))).result(60)
    writer.append((MatchEnded("m1", OUTCOME, 3.0),)).result(60)  # an update leaves no row behind to be found by
    writer.append((ROOM,)).result(60)  # nor does the newest state of a waiting room
    assert not to_break
    assert waiting_rooms(engine) == [ROOM]
    with pytest.raises(StorageError):  # the same rows from somebody else are still refused
        writer.append((said("m1", 1),)).result(60)
    writer.append((said("m1", 3),)).result(60)
    writer.close()
    match = load_match(engine, "m1")
    assert (len(match.events), match.outcome) == (4, OUTCOME)
    assert broken_links(engine, "m1") == []


def test_only_what_passes_is_an_outage(engine: Engine) -> None:
    for statement in ("SELECT * FROM nowhere", "INSERT INTO seats VALUES ('none', 0, NULL, true)", "SELEC", "SELECT ?"):
        with engine.connect() as connection, pytest.raises(Exception) as failed:  # noqa: PT011  (of any class)
            connection.exec_driver_sql(statement)
        assert not is_outage(failed.value), statement
    for error in (StorageError("x"), ValueError("x"), AssertionError("x"), UnicodeEncodeError("utf-8", "", 0, 1, "x")):
        assert not is_outage(error)


def test_a_server_that_is_not_there_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError) as failed:
        psycopg.connect(f"postgresql://arena@/x?host={tmp_path}")
    assert is_outage(failed.value)


def test_a_session_that_is_ended_is_an_outage(postgres: Cluster) -> None:
    url = postgres.new_database()
    engine = open_database(url)
    with engine.connect() as connection, pytest.raises(OperationalError) as failed:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_outage(failed.value)
    engine.dispose()
    postgres.drop_database(url)
