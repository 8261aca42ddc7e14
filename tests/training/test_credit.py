"""Credit: closed forms that the estimators must meet to 1e-6, and known bugs that these closed forms must reject."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.errors import UnknownName
from training.credit.base import Credit, Estimator, Floats, Resumable, SeatEpisode, TurnSpan
from training.credit.flat import Flat
from training.credit.gae import gae
from training.credit.group import Group
from training.credit.hierarchical import Hierarchical
from training.credit.rae import RoleBaseline
from training.credit.registry import ESTIMATORS, estimator_by_name
from training.credit.turn import Turn

Assign = Callable[[SeatEpisode, float, float], Floats]
"""Episode, γ and λ (for all levels) → advantages."""


def close(found: Floats | Sequence[float], wanted: Floats | Sequence[float]) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=1e-6)


def episode(
    lengths: tuple[int, ...],
    rewards: tuple[float, ...],
    values: tuple[float, ...] | None = None,
    token_rewards: tuple[float, ...] | None = None,
    trainable: tuple[bool, ...] | None = None,
    role: str = "werewolf/seer",
    game: str = "werewolf",
) -> SeatEpisode:
    edges = np.cumsum((0, *lengths)).tolist()
    n = edges[-1]
    return SeatEpisode(
        game=game,
        role=role,
        turns=tuple(TurnSpan(a, b) for a, b in pairwise(edges)),
        turn_rewards=np.array(rewards, dtype=np.float64),
        token_rewards=np.array(token_rewards if token_rewards is not None else [0.0] * n, dtype=np.float64),
        values=np.array(values if values is not None else [0.0] * n, dtype=np.float64),
        trainable=np.array(trainable if trainable is not None else [True] * len(lengths), dtype=np.bool_),
    )


@st.composite
def episodes(draw: st.DrawFn, *, masks: bool = False, critic: bool = True, min_turns: int = 0) -> SeatEpisode:
    lengths = tuple(draw(st.lists(st.integers(1, 5), min_size=min_turns, max_size=6)))
    number = st.floats(-2, 2, allow_subnormal=False)
    zero = st.just(0.0)

    def numbers(count: int, of: st.SearchStrategy[float]) -> tuple[float, ...]:
        return tuple(draw(st.lists(of, min_size=count, max_size=count)))

    n, k = sum(lengths), len(lengths)
    return episode(
        lengths,
        numbers(k, st.one_of(zero, number)),
        numbers(n, number if critic else zero),
        numbers(n, draw(st.sampled_from([zero, st.one_of(zero, number)]))),
        tuple(draw(st.lists(st.booleans(), min_size=k, max_size=k))) if masks else None,
    )


def one(estimator: Hierarchical | Flat | RoleBaseline | Turn, of: SeatEpisode) -> Credit:
    (credit,) = estimator.assign([of])
    return credit


def hierarchical(of: SeatEpisode, gamma: float, lambda_: float) -> Floats:
    return one(Hierarchical(gamma, lambda_, gamma, lambda_), of).advantages


def pays_the_advantage_alone(of: SeatEpisode, gamma: float, lambda_: float) -> Floats:
    """Known bug: A_k is paid at e_k where A_k + V_k belongs, so V_k is subtracted twice."""
    of_turns = gae(of.turn_rewards, of.values[of.lasts], gamma, lambda_)
    out = np.zeros(len(of.values))
    for (start, end), advantage in zip(of.turns, of_turns, strict=True):
        paid = np.zeros(end - start)
        paid[-1] = advantage
        out[start:end] = gae(paid, of.values[start:end], gamma, lambda_)
    return out


def finds_turns_by_reward(of: SeatEpisode, gamma: float, lambda_: float) -> Floats:
    """Known bug: a turn is thought to end where a reward is not 0, so unpaid turns merge with the next paid one."""
    paid = of.rewards
    ends = [i + 1 for i in range(len(paid)) if paid[i] != 0 or i == len(paid) - 1]
    spans = tuple(TurnSpan(a, b) for a, b in pairwise((0, *ends)))
    rewards = np.array([paid[end - 1] for _, end in spans])
    merged = replace(of, turns=spans, turn_rewards=rewards, trainable=np.ones(len(spans), dtype=np.bool_))
    return hierarchical(merged, gamma, lambda_)


# The oracles, as checks that raise; they judge the estimator here and the bugs below.


def equals_flat_gae(assign: Assign, of: SeatEpisode) -> None:
    close(assign(of, 1.0, 1.0), one(Flat(1.0, 1.0), of).advantages)


def is_the_return_to_go_of_each_turn(assign: Assign, of: SeatEpisode) -> None:
    blank = replace(of, values=np.zeros(len(of.values)), token_rewards=np.zeros(len(of.values)))
    to_go = [sum(of.turn_rewards[k:]) for k in range(len(of.turns))]
    close(assign(blank, 1.0, 1.0), of.per_token(np.array(to_go)))


def ends_each_turn_with_its_advantage(assign: Assign, of: SeatEpisode) -> None:
    """A at e_k is A_k = Σ_l (γλ)^l δ_{k+l}, written as the sum."""
    plain = replace(of, token_rewards=np.zeros(len(of.values)))
    gamma, lambda_ = 0.9, 0.8
    v = [*plain.values[plain.lasts], 0.0]
    delta = [r + gamma * v[k + 1] - v[k] for k, r in enumerate(plain.turn_rewards)]
    wanted = [sum((gamma * lambda_) ** j * d for j, d in enumerate(delta[k:])) for k in range(len(delta))]
    close(assign(plain, gamma, lambda_)[plain.lasts], wanted)


ORACLES = (equals_flat_gae, is_the_return_to_go_of_each_turn, ends_each_turn_with_its_advantage)

# Three turns of 2, 1 and 3 tokens; only the last one is paid, and the critic's values are all different.
THREE = episode((2, 1, 3), (0.0, 0.0, 1.0), (0.1, 0.2, 0.4, 0.5, 0.6, 0.8))


@pytest.mark.parametrize("oracle", ORACLES)
@given(of=episodes())
@settings(deadline=None, max_examples=60)
def test_hierarchical_meets_every_oracle(oracle: Callable[[Assign, SeatEpisode], None], of: SeatEpisode) -> None:
    oracle(hierarchical, of)


@pytest.mark.parametrize("oracle", [equals_flat_gae, ends_each_turn_with_its_advantage])
def test_the_oracles_reject_paying_the_advantage_alone(oracle: Callable[[Assign, SeatEpisode], None]) -> None:
    with pytest.raises(AssertionError):
        oracle(pays_the_advantage_alone, THREE)


def test_the_oracles_reject_turns_found_by_reward() -> None:
    with pytest.raises(AssertionError):
        ends_each_turn_with_its_advantage(finds_turns_by_reward, THREE)


def test_three_turns_by_hand() -> None:
    # γ = 1, λ_H = 0.5, λ_T = 1.   V_1 = 0.2, V_2 = 0.4, V_3 = 0.8
    # δ_3 = 1 + 0 − 0.8 = 0.2                         A_3 = 0.2
    # δ_2 = 0 + 0.8 − 0.4 = 0.4                       A_2 = 0.4 + 0.5 · 0.2 = 0.5
    # δ_1 = 0 + 0.4 − 0.2 = 0.2                       A_1 = 0.2 + 0.5 · 0.5 = 0.45
    # Paid at the ends: A_1 + V_1 = 0.65, A_2 + V_2 = 0.9, A_3 + V_3 = 1. With γ_T = λ_T = 1 a token's advantage is
    # what is paid at its turn's end minus its own value:
    # turn 1: 0.65 − 0.1 = 0.55, 0.65 − 0.2 = 0.45    turn 2: 0.9 − 0.4 = 0.5
    # turn 3: 1 − 0.5 = 0.5, 1 − 0.6 = 0.4, 1 − 0.8 = 0.2
    credit = one(Hierarchical(1.0, 0.5, 1.0, 1.0), THREE)
    close(credit.advantages, [0.55, 0.45, 0.5, 0.5, 0.4, 0.2])
    close(credit.targets, [0.65, 0.65, 0.9, 1.0, 1.0, 1.0])


def test_three_turns_by_hand_with_discounts_on_both_levels() -> None:
    # γ_H = 0.9, λ_H = 0.5, γ_T = 0.8, λ_T = 0.5
    # A_3 = 1 − 0.8 = 0.2
    # A_2 = (0.9 · 0.8 − 0.4) + 0.45 · 0.2 = 0.32 + 0.09 = 0.41
    # A_1 = (0.9 · 0.4 − 0.2) + 0.45 · 0.41 = 0.16 + 0.1845 = 0.3445
    # turn 3: δ of its tokens: 0.8 · 0.6 − 0.5 = −0.02, 0.8 · 0.8 − 0.6 = 0.04, and at the end A_3 = 0.2
    #         0.04 + 0.4 · 0.2 = 0.12,   −0.02 + 0.4 · 0.12 = 0.028
    # turn 1: 0.8 · 0.2 − 0.1 = 0.06,   0.06 + 0.4 · 0.3445 = 0.1978
    credit = one(Hierarchical(0.9, 0.5, 0.8, 0.5), THREE)
    close(credit.advantages, [0.1978, 0.3445, 0.41, 0.028, 0.12, 0.2])


def test_turn_by_hand() -> None:
    # γ = 1, λ = 0.5, values before the turns: 0.1, 0.4, 0.5
    # A_3 = 1 − 0.5 = 0.5,   A_2 = 0.5 − 0.4 + 0.25 = 0.35,   A_1 = 0.4 − 0.1 + 0.175 = 0.475
    credit = one(Turn(1.0, 0.5), THREE)
    close(credit.advantages, [0.475, 0.475, 0.35, 0.5, 0.5, 0.5])
    close(credit.targets, [0.575, 0.575, 0.75, 1.0, 1.0, 1.0])


@given(of=episodes())
@settings(deadline=None, max_examples=60)
def test_flat_with_everything_at_one_is_what_is_still_paid_minus_the_value(of: SeatEpisode) -> None:
    to_go = np.array([of.rewards[i:].sum() for i in range(len(of.values))])
    credit = one(Flat(1.0, 1.0), of)
    close(credit.advantages, to_go - of.values)
    close(credit.targets, to_go)


@given(of=episodes(), lambda_=st.floats(0, 1), gamma=st.floats(0.5, 1))
@settings(deadline=None, max_examples=60)
def test_single_token_turns_need_only_one_level(of: SeatEpisode, lambda_: float, gamma: float) -> None:
    n = len(of.values)
    short = episode((1,) * n, tuple(of.rewards), tuple(of.values))
    expected = one(Flat(gamma, lambda_), short).advantages
    close(one(Hierarchical(gamma, lambda_, 0.3, 0.7), short).advantages, expected)
    close(one(Turn(gamma, lambda_), short).advantages, expected)


@given(of=episodes(), lambda_=st.floats(0, 1), gamma=st.floats(0.5, 1))
@settings(deadline=None, max_examples=60)
def test_an_episode_of_one_turn_is_token_level_gae(of: SeatEpisode, lambda_: float, gamma: float) -> None:
    n = len(of.values)
    if n == 0:
        return
    single = episode((n,), (float(of.turn_rewards.sum()),), tuple(of.values), tuple(of.token_rewards))
    expected = one(Flat(gamma, lambda_), single).advantages
    close(one(Hierarchical(0.3, 0.7, gamma, lambda_), single).advantages, expected)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
@given(of=episodes(masks=True))
@settings(deadline=None, max_examples=40)
def test_masked_turns_are_silent_and_change_nothing_else(name: str, of: SeatEpisode) -> None:
    whole = replace(of, trainable=np.ones(len(of.turns), dtype=np.bool_))
    (masked,), (full,) = ESTIMATORS[name]().assign([of]), ESTIMATORS[name]().assign([whole])
    kept = of.per_token(of.trainable)
    for some, all_ in ((masked.advantages, full.advantages), (masked.targets, full.targets)):
        assert some.shape == of.values.shape
        assert not some[~kept].any()
        np.testing.assert_array_equal(some[kept], all_[kept])


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
@pytest.mark.parametrize("result", [1.0, -1.0])
def test_the_end_of_the_match_is_not_lost_on_a_masked_last_turn(name: str, result: float) -> None:
    credit = beside_a_draw(ESTIMATORS[name](), episode((2, 3), (0.0, result), trainable=(True, False)))
    assert (np.sign(credit.advantages[:2]) == result).all()
    assert not credit.advantages[2:].any()


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_withheld_turns_are_discouraged_but_never_encouraged(name: str) -> None:
    for result, wanted in ((1.0, [0.0, 1.0]), (-1.0, [-1.0, -1.0])):
        of = replace(episode((1, 1), (0.0, result)), withheld=np.array([True, False]))
        credit = beside_a_draw(ESTIMATORS[name](**dict.fromkeys(lambdas(name), 1.0)), of)
        close(credit.advantages, wanted)


def beside_a_draw(estimator: Estimator, of: SeatEpisode) -> Credit:
    """Credit of an episode in a batch with another one of its deal, which got nothing."""
    drawn = replace(of, turn_rewards=np.zeros(len(of.turns)), deal="d")
    return estimator.assign([replace(of, deal="d"), drawn])[0]


def lambdas(name: str) -> tuple[str, ...]:
    own = {"hierarchical": ("lambda_turn", "lambda_token"), "rae": (), "group": ()}
    return own.get(name, ("lambda_",))


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_a_seat_that_never_acted_has_nothing_to_learn(name: str) -> None:
    empty = episode((), ())
    credits = ESTIMATORS[name]().assign([empty, THREE, empty])
    assert [len(c.advantages) for c in credits] == [0, 6, 0]
    assert all(c.advantages.dtype == c.targets.dtype == np.float64 for c in credits)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_estimators_leave_their_episodes_as_they_were(name: str) -> None:
    of = episode((2, 1), (0.5, 1.0), (0.1, 0.2, 0.3), (0.0, 0.1, 0.0))
    ESTIMATORS[name]().assign([of])
    assert of.turn_rewards.tolist() == [0.5, 1.0]
    assert of.token_rewards.tolist() == [0.0, 0.1, 0.0]
    assert of.values.tolist() == [0.1, 0.2, 0.3]


def test_role_baseline_is_read_before_it_is_updated() -> None:
    rae = RoleBaseline(decay=0.5)
    won = episode((2,), (1.0,))
    # b: 0 → read 0, then 0.5 → read 0.5, then 0.75
    assert one(rae, won).advantages.tolist() == [1.0, 1.0]
    assert one(rae, won).advantages.tolist() == [0.5, 0.5]
    assert rae.baselines == {("werewolf", "werewolf/seer"): 0.75}


def test_role_baseline_of_a_batch_is_that_before_the_batch() -> None:
    rae = RoleBaseline(decay=0.5)
    fellows = rae.assign([episode((1,), (1.0,), role="werewolf/werewolf")] * 2)
    assert [c.advantages.tolist() for c in fellows] == [[1.0], [1.0]]
    assert rae.baselines["werewolf", "werewolf/werewolf"] == 0.75


def test_role_baselines_are_kept_by_game_and_by_role() -> None:
    rae = RoleBaseline(decay=0.5)
    rae.assign([episode((1,), (1.0,), role="seer"), episode((1,), (-1.0,), role="wolf")])
    assert one(rae, episode((1,), (1.0,), role="seer")).advantages.tolist() == [0.5]
    assert one(rae, episode((1,), (1.0,), role="wolf")).advantages.tolist() == [1.5]
    assert one(rae, episode((1,), (1.0,), role="seer", game="chess")).advantages.tolist() == [1.0]


def test_role_baselines_survive_a_restart() -> None:
    rae = RoleBaseline()
    assert isinstance(rae, Resumable)
    assert not isinstance(Flat(), Resumable)
    rae.assign([episode((1,), (1.0,)), episode((1,), (-1.0,), role="wolf")])
    again = RoleBaseline()
    again.load(json.loads(json.dumps(rae.state())))
    assert again.baselines == rae.baselines


def test_role_baseline_targets_are_what_is_still_paid() -> None:
    assert one(RoleBaseline(), episode((2, 1), (0.5, 1.0))).targets.tolist() == [1.5, 1.5, 1.0]


@pytest.mark.parametrize("spans", [((0, 2), (3, 4)), ((0, 2), (1, 4)), ((0, 4), (4, 4)), ((0, 3),)])
def test_spans_must_cover_the_tokens(spans: tuple[tuple[int, int], ...]) -> None:
    k = len(spans)
    with pytest.raises(AssertionError):
        SeatEpisode(
            "g", "r", tuple(TurnSpan(*s) for s in spans),
            np.zeros(k), np.zeros(4), np.zeros(4), np.ones(k, dtype=np.bool_),
        )  # fmt: skip


def test_an_unknown_estimator_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownName, match="flat, group, hierarchical, rae, turn"):
        estimator_by_name("magic")
    assert estimator_by_name("rae")(decay=0.9).name == "rae"


def dealt(result: float, deal: str) -> SeatEpisode:
    return replace(episode((2, 1), (0.0, result), values=(9.0, -9.0, 9.0)), deal=deal)


def test_a_group_is_compared_with_the_others_of_its_deal() -> None:
    """Three matches of one deal: 1 against (−1 + 0) / 2, and so on; critics' values play no part."""
    of = [dealt(1.0, "a/0"), dealt(-1.0, "a/0"), dealt(0.0, "a/0"), dealt(1.0, "b/0"), dealt(1.0, "b/0")]
    found = [credit.advantages for credit in Group().assign(of)]
    for advantages, wanted in zip(found, (1.5, -1.5, 0.0, 0.0, 0.0), strict=True):
        close(advantages, [wanted] * 3)


def test_who_has_no_others_is_told_nothing() -> None:
    for alone in (dealt(1.0, "a/0"), dealt(-1.0, "")):
        close(Group().assign([alone, dealt(1.0, "")])[0].advantages, [0.0] * 3)


@given(results=st.lists(st.sampled_from((-1.0, 0.0, 1.0)), min_size=2, max_size=6))
def test_the_baseline_of_a_group_is_moved_by_none_of_its_own(results: list[float]) -> None:
    """Were a match's result another one by d, its advantage would be so by d and not by less."""
    before = Group().assign([dealt(r, "a/0") for r in results])[0].advantages
    after = Group().assign([dealt(r, "a/0") for r in (results[0] + 0.25, *results[1:])])[0].advantages
    close(after - before, [0.25] * 3)
