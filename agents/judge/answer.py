"""From a judge's words to scores: forgiving of the form, never of the numbers.

A score that is not there, is no whole number or lies out of its range is a missing score with its reason, never 0 and
never left out of the result. Reasons quote nothing of the answer but numbers: an answer may repeat what people said.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.chat.answer import objects_in
from agents.chat.structured import unfenced
from arena.games.scenario.dimensions import Dimension
from arena.protocol.text import clean_text

MOST_READ_CHARACTERS: Final = 100_000
REASONING_CHARACTERS: Final = 2_000
ABSENT: Final = "judge/absent"
NOT_A_NUMBER: Final = "judge/not_a_number"
OUT_OF_RANGE: Final = "judge/out_of_range"
TWICE: Final = "judge/twice"
_WHOLE: Final = re.compile(r"\s*[+-]?\d{1,4}\s*")
_REASONS: Final = ("reasoning", "reason", "rationale", "explanation", "justification")
_SCORES: Final = ("score", "value", "rating")
_OTHER_NAMES: Final = {
    "financial_and_material_benefits": Dimension.FINANCIAL,
    "social_rule": Dimension.SOCIAL_RULES,
    "secrets": Dimension.SECRET,
    "goal_completion": Dimension.GOAL,
}


@dataclass(frozen=True, slots=True)
class Score:
    """One dimension's score with the judge's reasoning. Where ``value`` is None, ``missing`` says why, as ``code:
    sentence``."""

    value: int | None
    reasoning: str = ""
    missing: str | None = None

    def __post_init__(self) -> None:
        assert (self.value is None) == (self.missing is not None), "a score is there, or the reason why it is not"


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, with names that come twice."""


def read_scores(content: str, dimensions: Sequence[Dimension] = tuple(Dimension)) -> dict[Dimension, Score] | None:
    """A score or a missing one for each of the dimensions; None where the answer holds no object with any of them."""
    folded = _object_in(content.strip()[:MOST_READ_CHARACTERS], dimensions)
    if folded is None:
        return None
    return {d: _score(d, folded.get(d, [])) for d in dimensions}


def merged(first: Mapping[Dimension, Score], second: Mapping[Dimension, Score]) -> dict[Dimension, Score]:
    """The second answer, with what only the first one had."""
    return {d: first[d] if s.value is None and d in first else s for d, s in second.items()}


def faults(scores: Mapping[Dimension, Score]) -> str:
    """What is missing, as sentences for the judge; empty where nothing is."""
    return " ".join(f"{d}: {s.missing.partition(': ')[2]}" for d, s in scores.items() if s.missing is not None)


def _score(dimension: Dimension, found: Sequence[Any]) -> Score:
    if not found:
        return Score(None, missing=f"{ABSENT}: There is no such score in the answer.")
    read = [_parts(value) for value in found]
    reasoning = clean_text(read[-1][1], REASONING_CHARACTERS)
    if len(read) > 1 and any(r != read[0] for r in read):
        return Score(None, reasoning, f"{TWICE}: The answer scores it more than once, and not alike.")
    value = _whole(read[0][0])
    if value is None:
        return Score(None, reasoning, f"{NOT_A_NUMBER}: The score is not a whole number.")
    if not dimension.holds(value):
        limits = f"{dimension.low} to {dimension.high}"
        return Score(None, reasoning, f"{OUT_OF_RANGE}: {value} is not within {limits}.")
    return Score(value, reasoning)


def _parts(value: Any) -> tuple[Any, str]:
    """(score, reasoning) of what stands under a dimension's name: an object, a pair in either order, or a number."""
    if isinstance(value, _Pairs):
        named = _by_name(value)
        reasoning = next((v for n in _REASONS for v in named.get(n, ()) if isinstance(v, str)), "")
        scores = [v for n in _SCORES for v in named.get(n, ())]
        return (scores[0] if scores and all(v == scores[0] for v in scores) else None), reasoning
    if isinstance(value, list) and len(value) == 2:
        words = [v for v in value if isinstance(v, str)]
        numbers = [v for v in value if not isinstance(v, str)]
        return (numbers[0], words[0]) if len(words) == len(numbers) == 1 else (None, "")
    return value, ""


def _whole(value: Any) -> int | None:
    if type(value) is int:
        return value if abs(value) < 10**4 else None
    if type(value) is float and math.isfinite(value) and value.is_integer() and abs(value) < 10**4:
        return int(value)
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) and value.isascii() else None


def _object_in(content: str, dimensions: Sequence[Dimension]) -> dict[Dimension, list[Any]] | None:
    """The last object with scores in it: models reason first and answer last."""
    wanted = set(dimensions)
    for text in (content, unfenced(content)):
        try:
            whole = json.loads(text, strict=False, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            continue
        if found := _among(whole, wanted):
            return found
    last = None
    for candidate in objects_in(content, _Pairs):
        last = _among(candidate, wanted) or last
    return last


def _among(value: Any, wanted: set[Dimension]) -> dict[Dimension, list[Any]] | None:
    """The dimensions of an object, or of the one that it is wrapped in."""
    if not isinstance(value, _Pairs):
        return None
    found: dict[Dimension, list[Any]] = {}
    for name, values in _by_name(value).items():
        if (dimension := _named(name)) in wanted and dimension is not None:
            found.setdefault(dimension, []).extend(values)
    if found or len(value) != 1:
        return found or None
    return _among(value[0][1], wanted)


def _named(name: str) -> Dimension | None:
    try:
        return Dimension(name)
    except ValueError:
        return _OTHER_NAMES.get(name)


def _by_name(pairs: _Pairs) -> dict[str, list[Any]]:
    """Each name folded (case, spaces, hyphens) to all that stands under it."""
    named: dict[str, list[Any]] = {}
    for name, value in pairs:
        named.setdefault("_".join(re.split(r"[\W_]+", name.strip().casefold())).strip("_"), []).append(value)
    return named
