"""What a judge scores each seat of a scenario on: the seven dimensions of SOTOPIA-EVAL, and five finer skills.

Sources: Zhou et al., *SOTOPIA: Interactive Evaluation for Social Intelligence in Language Agents* (ICLR 2024) for the
seven, their ranges and the plain mean over them; OMAR (2026) for the skills.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from arena.errors import OptionError


class Dimension(StrEnum):
    """``low`` and ``high`` are the ends of its range, both included; ``meaning`` is one line of plain English."""

    low: int
    high: int
    meaning: str

    def __new__(cls, value: str, low: int, high: int, meaning: str) -> Dimension:
        made = str.__new__(cls, value)
        made._value_ = value
        made.low, made.high, made.meaning = low, high, meaning
        return made

    BELIEVABILITY = (
        "believability",
        0,
        10,
        "Acted as this character would: naturally, and true to its traits and values.",
    )
    RELATIONSHIP = "relationship", -5, 5, "Left the ties to the others better (above 0) or worse (below 0) than before."
    KNOWLEDGE = "knowledge", 0, 10, "Found out things that were new to it and mattered."
    SECRET = "secret", -10, 0, "Kept what it had to hide: 0 where nothing came out or there was nothing to hide."
    SOCIAL_RULES = "social_rules", -10, 0, "Kept to law, morals and manners: 0 where no rule was broken."
    FINANCIAL = "financial", -5, 5, "Gained (above 0) or lost (below 0) money and other material things."
    GOAL = "goal", 0, 10, "Reached its own goal: 10 is all of it, 0 nothing of it."
    COMPROMISE = "compromise", 0, 10, "Gave way where that helped to agree, without giving up what mattered."
    PERSUASION = "persuasion", 0, 10, "Changed the others' minds with reasons that fitted them."
    COMMITMENT = "commitment", 0, 10, "Stood by what it had promised or set out to do."
    EMPATHY = "empathy", 0, 10, "Saw what the others felt and wanted, and answered to it."
    MUTUAL_BENEFIT = "mutual_benefit", 0, 10, "Looked for what left everybody better off, not only itself."

    def holds(self, score: int) -> bool:
        return self.low <= score <= self.high


SOTOPIA: Final = (
    Dimension.BELIEVABILITY,
    Dimension.RELATIONSHIP,
    Dimension.KNOWLEDGE,
    Dimension.SECRET,
    Dimension.SOCIAL_RULES,
    Dimension.FINANCIAL,
    Dimension.GOAL,
)
"""The seven whose mean is the overall score."""
SKILLS: Final = (
    Dimension.COMPROMISE,
    Dimension.PERSUASION,
    Dimension.COMMITMENT,
    Dimension.EMPATHY,
    Dimension.MUTUAL_BENEFIT,
)


def checked_score(dimension: Dimension, score: int) -> int:
    """
    Raises:
        OptionError: it is no whole number, or out of the dimension's range.
    """
    if type(score) is not int or not dimension.holds(score):
        raise OptionError(f"{dimension} is {score!r}; it is a whole number from {dimension.low} to {dimension.high}.")
    return score


def overall(scores: Mapping[Dimension, int | None]) -> float | None:
    """The plain mean of the seven, from -30/7 to 40/7 as their ranges go; None when one is missing.

    Raises:
        OptionError: a score is out of its range.
    """
    found = [scores.get(d) for d in SOTOPIA]
    values = [checked_score(d, v) for d, v in zip(SOTOPIA, found, strict=True) if v is not None]
    return sum(values) / len(SOTOPIA) if len(values) == len(SOTOPIA) else None
