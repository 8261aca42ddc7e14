"""One of a few short values in a row: arrows, or a click."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget


class Pick(Widget, can_focus=True):
    """The values are ours, never from outside. Those that do not fit into the row are shown one at a time."""

    DEFAULT_CSS = """
    Pick { height: 1; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "move(1)", "Next value", show=False, id="pick.right"),
        Binding("left", "move(-1)", "Previous value", show=False, id="pick.left"),
    ]

    class Changed(Message):
        """Another value is picked."""

    def __init__(self, values: tuple[str, ...], at: int = 0, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.values, self.at = values, at

    @property
    def value(self) -> str:
        return self.values[self.at]

    def offer(self, values: tuple[str, ...], at: int) -> None:
        """Other values, with that one picked."""
        self.values, self.at = values, at
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render(self) -> Content:
        lit = (
            "bold $block-cursor-foreground on $block-cursor-background"
            if self.has_focus
            else "bold $background on $primary"
        )
        focused = self.has_focus  # told by a mark too, for who sees no colours
        if not self._fits():
            widest = max(map(len, self.values))
            before, behind = ("◂ ", " ▸") if focused else ("‹ ", " ›")
            return Content.assemble((before, "$faint"), (f" {self.value:^{widest}} ", lit), (behind, "$faint"))
        before, behind = "▸◂" if focused else "[]"
        cells = [
            Content.styled(f"{before}{value}{behind}", lit)
            if i == self.at
            else Content.styled(f" {value} ", "$foreground on $panel")
            for i, value in enumerate(self.values)
        ]
        return Content(" ").join(cells)

    def _fits(self) -> bool:
        return sum(len(v) + 3 for v in self.values) - 1 <= self.content_size.width

    def action_move(self, by: int) -> None:
        self._pick((self.at + by) % len(self.values))

    def on_click(self, event: events.Click) -> None:
        if not self._fits():
            self.action_move(-1 if event.x < 2 else 1)
            return
        x = 0
        for i, value in enumerate(self.values):
            if x <= event.x < x + len(value) + 2:
                self._pick(i)
            x += len(value) + 3

    def _pick(self, at: int) -> None:
        self.at = at
        self.refresh()
        self.post_message(self.Changed())

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
