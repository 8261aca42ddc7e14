"""A connection that comes back: the same calls as ``arena.client.client.Arena``, for people and for remote bots.

    async with reconnecting("ws://127.0.0.1:8765", "Zoë") as arena:
        joined = await arena.join()
        async for message in arena:
            ...

When the connection breaks it is opened again, with growing pauses, and every seat is taken up where it was left: the
events that were missed come out of the iteration as if nothing had happened, after a ``RoomJoined`` whose ``since``
says where they go on. An act whose answer never came is sent again under its own id, so it counts once. Beside the
server's messages the iteration gives what happened to the connection itself: ``ConnectionLost`` before each new
attempt, ``ConnectionBack``, and ``SeatGone`` for each seat that could not be taken up again.

All other requests fail at once with ``Disconnected`` while there is no connection.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from arena.client.client import Arena, Disconnected, RequestRefused, connect
from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.client.trace import Trace
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.match_rows import MatchPlace
from arena.protocol.recording import Recording
from arena.protocol.server_messages import (
    ActAccepted,
    AnyServerMessage,
    CheckpointPromoted,
    EventHappened,
    LadderListed,
    MatchEnded,
    MatchesListed,
    MatchRated,
    RoomInfo,
    RoomJoined,
    RunsListed,
    SeatLost,
    Welcomed,
)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
STEADY_S: Final = 5.0
"""A connection that held for so long was one: the next loss begins with short pauses again."""
NO_RECONNECTING: Final = 4500
"""From this close code on the server wants no further attempt (``arena.protocol.codes``)."""
_SECRETS: Final = 16
MOST_SECRETS: Final = 64
"""So many a list of matches is asked for with."""
_GONE: Final = frozenset({codes.UNKNOWN_ROOM, codes.BAD_TOKEN, codes.NOT_SEATED, codes.ROOM_FAILED, codes.BAD_ROOM})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where this client sits (``token``), or watches (no token)."""

    token: str | None
    train: bool = False
    blind: bool = False
    everything: bool = False


class SeatMemory(Protocol):
    """Who remembers the seats of running matches beyond this program."""

    def keep(self, room: RoomInfo, token: str) -> None: ...

    def forget(self, room: str) -> None:
        """The seat was given up or lost."""
        ...

    def secrets(self) -> Mapping[str, str]:
        """Of all seats that are kept, also where the match is over, by room; the newest first."""
        ...

    def over(self, room: str) -> None:
        """The match is over, or its server no longer has it: there is nothing to go back to, but the seat's secret
        still opens what is left of it."""
        ...


def pause_s(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before the ``attempt``-th try: doubling from half a second, and drawn, so that not all come at once."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    return longest * (0.5 + 0.5 * chance())


class ReconnectingArena:
    """Made by ``reconnecting``. One task may iterate while others call."""

    def __init__(
        self,
        url: str,
        open_connection: Callable[[], Any],
        memory: SeatMemory | None,
        give_up_s: float | None,
        trace: Trace | None = None,
    ) -> None:
        self.url = url
        self.trace = trace or Trace()
        self.welcome: Welcomed
        self._open = open_connection
        self._memory = memory
        self._give_up_s = give_up_s
        self._places: dict[str, _Place] = {}
        self._since: dict[str, int] = {}
        """By room, the number of its next event. A room speaks before the call that joined it has returned."""
        self._secrets: dict[str, str] = {}
        """The secrets of the seats that were held last, by room: they open recordings."""
        self._happenings: deque[Happening] = deque()
        self._arrived = asyncio.Event()
        self._arena: Arena | None = None
        self._changed = asyncio.Event()
        self._over: ArenaError | None = None
        self._leaving = False
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._runner = asyncio.create_task(self._run(), name="arena-reconnecting")

    # -- requests ------------------------------------------------------------------------------------------------

    async def rooms(self) -> list[RoomInfo]:
        return await self._now().rooms()

    async def ladder(self, game: str | None = None) -> LadderListed:
        return await self._now().ladder(game)

    async def runs(self, run: str | None = None) -> RunsListed:
        return await self._now().runs(run)

    async def promote(self, checkpoint: str) -> CheckpointPromoted:
        return await self._now().promote(checkpoint)

    async def create(
        self,
        game: str = "werewolf",
        options: Mapping[str, Any] | None = None,
        fills: Sequence[str] | None = None,
        seed: int | None = None,
        **terms: Any,
    ) -> RoomInfo:
        return await self._now().create(game, options, fills, seed, **terms)

    async def join(
        self,
        room: str | None = None,
        seat: int | None = None,
        *,
        game: str = "werewolf",
        train: bool = False,
        blind: bool = False,
    ) -> RoomJoined:
        joined = await self._now().join(room, seat, game=game, train=train, blind=blind)
        return self._seated(joined, train=train, blind=blind)

    async def resume(self, room: str, token: str, since: int = 0) -> RoomJoined:
        try:
            return self._seated(await self._now().resume(room, token, since))
        except RequestRefused as error:
            if error.code in _GONE and self._memory is not None:
                if error.code == codes.UNKNOWN_ROOM:
                    self._memory.over(room)
                else:
                    self._memory.forget(room)
            raise

    async def take_seat_back(self, room: str) -> None:
        await self._now().take_seat_back(room)

    async def begin(self, room: str) -> None:
        await self._now().begin(room)

    async def watch(self, room: str, *, everything: bool = False) -> RoomJoined:
        joined = await self._now().watch(room, everything=everything)
        self._places[joined.room.room] = _Place(None, everything=everything)
        return joined

    async def matches(self, before: MatchPlace | None = None) -> MatchesListed:
        """As ``Arena.matches``, with the secrets of the seats that are known."""
        return await self._now().matches(before, dict(islice(self._all_secrets().items(), MOST_SECRETS)))

    async def recording(self, room: str) -> Recording:
        """As ``Arena.recording``, with the secret of the seat that was held there."""
        return await self._now().recording(room, self._all_secrets().get(room))

    async def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> ActAccepted:
        """As ``Arena.take_turn``, but waits for the connection and sends again what was not answered.

        Raises:
            RequestRefused: the act is illegal, the turn is over, or the seat is gone.
            Disconnected: there will be no further connection.
        """
        act_id = act_id or secrets.token_hex(8)
        return await self._until_answered(
            lambda arena: arena.take_turn(room, turn_id, text=text, choice=choice, act_id=act_id)
        )

    async def talk_among_dead(self, room: str, text: str, *, act_id: str | None = None) -> ActAccepted:
        """As ``take_turn``."""
        act_id = act_id or secrets.token_hex(8)
        return await self._until_answered(lambda arena: arena.talk_among_dead(room, text, act_id=act_id))

    async def rate(self, room: str, stars: int) -> MatchRated:
        """As ``Arena.rate``, with the secret of the seat that was held there."""
        return await self._now().rate(room, stars, self._all_secrets().get(room))

    async def leave(self, room: str) -> None:
        """Give the seat up, or stop watching. Without a connection the server is not told, and the memory keeps it."""
        arena = self._arena
        self._drop(room, for_good=arena is not None)
        await self._now().leave(room)

    async def round_trip_s(self) -> float:
        return await self._now().round_trip_s()

    async def close(self) -> None:
        self._leaving = True
        if self._arena is not None:
            await self._arena.close()
        else:
            self._runner.cancel()
        await asyncio.wait([self._runner])
        self._end(Disconnected("This connection was closed."))

    # -- what happens --------------------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[Happening]:
        return self

    async def __anext__(self) -> Happening:
        """
        Raises:
            ArenaError: there will be no further connection; the message says why.
        """
        while not self._happenings:
            if self._leaving:
                raise StopAsyncIteration
            if self._over is not None:
                raise self._over
            self._arrived.clear()
            await self._arrived.wait()
        return self._happenings.popleft()

    # -- the connection ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        attempt, lost_at = 0, 0.0
        now = asyncio.get_running_loop().time
        while True:
            known, since = False, now()
            try:
                async with self._open() as arena:
                    known, since = True, now()
                    self.welcome = arena.welcome
                    for room, place in list(self._places.items()):
                        await self._take_up(arena, room, place)
                    if attempt:
                        self._happened(ConnectionBack())
                    self._has(arena)
                    if not self._first.done():
                        self._first.set_result(None)
                    async for message in arena:
                        self._note(message)
                        self._happened(message)
                    return
            except ArenaError as error:
                self._has(None)
                attempt = 1 if known and now() - since > STEADY_S else attempt + 1
                lost_at = now() if attempt == 1 else lost_at
                tired = self._give_up_s is not None and now() - lost_at > self._give_up_s
                unwanted = isinstance(error, RequestRefused) and not known
                if self._leaving or not self._first.done() or tired or unwanted or _is_final(error):
                    self._end(error)
                    return
                pause = pause_s(attempt)
                self._happened(ConnectionLost(error.message, attempt, pause))
                await asyncio.sleep(pause)

    async def _take_up(self, arena: Arena, room: str, place: _Place) -> None:
        try:
            if place.token is None:
                joined = await arena.watch(room, everything=place.everything)
            else:
                joined = await self._sit_down(arena, room, place.token, place)
        except RequestRefused as error:
            if error.code not in _GONE:
                raise
            self._drop(room, over=error.code == codes.UNKNOWN_ROOM)
            self._happened(SeatGone(room, error.code, error.message))
        else:
            self._since[room] = joined.since
            self._happened(joined)

    async def _sit_down(self, arena: Arena, room: str, token: str, place: _Place) -> RoomJoined:
        since = self._since.get(room, 0)
        try:
            return await arena.resume(room, token, since)
        except RequestRefused as error:
            if error.code != codes.BAD_TOKEN or since:
                raise
            try:  # a room that has not begun gives the seats of those who drop to the next who come
                joined = await arena.join(room, train=place.train, blind=place.blind)
            except RequestRefused:
                raise error from None
            return self._seated(joined, train=place.train, blind=place.blind)

    def _note(self, message: AnyServerMessage) -> None:
        match message:
            case EventHappened():
                self._since[message.room] = message.seq + 1
            case MatchEnded():
                self._drop(message.room, over=True)
            case SeatLost():
                self._drop(message.room, for_good=False)  # whoever has the seat now may share our memory
            case _:
                pass

    def _seated(self, joined: RoomJoined, *, train: bool = False, blind: bool = False) -> RoomJoined:
        room = joined.room.room
        if joined.resume_token is not None:
            self._secrets[room] = joined.resume_token
            for oldest in list(self._secrets)[:-_SECRETS]:
                del self._secrets[oldest]
        if joined.room.status == "over":  # the whole of it comes now, and nothing after it
            if self._memory is not None:
                self._memory.over(room)
            return joined
        self._places[room] = _Place(joined.resume_token, train, blind)
        self._since.setdefault(room, joined.since)
        if self._memory is not None and joined.resume_token is not None:
            self._memory.keep(joined.room, joined.resume_token)
        return joined

    def _all_secrets(self) -> Mapping[str, str]:
        """Of the seats of this connection and those that are remembered, the newest first."""
        mine = dict(reversed(self._secrets.items()))
        return mine if self._memory is None else {**mine, **self._memory.secrets()}

    def _drop(self, room: str, *, for_good: bool = True, over: bool = False) -> None:
        self._since.pop(room, None)
        place = self._places.pop(room, None)
        if self._memory is None or place is None or place.token is None:
            return
        if over:
            self._memory.over(room)
        elif for_good:
            self._memory.forget(room)

    # -- inside --------------------------------------------------------------------------------------------------

    def _now(self) -> Arena:
        """
        Raises:
            Disconnected: there is no connection at the moment.
        """
        if self._arena is None:
            raise Disconnected("There is no connection to the server at the moment.")
        return self._arena

    async def _until_answered(self, act: Callable[[Arena], Awaitable[ActAccepted]]) -> ActAccepted:
        while True:
            while self._arena is None:
                if self._over is not None:
                    raise self._over
                await self._changed.wait()
            arena = self._arena
            try:
                return await act(arena)
            except Disconnected:
                if self._leaving:
                    raise
                if self._arena is arena:
                    self._has(None)  # the reader may not have seen the end yet

    def _has(self, arena: Arena | None) -> None:
        self._arena = arena
        if arena is None:
            self._changed.clear()
        else:
            self._changed.set()

    def _happened(self, happening: Happening) -> None:
        self._happenings.append(happening)
        self._arrived.set()

    def _end(self, error: ArenaError) -> None:
        self._over = self._over or error
        if not self._first.done():
            self._first.set_exception(error)
        self._changed.set()
        self._arrived.set()


def _is_final(error: ArenaError) -> bool:
    """Whether the server said, in closing, that it wants no further attempt."""
    return isinstance(error, Disconnected) and (error.close_code or 0) >= NO_RECONNECTING


@asynccontextmanager
async def reconnecting(
    url: str, name: str, *, memory: SeatMemory | None = None, give_up_s: float | None = None, **how: Any
) -> AsyncIterator[ReconnectingArena]:
    """As ``connect``, with a connection that comes back. ``how`` are the further arguments of ``connect``.

    Args:
        memory: remembers the seats of running matches, for after this program.
        give_up_s: after so long without a connection no further attempt is made; None: never.

    Raises:
        ArenaError: the first connection could not be had.
    """
    trace = Trace()
    arena = ReconnectingArena(url, lambda: connect(url, name, trace=trace, **how), memory, give_up_s, trace)
    try:
        await arena._first
        yield arena
    finally:
        await arena.close()
