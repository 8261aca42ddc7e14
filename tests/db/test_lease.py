from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from arena.db.engine import WRITES, open_database
from arena.db.lease import LEASED, Lease, NotHeld, hold_lease
from arena.db.repo import load_match
from arena.db.writer import UNAVAILABLE, LogWriter
from arena.errors import StorageError
from tests.db.test_outages import until
from tests.db.test_writer import said, started
from tests.postgres import Cluster

HOLDER = """
    import os, sys, time
    from arena.db.engine import open_database
    from arena.db.lease import hold_lease
    lease = hold_lease(open_database({url!r}))
    {more}
    print("held", flush=True)
    time.sleep(600)
"""


def holder(url: str, more: str = "") -> subprocess.Popen[str]:
    """Another process that holds the lease."""
    program = textwrap.dedent(HOLDER.format(url=url, more=more))
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def free(engine: Engine) -> bool:
    try:
        hold_lease(engine).release()
    except StorageError as error:
        if error.code != LEASED:
            raise
        return False
    return True


def test_the_lease_ends_with_the_process(database_url: str, engine: Engine) -> None:
    child = holder(database_url)
    with pytest.raises(StorageError, match="Another server runs on this database") as refused:
        hold_lease(engine)
    assert refused.value.code == LEASED
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    until(lambda: free(engine), 20)  # the system, or PostgreSQL, needs a moment to notice


def test_it_is_released_and_taken_again(engine: Engine) -> None:
    lease = hold_lease(engine)
    assert (lease.held, lease.lost) == (True, False)
    assert not free(engine)
    lease.release()
    lease.release()
    assert not lease.held
    assert free(engine)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_forked_child_does_not_keep_it(database_url: str, engine: Engine) -> None:
    # The parent waits until the child runs: between the fork and its first step it holds what its parent holds.
    fork = (
        "ears, mouth = os.pipe(); os.fork() or (os.write(mouth, b'!'), time.sleep(20), os._exit(0)); os.read(ears, 1)"
    )
    parent = holder(database_url, fork)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert free(engine)


@pytest.fixture
def on_postgres(postgres: Cluster) -> Iterator[Engine]:
    url = postgres.new_database()
    engine = open_database(url)
    yield engine
    engine.dispose()
    postgres.drop_database(url)


def end_session(engine: Engine) -> None:
    """End the session that holds the lease, as a broken line would."""
    holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted"
    with engine.connect() as connection:
        assert connection.execute(text(holders)).all()


def test_a_broken_session_takes_the_lease_again(on_postgres: Engine) -> None:
    lost: list[bool] = []
    lease = hold_lease(on_postgres, lambda: lost.append(True))
    end_session(on_postgres)
    until(lambda: not lease.held)
    until(lambda: lease.held)
    assert not free(on_postgres)
    assert lost == []
    lease.release()


def test_somebody_quicker_is_reported(on_postgres: Engine) -> None:
    lost = threading.Event()
    lease = hold_lease(on_postgres, lost.set)
    end_session(on_postgres)
    quicker = hold_lease(on_postgres)
    assert lost.wait(30)
    assert (lease.held, lease.lost) == (False, True)
    lease.release()
    assert quicker.held
    quicker.release()


def test_a_writer_cannot_commit_once_another_server_has_the_lease(on_postgres: Engine) -> None:
    lease = hold_lease(on_postgres)
    writer = LogWriter(on_postgres, lease=lease)
    writer.append((started("m1"), said("m1", 0))).result(timeout=20)
    end_session(on_postgres)
    quicker = hold_lease(on_postgres)
    late = writer.append((said("m1", 1),))
    until(lambda: writer.waiting_since is not None)
    with on_postgres.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        quicker.fence(connection)
        with pytest.raises(NotHeld):
            lease.fence(connection)
    until(lambda: lease.lost)
    writer.close(timeout_s=0.1)
    with pytest.raises(StorageError) as refused:
        late.result(timeout=20)
    assert refused.value.code == UNAVAILABLE
    assert len(load_match(on_postgres, "m1").events) == 1
    lease.release()
    quicker.release()


def test_the_next_server_waits_for_a_transaction_that_was_let_through(on_postgres: Engine) -> None:
    lease = hold_lease(on_postgres)
    taken: list[Lease] = []
    with on_postgres.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        lease.fence(connection)
        end_session(on_postgres)
        quicker = threading.Thread(target=lambda: taken.append(hold_lease(on_postgres)))
        quicker.start()
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted"
        until(lambda: connection.execute(text(waits)).first() is not None)
        assert not taken
    quicker.join(20)
    assert [one.held for one in taken] == [True]
    lease.release()
    taken[0].release()


def test_a_writer_goes_on_when_its_server_has_the_lease_again(on_postgres: Engine) -> None:
    lease = hold_lease(on_postgres)
    writer = LogWriter(on_postgres, lease=lease)
    writer.append((started("m1"), said("m1", 0))).result(timeout=20)
    end_session(on_postgres)
    writer.append((said("m1", 1),)).result(timeout=30)
    assert lease.held
    writer.close()
    lease.release()
