"""Werewolf in plain words for newcomers: who you are, what to do, how to win."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import SeatView

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
SLEEPERS: Final = (Role.VILLAGER, Role.HUNTER, Role.MEDIUM, Role.POSSESSED)
CLASSIC: Final = frozenset(map(str, (Role.VILLAGER, Role.WEREWOLF, Role.SEER, Role.DOCTOR)))
ALL_SEEING: Final = "You are watching, and you see every secret: ◆ marks what only some at the table know."
RULES: Final = (
    ("The point", "A few are werewolves and know each other: two of seven, say. The others do not know who they are."),
    ("By night", "The werewolves choose somebody to kill. The seer looks at one player and learns whether they "
     "are a werewolf. The doctor protects one player. The villagers sleep."),
    ("Larger games", "may have more roles: a witch who saves once and poisons once, a hunter who shoots when dying, a "
     "medium who learns what the exiled were, and one possessed, who is human but wins with the werewolves."),
    ("By day", "Everybody talks, then everybody votes in secret. Who gets the most votes is out; on a tie nobody "
     "is. The votes are shown afterwards: who voted for whom is your best evidence."),
    ("Winning", "The village wins when all werewolves are out. The werewolves win when they are as many as "
     "the others."),
    ("More roles", "The witch hears whom the werewolves attack, and has one potion to save and one to kill. The "
     "hunter shoots somebody when he dies, unless he was poisoned. The medium learns what the exiled were. The "
     "possessed is human but wins with the werewolves. The mayor (★) is elected; that vote counts twice."),
    ("When you are away", "If the connection breaks, the game comes back by itself. If you are gone for long, or miss "
     "three turns, a stand-in plays until you take your seat back. Who leaves gives the seat up for good."),
    ("Talking well", "As a villager say whom you doubt and why. As the seer decide when to tell what you saw: too "
     "early and you die, too late and nobody believes you. As a werewolf have a story ready."),
)  # fmt: skip


def a_role(role: Role) -> str:
    return _A_ROLE.get(role, f"the {role}")


def goal(role: Role) -> str:
    return _GOAL.get(role, "")


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
