"""Matches as files: one line of JSON a match, or Parquet, with all that a trainer needs and nobody's name.

A file holds matches that are over, in which everybody who held a seat agreed to training. People's handles stay in the
database. ``options``, ``data`` and ``audience`` are JSON in text, for their shape differs from row to row; all else is
columns, so that ``datasets.load_dataset`` reads either form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from arena.db.repo import MatchSummary, StoredMatch, StoredSeat
from arena.decision import Decision, TrunkRecord
from arena.errors import UserError
from arena.games.core import Audience, Event, Outcome

if TYPE_CHECKING:
    import pyarrow

FORMS: Final = (".jsonl", ".parquet")
PERSON: Final = "person"
"""Whom an exported seat belongs to, where a person held it."""
_BATCH: Final = 64


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Seat(_Strict):
    seat: int
    by_person: bool


class _Event(_Strict):
    kind: str
    data: str
    audience: str


class ExportedMatch(_Strict):
    """One row of a file. Fields are those of ``StoredMatch``, ``Event``, ``Decision`` and ``TrunkRecord``; times are in
    seconds since the Unix epoch."""

    version: Literal[1] = 1
    match_id: str
    game: str
    options: str
    seed: str
    purpose: str
    rated: bool
    minds: list[str]
    started_at: float
    ended_at: float
    winner: str
    reason: str
    sides: list[str]
    returns: list[float]
    seats: list[_Seat]
    events: list[_Event]
    decisions: list[Decision]
    trunks: list[TrunkRecord]

    @classmethod
    def of(cls, match: StoredMatch) -> ExportedMatch:
        summary, outcome = match.summary, match.outcome
        assert outcome is not None, "only what is over is exported"
        assert summary.ended_at is not None, "what is over has ended"
        return cls(
            match_id=match.id,
            game=summary.game,
            options=_text(dict(summary.options)),
            seed=match.seed,
            purpose=summary.purpose,
            rated=summary.rated,
            minds=list(summary.minds),
            started_at=summary.started_at,
            ended_at=summary.ended_at,
            winner=outcome.winner,
            reason=outcome.reason,
            sides=list(outcome.sides),
            returns=list(outcome.returns),
            seats=[_Seat(seat=s.seat, by_person=s.person is not None) for s in match.seats],
            events=[
                _Event(kind=e.kind, data=_text(dict(e.data)), audience=_text(e.audience.to_json()))
                for e in match.events
            ],
            decisions=list(match.decisions),
            trunks=list(match.trunks),
        )

    def stored(self) -> StoredMatch:
        """The match as the database had it, but for people's handles and secrets."""
        outcome = Outcome(self.winner, self.reason, tuple(self.sides), tuple(self.returns))
        return StoredMatch(
            summary=MatchSummary(
                id=self.match_id,
                game=self.game,
                options=json.loads(self.options),
                purpose=self.purpose,
                rated=self.rated,
                status="over",
                minds=tuple(self.minds),
                started_at=self.started_at,
                ended_at=self.ended_at,
                reason=self.reason,
                outcome=outcome,
            ),
            seed=self.seed,
            seats=tuple(StoredSeat(s.seat, PERSON if s.by_person else None, s.by_person) for s in self.seats),
            events=tuple(
                Event(e.kind, json.loads(e.data), Audience.from_json(json.loads(e.audience))) for e in self.events
            ),
            decisions=tuple(self.decisions),
            trunks=tuple(self.trunks),
        )


def write_matches(path: Path, matches: Iterable[StoredMatch]) -> int:
    """Write a file, whole or not at all, and return how many matches it holds. Those without everybody's agreement are
    the caller's to leave out.

    Raises:
        UserError: the file's name ends otherwise than in ``.jsonl`` or ``.parquet``, or it cannot be written.
    """
    form = _form(path)
    draft = path.with_name(f".{path.name}.part")
    try:
        written = (_write_parquet if form == ".parquet" else _write_lines)(draft, matches)
        draft.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return written


def read_matches(path: Path) -> Iterator[StoredMatch]:
    """The matches of a file, one in memory at a time (a group of them from Parquet).

    Raises:
        UserError: it is no such file; the message names the match at which it went wrong.
    """
    form = _form(path)
    at = 0
    try:
        for row in _parquet_rows(path) if form == ".parquet" else _lines(path):
            yield row.stored()
            at += 1
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        raise UserError(f"{path} is no export of this version: match {at + 1}, {where}: {first['msg']}.") from error
    except ValueError as error:  # JSON in a text, or what pyarrow makes of a file
        raise UserError(f"{path} is no export: match {at + 1}: {error}.") from error


def _form(path: Path) -> str:
    if path.suffix not in FORMS:
        raise UserError(f"{path.name}: an export ends in {' or '.join(FORMS)}.")
    return path.suffix


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# -- JSON lines ------------------------------------------------------------------------------------------------------


def _write_lines(path: Path, matches: Iterable[StoredMatch]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for match in matches:
            file.write(ExportedMatch.of(match).model_dump_json() + "\n")
            written += 1
    return written


def _lines(path: Path) -> Iterator[ExportedMatch]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield ExportedMatch.model_validate_json(line)


# -- Parquet ---------------------------------------------------------------------------------------------------------


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    text, whole, real, truth = pa.string(), pa.int64(), pa.float64(), pa.bool_()

    def struct(**fields: pa.DataType) -> pa.DataType:
        return pa.struct(list(fields.items()))

    thought = struct(branch=pa.list_(whole), sampled=pa.list_(whole), logprobs=pa.list_(real))
    tokens = struct(
        policy_version=text, tokenizer=text, prompt_version=text, trunk_length=whole, branch=pa.list_(whole),
        sampled=pa.list_(whole), logprobs=pa.list_(real), options=pa.list_(pa.list_(whole)),
        choice_probs=pa.list_(real), temperature=real, epoch=whole, trunk_limit=whole, thought=thought, trainable=truth,
    )  # fmt: skip
    decision = struct(
        seat=whole, turn_id=text, turn_kind=text, kind=text, mind=text,
        act=struct(text=text, choice=text, thought=text), latency_s=real, fallback=text, tokens=tokens,
    )  # fmt: skip
    trunk = struct(
        tokenizer=text, prompt_version=text, tokens=pa.list_(whole), starts=pa.list_(whole), trunk_limit=whole
    )
    match = struct(
        version=whole, match_id=text, game=text, options=text, seed=text, purpose=text, rated=truth,
        minds=pa.list_(text), started_at=real, ended_at=real, winner=text, reason=text, sides=pa.list_(text),
        returns=pa.list_(real), seats=pa.list_(struct(seat=whole, by_person=truth)),
        events=pa.list_(struct(kind=text, data=text, audience=text)), decisions=pa.list_(decision),
        trunks=pa.list_(trunk),
    )  # fmt: skip
    return pa.schema(match)


def _write_parquet(path: Path, matches: Iterable[StoredMatch]) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    schema, written = _schema(), 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for group in _grouped(matches):
            rows = [ExportedMatch.of(match).model_dump(mode="json") for match in group]
            file.write_table(pa.Table.from_pylist(rows, schema=schema))
            written += len(group)
    return written


def _parquet_rows(path: Path) -> Iterator[ExportedMatch]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH):
            for row in batch.to_pylist():
                yield ExportedMatch.model_validate(row)


def _grouped(matches: Iterable[StoredMatch]) -> Iterator[list[StoredMatch]]:
    group: list[StoredMatch] = []
    for match in matches:
        group.append(match)
        if len(group) == _BATCH:
            yield group
            group = []
    if group:
        yield group
