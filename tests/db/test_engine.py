from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from arena.db.checkpoints import StoredCheckpoint, register_checkpoint
from arena.db.engine import LOCK_TIMEOUT_MS, WRITES, open_database
from arena.errors import StorageError


def test_pragmas_and_reopening(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_database(path).dispose()
    with open_database(path, check=True).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_newer_database_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match=r"(?s)newer version of this program.*pgrade social-arena"):
        open_database(database_url)


def test_what_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    junk = tmp_path / "junk.db"
    junk.write_text("this is no database at all, whatever its name says" * 100)
    with pytest.raises(StorageError, match="--db"):
        open_database(str(junk))
    with pytest.raises(StorageError, match="does not exist"):
        open_database(str(tmp_path / "no" / "a.db"))
    with pytest.raises(StorageError, match="--db"):
        open_database(str(tmp_path))
    with pytest.raises(StorageError, match="needs a file"):
        open_database("sqlite://")
    with pytest.raises(StorageError, match="no address"):
        open_database("what://ever")
    with pytest.raises(StorageError, match="no address"):
        open_database("mysql://user:secret@127.0.0.1/arena")


def test_a_postgresql_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"(?s)cannot be opened.*server runs.*--db") as refused:
        open_database(f"postgresql://arena:secret@/arena?host={tmp_path}")
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r'pip install "social-arena\[postgres\]"'):
        open_database("postgresql+psycopg://arena@127.0.0.1/arena")


def test_readers_see_one_moment_and_writers_the_newest(engine: Engine) -> None:
    """A match that is written while it is read comes out whole; a writer that waited sees what it waited for."""
    count = text("SELECT count(*) FROM checkpoints")
    with engine.connect() as reader, engine.connect().execution_options(**{WRITES: True}) as writer:
        assert reader.execute(count).scalar() == 0
        register_checkpoint(engine, StoredCheckpoint("a", "/a", "tok", "p1"))
        assert reader.execute(count).scalar() == 0
        assert writer.execute(count).scalar() == 1
        hasty = {WRITES: True, LOCK_TIMEOUT_MS: 50}
        with engine.connect().execution_options(**hasty) as late, pytest.raises(OperationalError, match="lock"):
            late.execute(count)
