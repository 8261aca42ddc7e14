"""Options of a game that are whole numbers, as they come from outside."""

from __future__ import annotations

from collections.abc import Mapping

from arena.errors import OptionError
from arena.games.core import Json


def whole_numbers(title: str, raw: Mapping[str, Json], ranges: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The options in ``raw``, each within its range (both ends included).

    Raises:
        OptionError: an option is unknown or out of range; the message names what is possible.
    """
    if unknown := sorted(set(raw) - set(ranges)):
        has = f"It has: {', '.join(sorted(ranges))}." if ranges else "It has none."
        raise OptionError(f"{title} has no option {unknown[0]!r}. {has}")
    for name, value in raw.items():
        low, high = ranges[name]
        if not (type(value) is int and low <= value <= high):
            raise OptionError(f"{name} is {value!r}; it can be a whole number from {low} to {high}.")
    return dict(raw)
