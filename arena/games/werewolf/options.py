"""The options of Werewolf as they come from outside, and back to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Final

from arena.errors import OptionError
from arena.games.core import Json
from arena.games.werewolf.casts import CAST, checked_cast
from arena.games.werewolf.types import Discussion, Reveal, Tie, WerewolfOptions

_ENUMS: Final[dict[str, type[StrEnum]]] = {"discussion": Discussion, "reveal": Reveal, "tie": Tie}
_WHOLE: Final = {
    "talk_rounds": (0, 5),
    "open_slots": (0, 5),
    "max_days": (1, 50),
    "text_limit": (20, 2000),
    "seats": (min(CAST), max(CAST)),
}
_SECONDS: Final = ("talk_budget_s", "choice_budget_s", "bid_budget_s")
_SWITCHES: Final = ("first_night_kill", "mayor", "self_protect", "same_target", "open_vote")

_ALWAYS_WRITTEN: Final = frozenset(
    ("seats", "discussion", "talk_rounds", "reveal", "first_night_kill", "max_days", "text_limit")
) | {"talk_budget_s", "choice_budget_s"}
"""The other options are written where they differ from their default: a log with few of them stays readable, and one
that was written before an option existed reads the same."""


def parsed(raw: Mapping[str, Json]) -> WerewolfOptions:
    """
    Raises:
        OptionError: an option is unknown or out of range.
    """
    known = {f.name for f in fields(WerewolfOptions)}
    if unknown := sorted(set(raw) - known):
        raise OptionError(f"Werewolf has no option {unknown[0]!r}. It has: {', '.join(sorted(known))}.")
    values = dict(raw)
    for name, enum in _ENUMS.items():
        if name in values:
            try:
                values[name] = enum(values[name])
            except ValueError:
                allowed = ", ".join(e.value for e in enum)
                raise OptionError(f"{name} is {values[name]!r}; it can be {allowed}.") from None
    for name, (low, high) in _WHOLE.items():
        if name in values and not (type(values[name]) is int and low <= values[name] <= high):
            raise OptionError(f"{name} is {values[name]!r}; it can be a whole number from {low} to {high}.")
    for name in _SECONDS:
        if name in values and not (type(values[name]) in (int, float) and 1 <= values[name] <= 86_400):
            raise OptionError(f"{name} is {values[name]!r}; it can be 1 to 86400 seconds.")
    for name in _SWITCHES:
        if not isinstance(values.get(name, True), bool):
            raise OptionError(f"{name} can be true or false.")
    if values.get("cast") is not None:
        values["seats"], values["cast"] = checked_cast(values["cast"], values.get("seats"))
    return WerewolfOptions(**values)


def written(options: WerewolfOptions) -> dict[str, Json]:
    """The options as JSON; ``parsed(written(o)) == o``."""
    default = WerewolfOptions()
    out: dict[str, Json] = {}
    for f in fields(WerewolfOptions):
        value = getattr(options, f.name)
        if f.name not in _ALWAYS_WRITTEN and value == getattr(default, f.name):
            continue
        if f.name == "cast":
            value = {str(role): count for role, count in value}
        out[f.name] = str(value) if isinstance(value, str) else value
    return out
