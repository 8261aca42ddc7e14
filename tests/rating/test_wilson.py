"""Wilson's interval against known figures and its own properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.rating.wilson import wilson


def test_no_games_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("won", "games", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_known_figures(won: int, games: int, low: float, high: float) -> None:
    # (81, 263) is the example of Newcombe 1998, table I
    assert wilson(won, games) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_rate_and_mirrors(case: tuple[int, int]) -> None:
    won, games = case
    low, high = wilson(won, games)
    assert -1e-12 <= low <= won / games + 1e-12
    assert won / games - 1e-12 <= high <= 1
    assert wilson(games - won, games) == pytest.approx((1 - high, 1 - low))
    assert wilson(won, games, level=0.5)[0] >= low - 1e-12
