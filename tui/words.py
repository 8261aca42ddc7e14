"""Words that all games share: who came and went, what was lost, what a refusal means."""

from __future__ import annotations

from typing import Final

from arena.protocol.server_messages import RoomInfo, SeatInfo
from tui.faces.face import STAND_IN
from tui.state import Lost, Table, World

TOO_LATE: Final = "Time is up: you passed."
DEAD: Final = "You are dead, so you can no longer speak or vote. You may watch on."
DEAD_TALK: Final = "You are dead. You may watch on, and talk with the others who are dead."
WENT_ELSEWHERE: Final = "You went on in another window, so this one no longer has the seat."
TRAIN: Final = (
    "May the games that you play be used for training? The model then learns from its own turns in them, never from "
    "your words and choices."
)
NO_OPERATOR: Final = (
    "Only whoever runs the server may do that. Come with its operator's token: ARENA_OPERATOR_TOKEN=… arena play"
)
BLIND: Final = "This is a blind game: until its end nobody is told which seats people play. Join under these terms?"


def seat_changed(table: Table, seat: SeatInfo, was_stand_in: bool) -> str:
    """Another kind of mind sits in a seat of a running game."""
    back = seat.mind == "person"
    if seat.seat == table.me:
        return "You play your seat again." if back else f"{STAND_IN} now."
    if back:
        name = table.name(seat.seat)
        return f"{name}'s player is back." if was_stand_in else f"{name} is now played by a person."
    return f"A stand-in ({seat.mind}) plays {table.name(seat.seat)} now."


def lost(lost: Lost, now_s: float) -> str:
    """The line that tells of a lost connection, with the countdown to the next attempt."""
    left_s = int(lost.retry_at_s - now_s + 0.999)
    when = f"in {left_s} s" if left_s > 0 else "now"
    return f"Connection lost. Trying again {when} (attempt {lost.attempt}) …"


def marks(room: RoomInfo) -> tuple[str, ...]:
    """What sets a room apart from the usual."""
    return tuple(name for name, is_so in (("private", room.private), ("blind", room.blind)) if is_so)


def shows_everything(room: RoomInfo) -> bool:
    """Whether spectators may see the secrets of this room (now, or as late as it wants)."""
    return room.status == "over" or (room.status == "playing" and room.show_all_after_s is not None)


def server(world: World) -> str:
    """Which server it is, and who plays the seats that no person has."""
    plays = f"model {world.checkpoint}" if world.checkpoint else "scripts play, no model loaded"
    return f"{world.server} · {plays}" if world.server else plays


def stands(room: RoomInfo) -> str:
    """Where a room is: waiting, the phase of its match, or over."""
    return {"waiting": "waiting", "playing": room.phase or "playing", "over": "over"}[room.status]


def seats(room: RoomInfo) -> str:
    """How many, and how many of them are free, where that is told."""
    told = f"{len(room.seats)} seats"
    if _hides(room):
        return told
    free = sum(1 for s in room.seats if s.mind == "open")
    return f"{told}, {free} open" if free else f"{told}, full"


def who_plays(room: RoomInfo) -> str:
    """How many people, where that is told."""
    return "hidden" if _hides(room) else people(sum(1 for s in room.seats if s.mind == "person"))


def _hides(room: RoomInfo) -> bool:
    return room.blind and room.status != "over"


def age(seconds: float) -> str:
    """How old something is, in the largest unit that fits."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "now"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def gone(code: str, message: str) -> str:
    """Why a seat could not be taken up again."""
    return {
        "room/unknown": "The server no longer has this match.",
        "seat/bad_token": "Your seat was given up.",
        "act/not_seated": "Your seat was given up.",
    }.get(code, message)


def promoted(checkpoint: str) -> str:
    return f"{checkpoint} is live. Rooms play with it as soon as it is loaded."


def span(seconds: float) -> str:
    """A length of time in the largest unit that fits."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def refusal(code: str, message: str) -> str:
    """A refusal in words that say what to do; the server's own where they do."""
    return {
        "act/stale_turn": "Too late: that turn is over. Your words are kept here.",
        "act/not_stored": "The server could not save that. Please send it again.",
        "act/not_seated": "You have no seat here any more.",
        "act/handed_over": "A stand-in plays for you. Take your seat back first.",
        "act/not_among_the_dead": "You cannot talk with the dead here.",
        "room/not_yours": "Whoever opened the game is still here: only they can begin it.",
        "room/full": "That game is full. Pick another one, or play a new one.",
        "room/unknown": "That game is gone.",
        "room/too_many_guesses": "Too many wrong codes were tried from here. Wait some minutes.",
        "server/not_operator": NO_OPERATOR if "token" in message else message,
        "room/seat_taken": "Somebody else has that seat by now.",
    }.get(code, message)
