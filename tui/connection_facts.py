"""What is known of the connection, as words: for the screen that shows it and for the plain lines."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from arena.client.trace import Traced
from arena.errors import ArenaError
from arena.protocol.client_messages import PROTOCOL_VERSION
from arena.protocol.text import clean_text
from tui.link import Link
from tui.state import World

ARROW: Final = {"sent": "→", "heard": "←"}


def facts(link: Link, world: World, round_trip: str, here: str) -> list[tuple[str, str]]:
    """(name, value), cleaned. Tokens are never in them, nor in the messages that ``arena.client.trace`` keeps."""
    state = str(world.connection)
    if world.lost is not None:
        state += f", attempt {world.lost.attempt}: {world.lost.why}"
    return [
        ("State", clean_text(state, 200)),
        ("Round trip", round_trip),
        ("Server", clean_text(f"{link.url} · {link.welcome.server}", 200)),
        ("Protocol", f"{link.welcome.protocol} there, {PROTOCOL_VERSION} here"),
        ("Checkpoint", clean_text(link.welcome.live_checkpoint or "none", 80)),
        ("Here", here),
    ]


async def round_trip(link: Link) -> str:
    """How long a message takes now."""
    try:
        return f"{1000 * await link.round_trip_s():.1f} ms"
    except ArenaError:
        return "none"


def programs() -> str:
    """Those on this side."""
    ours = f"social-arena {version('social-arena')}, Textual {version('textual')}"
    return f"{ours}, Python {platform.python_version()}"


def when(traced: Traced) -> str:
    """The time of a message, and which way it went."""
    return f"{datetime.fromtimestamp(traced.at, UTC).strftime('%H:%M:%S')} {ARROW[traced.way]}"
