"""The journal's rows as table rows, both ways. What cannot be stored everywhere is refused here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import RowMapping
from sqlmodel import SQLModel

from arena.db.arrays import pack_floats, pack_tokens, unpack_floats, unpack_tokens
from arena.db.tables import DecisionTable, EventTable, HandoverTable, MatchTable, SeatTable, TrunkTable
from arena.decision import Decision, MindKind, ThoughtRecord, TokenRecord, TrunkRecord
from arena.errors import StorageError
from arena.games.core import Act, Audience, Event
from arena.journal import (
    Batch,
    DecisionLogged,
    EventLogged,
    HandedOver,
    LogRow,
    MatchAbandoned,
    MatchEnded,
    MatchRated,
    MatchStarted,
    RoomGone,
    RoomWaiting,
    SeatFilled,
    TrunkLogged,
    WaitingSeat,
)

Row = dict[str, Any]
FIRST_HASH = ""
"""What the first event of a match is chained to."""

INSERT_ORDER: tuple[type[SQLModel], ...] = (
    MatchTable,
    SeatTable,
    HandoverTable,
    EventTable,
    DecisionTable,
    TrunkTable,
)
"""Parents before children."""


@dataclass(slots=True)
class Head:
    """The end of one match's chain: the number the next event must have, and the last hash."""

    next_seq: int = 0
    hash: str = FIRST_HASH


@dataclass(slots=True)
class Encoded:
    """One batch as rows by table, and the updates of matches that follow the inserts.

    ``waiting`` holds, by id, each room whose waiting it changes: as it waits from then on, or None where it waits no
    longer.
    """

    inserts: dict[type[SQLModel], list[Row]] = field(default_factory=lambda: {t: [] for t in INSERT_ORDER})
    updates: list[Row] = field(default_factory=list)
    waiting: dict[str, Row | None] = field(default_factory=dict)
    rated: dict[tuple[str, int], Row] = field(default_factory=dict)
    """What people think of matches, by match and seat."""


def encode(batch: Batch, heads: dict[str, Head]) -> Encoded:
    """``batch`` as rows, its events chained on; ``heads`` holds the chains of all its matches and is moved on.

    Raises:
        StorageError: a text that no database stores, or an event out of order.
    """
    out = Encoded()
    for row in batch:
        _encode(row, heads, out)
    waiting = [row for row in out.waiting.values() if row is not None]
    for rows in (*out.inserts.values(), out.updates, waiting, out.rated.values()):
        for encoded in rows:
            _refuse_unstorable(encoded)
    return out


def _encode(row: LogRow, heads: dict[str, Head], out: Encoded) -> None:
    match row:
        case MatchStarted():
            if row.purpose == "room":
                out.waiting[row.match_id] = None
            out.inserts[MatchTable].append(
                {
                    "id": row.match_id,
                    "game": row.game,
                    "options": dict(row.options),
                    "seed": row.seed,
                    "purpose": row.purpose,
                    "rated": row.rated,
                    "status": "playing",
                    "minds": list(row.minds),
                    "started_at": row.at,
                    "terms": None if row.terms is None else dict(row.terms),
                }
            )
        case SeatFilled():
            out.inserts[SeatTable].append(asdict(row))
        case HandedOver():
            out.inserts[HandoverTable].append(asdict(row))
        case EventLogged():
            head = heads[row.match_id]
            if row.seq != head.next_seq:
                raise StorageError(f"event {row.seq} of {row.match_id} does not follow event {head.next_seq - 1}")
            encoded = _event_row(row, head.hash)
            head.next_seq, head.hash = row.seq + 1, encoded["hash"]
            out.inserts[EventTable].append(encoded)
        case DecisionLogged():
            out.inserts[DecisionTable].append(_decision_row(row))
        case TrunkLogged():
            out.inserts[TrunkTable].append(
                {
                    "match_id": row.match_id,
                    "tokenizer": row.trunk.tokenizer,
                    "prompt_version": row.trunk.prompt_version,
                    "tokens": pack_tokens(row.trunk.tokens),
                    "starts": pack_tokens(row.trunk.starts) if len(row.trunk.starts) > 1 else None,
                    "trunk_limit": row.trunk.trunk_limit,
                }
            )
        case MatchEnded():
            out.updates.append(
                {
                    "match": row.match_id,
                    "status": "over",
                    "ended_at": row.at,
                    "winner": row.outcome.winner,
                    "reason": row.outcome.reason,
                    "sides": list(row.outcome.sides),
                    "returns": list(row.outcome.returns),
                }
            )
        case MatchAbandoned():
            out.waiting[row.match_id] = None
            out.updates.append(
                {
                    "match": row.match_id,
                    "status": "abandoned",
                    "ended_at": row.at,
                    "winner": None,
                    "reason": row.reason,
                    "sides": None,
                    "returns": None,
                }
            )
        case RoomWaiting():
            out.waiting[row.match_id] = _waiting_row(row)
        case RoomGone():
            out.waiting[row.match_id] = None
        case MatchRated():
            out.rated[row.match_id, row.seat] = asdict(row)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """JSON in one spelling: sorted keys, no spaces, no NaN."""
    return _CANONICAL.encode(value)


def chained(previous: str, match_id: str, seq: int, at: float, kind: str, data: str, audience: str) -> str:
    """The hash of one event: sha256 over the hash before it and everything that its row says."""
    payload = canonical([match_id, seq, at, kind, data, audience])
    return hashlib.sha256(f"{previous}\n{payload}".encode()).hexdigest()


def _event_row(row: EventLogged, previous: str) -> Row:
    data, audience = canonical(dict(row.event.data)), canonical(row.event.audience.to_json())
    return {
        "match_id": row.match_id,
        "seq": row.seq,
        "at": row.at,
        "kind": row.event.kind,
        "data": data,
        "audience": audience,
        "hash": chained(previous, row.match_id, row.seq, row.at, row.event.kind, data, audience),
    }


def _decision_row(row: DecisionLogged) -> Row:
    d, t = row.decision, row.decision.tokens
    thought = t and t.thought
    return {
        "match_id": row.match_id,
        "n": row.n,
        "at": row.at,
        "seat": d.seat,
        "turn_id": d.turn_id,
        "turn_kind": d.turn_kind,
        "kind": str(d.kind),
        "mind": d.mind,
        "text": d.act.text,
        "choice": d.act.choice,
        "thought": d.act.thought,
        "latency_s": d.latency_s,
        "fallback": d.fallback,
        "act_id": row.act_id,
        "policy_version": t and t.policy_version,
        "tokenizer": t and t.tokenizer,
        "prompt_version": t and t.prompt_version,
        "trunk_length": t and t.trunk_length,
        "branch": t and pack_tokens(t.branch),
        "sampled": t and pack_tokens(t.sampled),
        "logprobs": t and pack_floats(t.logprobs),
        "options": t and canonical([list(o) for o in t.options]),
        "choice_probs": t and pack_floats(t.choice_probs),
        "temperature": t and t.temperature,
        "epoch": t and t.epoch,
        "trunk_limit": t and t.trunk_limit,
        "trainable": t and t.trainable,
        "thought_branch": thought and pack_tokens(thought.branch),
        "thought_sampled": thought and pack_tokens(thought.sampled),
        "thought_logprobs": thought and pack_floats(thought.logprobs),
    }


def _waiting_row(row: RoomWaiting) -> Row:
    return {
        "id": row.match_id,
        "game": row.game,
        "options": dict(row.options),
        "seed": row.seed,
        "fills": list(row.fills),
        "terms": dict(row.terms),
        "maker_seat": row.maker_seat,
        "seats": [asdict(seat) for seat in row.seats],
        "opened_at": row.opened_at,
    }


def waiting_of(row: RowMapping | Mapping[str, Any]) -> RoomWaiting:
    return RoomWaiting(
        match_id=row["id"],
        game=row["game"],
        options=row["options"],
        seed=row["seed"],
        fills=tuple(row["fills"]),
        terms=row["terms"],
        maker_seat=row["maker_seat"],
        seats=tuple(WaitingSeat(**seat) for seat in row["seats"]),
        opened_at=row["opened_at"],
    )


def _refuse_unstorable(row: Row) -> None:
    """PostgreSQL takes no NUL in text and no driver takes a lone surrogate: refuse both on every database alike."""
    for name, value in row.items():
        if isinstance(value, str):
            if "\x00" in value:
                raise StorageError(f"{name} holds a NUL character, which databases do not store")
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise StorageError(f"{name} holds a lone surrogate, which databases do not store") from error


def event_of(row: RowMapping | Mapping[str, Any]) -> Event:
    return Event(row["kind"], json.loads(row["data"]), Audience.from_json(json.loads(row["audience"])))


def decision_of(row: RowMapping | Mapping[str, Any]) -> Decision:
    tokens = None
    if row["policy_version"] is not None:
        tokens = TokenRecord(
            policy_version=row["policy_version"],
            tokenizer=row["tokenizer"],
            prompt_version=row["prompt_version"],
            trunk_length=row["trunk_length"],
            branch=unpack_tokens(row["branch"]),
            sampled=unpack_tokens(row["sampled"]),
            logprobs=unpack_floats(row["logprobs"]),
            options=tuple(tuple(o) for o in json.loads(row["options"])),
            choice_probs=unpack_floats(row["choice_probs"]),
            temperature=row["temperature"],
            epoch=row["epoch"] or 0,
            trunk_limit=row["trunk_limit"],
            thought=_thought_of(row),
            trainable=row["trainable"] is not False,
        )
    return Decision(
        seat=row["seat"],
        turn_id=row["turn_id"],
        turn_kind=row["turn_kind"],
        kind=MindKind(row["kind"]),
        mind=row["mind"],
        act=Act(row["text"], row["choice"], row["thought"]),
        latency_s=row["latency_s"],
        fallback=row["fallback"],
        tokens=tokens,
    )


def _thought_of(row: RowMapping | Mapping[str, Any]) -> ThoughtRecord | None:
    if row["thought_branch"] is None:
        return None
    return ThoughtRecord(
        branch=unpack_tokens(row["thought_branch"]),
        sampled=unpack_tokens(row["thought_sampled"]),
        logprobs=unpack_floats(row["thought_logprobs"]),
    )


def trunk_of(row: RowMapping | Mapping[str, Any]) -> TrunkRecord:
    return TrunkRecord(
        tokenizer=row["tokenizer"],
        prompt_version=row["prompt_version"],
        tokens=unpack_tokens(row["tokens"]),
        starts=(0,) if row["starts"] is None else unpack_tokens(row["starts"]),
        trunk_limit=row["trunk_limit"],
    )
