"""What screens and widgets ask of the app. They never talk to the server themselves."""

from __future__ import annotations

from textual.message import Message

from arena.client.happenings import Happening
from arena.protocol.match_rows import MatchPlace
from tui.house_rules import NewGameChoice


class Received(Message):
    """The server said something, or something happened to the connection."""

    def __init__(self, message: Happening) -> None:
        super().__init__()
        self.message = message


class Disconnected(Message):
    """There will be no further connection; ``reason`` is for people."""

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


class Learn(Message):
    """The game that teaches."""


class NewGame(Message):
    """A new game with the house rules, fillings and terms of ``choice``."""

    def __init__(self, choice: NewGameChoice) -> None:
        super().__init__()
        self.choice = choice


class Join(Message):
    """A seat in the room of this id or code."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room


class Watch(Message):
    """Follow a room; ``everything`` shows the secrets too, where the room allows it."""

    def __init__(self, room: str, everything: bool = False) -> None:
        super().__init__()
        self.room, self.everything = room, everything


class AskLadder(Message):
    """The ladder, of one game or of all."""

    def __init__(self, game: str | None) -> None:
        super().__init__()
        self.game = game


class AskRuns(Message):
    """How training goes; ``run`` is the one to be told more of, None for the newest."""

    def __init__(self, run: str | None) -> None:
        super().__init__()
        self.run = run


class AskMatches(Message):
    """The games that are over, from below this place of the list on."""

    def __init__(self, before: MatchPlace | None) -> None:
        super().__init__()
        self.before = before


class Promote(Message):
    """Make a checkpoint live; ``run`` is the one that is looked at."""

    def __init__(self, checkpoint: str, run: str | None) -> None:
        super().__init__()
        self.checkpoint, self.run = checkpoint, run


class Begin(Message):
    """Begin the match of the room that I opened: minds take the seats that are still open."""


class TakeBack(Message):
    """Play my seat again, where a stand-in took over."""


class SpokeAmongDead(Message):
    """I say something to the others who are out of the game."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ReadReplay(Message):
    """The replay of this room's match, which is over."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room


class Rate(Message):
    """So good was this match, 1 to 5 stars."""

    def __init__(self, stars: int) -> None:
        super().__init__()
        self.stars = stars


class LeaveTable(Message):
    """Back to the lobby; a seat in a running game is given up."""
