"""Removing a person's words from the log.

Of each match that is over and in which the person held a seat, this takes away the handle, the words of that seat (in
events and in decisions), and every stored token, because tokens of one seat's talk stand in what all others read. The
reasoning of judges about that match goes whole, for it quotes; their scores stay. The person's own rating of the match
goes. The events and choices stay, so the
match still folds to its outcome; its chain of hashes is made anew. A seat's words go whole, also those of others who
sat in it at another time. What others said stays, even where they quote the person.
In a room whose match has not begun the person's seat is free again; a server that runs still knows who sits there, and
stores it anew with the next change.

Backups, exports and checkpoints that were trained before are out of reach. In an SQLite file the freed space is
overwritten, unless somebody is reading at that moment; PostgreSQL overwrites it as its own vacuum comes by.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, bindparam, delete, func, select, union, update

from arena.db.engine import WRITES
from arena.db.rows import FIRST_HASH, canonical, chained
from arena.db.tables import (
    DecisionTable,
    EventTable,
    HandoverTable,
    JudgementTable,
    MatchRatingTable,
    MatchTable,
    SeatTable,
    TrunkTable,
    WaitingRoomTable,
    table_of,
)
from arena.errors import UnknownName

_MATCHES, _SEATS, _HANDOVERS, _EVENTS, _DECISIONS, _TRUNKS = (
    table_of(t) for t in (MatchTable, SeatTable, HandoverTable, EventTable, DecisionTable, TrunkTable)
)
_WAITING = table_of(WaitingRoomTable)
_JUDGEMENTS = table_of(JudgementTable)
_RATINGS = table_of(MatchRatingTable)

HANDLES: Final[tuple[Column[Any], ...]] = (_SEATS.c.person, _HANDOVERS.c.person)
"""Every column that holds a person's handle. Its table has ``match_id`` and ``seat`` beside it. The handles of those
who wait for a match stand in ``waiting_rooms.seats``."""

TOKENS: Final = (
    "policy_version",
    "tokenizer",
    "prompt_version",
    "trunk_length",
    "branch",
    "sampled",
    "logprobs",
    "options",
    "choice_probs",
    "temperature",
    "epoch",
    "trunk_limit",
    "trainable",
    "thought_branch",
    "thought_sampled",
    "thought_logprobs",
)
"""The columns of ``decisions`` that are one ``TokenRecord``."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed: words in so many events and decisions of so many matches, and so many ``ratings`` of these
    matches; ``running`` are the ids of matches
    that are still being played, which were left as they are. ``waiting`` counts the seats in rooms that wait."""

    matches: int
    events: int
    decisions: int
    ratings: int
    running: tuple[str, ...]
    waiting: int


def matches_of(engine: Engine, person: str) -> tuple[str, ...]:
    """The ids of the matches in which this handle held a seat; exactly this spelling. None for somebody who only waits.

    Raises:
        UnknownName: nobody of this name is in the log.
    """
    with engine.connect() as connection:
        held = union(*(select(c.table.c.match_id).where(c == person) for c in HANDLES)).subquery()
        statement = select(_MATCHES.c.id).where(_MATCHES.c.id.in_(select(held.c.match_id))).order_by(_MATCHES.c.id)
        found = tuple(connection.execute(statement).scalars())
        waits = any(_sits(seats, person) for seats in connection.execute(select(_WAITING.c.seats)).scalars())
    if not found and not waits:
        raise UnknownName(f"Nobody called {person!r} is in this database. Spell the name exactly as it was given.")
    return found


def forget(engine: Engine, person: str) -> Forgotten:
    """Remove this person's words from every match that is over, and their seats from rooms that wait; one transaction a
    match, so it can be run again.

    Raises:
        UnknownName: nobody of this name is in the log.
    """
    events = decisions = ratings = done = 0
    running: list[str] = []
    for match_id in matches_of(engine, person):
        with _changing(engine) as connection:
            status = connection.execute(select(_MATCHES.c.status).where(_MATCHES.c.id == match_id)).scalar_one()
            if status == "playing":
                running.append(match_id)
                continue
            seats = _leave_seats(connection, match_id, person)
            events += _silence_events(connection, match_id, seats)
            decisions += _silence_decisions(connection, match_id, seats)
            _silence_judges(connection, match_id)
            rated = (_RATINGS.c.match_id == match_id, _RATINGS.c.seat.in_(seats))
            ratings += connection.execute(delete(_RATINGS).where(*rated)).rowcount
            done += 1
    with _changing(engine) as connection:
        waiting = _leave_waiting(connection, person)
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(done, events, decisions, ratings, tuple(running), waiting)


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """One transaction that overwrites what it removes, where the database can."""
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        if engine.dialect.name == "sqlite":
            # Otherwise the words would stand in the free pages of the file until something is written over them.
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            connection.rollback()
        with connection.begin():
            yield connection


def _sits(seats: Sequence[Mapping[str, Any]], person: str) -> bool:
    return any(seat["person"] == person for seat in seats)


def _leave_waiting(connection: Connection, person: str) -> int:
    """How many seats in waiting rooms are free again."""
    freed = 0
    for room in connection.execute(select(_WAITING)).all():
        if not _sits(room.seats, person):
            continue
        stay = [seat for seat in room.seats if seat["person"] != person]
        freed += len(room.seats) - len(stay)
        maker = room.maker_seat if any(seat["seat"] == room.maker_seat for seat in stay) else None
        connection.execute(update(_WAITING).where(_WAITING.c.id == room.id).values(seats=stay, maker_seat=maker))
    return freed


def _leave_seats(connection: Connection, match_id: str, person: str) -> frozenset[int]:
    """The seats that the person held, which from here on nobody of any name held."""
    seats: set[int] = set()
    for column in HANDLES:
        table = column.table
        theirs = (table.c.match_id == match_id, column == person)
        seats.update(connection.execute(select(table.c.seat).where(*theirs)).scalars())
        connection.execute(update(table).where(*theirs).values({column.name: None}))
    held = (_SEATS.c.match_id == match_id, _SEATS.c.seat.in_(seats))
    connection.execute(update(_SEATS).where(*held).values(token_hash=None))
    return frozenset(seats)


def _silence_events(connection: Connection, match_id: str, seats: Collection[int]) -> int:
    """A link that was broken before stays broken: forgetting somebody must not hide damage."""
    rows = connection.execute(select(_EVENTS).where(_EVENTS.c.match_id == match_id).order_by(_EVENTS.c.seq)).all()
    changed: list[dict[str, Any]] = []
    silenced = 0
    before = after = FIRST_HASH
    for row in rows:
        data = _silenced(row.data, seats)
        silenced += data != row.data
        told = (match_id, row.seq, row.at, row.kind)
        sound = chained(before, *told, row.data, row.audience) == row.hash
        hashed = chained(after, *told, data, row.audience) if sound else row.hash
        if (data, hashed) != (row.data, row.hash):
            changed.append({"number": row.seq, "data": data, "hash": hashed})
        before, after = row.hash, hashed
    if changed:
        renewed = {name: bindparam(name) for name in ("data", "hash")}
        of_match = (_EVENTS.c.match_id == match_id, _EVENTS.c.seq == bindparam("number"))
        connection.execute(update(_EVENTS).where(*of_match).values(renewed), changed)
    return silenced


def _silenced(data: str, seats: Collection[int]) -> str:
    """In every game, what a seat says stands under ``text`` beside its ``seat``."""
    value = json.loads(data)
    if value.get("seat") not in seats or not value.get("text"):
        return data
    return canonical({**value, "text": ""})


def _silence_decisions(connection: Connection, match_id: str, seats: Collection[int]) -> int:
    of_match = _DECISIONS.c.match_id == match_id
    connection.execute(update(_DECISIONS).where(of_match).values(dict.fromkeys(TOKENS)))
    connection.execute(delete(_TRUNKS).where(_TRUNKS.c.match_id == match_id))
    theirs = (of_match, _DECISIONS.c.seat.in_(seats))
    spoken = (_DECISIONS.c.text != "") | _DECISIONS.c.thought.is_not(None)
    count = connection.execute(select(func.count()).select_from(_DECISIONS).where(*theirs, spoken)).scalar_one()
    connection.execute(update(_DECISIONS).where(*theirs).values(text="", thought=None, act_id=None))
    return count


def _silence_judges(connection: Connection, match_id: str) -> None:
    """What a judge wrote about any seat may quote every other one. Of a failure its code stays: an endpoint's message
    may repeat the prompt."""
    of_match = _JUDGEMENTS.c.match_id == match_id
    failures = select(_JUDGEMENTS.c.failure).where(of_match, _JUDGEMENTS.c.failure.is_not(None)).distinct()
    for failure in connection.execute(failures).scalars().all():
        same = (of_match, _JUDGEMENTS.c.failure == failure)
        connection.execute(update(_JUDGEMENTS).where(*same).values(failure=failure.partition(":")[0]))
    connection.execute(update(_JUDGEMENTS).where(of_match).values(reasoning=""))
