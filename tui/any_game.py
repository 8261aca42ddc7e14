"""What the screens say of a game that the terminal has no words of its own for: its lines, its rules, its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from arena.games.core import Event, Game
from arena.games.registry import GAMES
from arena.games.werewolf.view import SeatView
from arena.protocol.text import clean_text

if TYPE_CHECKING:
    from tui.state import Table

OWN_WORDS: Final = frozenset({"werewolf"})
"""The games that ``tui.words`` and the panels know more about."""
RULES_LIMIT: Final = 2_000
PICTURE_ROWS: Final = 12


def game_of(name: str) -> Game[Any, Any] | None:
    """None where the server plays what this program does not know."""
    return GAMES.get(name)


def title(name: str) -> str:
    game = game_of(name)
    return clean_text(name, 20) if game is None else game.title


def view(me: int | None, events: Sequence[Event]) -> SeatView:
    """Who sits at the table; everybody is in the game to its end."""
    out = SeatView(me=me)
    for event in events:
        if event.kind == "started":
            out.names = tuple(event.data["names"])
            out.alive = [True] * len(out.names)
    return out


def rules(name: str, events: Sequence[Event]) -> tuple[str, ...]:
    """The rules in plain words, a paragraph each."""
    game = game_of(name)
    return () if game is None else tuple(clean_text(text, RULES_LIMIT) for text in game.rules(events).split("\n"))


def picture(name: str, events: Sequence[Event]) -> tuple[str, ...]:
    """How the table looks now; empty where the lines are enough."""
    game = game_of(name)
    return () if game is None or not events else tuple(game.picture(events))[:PICTURE_ROWS]


def waiting(table: Table) -> str:
    return "The game is over." if table.over else "Waiting for the others."


def winner_sentence(table: Table) -> str:
    if table.ended is None:
        return "The game is over"
    won = [table.name(s) for s, side in enumerate(table.ended.sides) if side == table.ended.winner]
    return f"{' and '.join(won)} {'win' if len(won) > 1 else 'wins'}" if won else "Nobody wins"


def why_sentence(table: Table) -> str:
    """The reason in the game's own word for it."""
    reason = "" if table.ended is None else clean_text(table.ended.reason, 60).replace("_", " ")
    return f"{reason.capitalize()}." if reason else ""


def did_i_win(table: Table) -> bool | None:
    """None for spectators and where nobody won."""
    ended, me = table.ended, table.me
    if ended is None or me is None or ended.winner not in ended.sides:
        return None
    return ended.sides[me] == ended.winner


def fate(table: Table, seat: int) -> str:
    """What a seat got."""
    return "" if table.ended is None else f"{table.ended.returns[seat]:+.2g}"


def side(table: Table, seat: int) -> str:
    """Known at the end."""
    return "" if table.ended is None else clean_text(table.ended.sides[seat], 20)
