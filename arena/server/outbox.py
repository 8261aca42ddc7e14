"""What a room's people are told, in order, and never before it is stored: a crash takes nothing back that was seen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from arena.protocol import codes
from arena.server.connection import Connection

_Said = tuple[Connection, bytes | Iterator[bytes], str | None]


class Outbox:
    """Fill it with ``say``, then ``release`` what was said with the commit that it must wait for.

    Where a commit fails nothing more is said, and ``drop`` ends it: so it is in a match. With ``skips_failed`` what
    waits for that one commit is left unsaid, and the rest goes on.
    """

    def __init__(self, *, skips_failed: bool = False) -> None:
        self._skips_failed = skips_failed
        self._said: list[_Said] = []
        self._held: deque[tuple[asyncio.Future[None] | None, list[_Said]]] = deque()

    def say(self, listener: Connection, message: bytes | Iterator[bytes], act_id: str | None = None) -> None:
        """``message`` may be a past, as ``Connection.send_past`` takes it. ``act_id`` marks the answer to an act: its
        sender is told if the act could not be stored."""
        self._said.append((listener, message, act_id))

    def release(self, stored: asyncio.Future[None] | None) -> None:
        """Send what was said once ``stored`` is done, and after everything released before."""
        if not self._said and (stored is None or not self._skips_failed):
            return  # what is said next waits for a later commit of the same match, or for nothing
        self._held.append((stored, self._said))
        self._said = []
        if stored is not None and not stored.done():
            stored.add_done_callback(lambda _: self._send())
        self._send()

    def drop(self) -> None:
        """The log has failed: nothing that waits is said, and those whose acts are lost are told so."""
        for _, said in self._held:
            for listener, _, act_id in said:
                if act_id is not None:
                    listener.refuse(codes.NOT_STORED, "The act could not be stored; the match is over.", act_id)
        self._held.clear()
        self._said = []

    def _send(self) -> None:
        while self._held:
            stored, said = self._held[0]
            if stored is not None and not stored.done():
                return
            failed = stored is not None and (stored.cancelled() or stored.exception() is not None)
            if failed and not self._skips_failed:
                return
            self._held.popleft()
            if failed:
                continue
            for listener, message, _ in said:
                if isinstance(message, bytes):
                    listener.send_encoded(message)
                else:
                    listener.send_past(message)
