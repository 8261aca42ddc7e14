"""The entries of the command palette, as "group: Verb"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from tui.faces.registry import face_of
from tui.messages import Learn, QuickMatch, ReadReplay, Watch
from tui.screens.board import BoardScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.table import TableScreen
from tui.themes import THEMES

if TYPE_CHECKING:
    from tui.app import ArenaApp


def of(app: ArenaApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The commands that make sense on this screen."""
    if isinstance(screen, LobbyScreen):
        yield SystemCommand("lobby: Play now", "Take any open seat, or open a game", screen.action_quick)
        yield SystemCommand("lobby: New game", "Choose seats, house rules and who may join", screen.action_new)
        yield SystemCommand("lobby: Join by code", "A game whose code somebody told you", screen.action_code)
        yield SystemCommand("lobby: Watch", "Follow a game without a seat", screen.action_watch)
        yield SystemCommand("lobby: Watch everything", "The secrets too, where they are shown", screen.action_watch_all)
        if face_of(app.wish.game).lesson is not None:
            yield SystemCommand("help: Learn by playing", "A short game with advice", lambda: _post(app, Learn()))
    if isinstance(screen, LobbyScreen | BoardScreen):
        yield SystemCommand("ladder: Open", "Who plays best, who met whom, how runs went", app.action_ladder)
        yield SystemCommand("past games: Open", "Look back at one, turn by turn", app.action_past)
        yield SystemCommand("training: Open", "Curves, alarms and checkpoints", app.action_training)
    if isinstance(screen, BoardScreen):
        yield from screen.commands()
    table = app.world.table
    if isinstance(screen, TableScreen) and table is not None:
        if screen.check_action("pass_turn", ()):
            yield SystemCommand("turn: Pass", "Say nothing, choose nobody", screen.action_pass_turn)
        if screen.check_action("begin", ()):
            yield SystemCommand("game: Begin now", "Minds take the seats that are open", screen.action_begin)
        if screen.check_action("take_back", ()):
            yield SystemCommand("game: Take my seat back", "A stand-in plays it", screen.action_take_back)
        if table.me is None and not table.everything:
            room = table.room.room
            yield SystemCommand(
                "game: Watch everything", "The secrets too", lambda: _post(app, Watch(room, everything=True))
            )
        if table.over:
            yield SystemCommand("game: Show result", "Who was what, by which votes", screen.action_result)
            room = table.room.room
            yield SystemCommand("game: Replay", "Turn by turn, with every secret", lambda: _post(app, ReadReplay(room)))
            yield SystemCommand("game: Play again", "Another game", lambda: _post(app, QuickMatch()))
        yield SystemCommand("game: Leave", "Back to the lobby, giving up the seat", app.action_leave_table)
    yield SystemCommand("privacy: Training", "Whether your games may be used for it", app.ask_about_training)
    yield SystemCommand("help: Explain the game", "The rules in one minute, and the keys", app.action_help)
    for name in THEMES:
        use = partial(_colours, app, name)
        yield SystemCommand(f"look: {_COLOURS[name][0]}", _COLOURS[name][1], use)
    yield SystemCommand("app: Connection", "Round trip, versions, and the last messages", app.action_debug)
    yield SystemCommand("app: Settings", "Colours, density, bell, vi keys, and your own keys", app.action_settings)
    yield SystemCommand("app: Quit", "Leave the arena", app.action_leave_or_quit)


_COLOURS = {
    "dark": ("Use dark colours", "For dark rooms"),
    "light": ("Use light colours", "For bright rooms"),
    "terminal": ("Use the terminal's own colours", "Sixteen of them, on its background"),
}


def _colours(app: ArenaApp, theme: str) -> None:
    app.use(replace(app.settings, theme=theme))


def _post(app: ArenaApp, message: Learn | QuickMatch | ReadReplay | Watch) -> None:
    app.post_message(message)
