"""The ladder and the training runs, for whoever asks; and which checkpoint is live, for whoever runs the server.

What is read here takes a while, so it happens in threads, once for all who ask at about the same time. The server is
handed its readers, as it is handed its minds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from arena.clock import Clock
from arena.errors import ArenaError
from arena.games.registry import GAMES
from arena.protocol import codes
from arena.protocol.client_messages import ListLadder, ListRuns, PromoteCheckpoint
from arena.protocol.server_messages import CheckpointPromoted, LadderListed, RunsListed, ServerMessage
from arena.server.connection import Connection
from arena.server.limits import Limits
from arena.server.refusal import Refusal

_log = logging.getLogger(__name__)
Asked = ListLadder | ListRuns | PromoteCheckpoint
_REMEMBERED: Final = 32
"""Answers of one kind that are kept: games, or runs."""
_SHARE: Final = 20
"""An answer is kept at least so many times as long as it took to make: asking costs a twentieth of a thread."""
_NOT_OPERATOR: Final = (
    "Only whoever runs this server may do that. Start the server with --operator-token (or ARENA_OPERATOR_TOKEN), and "
    "come with the same one."
)


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads for the server, each called in a thread. ``runs`` is given the run to tell more of; ``promote`` a
    checkpoint's id, and raises ``ArenaError`` where it cannot be made live. None: this server does not do it."""

    ladder: Callable[[str | None], LadderListed] | None = None
    runs: Callable[[str | None], RunsListed] | None = None
    promote: Callable[[str], object] | None = None


class Boards:
    """Answers ``Asked`` messages, later: one at a time for each connection. ``open_training`` lets everybody see the
    training runs, not the operator alone."""

    def __init__(self, readers: Readers, limits: Limits, clock: Clock, *, open_training: bool) -> None:
        self._readers = readers
        self._open_training = open_training
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="boards")
        self._ladders = _Kept(self._in_thread, limits.ladder_kept_s, clock)
        self._runs = _Kept(self._in_thread, limits.runs_kept_s, clock)
        self._answering: dict[Connection, asyncio.Task[None]] = {}

    def ask(self, connection: Connection, message: Asked) -> None:
        """Begin to answer.

        Raises:
            Refusal: this connection may not ask for it, or waits for an answer already.
        """
        if connection in self._answering:
            raise Refusal("Wait for the answer to what you asked before.", code=codes.TOO_FAST)
        self._check(connection, message)
        task = asyncio.create_task(self._answer(connection, message), name="boards")
        self._answering[connection] = task
        task.add_done_callback(lambda _: self._answering.pop(connection, None))

    def drop(self, connection: Connection) -> None:
        """The connection is gone."""
        if (task := self._answering.get(connection)) is not None:
            task.cancel()

    def close(self) -> None:
        for task in list(self._answering.values()):
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, connection: Connection, message: Asked) -> None:
        match message:
            case ListLadder(game=game) if game is not None and game not in GAMES:
                raise Refusal(f"There is no game {game!r} here.", code=codes.BAD_ROOM)
            case ListRuns() if not (self._open_training or connection.operator):
                raise Refusal("Only whoever runs this server may see its training.", code=codes.NOT_OPERATOR)
            case PromoteCheckpoint() if not connection.operator:
                raise Refusal(_NOT_OPERATOR, code=codes.NOT_OPERATOR)
            case _:
                pass

    async def _answer(self, connection: Connection, message: Asked) -> None:
        try:
            match message:
                case ListLadder(game=game) if self._readers.ladder is not None:
                    connection.send_encoded(await self._ladders.get(game, self._readers.ladder))
                case ListRuns(run=run) if self._readers.runs is not None:
                    connection.send_encoded(await self._runs.get(run, self._readers.runs))
                case PromoteCheckpoint(checkpoint=checkpoint) if self._readers.promote is not None:
                    await self._promote(connection, checkpoint, self._readers.promote)
                case _:
                    connection.refuse(codes.NOT_READ, "This server does not know.")
        except Exception:
            _log.exception("%s could not be answered", message.type)
            connection.refuse(codes.NOT_READ, "That cannot be read at the moment; try again later.")

    async def _promote(self, connection: Connection, checkpoint: str, promote: Callable[[str], object]) -> None:
        try:
            await self._in_thread(promote, checkpoint)
        except ArenaError as error:  # its words may name folders of this machine
            _log.warning("checkpoint %r was not made live: %s", checkpoint, error.message)
            connection.refuse(codes.NO_CHECKPOINT, "That checkpoint is not there, or not whole. Nothing has changed.")
            return
        _log.warning("checkpoint %s was made live by an operator", checkpoint)
        self._ladders.forget()
        self._runs.forget()
        connection.send(CheckpointPromoted(checkpoint=checkpoint))

    async def _in_thread(self, work: Callable[[Any], Any], argument: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, argument)


class _Kept:
    """Answers by key, as JSON, that are made in a thread and kept for a while. Whoever asks while one is being made
    waits for that one; the ones asked for longest ago go."""

    def __init__(self, in_thread: Callable[..., Awaitable[Any]], kept_s: float, clock: Clock) -> None:
        self._in_thread, self._kept_s, self._clock = in_thread, kept_s, clock
        self._made: OrderedDict[Hashable, tuple[asyncio.Task[bytes], float]] = OrderedDict()

    async def get(self, key: Any, read: Callable[[Any], ServerMessage]) -> bytes:
        """The answer for this key; what ``read`` raises is raised for all who wait, and not kept."""
        task, until_s = self._made.get(key, (None, 0.0))
        if task is None or (task.done() and (until_s <= self._clock.monotonic_s() or task.exception() is not None)):
            task = asyncio.create_task(self._make(key, read))
            self._made[key] = task, float("inf")
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return await asyncio.shield(task)

    def forget(self) -> None:
        self._made.clear()

    async def _make(self, key: Any, read: Callable[[Any], ServerMessage]) -> bytes:
        began_s = self._clock.monotonic_s()
        message: bytes = await self._in_thread(lambda k: read(k).model_dump_json().encode(), key)
        now_s = self._clock.monotonic_s()
        if key in self._made:
            task, _ = self._made[key]
            self._made[key] = task, now_s + max(self._kept_s, _SHARE * (now_s - began_s))
        return message
