"""What the plain lines say, and how a typed choice is read: text from the state of a table, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arena.client.trace import Traced
from arena.protocol.text import clean_text
from tui import connection_facts
from tui.lines import Line, LineKind
from tui.state import OpenTurn, Table

COMMANDS: Final = (
    ("/card", "what only you know, once more"),
    ("/seats", "who sits at the table, and what is known of them"),
    ("/time", "how long you have for this turn"),
    ("/hint", "a line of advice for now"),
    ("/help", "the rules in one minute, and this list"),
    ("/back", "take your seat back from a stand-in"),
    ("/begin", "begin the game that you opened, before all have come"),
    ("/rate 4", "one to five stars for the match, sent when it is over"),
    ("/again", "play another one when this one is over"),
    ("/connection", "the connection, and the last messages, for when something is wrong"),
    ("/leave", "give the seat up"),
)
"""What can be typed at any time, beside answers."""


def help_lines(table: Table) -> Iterator[str]:
    """The rules, and what can be typed."""
    for heading, text in table.face.rules(table.events):
        yield f"{heading}: {text}" if heading else text
    yield "Answer with a name or its number, or with what you say; an empty line passes. At any time:"
    for command, does in COMMANDS:
        yield f"  {command}: {does}"


def seat_lines(table: Table) -> Iterator[str]:
    """A line a seat: who sits there, whether they are in the game, and what is known of them."""
    for seat in range(table.count()):
        told = ["you" if seat == table.me else "stand-in" if seat in table.stand_ins else table.mind(seat)]
        if table.started:
            told += ["" if table.view.alive[seat] else "out of the game", table.known_role(seat)]
            told += ["mayor" if seat == table.view.mayor else "", "speaks" if seat in table.speaking() else ""]
        yield f"{seat + 1} {table.name(seat)}: {', '.join(filter(None, told))}"


def connection_lines(facts: list[tuple[str, str]], traced: tuple[Traced, ...]) -> Iterator[str]:
    """What ``tui.connection_facts`` has, and the last messages each way."""
    for name, value in facts:
        yield f"{name}: {value}"
    for each in traced:
        yield f"{connection_facts.when(each)} {each.line}"


def line_of(table: Table, line: Line) -> str:
    """A line of the talk as text."""
    match line.kind:
        case LineKind.PHASE:
            return f"== {line.text}"
        case LineKind.TALK:
            return f"{table.name(line.seat)}: {line.text or 'says nothing'}"
        case LineKind.GHOST:
            return f"(among the dead) {table.name(line.seat)}: {line.text}"
        case LineKind.SHOWN | LineKind.WHISPER | LineKind.OFFER | LineKind.YES | LineKind.GONE:
            return " ".join(
                w for w in (table.name(line.seat), line.how, line.text, line.aside and f"({line.aside})") if w
            )
        case LineKind.SECRET:
            return f"(secret) {'' if line.seat is None else table.name(line.seat) + ': '}{line.text}"
        case _:
            return line.text


def question(table: Table, turn: OpenTurn) -> list[str]:
    """What is asked, and what may be answered."""
    asked = f"? {table.face.question(table, turn)}"
    if not turn.choices:
        return [f"{asked} (at most {turn.text_limit} characters; an empty line says nothing)"]
    offered = table.face.offered(table, turn)
    asides = {c: f" ({aside})" for c, aside in offered.asides.items()}
    numbers = [""] * len(turn.choices) if _numbers(turn) else [f"{i} " for i in range(1, len(turn.choices) + 1)]
    choices = [f"{n}{clean_text(c, 40)}{asides.get(c, '')}" for n, c in zip(numbers, turn.choices, strict=True)]
    return [asked, "  " + ", ".join([*choices, *([f"0 {offered.passing}"] if offered.beside else [])])]


def chosen(turn: OpenTurn, text: str) -> str | None:
    """By name, or by number: where the names are numbers themselves, by name alone."""
    named = next((c for c in turn.choices if clean_text(c).lower() == text.lower()), None)
    if (
        named is None
        and not _numbers(turn)
        and text.isascii()
        and text.isdigit()
        and 1 <= int(text) <= len(turn.choices)
    ):
        return turn.choices[int(text) - 1]
    return named


def _numbers(turn: OpenTurn) -> bool:
    """Whether the choices are amounts."""
    return all(choice.isdigit() for choice in turn.choices)
