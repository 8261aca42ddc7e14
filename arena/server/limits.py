"""How much a server takes from anybody: every bound in one place. ``docs/protocol.md`` says what happens at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from arena.keepalive import PING_INTERVAL_S, PING_TIMEOUT_S

Kind = Literal["act", "list", "create", "read", "join"]
"""What a message spends credits of. Each kind has its own, so that asking for lists never costs anybody an act."""

_KINDS: Final[Mapping[str, Kind]] = {
    "take_turn": "act",
    "talk_among_dead": "act",
    "leave_room": "act",
    "rate_match": "act",
    "list_rooms": "list",
    "list_matches": "list",
    "list_ladder": "list",
    "list_runs": "list",
    "promote_checkpoint": "create",
    "create_room": "create",
    "read_recording": "read",
}


def kind_of(message_type: str) -> Kind:
    """The kind of a message by its ``type``; whatever brings somebody into a room is ``join``."""
    return _KINDS.get(message_type, "join")


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, and ``per_s`` from then on."""

    burst: float
    per_s: float


def _rates() -> Mapping[Kind, Rate]:
    return MappingProxyType(
        {
            "act": Rate(100, 20),
            "list": Rate(20, 2),
            "create": Rate(20, 0.5),
            "read": Rate(10, 0.2),
            "join": Rate(40, 4),
        }
    )


@dataclass(frozen=True, slots=True)
class Limits:
    message_bytes: int = 64 * 1024
    rates: Mapping[Kind, Rate] = field(default_factory=_rates)
    """Messages of one connection, by kind; a kind that is not there is not limited."""
    malformed_messages: int = 20
    """So many that are malformed or too fast at once, and one more every ten seconds; then the connection is closed."""

    connections: int = 8_192
    connections_per_address: int = 64
    connections_from_loopback: int = 8_192
    """This machine counts as one address: its own bots, and everybody behind a proxy that runs on it."""
    hello_s: float = 15.0
    """For the handshake, and again for the first message."""
    idle_s: float = 900.0
    """A connection that has no seat and watches nothing is closed when it has said nothing for so long."""
    guesses: Rate = Rate(10, 0.1)
    """Wrong access tokens that one address may send."""
    code_guesses: Rate = Rate(20, 0.1)
    """Words that could be a room's code and are none, which one address may ask for."""
    guess_delay_s: float = 1.0
    """How long the answer to a wrong access token is held back."""
    ping_interval_s: float = PING_INTERVAL_S
    ping_timeout_s: float = PING_TIMEOUT_S

    send_queue_bytes: int = 1024 * 1024
    """Unsent bytes, the socket's own buffer included, after which a client counts as one that does not read."""
    send_queue_messages: int = 5_000
    write_buffer_bytes: int = 32 * 1024
    """What the socket buffers before the sending waits."""
    system_buffer_bytes: int = 128 * 1024
    """What the system may buffer for a client on top. Linux takes twice as much, and up to 4 MiB where it may."""
    rooms_listed: int = 200
    """The most rooms in one list: those that wait for people come first."""
    matches_listed: int = 50
    """The most matches that are over in one list."""

    ladder_kept_s: float = 10.0
    """Whoever asks for the ladder within this time gets the same one; longer where it took long to make."""
    runs_kept_s: float = 2.0
    """The same for training runs."""

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

    def __init__(self, rate: Rate, now: float) -> None:
        self._burst = rate.burst
        self._per_s = rate.per_s
        self._left = rate.burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether there was a credit left; it is spent then."""
        if not self.has(now):
            return False
        self._left -= 1.0
        return True

    def has(self, now: float) -> bool:
        """Whether there is a credit left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left >= 1.0

    def full(self, now: float) -> bool:
        """Whether nothing has been spent that has not come back."""
        self.has(now)
        return self._left >= self._burst
