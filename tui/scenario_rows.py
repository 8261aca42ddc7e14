"""The rows of the new-game dialog for social scenarios: what is played follows from what was picked so far.

A family says how many seats there can be; the hand-written scenarios of that many seats stand in a row of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from arena.games.scenario.families.registry import FAMILIES, GROUPS, families_for
from arena.games.scenario.library import library
from arena.games.scenario.spec import SEATS
from arena.games.scenario.state import ScenarioOptions
from tui.rows import Choice, Value

WRITTEN: Final = "written"
ANY: Final = ""
"""Whichever of the hand-written ones is drawn."""
_DEFAULT: Final = ScenarioOptions()
_FAMILIES: Final = {
    "any": "Whatever is drawn: a new scenario each time.",
    "training": "Whatever is drawn, of the families that models are trained on.",
    "transfer": "Whatever is drawn, of the families that models are never trained on.",
    "bargain": "Two settle several things, which matter to each in another measure.",
    "split": "Things, or chores, are divided among two to four people.",
    "sale": "One sells, one buys; each has a limit that the other does not know.",
    "pot": "A common pot: giving helps all, keeping helps you. Promises bind nobody.",
    "trait": "Two find out what the other likes best, by hints alone.",
    "meeting": "A time is looked for; everybody knows only their own calendar.",
    "coalition": "A majority decides: win others for the plan that you like.",
    "secret": "One keeps a secret, the other would like to know it.",
}


def rows(picked: Mapping[str, Any]) -> tuple[Choice, ...]:
    """The rows about the rules, given what is picked by name; only what goes together is offered."""
    family = picked.get("family", _DEFAULT.family)
    possible = seats_of(family)
    seats = picked.get("seats", _DEFAULT.seats)
    seats = seats if seats in possible else possible[0]
    written = (_written(seats),) if family == WRITTEN else ()
    return (_family(), _seats(possible, seats), *written, *(() if written else (_DIFFICULTY,)), _ORDER, _TURNS)


def seats_of(family: str) -> tuple[int, ...]:
    """How many people a family can be for."""
    everything = range(SEATS[0], SEATS[1] + 1)
    if family == WRITTEN:
        return tuple(n for n in everything if library().ids(n))
    if family in GROUPS:
        return tuple(n for n in everything if families_for(n, family))
    low, high = FAMILIES[family].seats
    return tuple(range(low, high + 1))


def options(values: Mapping[str, Any], pick: Callable[[Sequence[str]], str]) -> dict[str, Any]:
    """The game's options: what differs from its defaults. ``pick`` draws a hand-written one where none is named."""
    asked = {name: values[name] for name in ("order", "turns") if values[name] != getattr(_DEFAULT, name)}
    if values["family"] == WRITTEN:
        return {"scenario": values["scenario"] or pick(library().ids(values["seats"])), **asked}
    made = {name: values[name] for name in ("family", "seats", "difficulty")}
    return {name: value for name, value in made.items() if value != getattr(_DEFAULT, name)} | asked


def _family() -> Choice:
    made = (Value(name, name, says) for name, says in _FAMILIES.items())
    number = len(library().ids())
    written = Value(WRITTEN, "hand-written", f"One of the {number} scenarios that people wrote; pick it below.")
    return Choice("family", "Kind", (*made, written), _DEFAULT.family)


def _seats(possible: tuple[int, ...], start: int) -> Choice:
    values = tuple(Value(n, str(n)) for n in possible)
    return Choice("seats", "Seats", values, start, "People at the table, you included. The kind says how many can be.")


def _written(seats: int) -> Choice:
    known = [library().find(id) for id in library().ids(seats)]
    values = (Value(s.id, s.title, s.situation) for s in known)
    drawn = Value(ANY, f"any of {len(known)}", f"One of the {len(known)} hand-written ones for {seats} is drawn.")
    return Choice("scenario", "Which", (drawn, *values), ANY)


_ORDER: Final = Choice(
    "order",
    "Turns go",
    (
        Value("round", "round", "One after the other."),
        Value("parallel", "parallel", "All act at once; what they did is seen when the last has acted."),
        Value("open", "open", "Who wants to act bids for the floor."),
    ),
    str(_DEFAULT.order),
)
_DIFFICULTY: Final = Choice(
    "difficulty",
    "Difficulty",
    (
        Value(1, "1", "Wishes go together well."),
        Value(2, "2", "Wishes clash now and then."),
        Value(3, "3", "Wishes clash: hardly any deal suits all."),
    ),
    _DEFAULT.difficulty,
)
_TURNS: Final = Choice(
    "turns",
    "Turns at most",
    tuple(Value(n, str(n)) for n in (10, 20, 40)),
    _DEFAULT.turns,
    "The talk ends after so many, agreed or not; a round of parallel counts as one.",
)
