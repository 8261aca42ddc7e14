"""The list of hosted matches that are over, as far as somebody may read them."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Engine, or_, select, tuple_

from arena.db.tables import MatchTable, SeatTable, table_of
from arena.protocol.match_rows import MatchPlace, PastMatch
from arena.replay.making import mind_kind

_MATCHES, _SEATS = table_of(MatchTable).c, table_of(SeatTable).c


def past_matches(
    engine: Engine,
    *,
    limit: int,
    now_s: float,
    before: MatchPlace | None = None,
    visited: Collection[str] = (),
    secrets: Mapping[str, str] | None = None,
) -> list[PastMatch]:
    """Of the rooms that people opened, those whose match is over, the last ended first.

    Args:
        now_s: in seconds since the Unix epoch.
        before: only what stands below this place in the list.
        visited: matches that may be listed though they are private.
        secrets: the sha256 of the secret of a seat, by match; where it is right, that match may be listed as well.
    """
    with engine.connect() as connection:
        held = _held(connection, secrets or {})
        private = _MATCHES.terms["private"].as_boolean()
        theirs = or_(private.is_(None), private.is_(False), _MATCHES.id.in_([*held, *visited]))
        wanted = select(table_of(MatchTable)).where(
            _MATCHES.purpose == "room", _MATCHES.status == "over", _MATCHES.terms.is_not(None), theirs
        )
        if before is not None:
            wanted = wanted.where(tuple_(_MATCHES.ended_at, _MATCHES.id) < tuple_(*before))
        newest_first = wanted.order_by(_MATCHES.ended_at.desc(), _MATCHES.id.desc())
        rows = connection.execute(newest_first.limit(limit)).all()
    return [
        PastMatch(
            match=row.id,
            game=row.game,
            code=str(row.terms.get("code", "")),
            ended_at=row.ended_at,
            age_s=max(0.0, now_s - row.ended_at),
            lasted_s=max(0.0, row.ended_at - row.started_at),
            minds=[mind_kind(mind) for mind in row.minds],
            winner=row.winner or "",
            reason=row.reason or "",
            private=bool(row.terms.get("private")),
            seat=held.get(row.id),
        )
        for row in rows
    ]


def _held(connection: Connection, secrets: Mapping[str, str]) -> dict[str, int]:
    """The seats that these secrets open, by match."""
    seats = select(_SEATS.match_id, _SEATS.seat, _SEATS.token_hash).where(
        _SEATS.match_id.in_(list(secrets)), _SEATS.token_hash.is_not(None)
    )
    return {
        row.match_id: row.seat
        for row in connection.execute(seats)
        if hmac.compare_digest(row.token_hash, secrets[row.match_id])
    }
