"""How a game is shown: its words, its panels, its turns and its end, in one place.

``Face`` itself shows any game by its own lines, rules and picture. A game of which the terminal knows more has a
subclass; screens and widgets ask ``Table.face`` and never which game it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from arena.games.core import Event, Game
from arena.games.registry import GAMES
from arena.games.werewolf.types import NOBODY
from arena.games.werewolf.view import SeatView
from arena.protocol.text import clean_text
from tui.lesson import Lesson
from tui.lines import Line, LineKind, Note
from tui.moments import Moment

if TYPE_CHECKING:
    from arena.protocol.server_messages import RoomInfo
    from tui.faces.look import Look
    from tui.state import OpenTurn, Table

RULES_LIMIT: Final = 2_000
STAND_IN: Final = "A stand-in plays for you"


@dataclass(frozen=True, slots=True)
class Heed:
    """A question before a choice that cannot be undone."""

    title: str
    text: str
    yes: str
    no: str = "Not yet"


@dataclass(frozen=True, slots=True)
class Offered:
    """How the choices of a turn stand there.

    Args:
        passing: what passing comes to, in a word.
        beside: whether passing stands among the choices, under ``0``.
        keys: letters for some of the choices; all have their numbers.
        asides: a few words behind some of the choices, such as what each is worth.
    """

    passing: str = NOBODY
    beside: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    asides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Jump:
    """How a replay gets to the game's marks of a ``kind``: by its key to the next one, with Shift to the one before.
    ``glyph`` is a single cell that stands for it."""

    key: str
    kind: str
    label: str
    glyph: str


class Face:
    """A game of which the terminal knows no more than its rules, or not even those."""

    broad: ClassVar[bool] = False
    """Whether what only I know needs a broader column."""
    has_dead: ClassVar[bool] = False
    """Whether people can be out of the game, and have something to do in secret."""
    keys: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(key, what it does), besides those that all games have."""

    step: ClassVar[str] = "Turn"
    """What a replay calls its steps."""
    jumps: ClassVar[tuple[Jump, ...]] = ()
    """What can be jumped to in a replay."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def game(self) -> Game[Any, Any] | None:
        """None where the server plays what this program does not know."""
        return GAMES.get(self.name)

    @property
    def title(self) -> str:
        return clean_text(self.name, 20) if self.game is None else self.game.title

    @property
    def pitch(self) -> str:
        """What the lobby says of it."""
        return "" if self.game is None else f"{self.game.title}. {self.game.summary}"

    def talk_title(self, table: Table) -> str:
        return self.title

    def in_list(self, room: RoomInfo) -> str:
        """What the list of rooms says of the rules."""
        return self.title

    @property
    def look(self) -> Look:
        """How it is drawn. Apart from the words, which are needed where no screen is."""
        from tui.faces.look import Look

        return Look(self)

    # -- what is told ------------------------------------------------------------------------------------------------

    def view(self, me: int | None, events: Sequence[Event]) -> SeatView:
        """Who sits at the table; everybody is in the game to its end."""
        out = SeatView(me=me)
        for event in events:
            if event.kind == "started":
                out.names = tuple(event.data["names"])
                out.alive = [True] * len(out.names)
        return out

    def seen(self, table: Table, event: Event) -> SeatView:
        """``table.view`` after one more event."""
        return self.view(table.me, (*table.events, event))

    def lines(self, table: Table, event: Event, line: str) -> tuple[Line, ...]:
        """What an event adds to the talk: the game's line as it is, and its rules at the beginning."""
        match event.kind:
            case "started":
                rules = "\n".join((self.title, *self.rule_texts(table.events)))
                return (Line(LineKind.INTRO, rules), *((Line(LineKind.FACT, line),) if line else ()))
            case "ended" if line:
                return (Line(LineKind.END, line),)
            case _ if "text" in event.data and "seat" in event.data:
                return (Line(LineKind.TALK, event.data["text"], event.data["seat"]),)
            case _ if event.audience.is_public and line:
                return (Line(LineKind.FACT, line),)
            case _:
                return ()

    def notes(self, table: Table, event: Event, line: str) -> tuple[Note, ...]:
        """What an event adds to the things that only I know."""
        return () if event.audience.is_public or not line else (Note("", line),)

    def secret(self, event: Event, line: str) -> tuple[Line, ...]:
        """What only some seats saw, for a spectator who sees everything."""
        return (Line(LineKind.SECRET, line, event.data.get("seat")),) if line else ()

    # -- the table ---------------------------------------------------------------------------------------------------

    def acting(self, table: Table) -> frozenset[int]:
        """The seats whose public turn it is."""
        return frozenset()

    def known(self, table: Table, seat: int) -> str:
        """What is known of a seat, in a word or two."""
        return "" if table.ended is None else clean_text(table.ended.sides[seat], 20)

    def before(self) -> str:
        """What I am told before there is anything to know."""
        return "The game begins when all seats are taken."

    def waiting(self, table: Table) -> str:
        """What happens while it is not my turn."""
        if not table.started:
            if table.room.blind:
                return "Waiting for players."
            taken = sum(1 for s in table.seats if s.mind != "open")
            return f"Waiting for players: {taken} of {len(table.seats)} seats are taken."
        return f"{STAND_IN}. Ctrl+T takes your seat back." if table.away else self.meanwhile(table)

    def meanwhile(self, table: Table) -> str:
        """The same in a running match that I play in or watch."""
        return "The game is over." if table.over else "Waiting for the others."

    # -- the turn ----------------------------------------------------------------------------------------------------

    def offered(self, table: Table, turn: OpenTurn) -> Offered:
        """Whoever passes a bid is silent, which is among its choices already, as nobody is among those of some
        deeds."""
        passing = clean_text(turn.choices[0], 24) if turn.kind == "bid" and turn.choices else NOBODY
        return Offered(passing, turn.may_pass and turn.kind != "bid" and NOBODY not in turn.choices)

    def question(self, table: Table, turn: OpenTurn) -> str:
        return turn.question

    def said(self, turn: OpenTurn) -> str | None:
        """The choice that is meant by whoever sends words where a choice is asked for."""
        return None

    def reading(self, table: Table) -> tuple[str, ...]:
        """What only I know from the beginning, for the plain lines: where it is no note."""
        return ()

    def heed(self, table: Table, choice: str) -> Heed | None:
        """What to ask before this choice is sent."""
        return None

    def reminder(self, table: Table, turn: OpenTurn) -> tuple[str, ...]:
        """What the plain lines say before they ask."""
        return () if self.game is None else tuple(self.game.picture(table.events))

    # -- for newcomers -----------------------------------------------------------------------------------------------

    @property
    def lesson(self) -> Lesson | None:
        """The game that teaches this game; None where there is none."""
        return None

    def hint(self, table: Table) -> str:
        """One line of advice for now; empty where there is nothing to say."""
        return ""

    # -- the end -----------------------------------------------------------------------------------------------------

    def winner(self, table: Table) -> str:
        """A sentence without its full stop."""
        if table.ended is None:
            return "The game is over"
        won = [table.name(s) for s, side in enumerate(table.ended.sides) if side == table.ended.winner]
        return f"{' and '.join(won)} {'win' if len(won) > 1 else 'wins'}" if won else "Nobody wins"

    def why(self, table: Table) -> str:
        """The reason in the game's own word for it."""
        reason = "" if table.ended is None else clean_text(table.ended.reason, 60).replace("_", " ")
        return f"{reason.capitalize()}." if reason else ""

    def won(self, table: Table) -> bool | None:
        """None for spectators and where nobody won."""
        ended, me = table.ended, table.me
        if ended is None or me is None or ended.winner not in ended.sides:
            return None
        return ended.sides[me] == ended.winner

    def moments(self, table: Table) -> tuple[Moment, ...]:
        """What decided the match, where that can be told from its events."""
        return ()

    def fate(self, table: Table, seat: int) -> str:
        """What a seat got."""
        return "" if table.ended is None else f"{table.ended.returns[seat]:+.2g}"

    def result_lines(self, table: Table) -> tuple[str, ...]:
        """The same for the plain lines."""
        return tuple(f"{table.name(s)}: {self.known(table, s)}, {self.fate(table, s)}" for s in range(table.count()))

    # -- help --------------------------------------------------------------------------------------------------------

    def rules(self, events: Sequence[Event]) -> tuple[tuple[str, str], ...]:
        """(heading or nothing, a paragraph)."""
        return tuple(("", text) for text in self.rule_texts(events))

    def rule_texts(self, events: Sequence[Event]) -> tuple[str, ...]:
        game = self.game
        return () if game is None else tuple(clean_text(text, RULES_LIMIT) for text in game.rules(events).split("\n"))
