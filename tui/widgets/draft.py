"""What I am about to say. Nothing but myself ever changes it, and it is emptied only once the server has it."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from arena.protocol.text import clean_text


class Draft(TextArea):
    """Enter sends, a pasted text becomes one line of visible characters."""

    DEFAULT_CSS = """
    Draft {
        height: auto; min-height: 1; max-height: 4; width: 1fr; border: none; padding: 0; background: transparent;
        scrollbar-size-vertical: 1;
        & .text-area--cursor-line { background: transparent; }
        & .text-area--placeholder { color: $faint; }
    }
    Draft:focus { border: none; }
    """

    class Sent(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            compact=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            show_line_numbers=False,
        )
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent(clean_text(self.text)))
            return
        await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        await super()._on_paste(events.Paste(clean_text(event.text)))
        event.stop()
        event.prevent_default()
