"""The games on a running server that are over, and their recordings, as its screen of past games has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from arena.errors import ArenaError, UnknownName

if TYPE_CHECKING:
    from arena.client.reconnecting import ReconnectingArena
    from arena.protocol.match_rows import PastMatch
    from arena.protocol.recording import Recording

LOOKED_THROUGH: Final = 500
"""So many of the newest matches are looked through for one that is named by a part of its id, or by its code."""
AT_ONCE: Final = 10
PAUSE_S: Final = 0.5
"""So many pages are asked for in a row, and the others after a pause each, as a server wants it."""


async def past_there(arena: ReconnectingArena, limit: int) -> list[PastMatch]:
    """At most ``limit`` matches that this user may read back, the last ended first, cleaned.

    Raises:
        RequestRefused: they cannot be read.
    """
    async with aclosing(_pages(arena)) as pages:
        found: list[PastMatch] = []
        async for match in pages:
            found.append(match)
            if len(found) >= limit:
                break
    return found


async def recording_there(arena: ReconnectingArena, wanted: str) -> Recording:
    """The match of this id, or of the only one whose id begins so, or the newest one with this code.

    Raises:
        UnknownName: there is no such match that this user may read, or several.
        RequestRefused: it cannot be read.
    """
    try:
        return await arena.recording(wanted)
    except ArenaError as error:
        for match in (found := await past_there(arena, LOOKED_THROUGH)):
            if match.code == wanted.upper():
                return await arena.recording(match.match)
        begun = [match.match for match in found if wanted and match.match.startswith(wanted)]
        if len(begun) > 1:
            raise UnknownName(f"Several matches begin with {wanted!r}; give more of the id.") from error
        if not begun or begun[0] == wanted:
            raise
        return await arena.recording(begun[0])


async def _pages(arena: ReconnectingArena) -> AsyncGenerator[PastMatch]:
    from tui.boards import clean_matches

    before, pages = None, 0
    while True:
        pages += 1
        if pages > AT_ONCE:
            await asyncio.sleep(PAUSE_S)
        listed = await arena.matches(before)
        for match in clean_matches(listed).matches:
            yield match
        if not (listed.more and listed.matches):
            return
        before = listed.matches[-1].place
