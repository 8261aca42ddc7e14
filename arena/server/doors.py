"""Who is connected from where, and who is one too many.

Every TCP connection counts from its first byte, so half a handshake takes a place as well. One too many is told so over
HTTP, while there are places to say it from; beyond that it is cut off without a word.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from typing import Any, ClassVar, Final

from websockets.asyncio.server import ServerConnection

from arena.keepalive import watch_peer
from arena.protocol import codes
from arena.server.counts import Counts
from arena.server.limits import Limits

LOOPBACK: Final = "loopback"
_SILENT: Final = 1.25
"""How far above a limit connections are still told why they cannot stay."""


def address_of(transport: asyncio.BaseTransport) -> str:
    """What counts as one address: an IPv4 address, a /64 network of IPv6, or this machine as a whole."""
    peer = transport.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0].split("%")[0])
    except (TypeError, IndexError, ValueError, AttributeError):
        return LOOPBACK  # a unix socket has no address; a connection that is lost already has none any more
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return LOOPBACK if address.is_loopback else str(ipaddress.ip_network((int(address), 64), strict=False))
        address = address.ipv4_mapped
    return LOOPBACK if address.is_loopback else str(address)


class Doors:
    def __init__(self, limits: Limits, counts: Counts) -> None:
        self._limits = limits
        self._counts = counts
        self._inside: dict[Any, str] = {}
        self._from: Counter[str] = Counter()

    def enter(self, who: Any, address: str) -> str | None:
        """Let a connection in. Gives the code of ``arena.protocol.codes`` if it is one too many; it counts all the same
        until it ``leave``s."""
        limits = self._limits
        here = limits.connections_from_loopback if address == LOOPBACK else limits.connections_per_address
        code = None
        if len(self._inside) >= limits.connections:
            code = codes.TOO_MANY_CONNECTIONS
        elif self._from[address] >= here:
            code = codes.TOO_MANY_FROM_ADDRESS
        self._inside[who] = address
        self._from[address] += 1
        if code is not None:
            self._counts.refused(code)
        return code

    def crowded(self, address: str) -> bool:
        """Whether there are so many too many that they are not even answered."""
        limits = self._limits
        here = limits.connections_from_loopback if address == LOOPBACK else limits.connections_per_address
        return len(self._inside) > limits.connections * _SILENT + 8 or self._from[address] > here * _SILENT + 8

    def leave(self, who: Any) -> None:
        address = self._inside.pop(who, None)
        if address is not None:
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]

    def cut(self) -> None:
        """End every connection at once, those in the middle of a handshake too."""
        for who in list(self._inside):
            who.transport.abort()

    def __len__(self) -> int:
        return len(self._inside)


class Guarded(ServerConnection):
    """A websocket that went through ``Doors``. ``one_too_many`` is the code if it may not stay."""

    doors: ClassVar[Doors]

    @classmethod
    def by(cls, doors: Doors) -> type[Guarded]:
        """The websockets of one server."""
        return type("Guarded", (cls,), {"doors": doors})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.one_too_many: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        address = address_of(transport)
        self.one_too_many = self.doors.enter(self, address)
        watch_peer(transport)
        if self.one_too_many is not None and self.doors.crowded(address):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._end_if_over()

    def eof_received(self) -> None:
        super().eof_received()
        self._end_if_over()

    def _end_if_over(self) -> None:
        """A client whose request is followed by what is no websocket has ended the connection before it was answered;
        the library would try to end it a second time, and log that as an error of its own."""
        if self.protocol.eof_sent and self.response is None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.doors.leave(self)
        super().connection_lost(exc)
