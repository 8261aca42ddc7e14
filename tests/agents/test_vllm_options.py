"""The tree of legal options: what is asked, what follows from the answers."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engines.vllm.options import Fork, forks, path_logprobs, probabilities

OPTIONS = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple), min_size=1, max_size=8, unique=True
)  # fmt: skip


def test_single_tokens_are_one_fork() -> None:
    assert forks([(7,), (3,), (5,)]) == (Fork((), (3, 5, 7)),)


def test_nothing_is_asked_where_only_one_token_may_follow() -> None:
    assert forks([(1, 2, 3)]) == ()
    assert forks([(1, 2, 3), (1, 2, 4), (5, 6)]) == (Fork((), (1, 5)), Fork((1, 2), (3, 4)))


def test_an_option_that_begins_with_another_is_never_reached() -> None:
    logprobs = {(): {1: math.log(0.25), 2: math.log(0.75)}}
    assert forks([(1,), (1, 9), (2,)]) == (Fork((), (1, 2)),)
    assert probabilities([(1,), (1, 9), (2,)], logprobs) == pytest.approx((0.25, 0.0, 0.75))


@given(OPTIONS, st.randoms(use_true_random=False))
def test_probabilities_sum_to_one(options: list[tuple[int, ...]], chance: Random) -> None:
    logprobs = {}
    for fork in forks(options):
        weights = [chance.random() + 0.01 for _ in fork.nexts]
        logprobs[fork.prefix] = {t: math.log(w / sum(weights)) for t, w in zip(fork.nexts, weights, strict=True)}
    found = probabilities(options, logprobs)
    assert sum(found) == pytest.approx(1)
    for option, probability in zip(options, found, strict=True):
        path = path_logprobs(option, logprobs)
        assert len(path) == len(option)
        assert probability in (0.0, pytest.approx(math.exp(sum(path))))
