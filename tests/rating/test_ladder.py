"""The ladder against games whose truth is known."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from arena.rating.ladder import ELO, Ladder, Rating, Result, fit_ladder
from arena.rating.ladder_table import ladder_table
from arena.rating.logistic import chance, most_likely

SIDES = ("village", "werewolves")


def match(village: str, wolves: str, score: float, setup: str = "werewolf/7") -> Result:
    """One letter a seat: ``match("aab", "cc", 1)``."""
    return Result(setup, SIDES, (tuple(village), tuple(wolves)), score)


def simulated(
    truth: Mapping[str, float], games: int, seed: int, bias: float = 0.0, mixed: bool = False
) -> list[Result]:
    """Random line-ups, five against two; ``truth`` and ``bias`` in Elo."""
    rng = Random(seed)
    out: list[Result] = []
    while len(out) < games:
        names = sorted(truth)
        village = "".join(rng.choices(names, k=5)) if mixed else rng.choice(names) * 5
        wolves = "".join(rng.choices(names, k=2)) if mixed else rng.choice(names) * 2
        lead = sum(truth[p] for p in village) / 5 - sum(truth[p] for p in wolves) / 2 + bias
        result = match(village, wolves, float(rng.random() < chance(np.array(lead / ELO))))
        if not result.is_self_play:
            out.append(result)
    return out


TRUTH = {"a": 150.0, "b": 50.0, "c": -60.0, "d": -140.0}


@pytest.mark.parametrize("mixed", [False, True])
def test_known_strengths_and_the_bias_are_found(mixed: bool) -> None:
    ladder = fit_ladder(simulated(TRUTH, 8000, seed=1, bias=-180, mixed=mixed), resamples=20)
    for player, elo in TRUTH.items():
        assert ladder.players[player].elo == pytest.approx(elo, abs=30)
    assert ladder.biases["werewolf/7"].elo == pytest.approx(-180, abs=20)
    assert sum(r.elo for r in ladder.players.values()) == pytest.approx(0, abs=1e-6)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    centre = sum(TRUTH.values()) / len(TRUTH)
    held = tried = 0
    for seed in range(25):
        ladder = fit_ladder(simulated(TRUTH, 250, seed=100 + seed, bias=-100), resamples=60, level=0.9, seed=seed)
        for player, elo in TRUTH.items():
            rating = ladder.players[player]
            assert rating.low < rating.elo < rating.high
            held += rating.low <= elo - centre <= rating.high
            tried += 1
    assert 0.8 <= held / tried <= 0.98


def test_intervals_narrow_with_more_games() -> None:
    few, many = (fit_ladder(simulated(TRUTH, n, seed=3), resamples=60).players["a"] for n in (100, 1600))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4, rel=0.4)


def test_three_equal_players_against_two_are_worth_the_bias_alone() -> None:
    # 60 % for the village whoever plays it: strengths equal, bias +70; summed strengths would make 3 against 2 lopsided
    results = [match(v, w, s) for v, w in (("aaa", "bb"), ("bbb", "aa")) for s in [1.0] * 600 + [0.0] * 400]
    ladder = fit_ladder(results, resamples=2)
    assert ladder.players["a"].elo == pytest.approx(0, abs=1e-6)
    assert ladder.chance("werewolf/7", "aaa", "bb") == pytest.approx(0.6, abs=0.01)
    strong = Ladder({p: Rating(800, 800, 800) for p in "ab"})
    assert strong.chance("never seen", "aaa", "bb") == pytest.approx(0.5)


def test_strengths_hold_across_setups_and_each_has_its_bias() -> None:
    easy = [replace(r, setup="easy") for r in simulated(TRUTH, 3000, seed=5, bias=200)]
    hard = [replace(r, setup="hard") for r in simulated(TRUTH, 3000, seed=6, bias=-200)]
    ladder = fit_ladder(easy + hard, resamples=2)
    assert ladder.biases["easy"].elo == pytest.approx(200, abs=30)
    assert ladder.biases["hard"].elo == pytest.approx(-200, abs=30)
    assert ladder.players["a"].elo == pytest.approx(150, abs=30)


def test_order_of_games_seats_and_sides_changes_nothing() -> None:
    results = simulated(TRUTH, 200, seed=7, mixed=True)
    shuffled = [
        Result(r.setup, (r.sides[1], r.sides[0]), (r.players[1][::-1], r.players[0][::-1]), 1 - r.score)
        for r in reversed(results)
    ]
    assert fit_ladder(shuffled, resamples=10) == fit_ladder(results, resamples=10)


def test_an_unbeaten_player_stays_finite_and_uncertain_upwards() -> None:
    results = [match("aaaaa", "bb", 1.0), match("bbbbb", "aa", 0.0)] * 20
    best = fit_ladder(results, resamples=100).players["a"]
    assert 100 < best.elo < 1000
    assert best.high - best.elo > 100


def test_groups_that_never_met_get_wide_intervals() -> None:
    def group(one: str, two: str) -> list[Result]:
        return [match(one * 5, two * 2, s) for s in (1.0, 0.0)] * 400

    apart = fit_ladder(group("a", "b") + group("b", "a") + group("c", "d") + group("d", "c"), resamples=100)
    joined = fit_ladder(
        group("a", "b") + group("b", "a") + group("c", "d") + group("d", "c") + group("a", "c") + group("c", "a"),
        resamples=100,
    )
    for player in "abcd":
        wide, narrow = apart.players[player], joined.players[player]
        assert wide.high - wide.low > 400
        assert narrow.high - narrow.low < 100


def test_self_play_is_not_rated() -> None:
    results = simulated(TRUTH, 100, seed=9)
    own = [match("aaaaa", "aa", 1.0)] * 50 + [match("zzzzz", "zz", 1.0)]
    assert fit_ladder(results + own, resamples=5) == fit_ladder(results, resamples=5)
    assert ladder_table(own, fit_ladder(own)) == ()


def test_figures_per_side_tell_a_good_villager_from_a_good_wolf() -> None:
    # a plays the village 120 Elo better than b, and the wolves 120 worse
    rng = Random(11)
    results: list[Result] = []
    for _ in range(3000):
        village, wolves = rng.choice(["ab", "ba", "ac", "ca", "bc", "cb"])
        lead = {"a": 60, "b": -60, "c": 0}[village] - {"a": -60, "b": 60, "c": 0}[wolves] - 150
        results.append(match(village * 5, wolves * 2, float(rng.random() < 1 / (1 + 10 ** (-lead / 400)))))
    ladder = fit_ladder(results, resamples=40)
    village, wolves = ({p: ladder.by_side[p, side] for p in "abc"} for side in SIDES)
    assert village["a"].elo - village["b"].elo == pytest.approx(120, abs=40)
    assert wolves["a"].elo - wolves["b"].elo == pytest.approx(-120, abs=40)
    assert abs(ladder.players["a"].elo - ladder.players["b"].elo) < 30
    for side in (village, wolves):
        assert sum(r.elo for r in side.values()) == pytest.approx(0, abs=1e-6)


def test_draws_count_half() -> None:
    drawn = fit_ladder([match("aaaaa", "bb", 0.5), match("bbbbb", "aa", 0.5)] * 50, resamples=5)
    assert drawn.players["a"].elo == pytest.approx(0, abs=1e-6)
    assert drawn.biases["werewolf/7"].elo == pytest.approx(0, abs=1e-6)


def test_the_table_is_sorted_and_counts_each_match_once() -> None:
    results = [
        match("aaabb", "cc", 1.0),
        match("aaaaa", "cc", 1.0),
        match("ccccc", "ba", 0.0),
        match("ccccc", "cc", 1.0),
    ]
    rows = ladder_table(results, fit_ladder(results, resamples=20))
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [row.rating for row in rows] == sorted((row.rating for row in rows), reverse=True)
    by_player = {row.player: row for row in rows}
    assert {p: row.games for p, row in by_player.items()} == {"a": 3, "b": 2, "c": 3}
    assert by_player["c"].rank == 3
    assert [(s.side, s.games, s.won) for s in by_player["c"].sides] == [("village", 1, 0.0), ("werewolves", 2, 0.0)]
    assert by_player["a"].sides[0].rate_high == 1.0
    back = json.loads(json.dumps([row.to_json() for row in rows]))
    assert back[0]["sides"][0]["side"] == "village"
    assert back[0]["rating"] == rows[0].rating


def test_the_ladder_loads_without_torch() -> None:
    code = "import sys, arena.rating.ladder_table; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_newton_reaches_the_top_even_from_far_away() -> None:
    rows, scores, counts = np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([1.0, 0.0]), np.array([1e6, 1e6])
    near, far = (most_likely(rows, scores, counts, np.zeros(2), 5.0, np.array(start)) for start in ([0, 0], [-30, 30]))
    np.testing.assert_allclose(near, far, atol=1e-5)
    slope = rows.T @ (counts * (scores - chance(rows @ near))) - near / 25
    np.testing.assert_allclose(slope, 0, atol=1e-4)
