from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlmodel import SQLModel

from arena.db.check import check_log
from arena.db.engine import WRITES
from arena.db.forget import HANDLES, TOKENS, forget, matches_of
from arena.db.repo import broken_links, load_match
from arena.db.tables import DecisionTable, table_of
from arena.db.writer import LogWriter
from arena.decision import Decision, TokenRecord, TrunkRecord
from arena.errors import UnknownName
from arena.games.core import Act, Turn
from arena.journal import DecisionLogged, HandedOver, LogRow, SeatFilled, TrunkLogged
from arena.rooms.effects import Append
from tests.fakes.minds import public_act
from tests.rooms.play import play, werewolf_room

CANARY = "xylophone"
TOKEN_RECORD = TokenRecord("a", "tok", "p1", 7, (1, 2), (5, 0), (-0.5, -1.0), ((5, 0), (6,)), (0.25, 0.75), 0.5)


def speak(turn: Turn) -> Act:
    """The canary wherever anything may be said, and a thought beside it."""
    act = public_act(turn)
    if not turn.text_limit:
        return act
    return replace(act, text=f"{CANARY} says {turn.seat} in {turn.id}", thought=f"thought of {turn.seat}")


def with_tokens(row: LogRow) -> LogRow:
    """Decisions of models, and seats of people, as they are logged by real servers."""
    if isinstance(row, SeatFilled) and row.person is not None:
        return replace(row, token_hash=f"a hash made for {row.person}")
    if isinstance(row, DecisionLogged) and row.decision.kind == "script":
        return replace(row, decision=replace(row.decision, tokens=TOKEN_RECORD))
    return row


def log(writer: LogWriter, match_id: str, *, until: int = 10_000, discussion: str = "rounds") -> None:
    """A match in which ``person 2`` and ``person 4`` hold seats; the others only pass."""

    def answer(turn: Turn) -> Act:
        return speak(turn) if turn.seat == 2 else public_act(turn)

    for effect in play(werewolf_room(4, people=(2, 4), discussion=discussion), answer, until=until):
        if isinstance(effect, Append):
            rows = tuple(replace(with_tokens(row), match_id=match_id) for row in effect.rows)
            writer.append(rows).result(60)
    left = HandedOver(match_id, 0, 2.0, 2, "person 2", "self", "dropped")
    writer.append(
        (
            left,
            TrunkLogged(match_id, TrunkRecord("tok", "p1", tuple(CANARY.encode()))),
        )
    ).result(60)


def everything(engine: Engine, match_id: str) -> str:
    """All that the database holds of one match, as text."""
    found = []
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            columns = {c["name"] for c in inspect(engine).get_columns(table)}
            if key := columns & {"match_id"} or ({"id"} & columns if table == "matches" else set()):
                statement = text(f"SELECT * FROM {table} WHERE {key.pop()} = :m")
                found += [repr(tuple(row)) for row in connection.execute(statement, {"m": match_id})]
    return "\n".join(found)


@pytest.mark.parametrize("discussion", ["rounds", "parallel"])
def test_no_word_of_a_person_is_left(engine: Engine, writer: LogWriter, discussion: str) -> None:
    log(writer, "m1", discussion=discussion)
    log(writer, "m2")
    before = load_match(engine, "m1")
    theirs = [d for d in before.decisions if d.seat == 2 and d.act.text]
    assert theirs
    assert CANARY in everything(engine, "m1")
    removed = forget(engine, "person 2")
    assert (removed.matches, removed.running) == (2, ())
    assert removed.decisions >= 2 * len(theirs) > 0
    left = everything(engine, "m1")
    assert CANARY not in left
    assert "thought of 2" not in left
    assert "person 2" not in left
    assert "person 4" in left
    after = load_match(engine, "m1")
    assert (after.outcome, after.trunks) == (before.outcome, ())
    assert [e.kind for e in after.events] == [e.kind for e in before.events]
    assert [strip(d) for d in after.decisions] == [strip(d) for d in before.decisions]
    assert [d.act for d in after.decisions if d.seat != 2] == [d.act for d in before.decisions if d.seat != 2]
    assert all(d.tokens is None for d in after.decisions)
    assert [c.faults for c in check_log(engine)] == [(), ()]
    with pytest.raises(UnknownName, match="person 2"):
        forget(engine, "person 2")


def strip(decision: Decision) -> Decision:
    return replace(decision, act=Act("", decision.act.choice), tokens=None)


def test_every_column_with_handles_is_known() -> None:
    """Whoever adds a column ``person`` adds it to ``HANDLES`` as well."""
    people = {c for t in SQLModel.metadata.tables.values() for c in t.columns if c.name == "person"}
    assert people == set(HANDLES)


def test_a_token_record_is_removed_whole(engine: Engine) -> None:
    """``TOKENS`` names every column that a record without tokens leaves empty."""
    optional = {c.name for c in table_of(DecisionTable).columns if c.nullable}
    assert optional - set(TOKENS) == {"choice", "thought", "fallback", "act_id"}


def test_a_running_match_is_left(engine: Engine, writer: LogWriter) -> None:
    log(writer, "m1", until=10)
    log(writer, "m2")
    before = everything(engine, "m1")
    removed = forget(engine, "person 2")
    assert (removed.matches, removed.running) == (1, ("m1",))
    assert everything(engine, "m1") == before
    assert matches_of(engine, "person 2") == ("m1",)


def test_names_are_exact(engine: Engine, writer: LogWriter) -> None:
    log(writer, "m1")
    for name in ("person", "Person 2", "person 2 ", "", "%"):
        with pytest.raises(UnknownName):
            forget(engine, name)
    assert CANARY in everything(engine, "m1")


def test_damage_from_before_stays_visible(engine: Engine, writer: LogWriter) -> None:
    log(writer, "m1")
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text("UPDATE events SET at = at + 1 WHERE seq = 3"))
    forget(engine, "person 2")
    assert broken_links(engine, "m1") == [3]
    assert CANARY not in everything(engine, "m1")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_itself_holds_no_word(engine: Engine, writer: LogWriter, tmp_path: Path) -> None:
    log(writer, "m1")
    files = [tmp_path / "arena.db", tmp_path / "arena.db-wal"]
    assert any(CANARY.encode() in f.read_bytes() for f in files)
    forget(engine, "person 2")
    assert not any(CANARY.encode() in f.read_bytes() for f in files)
    with engine.connect() as connection:
        assert connection.execute(select(table_of(DecisionTable))).first() is not None
