"""What a server had not finished when it stopped, as the rows that its rooms logged: matches that had begun, and rooms
that waited for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, Engine, RowMapping, and_, or_, select
from sqlmodel import SQLModel, col

from arena.db.rows import decision_of, event_of, waiting_of
from arena.db.tables import DecisionTable, EventTable, HandoverTable, MatchTable, SeatTable, WaitingRoomTable, table_of
from arena.games.core import Outcome
from arena.journal import (
    DecisionLogged,
    EventLogged,
    HandedOver,
    LogRow,
    MatchEnded,
    MatchStarted,
    RoomWaiting,
    SeatFilled,
)

_PAGE: Final = 100


def open_matches(engine: Engine, ended_after: float) -> Iterator[tuple[LogRow, ...]]:
    """Each hosted match that is being played, and each that ended later than ``ended_after`` (seconds since the Unix
    epoch): somebody may still ask how it ended. Trunks are left out, minds make them again.
    """
    matches = table_of(MatchTable)
    wanted = and_(
        matches.c.terms.is_not(None),
        or_(matches.c.status == "playing", and_(matches.c.status == "over", matches.c.ended_at > ended_after)),
    )
    with engine.connect() as connection:
        ids = list(connection.execute(select(matches.c.id).where(wanted).order_by(matches.c.started_at)).scalars())
    for start in range(0, len(ids), _PAGE):
        with engine.connect() as connection:
            yield from _page(connection, ids[start : start + _PAGE])


def waiting_rooms(engine: Engine) -> list[RoomWaiting]:
    """The rooms whose match has not begun, the oldest first."""
    rooms = table_of(WaitingRoomTable)
    with engine.connect() as connection:
        rows = connection.execute(select(rooms).order_by(rooms.c.opened_at, rooms.c.id)).mappings().all()
    return [waiting_of(row) for row in rows]


def _page(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[LogRow, ...]]:
    matches = table_of(MatchTable)
    started = {row["id"]: row for row in connection.execute(select(matches).where(matches.c.id.in_(ids))).mappings()}
    seats = _rows(connection, ids, SeatTable, "seat", _seat)
    handovers = _rows(connection, ids, HandoverTable, "n", _handover)
    events = _rows(connection, ids, EventTable, "seq", _event)
    decisions = _rows(connection, ids, DecisionTable, "n", _decision)
    for match_id in ids:
        yield (
            _started(started[match_id]),
            *seats[match_id],
            *handovers[match_id],
            *events[match_id],
            *decisions[match_id],
            *_ended(started[match_id]),
        )


def _rows(
    connection: Connection,
    ids: Sequence[str],
    model: type[SQLModel],
    order: str,
    made: Callable[[RowMapping], LogRow],
) -> dict[str, list[LogRow]]:
    table = table_of(model)
    out: dict[str, list[LogRow]] = {i: [] for i in ids}
    for row in connection.execute(
        select(table).where(col(table.c.match_id).in_(ids)).order_by(table.c[order])
    ).mappings():
        out[row["match_id"]].append(made(row))
    return out


def _started(row: RowMapping) -> MatchStarted:
    return MatchStarted(
        match_id=row["id"],
        game=row["game"],
        options=row["options"],
        seed=row["seed"],
        purpose=row["purpose"],
        rated=row["rated"],
        minds=tuple(row["minds"]),
        at=row["started_at"],
        terms=row["terms"],
    )


def _seat(row: RowMapping) -> SeatFilled:
    return SeatFilled(**row)


def _handover(row: RowMapping) -> HandedOver:
    return HandedOver(**row)


def _event(row: RowMapping) -> EventLogged:
    return EventLogged(row["match_id"], row["seq"], row["at"], event_of(row))


def _decision(row: RowMapping) -> DecisionLogged:
    return DecisionLogged(row["match_id"], row["n"], row["at"], decision_of(row), row["act_id"])


def _ended(row: RowMapping) -> tuple[MatchEnded, ...]:
    if row["status"] != "over":
        return ()
    outcome = Outcome(row["winner"], row["reason"], tuple(row["sides"]), tuple(row["returns"]))
    return (MatchEnded(row["id"], outcome, row["ended_at"]),)
