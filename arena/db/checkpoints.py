"""The registry of checkpoints: which there are, and which one is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select, update

from arena.db.engine import WRITES
from arena.db.tables import CheckpointTable, table_of
from arena.errors import UnknownName

_T = table_of(CheckpointTable)


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """``games`` counts the games that training has consumed up to here; ``path`` is its folder."""

    id: str
    path: str
    tokenizer: str
    prompt_version: str
    parent: str | None = None
    run: str | None = None
    games: int = 0
    created_at: float = 0.0
    live: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)


def register_checkpoint(engine: Engine, checkpoint: StoredCheckpoint) -> None:
    """Add a checkpoint, or renew what is known of the one with this id; where it is ``live``, no other stays so."""
    row = {name: getattr(checkpoint, name) for name in _T.c.keys()}  # noqa: SIM118  (a collection, not a dict)
    row["meta"] = dict(checkpoint.meta)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if checkpoint.live:
            connection.execute(update(_T).values(live=False))
        if connection.execute(update(_T).where(_T.c.id == checkpoint.id).values(row)).rowcount == 0:
            connection.execute(insert(_T).values(row))


def list_checkpoints(engine: Engine, run: str | None = None) -> list[StoredCheckpoint]:
    """Newest first."""
    statement = select(_T).order_by(_T.c.created_at.desc(), _T.c.id)
    if run is not None:
        statement = statement.where(_T.c.run == run)
    with engine.connect() as connection:
        return [_checkpoint(row) for row in connection.execute(statement).mappings()]


def live_checkpoint(engine: Engine) -> StoredCheckpoint | None:
    """The one that open rooms follow."""
    with engine.connect() as connection:
        row = connection.execute(select(_T).where(_T.c.live)).mappings().first()
    return None if row is None else _checkpoint(row)


def set_live(engine: Engine, checkpoint_id: str) -> StoredCheckpoint:
    """Make this one live and no other.

    Raises:
        UnknownName: there is none with exactly this id.
    """
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        row = connection.execute(select(_T).where(_T.c.id == checkpoint_id)).mappings().first()
        if row is None:
            raise UnknownName(f"There is no checkpoint {checkpoint_id!r}.")
        connection.execute(update(_T).values(live=_T.c.id == checkpoint_id))
    return _checkpoint({**row, "live": True})


def find_checkpoint(engine: Engine, name: str) -> StoredCheckpoint:
    """The checkpoint with this id, the only one whose id begins so, or the live one for ``live``.

    Raises:
        UnknownName: none fits, or several do.
    """
    if name == "live" and (live := live_checkpoint(engine)) is not None:
        return live
    known = list_checkpoints(engine)
    found = [c for c in known if c.id == name] or [c for c in known if name and c.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(f"{name!r} fits several checkpoints: {', '.join(c.id for c in found)}. Give more of the id.")
    have = ", ".join(c.id for c in known) or "none yet"
    raise UnknownName(f"There is no checkpoint {name!r}. There is: {have}.")


def _checkpoint(row: RowMapping | Mapping[str, Any]) -> StoredCheckpoint:
    return StoredCheckpoint(**{name: row[name] for name in _T.c.keys()})  # noqa: SIM118
