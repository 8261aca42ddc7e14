"""From the end of a match, or the list of past ones, to a replay: ask the server, and open the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from arena.errors import ArenaError
from arena.protocol.text import clean_text
from tui import replay, words
from tui.link import Link
from tui.screens.end import EndScreen
from tui.screens.past import PastScreen
from tui.screens.replay import ReplayScreen


async def open_replay(app: App[Any], link: Link, room: str, still_wanted: Callable[[], bool]) -> None:
    """What the server refuses is said where it was asked. Who has gone on meanwhile, to another match perhaps, is not
    taken away from there."""
    try:
        opened = replay.opened(await link.recording(room))
    except ArenaError as error:
        why = words.refusal(error.code, clean_text(error.message, 300))
        if isinstance(app.screen, EndScreen | PastScreen):
            app.screen.say(why)
        else:
            app.notify(why, markup=False)
    else:
        if not still_wanted():
            return
        if isinstance(app.screen, ReplayScreen):
            app.pop_screen()
        app.push_screen(ReplayScreen(opened))
