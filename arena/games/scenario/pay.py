"""What a seat is paid for: a declared mixture of its scores, as one number from −1 to 1."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, Final

from arena.errors import OptionError
from arena.games.scenario.dimensions import SKILLS, SOTOPIA

OVERALL: Final = "overall"
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    **{str(d): (float(d.low), float(d.high)) for d in (*SOTOPIA, *SKILLS)},
    OVERALL: (statistics.fmean(d.low for d in SOTOPIA), statistics.fmean(d.high for d in SOTOPIA)),
    "nash": (0.0, 1.0),
    "fairness": (0.0, 1.0),
}
_AS_OVERALL: Final = tuple((str(d), float(d.high - d.low)) for d in SOTOPIA)
"""Weighed by their ranges, scores make the overall one; so they do where one is missing."""
Pay = tuple[tuple[str, float], ...]
"""Names of scores and their weights."""


def pay_of(raw: Any) -> Pay:
    """
    Raises:
        OptionError: it is no mapping of scores to weights.
    """
    if not isinstance(raw, Mapping):
        raise OptionError(f'pay is {raw!r}; it maps scores to weights, such as {{"goal": 1, "relationship": 0.5}}.')
    for name, weight in raw.items():
        if name not in _RANGES:
            raise OptionError(f"pay knows no score {name!r}. There is: {', '.join(_RANGES)}.")
        if type(weight) not in (int, float) or not 0 < weight <= 100:
            raise OptionError(f"pay weighs {name} {weight!r}; it can be a number above 0, up to 100.")
    return tuple((name, float(weight)) for name, weight in raw.items())


def paid(pay: Pay, scores: Mapping[str, float]) -> float:
    """The weighted mean of the scores that there are, each brought from its range to −1 … 1; 0 where there are none.

    Without ``pay`` it is the overall score, of those of the seven that there are.
    """
    total = weights = 0.0
    for name, weight in pay or _AS_OVERALL:
        if name in scores:
            low, high = _RANGES[name]
            total += weight * (2 * (scores[name] - low) / (high - low) - 1)
            weights += weight
    return total / weights if weights else 0.0
