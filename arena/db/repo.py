"""Reading the log: matches as they were stored, one at a time or as a stream for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, Select, func, select, tuple_
from sqlmodel import SQLModel, col

from arena.db.rows import FIRST_HASH, chained, decision_of, event_of, trunk_of
from arena.db.tables import DecisionTable, EventTable, MatchTable, SeatTable, TrunkTable, table_of
from arena.decision import Decision, TrunkRecord
from arena.errors import UnknownName
from arena.games.core import Event, Outcome

_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """One match without its events. Times are in seconds since the Unix epoch; ``outcome`` is None until it is over."""

    id: str
    game: str
    options: Mapping[str, Any]
    purpose: str
    rated: bool
    status: str
    minds: tuple[str, ...]
    started_at: float
    ended_at: float | None
    reason: str | None
    """How it ended or why it was abandoned."""
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class StoredSeat:
    seat: int
    person: str | None
    train: bool


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """One match as the log holds it. ``seed`` is a secret while the match is being played."""

    summary: MatchSummary
    seed: str = field(repr=False)
    seats: tuple[StoredSeat, ...]
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    trunks: tuple[TrunkRecord, ...]

    @property
    def id(self) -> str:
        return self.summary.id

    @property
    def outcome(self) -> Outcome | None:
        return self.summary.outcome

    @property
    def agreed(self) -> bool:
        """Whether everybody who held a seat agreed that the match is used for training."""
        return all(seat.train for seat in self.seats if seat.person is not None)

    @property
    def trunk(self) -> TrunkRecord | None:
        """The trunk, where exactly one policy's way of reading was recorded; None where there was none."""
        assert len(self.trunks) <= 1, "several trunks: choose by tokenizer and prompt version"
        return self.trunks[0] if self.trunks else None

    def trunk_for(self, tokenizer: str, prompt_version: str) -> TrunkRecord | None:
        for trunk in self.trunks:
            if (trunk.tokenizer, trunk.prompt_version) == (tokenizer, prompt_version):
                return trunk
        return None


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """Which matches to read. ``after`` is the (``ended_at``, id) of the last one read: the stream goes on behind it.

    ``policy_version`` keeps the matches in which that version decided at least once.
    """

    game: str | None = None
    purposes: tuple[str, ...] | None = None
    status: str | None = None
    policy_version: str | None = None
    after: tuple[float, str] | None = None


def list_matches(
    engine: Engine,
    limit: int = 20,
    purpose: str | None = None,
    status: str | None = None,
    game: str | None = None,
) -> list[MatchSummary]:
    """The matches that started last, newest first."""
    query = MatchQuery(game=game, purposes=None if purpose is None else (purpose,), status=status)
    statement = _filtered(query).order_by(col(MatchTable.started_at).desc(), col(MatchTable.id)).limit(limit)
    with engine.connect() as connection:
        return [_summary(row) for row in connection.execute(statement).mappings()]


def rated_matches(engine: Engine, game: str | None = None) -> list[MatchSummary]:
    """All finished matches that count for the ladder, in the order in which they ended."""
    statement = _filtered(MatchQuery(game=game, status="over")).where(col(MatchTable.rated))
    with engine.connect() as connection:
        rows = connection.execute(statement.order_by(col(MatchTable.ended_at), col(MatchTable.id))).mappings()
        return [_summary(row) for row in rows]


def rated_matches_mark(engine: Engine, game: str | None = None) -> tuple[int, float]:
    """Differs from an earlier one where ``rated_matches`` would: how many there are, and when the last one ended."""
    matches = _filtered(MatchQuery(game=game, status="over")).where(col(MatchTable.rated)).subquery()
    with engine.connect() as connection:
        count, last = connection.execute(select(func.count(), func.max(matches.c.ended_at)).select_from(matches)).one()
    return count, last or 0.0


def load_match(engine: Engine, match_id: str) -> StoredMatch:
    """The match of this id, or the only one whose id begins so.

    Raises:
        UnknownName: there is none, or there are several.
    """
    matches = table_of(MatchTable).c
    with engine.connect() as connection:
        found = connection.execute(_matches().where(matches.id == match_id)).mappings().all()
        if not found and match_id:
            statement = _matches().where(matches.id.startswith(match_id, autoescape=True)).limit(2)
            found = connection.execute(statement).mappings().all()
        if not found:
            raise UnknownName(f"There is no match {match_id!r} in this database. See them with: arena matches")
        if len(found) > 1:
            raise UnknownName(f"Several matches begin with {match_id!r}; give more of the id.")
        return _loaded(connection, found)[0]


def iter_matches(engine: Engine, query: MatchQuery | None = None) -> Iterator[StoredMatch]:
    """Finished matches in the order in which they ended, a page in memory at a time.

    Between pages no transaction is held, so a trainer may take as long as it likes.
    """
    query = query or MatchQuery(status="over")
    ended, match_id = col(MatchTable.ended_at), col(MatchTable.id)
    after = query.after
    while True:
        statement = _filtered(query).where(ended.is_not(None)).order_by(ended, match_id).limit(_PAGE)
        if after is not None:
            statement = statement.where(tuple_(ended, match_id) > tuple_(*after))
        with engine.connect() as connection:
            page = _loaded(connection, connection.execute(statement).mappings().all())
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].summary
        assert last.ended_at is not None
        after = (last.ended_at, last.id)


def broken_links(engine: Engine, match_id: str) -> list[int]:
    """The numbers of the events of a match that do not fit the chain of hashes: damaged, altered or out of order."""
    events = table_of(EventTable)
    with engine.connect() as connection:
        rows = connection.execute(select(events).where(events.c.match_id == match_id).order_by(events.c.seq))
        return links_broken(match_id, rows.mappings())


def links_broken(match_id: str, rows: Iterable[RowMapping]) -> list[int]:
    """The same for rows of ``events`` that were read already, in their order."""
    broken: list[int] = []
    previous = FIRST_HASH
    for expected, row in enumerate(rows):
        hashed = chained(previous, match_id, row["seq"], row["at"], row["kind"], row["data"], row["audience"])
        if row["seq"] != expected or hashed != row["hash"]:
            broken.append(row["seq"])
        previous = row["hash"]
    return broken


def _matches() -> Select[Any]:
    return select(table_of(MatchTable))


def _filtered(query: MatchQuery) -> Select[Any]:
    statement = _matches()
    if query.game is not None:
        statement = statement.where(col(MatchTable.game) == query.game)
    if query.purposes is not None:
        statement = statement.where(col(MatchTable.purpose).in_(query.purposes))
    if query.status is not None:
        statement = statement.where(col(MatchTable.status) == query.status)
    if query.policy_version is not None:
        by_version = select(col(DecisionTable.match_id)).where(
            col(DecisionTable.policy_version) == query.policy_version
        )
        statement = statement.where(col(MatchTable.id).in_(by_version))
    return statement


def _loaded(connection: Connection, found: Sequence[RowMapping]) -> list[StoredMatch]:
    ids = [row["id"] for row in found]
    seats = _by_match(connection, SeatTable, ids, "seat")
    events = _by_match(connection, EventTable, ids, "seq")
    decisions = _by_match(connection, DecisionTable, ids, "n")
    trunks = _by_match(connection, TrunkTable, ids, "tokenizer")
    return [
        StoredMatch(
            summary=_summary(row),
            seed=row["seed"],
            seats=tuple(StoredSeat(s["seat"], s["person"], s["train"]) for s in seats[row["id"]]),
            events=tuple(map(event_of, events[row["id"]])),
            decisions=tuple(map(decision_of, decisions[row["id"]])),
            trunks=tuple(map(trunk_of, trunks[row["id"]])),
        )
        for row in found
    ]


def _by_match(
    connection: Connection, model: type[SQLModel], ids: Sequence[str], order: str
) -> dict[str, list[RowMapping]]:
    table = table_of(model)
    out: dict[str, list[RowMapping]] = {i: [] for i in ids}
    statement = select(table).where(table.c.match_id.in_(ids)).order_by(table.c.match_id, table.c[order])
    for row in connection.execute(statement).mappings():
        out[row["match_id"]].append(row)
    return out


def _summary(row: RowMapping) -> MatchSummary:
    outcome = None
    if row["status"] == "over":
        outcome = Outcome(row["winner"], row["reason"], tuple(row["sides"]), tuple(row["returns"]))
    return MatchSummary(
        id=row["id"],
        game=row["game"],
        options=row["options"],
        purpose=row["purpose"],
        rated=row["rated"],
        status=row["status"],
        minds=tuple(row["minds"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        outcome=outcome,
    )
