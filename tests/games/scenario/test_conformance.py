"""Every family, every number of seats, every order: the conformance tests, and scores that keep their ranges."""

from __future__ import annotations

from itertools import pairwise

import pytest

from arena.games.conformance import assert_game_conforms, played
from arena.games.scenario.dimensions import Dimension
from arena.games.scenario.families.registry import FAMILIES
from arena.games.scenario.library import shipped
from tests.games.scenario.tables import GAME
from tests.soak import count

ORDERS = ("round", "parallel", "open")
TABLES = [(f, seats) for f, family in FAMILIES.items() for seats in range(family.seats[0], family.seats[1] + 1)]
RANGES = {str(d): (d.low, d.high) for d in Dimension} | {
    "overall": (-30 / 7, 40 / 7),
    "pareto_gap": (0, float("inf")),
    "nash": (0, 1),
    "fairness": (0, 1),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("family", "seats"), TABLES)
def test_a_family_conforms(family: str, seats: int, order: str) -> None:
    for n in range(count(1, 60, slow=10)):
        rules = {"family": family, "seats": seats, "order": order, "turns": 6 + 5 * (n % 3), "difficulty": 1 + n % 3}
        assert_game_conforms(GAME, rules, [n])


@pytest.mark.parametrize("id", shipped())
def test_a_written_scenario_conforms(id: str) -> None:
    for order in ORDERS:
        assert_game_conforms(GAME, {"scenario": id, "order": order, "turns": 6}, range(count(1, 20)))


@pytest.mark.parametrize(("family", "seats"), TABLES)
def test_scores_keep_their_ranges(family: str, seats: int) -> None:
    for n in range(count(6, 300)):
        options = GAME.options({"family": family, "seats": seats, "order": ORDERS[n % 3], "turns": 10})
        *_, last = played(GAME, options, n)
        outcome = GAME.outcome(last.state)
        assert outcome is not None
        assert all(-1 <= r <= 1 for r in outcome.returns)
        for of_seat in GAME.scores(last.state):
            assert {"goal", "relationship", "secret", "social_rules", "financial", "believability"} <= set(of_seat)
            for name, value in of_seat.items():
                low, high = RANGES[name]
                assert low - 1e-9 <= value <= high + 1e-9, f"{name} is {value}"
        ended = next(e for e in last.events if e.kind == "ended")
        assert ended.data["scores"] == [dict(s) for s in GAME.scores(last.state)]


def test_every_match_ends_in_one_of_four_ways_and_most_in_all_stages() -> None:
    """Seen over drawn matches, so that none of the rules is there for nothing."""
    reasons, kinds = set(), set()
    for n in range(count(60, 600)):
        options = GAME.options({"family": ("coalition", "pot")[n % 2], "seats": 3, "order": ORDERS[n % 3], "turns": 12})
        steps = list(played(GAME, options, n))
        events = [e for s in steps for e in s.events]
        kinds |= {e.kind for e in events}
        reasons.add(next(e.data["reason"] for e in events if e.kind == "talk_over"))
        stages = [str(s.state.stage) for s in steps]
        order = ["talk", "giving", "guessing", "over"]
        assert all(order.index(a) <= order.index(b) for a, b in pairwise(stages))
    assert reasons >= {"agreed", "left", "turns"}
    assert kinds >= {"said", "gestured", "did", "whispered", "heard", "proposed", "accepted", "pledged", "left"}
    assert kinds >= {"waited", "shared_out", "guessed", "gave", "bid", "floor", "held", "round_over", "ended"}
