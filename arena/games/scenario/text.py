"""Scenarios in plain English: one line an event, the cues of answers, the card of a seat, the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from arena.games.core import Event, Json, Weight

_CUES: Final = {
    "bid": "{} bids",
    "deed": "{} will",
    "speak": "{}:",
    "gesture": "{} gestures:",
    "do": "{} does:",
    "whisper": "{} whispers:",
    "whom": "{} whispers to",
    "pledge": "{} promises",
    "give": "{} gives",
    "guess": "{} guesses",
}
_OVER: Final = {
    "agreed": "They agree",
    "left": "The talk is over: too few are left.",
    "stale": "The talk is over: nobody has anything to add.",
    "turns": "The talk is over: there is no time left.",
}
_FRAME: Final = frozenset({"started", "card"})
_CLAIMS: Final = frozenset({"proposed", "accepted", "pledged"})


def cue(names: Sequence[str], kind: str, seat: int, issue: str = "") -> str:
    """The words that open an answer; ``issue`` where terms are proposed one by one."""
    name = names[seat]
    return f"{name} proposes {issue}" if kind == "term" else _CUES[kind].format(name)


def weight(event: Event) -> Weight:
    if event.kind in _FRAME:
        return Weight.FRAME
    if event.kind in _CLAIMS:
        return Weight.CLAIM
    return Weight.CHATTER if "text" in event.data or event.kind == "waited" else Weight.FACT


def line(names: Sequence[str], event: Event) -> str:
    """The line for the seats that see ``event``; empty for bookkeeping that a reader does not need."""
    d = event.data

    def name(key: str = "seat") -> str:
        seat: int = d[key]
        return names[seat]

    match event.kind:
        case "started":
            return " ".join(_opening(names, d))
        case "card":
            return " ".join(_card(names, d))
        case "said":
            return f"{name()}: {d['text']}"
        case "gestured":
            return f"{name()} gestures: {d['text']}"
        case "did":
            return f"{name()} does: {d['text']}"
        case "whispered":
            return f"{name()} whispers to {_and([names[s] for s in d['to']])}."
        case "heard":
            return f"{name()} whispers: {d['text']}"
        case "proposed":
            return f"{name()} proposes {_terms(d['issues'], d['terms'])}."
        case "accepted":
            return f"{name()} accepts."
        case "pledged":
            return f"{name()} promises {d['amount']}."
        case "left":
            return f"{name()} leaves."
        case "waited":
            return f"{name()} waits."
        case "silence":
            return "Nobody wants to act."
        case "talk_over" if d["deal"] is not None:
            return f"{_OVER['agreed']}: {_terms(d['issues'], d['deal']['terms'])}."
        case "talk_over":
            return _OVER[d["reason"]]
        case "shared_out":
            return f"In the pot: {', '.join(f'{n} {coins}' for n, coins in zip(names, d['gave'], strict=True))}."
        case "dead_said":  # of those who left, to each other
            return f"{name()} outside: {d['text']}"
        case "guessed":
            return f"You guessed: {d['choice'] or 'nothing'}."
        case "ended":
            return " ".join(_ending(names, d))
        case _:
            return ""


def _opening(names: Sequence[str], d: Mapping[str, Json]) -> Iterator[str]:
    people = [f"{name}, {job}, {age}" for name, (age, job) in zip(names, d["people"], strict=True)]
    yield f"{d['situation']} At the table: {'; '.join(people)}."
    if d["issues"]:
        yield f"To settle: {'; '.join(f'{issue} {_or(options)}' for issue, options in d['issues'])}."
        yield "All must agree." if d["needs"] == len(names) else f"{d['needs']} of {len(names)} must agree."
    if d["giving"] is not None:
        purse, percent = d["giving"]
        yield f"Each has {purse} coins. What is in the pot grows to {percent} percent."


def _card(names: Sequence[str], d: Mapping[str, Json]) -> Iterator[str]:
    """What a seat knows, in the order in which it matters to it."""
    traits = f", {_and(d['traits'])}" if d["traits"] else ""
    yield f"You are {names[d['seat']]}{traits}. {d['goal']}"
    if d["values"]:
        yield f"To you counts {_and(d['values'])}."
    yield from (f"{other} is {what.rstrip('.')}." for other, what in d["relations"])
    yield from d["knows"]
    if d["secret"] is not None:
        yield f"Secret: {d['secret']}"
    if d["worths"] is not None:
        worths = [[f"{option} {w}" for option, w in of_issue if w] for _, of_issue in d["worths"]]
        by_issue = [f"{issue} {', '.join(some)}" for (issue, _), some in zip(d["worths"], worths, strict=True) if some]
        yield f"Worth to you: {'; '.join(by_issue)}."
        yield f"Without agreement: {d['walk']}."
    if d["guess"] is not None:
        _, question, choices = d["guess"]
        yield f"You will be asked: {question} {_or(choices)}."


def _ending(names: Sequence[str], d: Mapping[str, Json]) -> Iterator[str]:
    for name, goal, secret, found in zip(names, d["goals"], d["secrets"], d["scores"], strict=True):
        reached = f", {found['goal']:.0f} of 10 reached" if "goal" in found else ""
        yield f"{name} wanted: {goal.rstrip('.')}{reached}." + (f" Secret: {secret}" if secret else "")
    for seat, _, question, choice, truth in d["guesses"]:
        right = "rightly" if choice == truth else f"and it was {truth}"
        yield f"{question} {names[seat]} guessed {choice or 'nothing'}, {right}."


def _terms(issues: Sequence[str], terms: Sequence[str]) -> str:
    return ", ".join(f"{issue} {option}" for issue, option in zip(issues, terms, strict=True))


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _and(words: Sequence[Any]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def rules(seen: Sequence[Event]) -> str:
    """For a player who has never heard of it, in a few paragraphs."""
    started = next((e.data for e in seen if e.kind == "started"), {})
    options = started.get("options", {})
    turns = options.get("turns", 20)
    paragraphs = [
        "Everybody at the table is somebody, with a goal of their own and mostly a secret. Your card tells you yours; "
        "the others have theirs. You talk until you agree, too few are left, nobody has anything to add, or "
        f"{turns} turns are over.",
        "With a turn you do one thing: speak, show something without words (gesture), do something, whisper to some, "
        "leave, or wait.",
    ]
    if started.get("issues"):
        paragraphs.append(
            "Or you propose terms, one issue after the other. The last proposal lies on the table, and others can "
            "accept it. Your card says what each option is worth to you (nothing where it is silent), and what having "
            "no agreement is worth."
        )
    if started.get("giving"):
        paragraphs.append(
            "Or you promise coins, which binds nobody. When the talk is over everybody puts coins into the pot, "
            "unseen; it grows and is shared out evenly."
        )
    paragraphs.append("In the end you may be asked what you have found out about another.")
    return "\n".join(paragraphs)
