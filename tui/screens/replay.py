"""A match that is over, turn by turn: what was said, what everybody thought, whom they suspected."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer

from tui import replay as steps
from tui.faces.registry import all_jumps
from tui.replay import Replay
from tui.replay_table import ReplayTable
from tui.screens.replay_keys import ReplayKeys
from tui.widgets.chat import Chat
from tui.widgets.eyes import Eyes
from tui.widgets.heat_map import HeatMap
from tui.widgets.private_panel import PrivatePanel
from tui.widgets.replay_head import ReplayHead
from tui.widgets.this_turn import ThisTurn
from tui.widgets.timeline import Timeline
from tui.widgets.too_small import TooSmall

_JUMPS: Final = [
    binding
    for jump in all_jumps()
    for binding in (
        Binding(jump.key, f"mark({jump.kind!r}, 1)", jump.label, id=f"replay.next-{jump.kind}"),
        Binding(jump.key.upper(), f"mark({jump.kind!r}, -1)", f"{jump.label} before", show=False),
    )
]
_EYES: Final = [Binding(str(n), f"eyes({n - 1})", f"Seat {n}", show=False) for n in range(1, 10)]

MANY: Final = 9
"""With more seats than this the map has the place of the talk, unless there is room for both."""


class ReplayScreen(Screen[None]):
    """Thin: keys and clicks are steps of ``tui.replay``, and the widgets show where that stands."""

    CSS_PATH = "replay.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "Back", key_display="←", id="replay.back", show=False),
        Binding("right,l,space", "turn(1)", "Turn", key_display="←→", id="replay.on"),
        *_JUMPS,
        Binding("s", "map", "Beliefs", id="replay.map"),
        Binding("m", "most", "Mover", id="replay.most"),
        Binding("tab", "next_eyes(1)", "Eyes", id="replay.eyes", show=False),
        Binding("shift+tab", "next_eyes(-1)", show=False),
        Binding("0", "eyes(None)", "Everything", show=False),
        *_EYES,
        Binding("pageup", "phase(-1)", "Phase before", show=False),
        Binding("pagedown", "phase(1)", "Next phase", show=False),
        Binding("home", "turn(-100000)", "Beginning", show=False),
        Binding("end", "turn(100000)", "End", show=False),
        Binding("up", "scroll_talk(-3)", show=False),
        Binding("down", "scroll_talk(3)", show=False),
        Binding("shift+up", "scroll_turn(-2)", show=False),
        Binding("shift+down", "scroll_turn(2)", show=False),
        Binding("f1", "keys", "Keys", id="replay.keys"),
        Binding("escape,q", "leave", "Leave", id="replay.leave"),
    ]

    def __init__(self, replay: Replay, leave: Callable[[], None] | None = None) -> None:
        """``leave`` is what Escape does; by default it closes the screen."""
        super().__init__()
        self.replay, self._leave = replay, leave
        self._tables: dict[int | None, ReplayTable] = {}
        self.drawn = False

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield ReplayHead()
        yield Timeline()
        with Horizontal(id="body"):
            with Vertical(id="talk"):
                yield Chat(id="chat")
                with VerticalScroll(id="suspicion", can_focus=False):
                    yield HeatMap(id="map")
            with Vertical(id="side"):
                with VerticalScroll(id="people", can_focus=False):
                    yield Eyes(id="seats")
                yield PrivatePanel(id="private")
                with VerticalScroll(id="turn", can_focus=False):
                    yield ThisTurn(id="this-turn")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.drawn = True
        self.query_one("#suspicion").border_title = "Who is believed to be what, in percent"
        self.query_one("#turn").border_title = "This turn"
        self.query_one("#people").border_title = "Whose eyes"
        self.show(self.replay)

    def show(self, replay: Replay) -> None:
        self.replay = replay
        if not self.drawn:
            return
        table = self._table(replay.eyes).after(replay.seen)
        self.query_one(ReplayHead).show(replay)
        self.query_one(Timeline).show(replay)
        self.query_one(Chat).show(table)
        self.query_one(Chat).anchor()
        self.query_one(Chat).border_title = Content(table.face.talk_title(table))
        self.query_one(Eyes).look(table, None if replay.decision is None else replay.decision.seat)
        self.query_one(ThisTurn).show(replay)
        self.query_one(HeatMap).show(replay)
        self.query_one("#suspicion").display = replay.shows_map
        self.query_one("#turn").scroll_home(animate=False)
        if replay.eyes is not None:
            self.query_one("#people").scroll_to(y=max(0, replay.eyes - 3), animate=False)
        private = self.query_one(PrivatePanel)
        private.display = replay.eyes is not None
        if replay.eyes is not None:
            private.show(table)
            private.border_title = f"Only {table.name(replay.eyes)} saw this"
        self.set_class(replay.eyes is not None, "-eyes")
        self.set_class(len(replay.recording.names) > MANY and replay.shows_map, "-many")
        self.set_class(table.face.broad, "-broad")
        self.refresh_bindings()

    def _table(self, eyes: int | None) -> ReplayTable:
        if eyes not in self._tables:
            self._tables[eyes] = ReplayTable(self.replay.recording, eyes, told=0 if eyes is None else eyes + 1)
        return self._tables[eyes]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action, parameters:
            case "mark", (kind, _):
                return any(mark.kind == kind for mark in self.replay.marks)
            case "most", _:
                return self.replay.most is not None
            case _:
                return True

    # -- steps ---------------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        self.show(steps.moved(self.replay, by))

    def action_phase(self, by: int) -> None:
        self.show(steps.to_phase(self.replay, by))

    def action_mark(self, kind: str, by: int) -> None:
        self.show(steps.to_mark(self.replay, kind, by))

    def action_most(self) -> None:
        self.show(steps.to_most(self.replay))

    def action_eyes(self, eyes: int | None) -> None:
        self.show(steps.through(self.replay, eyes))

    def action_next_eyes(self, by: int) -> None:
        self.show(steps.through_next(self.replay, by))

    def action_map(self) -> None:
        self.show(steps.with_map(self.replay, not self.replay.shows_map))

    def action_scroll_talk(self, by: int) -> None:
        chat = self.query_one(Chat)
        if by < 0:
            chat.release_anchor()
        chat.scroll_relative(y=by, animate=False)

    def action_scroll_turn(self, by: int) -> None:
        self.query_one("#turn").scroll_relative(y=by, animate=False)

    def action_keys(self) -> None:
        self.app.push_screen(ReplayKeys(self.replay.face))

    def action_leave(self) -> None:
        if self._leave is None:
            self.dismiss()
        else:
            self._leave()

    def on_timeline_picked(self, event: Timeline.Picked) -> None:
        event.stop()
        self.show(steps.to(self.replay, event.at))

    def on_eyes_picked(self, event: Eyes.Picked) -> None:
        event.stop()
        self.action_eyes(event.seat)
