"""What judges made of matches, a row a dimension: writing and reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby

from sqlalchemy import Engine, delete, func, insert, select

from arena.db.engine import WRITES
from arena.db.tables import JudgementTable, table_of

_T = table_of(JudgementTable)
_SCORING = ("match_id", "judge", "prompt_version", "seat")


@dataclass(frozen=True, slots=True)
class StoredScore:
    """One dimension of what a judge made of a seat. Either ``score`` is there or ``failure``, which says as ``code:
    sentence`` why not. ``created_at`` is in seconds since the Unix epoch."""

    match_id: str
    judge: str
    prompt_version: str
    seat: int
    dimension: str
    score: int | None
    reasoning: str
    failure: str | None
    created_at: float

    def __post_init__(self) -> None:
        assert (self.score is None) == (self.failure is not None), "a score is there, or the reason why it is not"

    @property
    def scoring(self) -> tuple[str, str, str, int]:
        """What one answer of a judge is about: match, judge, prompt version, seat."""
        return self.match_id, self.judge, self.prompt_version, self.seat


def write_scores(engine: Engine, scores: Iterable[StoredScore]) -> int:
    """Store scorings of seats, each in place of an earlier one by the same judge and prompt; how many were stored.

    A scoring without a single score does not take the place of one that has some.
    """
    stored = 0
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        ordered = sorted(scores, key=lambda s: s.scoring)
        for scoring, found in groupby(ordered, key=lambda s: s.scoring):
            rows = [asdict(score) for score in found]
            same = [_T.c[name] == value for name, value in zip(_SCORING, scoring, strict=True)]
            if all(row["score"] is None for row in rows):
                have = select(func.count()).select_from(_T).where(*same, _T.c.score.is_not(None))
                if connection.execute(have).scalar_one():
                    continue
            connection.execute(delete(_T).where(*same))
            connection.execute(insert(_T), rows)
            stored += 1
    return stored


def scores_of(
    engine: Engine, match_id: str, judge: str | None = None, prompt_version: str | None = None
) -> list[StoredScore]:
    """All that is stored of a match, by judge, prompt version, seat and dimension.

    Args:
        match_id: the whole id.
        judge, prompt_version: only of these.
    """
    statement = select(_T).where(_T.c.match_id == match_id)
    if judge is not None:
        statement = statement.where(_T.c.judge == judge)
    if prompt_version is not None:
        statement = statement.where(_T.c.prompt_version == prompt_version)
    statement = statement.order_by(_T.c.judge, _T.c.prompt_version, _T.c.seat, _T.c.dimension)
    with engine.connect() as connection:
        return [StoredScore(**row) for row in connection.execute(statement).mappings()]
