"""The checkpoints of a running server, as its training screen knows them: those of its runs, and what is live."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena.errors import UnknownName, UserError

if TYPE_CHECKING:
    from arena.client.reconnecting import ReconnectingArena
    from arena.protocol.server_messages import RunsListed
    from arena.protocol.training_rows import CheckpointRow

MOST_RUNS = 16
"""The newest runs: a server answers so many questions at once."""


async def checkpoints_there(
    arena: ReconnectingArena, promote: str | None, *, roll_back: bool
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of ``arena checkpoints``, and the id of the one that was made live before they were read.

    Args:
        promote: make this one live, by its id or the beginning of it.
        roll_back: make live again what was live before.

    Raises:
        UnknownName: no checkpoint begins so, or several do.
        UserError: nothing was live before.
        RequestRefused: the server does not show its training, or does not obey.
    """
    told = await arena.runs()
    chosen: str | None = None
    if roll_back:
        chosen = told.before
        if chosen is None:
            raise UserError("Nothing was live before on this server. Choose one with: --promote ID")
    elif promote is not None:
        known = [*(c["id"] for c in await _rows(arena, told)), told.live, told.before]
        chosen = _one(dict.fromkeys(filter(None, known)), promote)
    if chosen is not None:
        await arena.promote(chosen)
        told = await arena.runs()
    return await _rows(arena, told), chosen


def _one(known: dict[str, None], wanted: str) -> str:
    """The checkpoint of this id, or the only one whose id begins so. One that is not told of may still be there."""
    if wanted in known:
        return wanted
    begun = [c for c in known if wanted and c.startswith(wanted)]
    if len(begun) > 1:
        raise UnknownName(f"Several checkpoints begin with {wanted!r}; give more of the id.")
    return begun[0] if begun else wanted


async def _rows(arena: ReconnectingArena, told: RunsListed) -> list[dict[str, Any]]:
    from tui.boards import clean_runs

    runs, now = told.runs[:MOST_RUNS], time.time()
    rows: dict[str, dict[str, Any]] = {}
    for n, info in enumerate(runs):
        more = clean_runs(told if not n and _shows(told, info.run) else await arena.runs(info.run)).shown
        if more is not None and more.run == info.run:
            rows |= {row["id"]: row for row in _rows_of(more.run, more.checkpoints, now)}
    if told.live is not None and told.live not in rows:
        rows[told.live] = _row(told.live, labels=["live"])
    return list(rows.values())


def _shows(told: RunsListed, run: str) -> bool:
    return told.shown is not None and told.shown.run == run


def _rows_of(run: str, checkpoints: Sequence[CheckpointRow], now_s: float) -> list[dict[str, Any]]:
    return [
        _row(
            c.checkpoint,
            parent=c.parent,
            games=c.trained,
            labels=c.labels,
            run=run,
            created_at=None if c.age_s is None else now_s - c.age_s,
        )
        for c in checkpoints
    ]


def _row(
    checkpoint: str,
    *,
    labels: Sequence[str],
    parent: str | None = None,
    games: int | None = None,
    run: str | None = None,
    created_at: float | None = None,
) -> dict[str, Any]:
    """As ``arena.cli.checkpoints.as_dict``; a server names no folder."""
    return {
        "id": checkpoint,
        "parent": parent,
        "games": games,
        "path": None,
        "live": "live" in labels,
        "labels": list(labels),
        "run": run,
        "created_at": created_at,
    }
