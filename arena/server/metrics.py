"""What ``/metrics`` shows: sums over the whole server. No names, no texts, no ids of rooms, nothing about one seat."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from arena.db.writer import LogWriter
from arena.server.connection import Connection
from arena.server.counts import LATENCY_BUCKETS_S, Counts
from arena.server.exposition import Family, exposed, histogram
from arena.server.lobby import Lobby

_LAG_EVERY_S: Final = 0.25
_LAG_WINDOW: Final = 120


@dataclass(frozen=True, slots=True)
class Reloads:
    """How often the weights were exchanged since the start, and how often a checkpoint was refused."""

    done: int = 0
    refused: int = 0


class LoopLag:
    """How late the event loop wakes: the worst of the last half minute, in seconds."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0], maxlen=_LAG_WINDOW)

    @property
    def worst_s(self) -> float:
        return max(self._late)

    async def watch(self) -> None:
        """Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_EVERY_S
            await asyncio.sleep(_LAG_EVERY_S)
            self._late.append(max(0.0, loop.time() - due))


def page(
    lobby: Lobby,
    connections: Collection[Connection],
    writer: LogWriter,
    counts: Counts,
    lag: LoopLag,
    live_checkpoint: str | None,
    reloads: Reloads,
    chat_answers: Mapping[str, int],
) -> str:
    """The whole page as text.

    Args:
        chat_answers: turns of chat models by what became of them, of matches that are over.
    """
    return exposed(_families(lobby, connections, writer, counts, lag, live_checkpoint, reloads, chat_answers))


def _families(
    lobby: Lobby,
    connections: Collection[Connection],
    writer: LogWriter,
    counts: Counts,
    lag: LoopLag,
    live_checkpoint: str | None,
    reloads: Reloads,
    chat_answers: Mapping[str, int],
) -> Iterable[Family]:
    infos = [(room.purpose, lobby.info(room)) for room in lobby.rooms.values()]
    rooms = Counter((info.status, purpose) for purpose, info in infos)
    seats = Counter(seat.mind for _, info in infos for seat in info.seats)
    yield Family(
        "arena_rooms",
        "gauge",
        "Rooms, by status and purpose.",
        [({"status": status, "purpose": purpose}, n) for (status, purpose), n in sorted(rooms.items())],
    )
    yield Family("arena_seats", "gauge", "Seats in all rooms, by what plays them.", _by("kind", seats))
    yield _one("arena_connections", "gauge", "Open connections of people and programs.", len(connections))
    yield histogram(
        "arena_decision_latency_seconds",
        "Time from a turn to its answer, in matches that are over, by kind of mind.",
        LATENCY_BUCKETS_S,
        {kind: (found.buckets, found.total_s) for kind, found in sorted(counts.latencies.items())},
    )
    yield Family(
        "arena_fallback_decisions_total",
        "counter",
        "Turns of matches that are over which ended in a default act, by reason.",
        _by("reason", counts.fallbacks),
    )
    yield Family(
        "arena_chat_answers_total",
        "counter",
        "Turns of chat models in matches that are over, by what became of them.",
        _by("outcome", Counter(chat_answers)),
    )
    yield Family(
        "arena_model_answers_total",
        "counter",
        "Answers of models in matches that are over: clean, forgiven, asked again once, or a default act.",
        _by("quality", counts.answers),
    )
    yield _one("arena_dropped_decisions_total", "counter", "Answers of minds that came too late.", counts.dropped)
    yield _one("arena_matches_finished_total", "counter", "Matches played to their end.", counts.games_finished)
    yield _one("arena_matches_given_up_total", "counter", "Matches not played to their end.", counts.games_given_up)
    yield Family("arena_refused_total", "counter", "Refused messages, by code.", _by("code", counts.refusals))
    yield Family(
        "arena_closed_total", "counter", "Connections that the server closed, by reason.", _by("reason", counts.closes)
    )
    outgoing = [connection.outgoing_bytes for connection in connections]
    yield _one("arena_outgoing_bytes", "gauge", "Bytes waiting for clients to read them.", sum(outgoing))
    yield _one("arena_outgoing_bytes_max", "gauge", "The most that waits for one client.", max(outgoing, default=0))
    yield _one("arena_writer_queue_rows", "gauge", "Rows waiting to be stored.", writer.queued_rows)
    yield _one("arena_event_loop_lag_seconds", "gauge", "Worst delay of the event loop in half a minute.", lag.worst_s)
    yield _one("arena_reloads_total", "counter", "Exchanges of the model's weights.", reloads.done)
    yield _one("arena_reloads_refused_total", "counter", "Checkpoints that were refused.", reloads.refused)
    yield Family(
        "arena_live_checkpoint_info",
        "gauge",
        "The checkpoint that plays now.",
        [] if live_checkpoint is None else [({"checkpoint": live_checkpoint}, 1)],
    )


def _one(name: str, kind: str, text: str, value: float) -> Family:
    return Family(name, "counter" if kind == "counter" else "gauge", text, [({}, value)])


def _by(label: str, counted: Counter[str]) -> list[tuple[dict[str, str], float]]:
    return [({label: key}, n) for key, n in sorted(counted.items())]
