"""What a seat is paid for: a mixture of its scores."""

from __future__ import annotations

import pytest

from arena.games.scenario.pay import paid, pay_of

SCORES = {
    "believability": 10.0, "relationship": 1.0, "knowledge": 0.0, "secret": -5.0, "social_rules": 0.0, "financial": 2.0,
    "goal": 6.0, "overall": 2.0,
}  # fmt: skip


def test_without_a_mixture_it_is_the_overall_score_from_end_to_end_of_its_range() -> None:
    low, high = -30 / 7, 40 / 7
    assert paid((), SCORES) == pytest.approx(2 * (2.0 - low) / (high - low) - 1)


def test_a_missing_score_is_left_out_of_it() -> None:
    known = {name: score for name, score in SCORES.items() if name not in ("knowledge", "overall")}
    assert paid((), known) == pytest.approx(2 * (14.0 + 30) / 60 - 1)


def test_a_mixture_is_the_weighted_mean_of_scores_within_their_ranges() -> None:
    assert paid(pay_of({"goal": 3, "relationship": 1}), SCORES) == pytest.approx((3 * 0.2 + 0.2) / 4)
    assert paid(pay_of({"goal": 1}), {"goal": 10.0}) == 1.0
    assert paid(pay_of({"secret": 1}), {"secret": -10.0}) == -1.0


def test_where_nothing_is_scored_nothing_is_paid() -> None:
    assert paid((), {}) == 0.0
