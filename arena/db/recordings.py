"""Recordings of the matches in a database that are over."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, select

from arena.db.repo import StoredMatch, load_match
from arena.db.tables import MatchTable, SeatTable, table_of
from arena.games.registry import game_by_name
from arena.protocol.recording import Recording
from arena.replay import making


def recording_of(stored: StoredMatch) -> Recording:
    """All of a match. Of one that is being played, only what ``visible`` allows may be shown of it.

    Raises:
        UnknownName: this program does not know the game.
    """
    summary = stored.summary
    return making.recording(
        stored.id,
        game_by_name(summary.game),
        summary.options,
        summary.minds,
        stored.events,
        stored.decisions,
        summary.outcome,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """A hosted match that is over, as its door: whether it was ``private``, and the sha256 of its people's secrets."""

    match_id: str
    private: bool
    tokens: Collection[str]

    def opens(self, hashed: str) -> bool:
        return any(hmac.compare_digest(hashed, token) for token in self.tokens)


def past_match(engine: Engine, match_id: str) -> Past | None:
    """The match of exactly this id; None where there is none, no server hosted it, or it is not over."""
    matches, seats = table_of(MatchTable).c, table_of(SeatTable).c
    with engine.connect() as connection:
        found = connection.execute(
            select(matches.terms).where(matches.id == match_id, matches.status == "over", matches.terms.is_not(None))
        ).first()
        if found is None:
            return None
        tokens = connection.execute(select(seats.token_hash).where(seats.match_id == match_id)).scalars()
        return Past(match_id, bool(found.terms.get("private")), tuple(t for t in tokens if t is not None))


def read_recording(engine: Engine, match_id: str) -> Recording:
    """
    Raises:
        UnknownName: there is no such match, or this program does not know its game.
    """
    return recording_of(load_match(engine, match_id))
