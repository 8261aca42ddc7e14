"""Options of a scenario match as they come from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from arena.errors import OptionError
from arena.games.core import Json
from arena.games.scenario.families.registry import FAMILIES, GROUPS, families_for
from arena.games.scenario.library import library
from arena.games.scenario.pay import pay_of
from arena.games.scenario.spec import SEATS
from arena.games.scenario.state import Order, ScenarioOptions

_TITLE: Final = "A scenario"
_RANGES: Final = {"seats": SEATS, "difficulty": (1, 3), "turns": (2, 60), "text_limit": (20, 500)}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "order": tuple(str(o) for o in Order),
    "split": ("train", "test"),
    "family": (*GROUPS, *FAMILIES),
}
_NAMES: Final = (*_RANGES, *_WORDS, "scenario", "pay")


def parsed(raw: Mapping[str, Json]) -> ScenarioOptions:
    """
    Raises:
        OptionError: an option is unknown or cannot have this value.
        UnknownName: there is no such scenario in the library.
    """
    if unknown := sorted(set(raw) - set(_NAMES)):
        raise OptionError(f"{_TITLE} has no option {unknown[0]!r}. It has: {', '.join(sorted(_NAMES))}.")
    for name, (low, high) in _RANGES.items():
        value = raw.get(name, low)
        if not (type(value) is int and low <= value <= high):
            raise OptionError(f"{name} is {value!r}; it can be a whole number from {low} to {high}.")
    for name, allowed in _WORDS.items():
        if raw.get(name, allowed[0]) not in allowed:
            raise OptionError(f"{name} is {raw[name]!r}; it can be one of: {', '.join(allowed)}.")
    if not isinstance(raw.get("scenario", ""), str):
        raise OptionError("scenario is the id of one; arena scenarios list prints them.")
    pay = pay_of(raw.get("pay", {}))
    options = ScenarioOptions(**{**raw, "order": Order(raw.get("order", Order.ROUND)), "pay": pay})
    if options.scenario:
        seats = len(library().find(options.scenario).parts)
        return _seated(options, raw, seats, seats, options.scenario)
    if options.family not in GROUPS:
        return _seated(options, raw, *FAMILIES[options.family].seats, options.family)
    if not families_for(options.seats, options.family):
        raise OptionError(f"seats is {options.seats}; no family of {options.family!r} has so many.")
    return options


def logged(raw: Mapping[str, Json]) -> ScenarioOptions:
    """Options of a match that has begun, which the library need not know any more."""
    return ScenarioOptions(**{**raw, "order": Order(raw["order"]), "pay": pay_of(raw["pay"])})


def written(options: ScenarioOptions) -> dict[str, Json]:
    plain = {name: getattr(options, name) for name in _NAMES}
    return plain | {"order": str(options.order), "pay": dict(options.pay)}


def _seated(options: ScenarioOptions, raw: Mapping[str, Json], low: int, high: int, what: str) -> ScenarioOptions:
    """With as many seats as ``what`` has; nearest to the default where nobody said how many."""
    if "seats" in raw and not low <= options.seats <= high:
        has = str(low) if low == high else f"{low} to {high}"
        raise OptionError(f"seats is {options.seats}; {what} has {has}.")
    return replace(options, seats=max(low, min(high, options.seats)))
