"""One to five stars, by key or by mouse."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

MOST: Final = 5
ASKED: Final = "How good was it?  "
_CELLS: Final = 4
"""A star with its number and a gap."""


class Stars(Widget):
    """Shows how many are stored, and beside them why they are not."""

    DEFAULT_CSS = """
    Stars { height: 1; width: 1fr; pointer: pointer; }
    """

    class Given(Message):
        def __init__(self, stars: int) -> None:
            super().__init__()
            self.stars = stars

    stars = 0
    notice = ""

    def show(self, stars: int, notice: str) -> None:
        self.stars, self.notice = stars, notice
        self.refresh()

    def render(self) -> Content:
        parts = [Content.styled(ASKED, "$faint")]
        for n in range(1, MOST + 1):
            given = n <= self.stars
            star = Content.assemble(("★" if given else "☆", "bold $accent" if given else "$faint"), (f"{n}", "bold"))
            parts.append(star.append(" " * (_CELLS - star.cell_length)))
        told = self.notice or ("Thank you." if self.stars else "")
        parts.append(Content.styled(f" {told}", "bold $error" if self.notice else "$success"))
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        n, gap = divmod(event.x - len(ASKED), _CELLS)
        if 0 <= n < MOST and gap < _CELLS - 1:
            self.post_message(self.Given(n + 1))
