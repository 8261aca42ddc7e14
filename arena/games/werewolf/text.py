"""Werewolf in plain English: one line an event, as prompts, replays and the terminal show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from arena.games.core import Event, Json, Turn

NIGHT_QUESTION: Final = {
    "kill": "Whom do the werewolves attack tonight?",
    "check": "Whom do you look at tonight?",
    "protect": "Whom do you protect tonight?",
}

_CUE: Final = {
    "talk": "{}:",
    "pack_talk": "{}, to the werewolves:",
    "vote": "{} votes",
    "kill": "{} attacks",
    "check": "{} looks at",
    "protect": "{} protects",
}
_A: Final = {
    "villager": "a villager",
    "werewolf": "a werewolf",
    "seer": "the seer",
    "doctor": "the doctor",
    "village": "of the village",
    "werewolves": "a werewolf",
}
_COUNT: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURAL: Final = {"werewolf": "werewolves"}
_SHOWS: Final = {
    "nothing": "The dead show nothing.",
    "side": "The dead show their side.",
    "role": "The dead show their role.",
}


def line(names: Sequence[str], event: Event) -> str:
    """The line for the seats that see ``event``; empty for bookkeeping that a reader does not need."""
    d = event.data

    def name(key: str = "seat") -> str:
        seat: int = d[key]
        return names[seat]

    match event.kind:
        case "started":
            return f"{', '.join(names)} sit in the village: {_cast(d['cast'])}. {_SHOWS[d['options']['reveal']]}"
        case "dealt":
            fellows: list[str] = [names[seat] for seat in map(int, d["fellows"])]
            with_ = f", with {' and '.join(fellows)}" if fellows else ""
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
            cast = (f"{names[s]} {'nobody' if t is None else names[t]}" for s, t in d["ballots"])
            return f"Votes: {', '.join(cast)}."
        case "exiled":
            return f"{name()} was exiled{_shown(d)}."
        case "nobody_exiled":
            return "Nobody was exiled."
        case "ended":
            roles = ", ".join(f"{n} {r}" for n, r in zip(names, d["roles"], strict=True))
            return f"The {d['winner']} {'wins' if d['winner'] == 'village' else 'win'}. {roles}."
        case _:
            return ""


def cue(names: Sequence[str], turn: Turn) -> str:
    """The words that open a seat's answer: the message line it will become, or the deed that waits for a name."""
    return _CUE[turn.kind].format(names[turn.seat])


def _words(d: Mapping[str, Json]) -> str:
    return d["text"] or "…"


def _shown(d: Mapping[str, Json]) -> str:
    return f": {_A[d['shown']]}" if d["shown"] else ""


def _cast(cast: Mapping[str, int]) -> str:
    parts = [f"{_COUNT[n]} {role if n == 1 else _PLURAL.get(role, role + 's')}" for role, n in sorted(cast.items())]
    return ", ".join(parts[:-1]) + " and " + parts[-1]
