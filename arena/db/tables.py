"""The tables. A change here needs a migration beside it; a test holds the two equal.

``events`` is the log: append-only, and everything else about a match can be rebuilt from it but the decisions,
which are the training data. Blobs are token arrays (see ``arena.db.arrays``).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, LargeBinary, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _json(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=nullable), nullable=nullable))


def _text(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Text, nullable=nullable))


def _blob(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def _of_match() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["match_id"], ["matches.id"])


class MatchTable(SQLModel, table=True):
    """``status`` is ``playing``, ``over`` or ``abandoned``; times are in seconds since the Unix epoch.

    ``terms`` is null for matches that no server hosts: nobody goes on with those after a crash.
    """

    __tablename__ = "matches"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index("ix_matches_ended", "status", "ended_at", "id"),
        Index("ix_matches_past", "purpose", "status", "ended_at", "id"),
        Index("ix_matches_started", "started_at"),
    )

    id: str = Field(primary_key=True, max_length=64)
    game: str
    options: dict[str, Any] = _json()
    seed: str
    purpose: str
    rated: bool
    status: str
    minds: list[str] = _json()
    started_at: float
    ended_at: float | None
    winner: str | None
    reason: str | None
    sides: list[str] | None = _json(nullable=True)
    returns: list[float] | None = _json(nullable=True)
    terms: dict[str, Any] | None = _json(nullable=True)


class SeatTable(SQLModel, table=True):
    __tablename__ = "seats"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    seat: int = Field(primary_key=True)
    person: str | None
    train: bool
    fill: str | None
    """Null in matches logged before fillings were."""
    token_hash: str | None


class HandoverTable(SQLModel, table=True):
    """Who played a seat from when on; see ``arena.journal.HandedOver``."""

    __tablename__ = "handovers"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: float
    seat: int
    person: str | None
    mind: str
    reason: str


class EventTable(SQLModel, table=True):
    """``data`` and ``audience`` are canonical JSON; ``hash`` chains each event of a match to the one before it."""

    __tablename__ = "events"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: float
    kind: str
    data: str = _text()
    audience: str = _text()
    hash: str


class DecisionTable(SQLModel, table=True):
    """The token columns are null where no tokens were recorded. ``options`` is a JSON list of token lists."""

    __tablename__ = "decisions"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(), UniqueConstraint("match_id", "seat", "act_id", name="uq_decisions_act"))

    match_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: float
    seat: int
    turn_id: str
    turn_kind: str
    kind: str
    mind: str
    text: str = _text()
    choice: str | None
    thought: str | None = _text(nullable=True)
    latency_s: float
    fallback: str | None
    act_id: str | None
    policy_version: str | None = Field(default=None, index=True)
    tokenizer: str | None
    prompt_version: str | None
    trunk_length: int | None
    branch: bytes | None = _blob()
    sampled: bytes | None = _blob()
    logprobs: bytes | None = _blob()
    options: str | None = _text(nullable=True)
    choice_probs: bytes | None = _blob()
    temperature: float | None
    epoch: int | None
    """Null, as what follows, in decisions that were logged before it was."""
    trunk_limit: int | None
    trainable: bool | None
    thought_branch: bytes | None = _blob()
    thought_sampled: bytes | None = _blob()
    thought_logprobs: bytes | None = _blob()


class TrunkTable(SQLModel, table=True):
    __tablename__ = "trunks"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    tokenizer: str = Field(primary_key=True)
    prompt_version: str = Field(primary_key=True)
    tokens: bytes = _blob(nullable=False)
    starts: bytes | None = _blob()
    """Where each epoch begins in ``tokens``; null where there is one."""
    trunk_limit: int | None


class WaitingRoomTable(SQLModel, table=True):
    """The rooms whose match has not begun; see ``arena.journal.RoomWaiting``. ``seats`` is a list of its seats."""

    __tablename__ = "waiting_rooms"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True, max_length=64)
    game: str
    options: dict[str, Any] = _json()
    seed: str
    fills: list[str] = _json()
    terms: dict[str, Any] = _json()
    maker_seat: int | None
    seats: list[dict[str, Any]] = _json()
    opened_at: float


class CheckpointTable(SQLModel, table=True):
    """At most one row is ``live``: the one that open rooms follow."""

    __tablename__ = "checkpoints"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True, max_length=80)
    parent: str | None
    run: str | None
    path: str
    games: int
    created_at: float
    live: bool
    tokenizer: str
    prompt_version: str
    meta: dict[str, Any] = _json()


class JudgementTable(SQLModel, table=True):
    """One dimension of what a judge made of a seat. Without a ``score``, ``failure`` (``code: sentence``) says why."""

    __tablename__ = "judgement"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    judge: str = Field(primary_key=True)
    prompt_version: str = Field(primary_key=True)
    seat: int = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    score: int | None
    reasoning: str = _text()
    failure: str | None = _text(nullable=True)
    created_at: float


class MatchRatingTable(SQLModel, table=True):
    """How good the people of a match found it; see ``arena.journal.MatchRated``."""

    __tablename__ = "ratings_of_matches"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (_of_match(),)

    match_id: str = Field(primary_key=True)
    seat: int = Field(primary_key=True)
    stars: int
    at: float


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a model, for statements that bypass the ORM."""
    return model.__table__  # pyright: ignore[reportAttributeAccessIssue]
