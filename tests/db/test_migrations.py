"""Every schema that ever was comes up to today's, with what was stored in it, on both databases."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    create_engine,
    insert,
    select,
)
from sqlmodel import SQLModel

import arena.db
from arena.db import tables  # noqa: F401
from arena.db.engine import open_database
from arena.db.migrations import NEWEST_SCHEMA
from tests.postgres import Cluster

MIGRATIONS = Path(arena.db.__file__).parent / "migrations"


def revisions() -> list[str]:
    """Oldest first."""
    return [s.revision for s in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    """A database without a single table."""
    if database_url.startswith("sqlite"):
        yield database_url
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new_database("template0")
    yield url
    cluster.drop_database(url)


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def assert_models_equal_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def some_value(column: Column[Any]) -> Any:
    """Something to store; keys that refer to another table have the same type there, and so the same value."""
    match column.type:
        case JSON():
            return {"key": ["wörds", 1, None]}
        case Boolean():
            return True
        case Integer():
            return 7
        case Float():
            return 1.5
        case LargeBinary():
            return b"\x00\x01\xff"
        case String():
            return "wörds ☀"[: column.type.length]
        case other:
            raise AssertionError(f"no value for {other!r}")


def fill(connection: Connection) -> dict[str, dict[str, Any]]:
    """One row in each table, as its columns are at this revision; the rows by table."""
    schema = MetaData()
    schema.reflect(connection)
    rows: dict[str, dict[str, Any]] = {}
    for table in schema.sorted_tables:
        if table.name != "alembic_version":
            rows[table.name] = {c.name: some_value(c) for c in table.columns}
            connection.execute(insert(table).values(rows[table.name]))
    return rows


@pytest.mark.parametrize("revision", revisions())
def test_rows_of_every_revision_survive(empty_url: str, revision: str) -> None:
    bare = create_engine(empty_url)
    with bare.begin() as connection:
        upgrade(connection, revision)
        before = fill(connection)
    bare.dispose()
    assert before
    engine = open_database(empty_url)
    assert_models_equal_schema(engine)
    schema = MetaData()
    with engine.connect() as connection:
        schema.reflect(connection)
        for name, row in before.items():
            table = schema.tables[name]
            (after,) = connection.execute(select(table)).mappings()
            kept = row.keys() & after.keys()
            assert {c.name for c in table.primary_key} <= kept
            assert {n: after[n] for n in kept} == {n: row[n] for n in kept}
    engine.dispose()


def test_the_newest_schema_equals_the_models(empty_url: str) -> None:
    engine = open_database(empty_url)
    assert_models_equal_schema(engine)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == (revisions()[-1],)
    engine.dispose()


def test_programs_that_start_at_once_do_not_disturb_each_other(empty_url: str) -> None:
    """All find an empty database, and one makes the tables."""
    program = f"""
        import sys
        from arena.db.engine import open_database
        print("ready", flush=True)
        sys.stdin.readline()
        open_database({empty_url!r}).dispose()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, error = child.communicate(timeout=120)
        assert child.returncode == 0, error
    engine = open_database(empty_url)
    assert_models_equal_schema(engine)
    engine.dispose()


def test_a_database_of_the_newest_schema_is_opened_without_the_library_that_migrates(tmp_path: Path) -> None:
    assert revisions()[-1] == NEWEST_SCHEMA
    url = f"sqlite:///{tmp_path / 'arena.db'}"
    open_database(url).dispose()
    check = (
        "import sys; from arena.db.engine import open_database; "
        f"open_database({url!r}).dispose(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
