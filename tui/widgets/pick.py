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
    """The values are ours, never from outside."""

    DEFAULT_CSS = """
    Pick { height: 1; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "move(1)", "Next", show=False),
        Binding("left", "move(-1)", "Previous", show=False),
    ]

    class Changed(Message):
        """Another value is picked."""

    def __init__(self, values: tuple[str, ...], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.values, self.at = values, 0

    @property
    def value(self) -> str:
        return self.values[self.at]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render(self) -> Content:
        lit = (
            "bold $block-cursor-foreground on $block-cursor-background"
            if self.has_focus
            else "bold $background on $primary"
        )
        cells = [
            Content.styled(f" {value} ", lit if i == self.at else "$foreground on $panel")
            for i, value in enumerate(self.values)
        ]
        return Content(" ").join(cells)

    def action_move(self, by: int) -> None:
        self._pick((self.at + by) % len(self.values))

    def on_click(self, event: events.Click) -> None:
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
