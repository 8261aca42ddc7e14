"""Seats of hosted matches, found by the secret of the person who held them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import Engine, select

from arena.db.tables import HandoverTable, MatchTable, SeatTable, table_of


@dataclass(frozen=True, slots=True)
class HeldSeat:
    """``over``: the match was played to its end. ``left``: its person gave the seat up before that."""

    seat: int
    over: bool
    left: bool


def held_seat(engine: Engine, match_id: str, token_hash: str) -> HeldSeat | None:
    """The seat that this secret (its sha256) opens in the match of exactly this id; None where it opens none."""
    matches, seats, handovers = (table_of(t).c for t in (MatchTable, SeatTable, HandoverTable))
    held = select(seats.seat, seats.token_hash, matches.status).where(
        seats.match_id == match_id,
        seats.token_hash.is_not(None),
        matches.id == seats.match_id,
        matches.terms.is_not(None),
    )
    with engine.connect() as connection:
        rows = connection.execute(held).all()
        found = next((row for row in rows if hmac.compare_digest(row.token_hash, token_hash)), None)
        if found is None:
            return None
        changes = select(handovers.person).where(handovers.match_id == match_id, handovers.seat == found.seat)
        last = connection.execute(changes.order_by(handovers.n.desc()).limit(1)).first()
    return HeldSeat(found.seat, found.status == "over", last is not None and last.person is None)
