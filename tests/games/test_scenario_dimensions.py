from __future__ import annotations

import pytest

from arena.errors import OptionError
from arena.games.scenario.dimensions import SKILLS, SOTOPIA, Dimension, checked_score, overall

RANGES = {
    "believability": (0, 10),
    "relationship": (-5, 5),
    "knowledge": (0, 10),
    "secret": (-10, 0),
    "social_rules": (-10, 0),
    "financial": (-5, 5),
    "goal": (0, 10),
}


def test_the_seven_have_the_ranges_of_the_paper() -> None:
    assert {str(d): (d.low, d.high) for d in SOTOPIA} == RANGES
    assert all((d.low, d.high) == (0, 10) for d in SKILLS)
    assert (*SOTOPIA, *SKILLS) == tuple(Dimension)
    assert all(d.meaning.endswith(".") and "\n" not in d.meaning for d in Dimension)


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_mean_at_the_ends(end: str) -> None:
    scores = {d: getattr(d, end) for d in Dimension}
    assert overall(scores) == pytest.approx({"low": -30 / 7, "high": 40 / 7}[end])


def test_without_one_of_the_seven_there_is_no_mean() -> None:
    scores: dict[Dimension, int | None] = dict.fromkeys(SOTOPIA, 0)
    assert overall(scores) == 0.0
    for dimension in SOTOPIA:
        assert overall({**scores, dimension: None}) is None
        assert overall({d: s for d, s in scores.items() if d is not dimension}) is None
    assert overall({}) is None


@pytest.mark.parametrize("dimension", list(Dimension))
def test_ranges_are_kept(dimension: Dimension) -> None:
    assert checked_score(dimension, dimension.low) == dimension.low
    assert checked_score(dimension, dimension.high) == dimension.high
    for bad in (dimension.low - 1, dimension.high + 1, True, 0.0, "0", None):
        with pytest.raises(OptionError, match=f"from {dimension.low} to {dimension.high}"):
            checked_score(dimension, bad)  # type: ignore[arg-type]


def test_a_mean_of_impossible_scores_is_refused() -> None:
    with pytest.raises(OptionError):
        overall({**dict.fromkeys(SOTOPIA, 0), Dimension.SECRET: 3})
