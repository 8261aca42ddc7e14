"""What screens and widgets ask of the app. They never talk to the server themselves."""

from __future__ import annotations

from typing import Any

from textual.message import Message

from arena.protocol.server_messages import AnyServerMessage


class Received(Message):
    """The server said something."""

    def __init__(self, message: AnyServerMessage) -> None:
        super().__init__()
        self.message = message


class Disconnected(Message):
    """The stream of server messages ended; ``reason`` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Answered(Message):
    """I answer my open turn."""

    def __init__(self, text: str = "", choice: str | None = None) -> None:
        super().__init__()
        self.text, self.choice = text, choice


class Explained(Message):
    """Something to say next to my input."""

    def __init__(self, notice: str) -> None:
        super().__init__()
        self.notice = notice


class QuickMatch(Message):
    """Any open seat, or a new game."""


class NewGame(Message):
    """A new game with these options."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self.options = options


class Join(Message):
    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room


class Watch(Message):
    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room


class LeaveTable(Message):
    """Back to the lobby; a seat in a running game is given up."""
