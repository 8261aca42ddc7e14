"""How much a server takes from anybody: every bound in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    message_bytes: int = 64 * 1024
    send_queue_bytes: int = 1024 * 1024
    """Unsent bytes after which a client counts as one that does not read."""
    send_queue_messages: int = 5_000
    system_buffer_bytes: int = 128 * 1024
    """What the system may buffer for a client on top. Linux takes twice as much, and up to 4 MiB where it may."""
    hello_s: float = 15.0
    malformed_messages: int = 20
    """After so many the connection is closed."""
    burst_messages: float = 100.0
    messages_per_s: float = 20.0
    rooms: int = 500
    """Rooms of people, waiting and playing."""
    rooms_per_connection: int = 8
    mind_s: float = 600.0
    """A mind that has not answered by then has its turn passed."""
    waiting_room_s: float = 600.0
    """A room in which nobody has sat down by then is removed."""
    linger_s: float = 60.0
    """How long a finished room can still be looked at."""


class Credits:
    """A bucket of credits that refills: each message costs one."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, burst: float, per_s: float, now: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether there was a credit left; it is spent then."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
