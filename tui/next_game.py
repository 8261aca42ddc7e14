"""Which game is played next, and how one opens a room and sits down in it: for the screens and for the plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.errors import ArenaError, OptionError
from tui import house_rules
from tui.faces.registry import face_of
from tui.house_rules import NewGameChoice

if TYPE_CHECKING:
    from arena.protocol.server_messages import RoomJoined
    from tui.link import Link
    from tui.state import Table
    from tui.wish import Wish

Opened = tuple[str, NewGameChoice]
"""The id of a room that was opened from here, and as what."""


def wished(wish: Wish) -> NewGameChoice | None:
    """What the command line asks of games that are opened from here; None where it asks nothing: any seat will do.

    Raises:
        OptionError: there are not so many seats, or nothing here knows how many there are.
    """
    if not (wish.options or wish.people is not None or wish.others is not None or wish.terms):
        return None
    return NewGameChoice(wish.game, wish.options, _fills(wish), wish.terms)


def lesson(game: str) -> NewGameChoice | None:
    """The game that teaches this game; None where there is none."""
    taught = face_of(game).lesson
    if taught is None:
        return None
    return NewGameChoice(game, taught.options, taught.fills, {"private": True, "night_s": 0.0})


def next_game(before: Table | None, opened: Opened | None, wish: Wish) -> NewGameChoice | str:
    """What to open, or the name of a game in which any seat will do. To play again where the room was one's own is to
    play by the same rules."""
    if before is not None and opened is not None and opened[0] == before.room.room:
        return opened[1]
    game = wish.game if before is None else before.room.game
    asked = wished(wish) if game == wish.game else None
    return game if asked is None else asked


async def open_room(link: Link, choice: NewGameChoice, *, train: bool) -> RoomJoined:
    """Whoever opens a blind game has agreed to it.

    Raises:
        ArenaError: the server does not take the rules, the fillings or the terms, or one more room.
    """
    fills = None if choice.fills is None else list(choice.fills)
    made = await link.create(choice.game, choice.options, fills=fills, **choice.terms)
    return await link.join(made.room, train=train, blind=made.blind)


def _fills(wish: Wish) -> tuple[str, ...] | None:
    if wish.people is None and wish.others is None:
        return None
    try:
        seats = house_rules.seat_count(wish.game, wish.options)
    except ArenaError as error:
        raise OptionError(
            f"{error.message} Leave out --people and --others: then the server counts the seats."
        ) from error
    people = 1 if wish.people is None else wish.people
    if people > seats:
        raise OptionError(f"--people is {people}, and there are {seats} seats.")
    return house_rules.fillings(seats, people, wish.others or house_rules.others(wish.game).start)
