"""Plain words for newcomers: who you are, what to do, how to win. The rules' own sentences live with the game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from arena.games.werewolf.types import Phase, Role, Side
from arena.games.werewolf.view import SeatView
from arena.protocol.server_messages import RoomInfo, SeatInfo
from tui import any_game
from tui.state import Lost, Table

_A_ROLE: Final = {
    Role.VILLAGER: "a villager",
    Role.WEREWOLF: "a werewolf",
    Role.SEER: "the seer",
    Role.DOCTOR: "the doctor",
    Role.WITCH: "the witch",
    Role.HUNTER: "the hunter",
    Role.MEDIUM: "the medium",
    Role.POSSESSED: "the possessed",
}
_GOAL: Final = {
    Role.VILLAGER: "Find out who lies, and vote the werewolves out.",
    Role.WEREWOLF: "Pass for a villager by day until you are as many as the rest.",
    Role.SEER: "Learn who the werewolves are and get the village to believe you.",
    Role.DOCTOR: "Guess whom the werewolves attack and keep them alive.",
    Role.WITCH: "Use each of your two potions once, when it counts.",
    Role.HUNTER: "Take a werewolf with you when you die.",
    Role.MEDIUM: "Learn what the exiled were, and who lied about them.",
    Role.POSSESSED: "Help the werewolves, whom you do not know, by deceiving the village.",
}
_BY_NIGHT: Final = {
    Role.VILLAGER: "By night you sleep.",
    Role.WEREWOLF: "By night the werewolves choose somebody to kill.",
    Role.SEER: "By night you look at one player and learn whether they are a werewolf.",
    Role.DOCTOR: "By night you protect one player (yourself, if you like) from the werewolves.",
    Role.WITCH: "By night you hear whom the werewolves attack: save them, or poison somebody; each once a game.",
    Role.HUNTER: "By night you sleep. When you die you may shoot somebody, unless you were poisoned.",
    Role.MEDIUM: "By night you learn what the player was who was voted out that day.",
    Role.POSSESSED: "By night you sleep. The seer sees no werewolf in you, but you win with the werewolves.",
}
BY_DAY: Final = "By day everybody talks, then votes one player out."
WIN_VILLAGE: Final = "Win by voting out every werewolf."
WIN_WOLVES: Final = "Win when the werewolves are as many as the others."
DEAD: Final = "You are dead, so you can no longer speak or vote. You may watch on."
DEAD_TALK: Final = "You are dead. You may watch on, and talk with the others who are dead."
TOO_LATE: Final = "Time is up: you passed."
ALL_SEEING: Final = "You are watching, and you see every secret: ◆ marks what only some at the table know."
WENT_ELSEWHERE: Final = "You went on in another window, so this one no longer has the seat."
STAND_IN: Final = "A stand-in plays for you"
TRAIN: Final = (
    "May the games that you play be used for training? The model then learns from its own turns in them, never from "
    "your words and choices."
)
BLIND: Final = "This is a blind game: until its end nobody is told which seats people play. Join under these terms?"


def a_role(role: Role) -> str:
    return _A_ROLE.get(role, f"the {role}")


def goal(role: Role) -> str:
    return _GOAL.get(role, "")


_SLEEPERS: Final = (Role.VILLAGER, Role.HUNTER, Role.MEDIUM, Role.POSSESSED)
_CLASSIC: Final = frozenset(map(str, (Role.VILLAGER, Role.WEREWOLF, Role.SEER, Role.DOCTOR)))


def intro(view: SeatView) -> tuple[str, ...]:
    """The two or three lines that open a game for its player."""
    if view.me is None or view.role is None:
        return ("You are watching: you see what everybody at the table sees.",)
    fellows = and_([view.names[s] for s in view.fellows])
    with_ = f", together with {fellows}" if fellows else ""
    win = WIN_WOLVES if view.role.side is Side.WEREWOLVES else WIN_VILLAGE
    return (
        f"You are {view.names[view.me]}, {a_role(view.role)}{with_}.",
        f"{_BY_NIGHT.get(view.role, goal(view.role))} {BY_DAY}".lstrip(),
        win,
    )


def and_(names: Sequence[str]) -> str:
    """ "Ada and Ben", "Ada, Ben and Cleo"; empty for none."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


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


def waiting(table: Table) -> str:
    """What happens while it is not my turn."""
    v = table.view
    if not table.started:
        if table.room.blind:
            return "Waiting for players."
        taken = sum(1 for s in table.seats if s.mind != "open")
        return f"Waiting for players: {taken} of {len(table.seats)} seats are taken."
    if table.away:
        return f"{STAND_IN}. Ctrl+T takes your seat back."
    if table.plain_words:
        return any_game.waiting(table)
    speaking = sorted(table.speaking())
    match v.phase:
        case Phase.NIGHT if v.me is not None and v.role in _SLEEPERS and not table.dead:
            return "You sleep. The others choose in secret."
        case Phase.NIGHT if v.cast.keys() <= _CLASSIC:
            return "Night: werewolves, seer and doctor choose in secret."
        case Phase.NIGHT:
            return "Night: whoever has something to do chooses in secret."
        case Phase.TALK if table.bidding:
            return "Everybody says in secret how much they want to speak next."
        case Phase.TALK if table.parallel:
            return "Everybody is writing; all messages appear together."
        case Phase.TALK if speaking == [v.me] and not table.dead:
            return "It is about to be your turn."
        case Phase.TALK if speaking:
            return f"{table.name(speaking[0])} is speaking."
        case Phase.DAWN | Phase.DUSK:
            return "The dying have the last word."
        case Phase.ELECTION:
            return "The village is electing a mayor; the votes appear together."
        case Phase.VOTE:
            return "The village is voting; the votes appear together."
        case Phase.OVER:
            return "The game is over."
        case _:
            return "The game is about to begin."


def fate(table: Table, seat: int) -> str:
    """How a seat left the game, or that it lived."""
    if table.plain_words:
        return any_game.fate(table, seat)
    for death in table.view.deaths:
        if death.seat == seat:
            how = {"killed": "killed, night", "exiled": "voted out, day"}.get(death.cause, f"{death.cause}, day")
            return f"{how} {death.day}"
    return "survived"


def winner_sentence(table: Table) -> str:
    if table.plain_words:
        return any_game.winner_sentence(table)
    winner = str(table.view.winner or (table.ended.winner if table.ended else ""))
    if winner == "village":
        return "The village wins"
    return "The werewolves win" if winner == "werewolves" else "The game is over"


def why_sentence(table: Table) -> str:
    if table.plain_words:
        return any_game.why_sentence(table)
    reason = table.ended.reason if table.ended else ""
    for event in table.events:
        if event.kind == "ended":
            reason = str(event.data.get("reason", reason))
    return {
        "wolves_dead": "Every werewolf was found.",
        "wolves_equal": "There are as many werewolves as others, so nobody can stop them.",
        "out_of_days": "The village ran out of days.",
        "nobody_left": "Nobody is left, and no werewolf either.",
    }.get(reason, "")


def did_i_win(table: Table) -> bool | None:
    if table.plain_words:
        return any_game.did_i_win(table)
    v = table.view
    if v.me is None or v.role is None or v.winner is None:
        return None
    return v.role.side is v.winner


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
        "room/seat_taken": "Somebody else has that seat by now.",
    }.get(code, message)
