"""One line of advice for whoever plays a social scenario for the first time, at each kind of turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arena.games.scenario.view import view
from tui.lesson import Lesson

if TYPE_CHECKING:
    from tui.state import Table

LESSON: Final = Lesson(
    "You and a script settle several things, and each wants something else. It takes about five minutes, and a line of "
    "advice stands above each turn.",
    {"family": "bargain", "turns": 12},
    ("open", "scripted:fair"),
)
_TURNS: Final = {
    "speak": "Ask what the other needs most, and say a little of what you need: that is how deals are found.",
    "gesture": "Something that can be seen, without words.",
    "do": "Something that you do in the scene. Whatever costs another something is remembered.",
    "whisper": "Only those whom you named read this.",
    "whom": "Only those whom you name will hear it; the others see that you whisper.",
    "term": "Take what you want where it counts for you, and give way where it counts little.",
    "pledge": "A promise binds nobody, but a broken one is seen by all.",
    "give": "What is in the pot grows and is shared evenly: also by those who gave nothing.",
    "guess": "Think of what the other asked for first, and of what they never gave up.",
    "bid": "A high bid gets you the next turn.",
}


def hint(table: Table) -> str:
    """What to bear in mind now; empty where there is nothing to do."""
    turn = table.turn
    if not table.started:
        return "Soon you are told who you are, what you want, and what you had better keep to yourself."
    if table.over or table.me is None or turn is None or not table.my_turn:
        return ""
    if turn.kind != "deed":
        return _TURNS.get(turn.kind, "")
    v = view(table.events)
    if v.offer is not None and (worth := v.worth(v.offer.terms)) is not None:
        walk = v.card.get("walk", 0)
        better = "more than" if worth > walk else "no more than"
        return f"The offer is worth {worth} to you, {better} no agreement ({walk}): accept, or propose better."
    if not v.taken:
        return "Read your card first (F2). Then begin by speaking: find out what the others want."
    return "Speak to learn more, or propose terms once you know what the others care about."
