from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from arena.db import tables  # noqa: F401
from arena.db.engine import open_database
from arena.errors import StorageError


def test_migrated_schema_equals_the_tables(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_pragmas_and_reopening(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_database(path).dispose()
    with open_database(path, check=True).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    engine = open_database(path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match=r"(?s)newer version of this program.*pgrade social-arena"):
        open_database(path)


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
