"""Shares against an oracle that looks at every deal, written another way."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.games.chance import Chance
from arena.games.scenario.families.registry import FAMILIES
from arena.games.scenario.payoff import best, coins, deals, share_of_giving, share_of_terms, worth_of
from arena.games.scenario.spec import Giving, Issue, Terms
from tests.games.scenario.tables import TWO


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    seats = draw(st.integers(2, 4))
    issues = tuple(
        Issue(f"issue{n}", tuple(f"option{o}" for o in range(draw(st.integers(2, 3)))))
        for n in range(draw(st.integers(1, 3)))
    )
    worth = st.integers(-6, 9)
    worths = tuple(tuple(tuple(draw(worth) for _ in issue.options) for issue in issues) for _ in range(seats))
    walk = tuple(draw(st.integers(-4, 8)) for _ in range(seats))
    return Terms(issues, worths, walk, needs=draw(st.integers(2, seats)))


def oracle(terms: Terms, seat: int) -> float:
    """The best for a seat over all deals that at least ``needs`` seats, this one too, do not lose by."""
    most = None
    for picked in product(*(range(len(i.options)) for i in terms.issues)):
        gains = []
        for s, worths in enumerate(terms.worths):
            total = 0
            for issue, option in enumerate(picked):
                total += worths[issue][option]
            gains.append(total - terms.walk[s])
        content = [s for s, gain in enumerate(gains) if not gain < 0]
        if seat in content and len(content) >= terms.needs and (most is None or gains[seat] > most):
            most = gains[seat]
    return terms.walk[seat] + (most or 0)


@given(some_terms())
@settings(max_examples=150, deadline=None)
def test_best_is_what_an_exhaustive_search_finds(terms: Terms) -> None:
    for seat in range(len(terms.walk)):
        assert best(terms, seat) == oracle(terms, seat)


@given(some_terms())
@settings(max_examples=150, deadline=None)
def test_a_share_is_nothing_without_a_deal_and_one_at_the_best(terms: Terms) -> None:
    words = [i.options for i in terms.issues]
    for seat, least in enumerate(terms.walk):
        shares = [share_of_terms(terms, seat, deal) for deal in product(*words)]
        room = best(terms, seat) > least
        assert share_of_terms(terms, seat, None) == (0.0 if room else 1.0)
        if room:
            assert any(share == pytest.approx(1.0) for share in shares)
        else:
            assert max(shares) <= 0.0
        for deal, share in zip(product(*words), shares, strict=True):
            gain = worth_of(terms, seat, deal) - least
            assert (gain > 0) == (share > 0) or not room
            assert (gain < 0) == (share < 0)


def test_deals_are_listed_seat_by_seat() -> None:
    assert sorted(deals(TWO)) == sorted([(4, 6), (0, 8), (7, 3), (3, 5), (10, 0), (6, 2)])
    assert [best(TWO, s) for s in (0, 1)] == [7, 6]
    shares = {d: tuple(share_of_terms(TWO, s, d) for s in (0, 1)) for d in product(("low", "high"), ("Monday",))}
    assert shares[("low", "Monday")] == (0.4, 1.0)
    assert shares[("high", "Monday")] == (1.6, -0.2)


def test_a_majority_can_do_without_a_seat() -> None:
    """What the seat itself would lose by is not its best, however many others want it."""
    terms = Terms((Issue("plan", ("a", "b")),), (((5, 0),), ((0, 5),), ((0, 5),)), (1, 1, 1), needs=2)
    assert best(terms, 0) == 1
    assert share_of_terms(terms, 0, ("b",)) == -1.0
    assert share_of_terms(terms, 1, ("b",)) == 1.0


@pytest.mark.parametrize("seats", [2, 3, 8])
@pytest.mark.parametrize("percent", [140, 180, 300])
def test_the_pot(seats: int, percent: int) -> None:
    giving = Giving(20, percent)
    nothing = dict.fromkeys(range(seats), 0)
    everything = dict.fromkeys(range(seats), 20)
    assert coins(giving, seats, nothing, 0) == 20
    assert share_of_giving(giving, seats, nothing, 0) == 0
    assert coins(giving, seats, everything, 0) == pytest.approx(20 * percent / 100)
    assert share_of_giving(giving, seats, {**everything, 0: 0}, 0) == pytest.approx(1.0)
    alone = share_of_giving(giving, seats, {**nothing, 0: 20}, 0)
    assert alone == pytest.approx((percent / 100 / seats - 1) / (percent / 100 * (seats - 1) / seats))
    assert sum(coins(giving, seats, {0: 20}, s) for s in range(seats)) == pytest.approx(
        20 * (seats - 1 + percent / 100)
    )
    assert share_of_giving(giving, seats, dict.fromkeys(range(1, seats), 20), 0) == pytest.approx(1.0), (
        "who left is no giver"
    )


def test_giving_pays_all_and_nobody_alone() -> None:
    """In every pot that is drawn a coin comes back as less to whoever gives it, and as more to all together."""
    for seats in range(2, 9):
        for difficulty in (1, 2, 3):
            giving = FAMILIES["pot"].make(Chance(f"{seats}/{difficulty}"), seats, difficulty, "0").giving
            assert giving is not None
            assert giving.percent / seats < 100 < giving.percent
