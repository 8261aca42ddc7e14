"""When a silent peer counts as dead. The server and its clients use the same rule on both ends.

Two questions, asked in two ways:

- Is the machine there? TCP itself asks (keepalive while nothing is sent, a user timeout while something is), and the
  peer's kernel answers, whatever its programs do. A machine that is gone is noticed within about a minute and a half.
- Is the program there? Websocket pings ask. A program that thinks in the same thread as its event loop answers only
  afterwards, so it has ten minutes.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

PING_INTERVAL_S: Final = 20.0
PING_TIMEOUT_S: Final = 600.0

PEER_TIMEOUT_S: Final = 90
"""How long sent bytes may stay unconfirmed by the peer's kernel."""
_IDLE_S: Final = 30
_BETWEEN_S: Final = 15
_PROBES: Final = 4


def watch_peer(transport: asyncio.BaseTransport) -> None:
    """Let TCP notice when the other machine is gone. What a platform does not offer is left out."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _IDLE_S),
        ("TCP_KEEPINTVL", _BETWEEN_S),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", PEER_TIMEOUT_S * 1000),
    ):
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
