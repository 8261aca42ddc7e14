"""Werewolf in plain English: one line an event, as prompts, replays and the terminal show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from arena.games.core import Event, Json, Turn, Weight
from arena.games.werewolf.types import Role

_CUE: Final = {
    "talk": "{}:",
    "pack_talk": "{}, to the werewolves:",
    "bid": "{} bids",
    "vote": "{} votes",
    "elect": "{} elects",
    "kill": "{} attacks",
    "check": "{} looks at",
    "protect": "{} protects",
    "save": "{} saves",
    "poison": "{} poisons",
    "shoot": "{} shoots",
    "succeed": "{} names",
}
_A: Final = {
    "villager": "a villager",
    "werewolf": "a werewolf",
    "seer": "the seer",
    "doctor": "the doctor",
    "witch": "the witch",
    "hunter": "the hunter",
    "medium": "the medium",
    "possessed": "the possessed",
    "village": "of the village",
    "werewolves": "a werewolf",
}
_COUNT: Final = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
)
_PLURAL: Final = {"werewolf": "werewolves", "witch": "witches", "possessed": "possessed"}
_SHOWS: Final = {
    "nothing": "The dead show nothing.",
    "side": "The dead show their side.",
    "role": "The dead show their role.",
}
_HOUSE_RULES: Final[tuple[tuple[str, Json, str], ...]] = (
    ("discussion", "open", "Whoever wants to speak bids for the floor."),
    ("mayor", True, "The village elects a mayor, whose vote counts twice."),
    ("open_vote", False, "Only the count of a vote is shown."),
    ("tie", "second_vote", "A tie is voted on once more."),
    ("tie", "random", "A tie is settled by lot."),
    ("self_protect", False, "The doctor may not protect herself."),
    ("same_target", False, "The doctor may not protect the same one twice running."),
)
"""(option, value, sentence) for rules that the opening line names, all of them other than the defaults."""
QUESTIONS: Final = {"vote": _CUE["vote"], "werewolf": "{} thinks that a werewolf is"}
"""Question → cue. Both ask for werewolves. ``vote`` asks for it as the village does, in words that every model has met;
werewolves answer it with a lie. ``werewolf`` asks straight out."""
_WOLF: Final = re.compile(r"\b(werewolf|werewolves|wolf|wolves)\b", re.IGNORECASE)
_OFFICE: Final = re.compile(
    rf"\b({'|'.join(r for r in Role if r not in (Role.WEREWOLF, Role.VILLAGER))}|mayor)(s|es)?\b", re.IGNORECASE
)
"""Whoever speaks of an office most often claims it, or answers somebody who does."""


def line(names: Sequence[str], event: Event) -> str:
    """The line for the seats that see ``event``; empty for bookkeeping that a reader does not need."""
    d = event.data

    def name(key: str = "seat") -> str:
        seat: int = d[key]
        return names[seat]

    match event.kind:
        case "started":
            rules = (says for option, value, says in _HOUSE_RULES if d["options"].get(option) == value)
            told = " ".join((_SHOWS[d["options"]["reveal"]], *rules))
            return f"{', '.join(names)} sit in the village: {cast_in_words(d['cast'])}. {told}"
        case "dealt":
            fellows: list[str] = [names[seat] for seat in map(int, d["fellows"])]
            with_ = f", with {_and(fellows)}" if fellows else ""
            return f"You are {name()}, {_A[d['role']]}{with_}."
        case "night":
            return f"Night {d['day']}."
        case "pack_said":
            return f"{name()}, to the werewolves: {_words(d)}"
        case "dead_said":
            return f"{name()}, among the dead: {_words(d)}"
        case "checked" if d["target"] is None:
            return "You looked at nobody."
        case "checked":
            verdict = "is a werewolf" if d["side"] == "werewolves" else "is no werewolf"
            return f"You saw: {name('target')} {verdict}."
        case "protected":
            return "You protected nobody." if d["target"] is None else f"You protected {name('target')}."
        case "warned" if d["target"] is None:
            return "The werewolves attack nobody tonight."
        case "warned":
            return f"The werewolves attack {name('target')} tonight."
        case "saved":
            return "You saved nobody." if d["target"] is None else f"You saved {name('target')}."
        case "poisoned":
            return "You poisoned nobody." if d["target"] is None else f"You poisoned {name('target')}."
        case "sensed":
            return f"You learn: {name('target')} was {_A[d['role']]}."
        case "attacked":
            return f"The werewolves attacked {name('target')}."
        case "killed":
            return f"{name()} was killed{_shown(d)}."
        case "nobody_died":
            return "Nobody died."
        case "day":
            return f"Day {d['day']}."
        case "said":
            return f"{name()}: {_words(d)}"
        case "votes":
            return f"{'Second votes' if d.get('round') == 2 else 'Votes'}: {_count(names, d)}."
        case "runoff":
            tied: list[str] = [names[seat] for seat in map(int, d["among"])]
            return f"A tie between {_and(tied)}: vote again among them."
        case "exiled":
            return f"{name()} was exiled{_shown(d)}."
        case "nobody_exiled":
            return "Nobody was exiled."
        case "shot":
            return f"{name('by')} shot {name()}{_shown(d)}."
        case "held_fire":
            return "You shot nobody."
        case "election":
            return "The village elects a mayor."
        case "nominated":
            return f"For mayor: {_count(names, d)}."
        case "mayor" if d["by"] is None:
            return f"{name()} is mayor."
        case "mayor":
            return f"{name('by')} made {name()} mayor."
        case "no_mayor":
            return "There is no mayor."
        case "ended":
            roles = ", ".join(f"{n} {r}" for n, r in zip(names, d["roles"], strict=True))
            return f"The {d['winner']} {'wins' if d['winner'] == 'village' else 'win'}. {roles}."
        case _:
            return ""


def weight(event: Event) -> Weight:
    """What the line matters later: a message by the words in it, everything else as a fact.

    A message that names an office (a role other than villager and werewolf, or the mayor) is taken for a claim, one
    that names werewolves for an opinion.
    """
    if event.kind in ("started", "dealt"):
        return Weight.FRAME
    said: str | None = event.data.get("text")
    if said is None:
        return Weight.FACT
    if _OFFICE.search(said):
        return Weight.CLAIM
    return Weight.OPINION if _WOLF.search(said) else Weight.CHATTER


def a_role(role: Role) -> str:
    """The role with its article: "a werewolf", "the seer"."""
    return _A[role]


def cue(names: Sequence[str], turn: Turn) -> str:
    """The words that open a seat's answer: the message line it will become, or the deed that waits for a name."""
    return _CUE[turn.kind].format(names[turn.seat])


def _words(d: Mapping[str, Json]) -> str:
    return d["text"] or "…"


def _shown(d: Mapping[str, Json]) -> str:
    return f": {_A[d['shown']]}" if d["shown"] else ""


def _and(items: Sequence[str]) -> str:
    """Two werewolves, or several tied, in one breath: "Ada and Ben", "Ada, Ben and Cleo"."""
    *rest, last = items
    return f"{', '.join(rest)} and {last}" if rest else last


def _count(names: Sequence[str], d: Mapping[str, Json]) -> str:
    """Who chose whom, or how many votes each got where the ballots are secret; None means nobody."""
    if "ballots" in d:
        return ", ".join(f"{names[s]} {'nobody' if t is None else names[t]}" for s, t in d["ballots"])
    return ", ".join(f"{'nobody' if t is None else names[t]} {n}" for t, n in d["tally"])


def cast_in_words(cast: Mapping[str, int]) -> str:
    """How many of each role there are: "two werewolves, one seer and four villagers"."""
    parts = [f"{_COUNT[n]} {role if n == 1 else _PLURAL.get(role, role + 's')}" for role, n in sorted(cast.items())]
    return _and(parts)
