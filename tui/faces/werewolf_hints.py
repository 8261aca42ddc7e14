"""One line of advice for whoever plays Werewolf for the first time: at each kind of turn, and in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arena.games.werewolf.types import Phase, Role, Side
from tui.lesson import Lesson

if TYPE_CHECKING:
    from tui.state import Table

LESSON: Final = Lesson(
    "A village of five with one werewolf in it: four scripts and you. It takes about five minutes, nothing hurries "
    "you, and a line of advice stands above each turn.",
    {"seats": 5, "talk_rounds": 1, "first_night_kill": False, "talk_budget_s": 900, "choice_budget_s": 900},
    ("open", *("scripted:careful",) * 4),
)
_TURNS: Final = {
    "kill": "Take somebody whom the village listens to, not somebody whom it suspects already.",
    "check": "Look at somebody about whom you are unsure. Only you are told what they are.",
    "protect": "Guess whom the werewolves want: often whoever was right by day. You may choose yourself.",
    "pack_talk": "Only werewolves read this. Agree on one name, and on what you will say by day.",
    "save": "Each potion works once. Save somebody whom the village needs.",
    "poison": "Each potion works once. Poison only when you are fairly sure.",
    "shoot": "You may take one with you: the one whom you suspect most, or nobody.",
    "elect": "A mayor's vote counts twice: elect somebody whom you trust.",
    "succeed": "Pass the office to somebody whom you trust.",
    "bid": "A high bid gets you the floor. Keep it for when you have something to say.",
}
_TALK: Final = {
    Role.SEER: "Say so if you saw a werewolf, and whom. The werewolves will hunt you for it.",
    Role.WEREWOLF: "Sound like a villager: suspect somebody, with a reason, and no werewolf.",
    Role.DOCTOR: "Keep your role to yourself as long as you can, and ask others for their reasons.",
    Role.POSSESSED: "Confuse the village: claim what you are not, and defend whom it suspects.",
}


def hint(table: Table) -> str:
    """What to bear in mind now; empty where there is nothing to do."""
    v, turn = table.view, table.turn
    if not table.started:
        return "Soon each is dealt a role. Yours stands on the right, and nobody else can see it."
    if table.over or table.me is None:
        return ""
    if table.my_turn and turn is not None and turn.kind == "talk":
        if not v.talk:
            return "Nobody knows much yet. Ask somebody a question, or say whom you would watch."
        return _TALK.get(
            v.role or Role.VILLAGER, "Say whom you suspect and why. Who accuses without a reason is suspect."
        )
    if table.my_turn and turn is not None and turn.kind == "vote":
        if v.role is not None and v.role.side is Side.WEREWOLVES:
            return "Vote with the crowd, but against no werewolf: then you do not stand out."
        return "Most votes: out. Vote for your suspect; votes that are split help the werewolves."
    if table.my_turn and turn is not None and not v.talk and turn.kind in ("kill", "check", "protect"):
        return "Nobody has spoken yet, so any name will do. From the second night on, think of who said what."
    if table.my_turn and turn is not None:
        return _TURNS.get(turn.kind, "")
    if table.dead:
        return "You are out, but your side can still win. Watch who was right about whom."
    return _meanwhile(table)


def _meanwhile(table: Table) -> str:
    v = table.view
    match v.phase:
        case Phase.NIGHT if v.day == 1:
            return "The first night: everybody sleeps but those who have something to do in secret."
        case Phase.TALK if len(v.deaths) == 1:
            return "Somebody is dead. Werewolves kill no werewolf, so whom did the dead suspect?"
        case Phase.TALK:
            return "Read on: who defends whom, who changes their mind, who says nothing at all?"
        case Phase.VOTE if not v.votes:
            return "The first vote. Afterwards everybody sees who voted for whom: remember it."
        case _:
            return ""
