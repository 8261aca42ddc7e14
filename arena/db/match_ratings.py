"""What people think of the matches that they played, as it was stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from arena.db.tables import MatchRatingTable, table_of

_T = table_of(MatchRatingTable)


@dataclass(frozen=True, slots=True)
class MatchRating:
    """How many people rated a match, and the mean of their stars (1 to 5)."""

    count: int
    mean: float


def ratings_of(engine: Engine, match_ids: Sequence[str]) -> dict[str, MatchRating]:
    """By match; those that nobody rated are not there."""
    means = select(_T.c.match_id, func.count(), func.avg(_T.c.stars)).where(_T.c.match_id.in_(match_ids))
    with engine.connect() as connection:
        rows = connection.execute(means.group_by(_T.c.match_id)).all()
    return {match_id: MatchRating(count, float(mean)) for match_id, count, mean in rows}
