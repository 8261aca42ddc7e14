"""Rewards: each term by itself, their sum, and which turns count as degenerate."""

from __future__ import annotations

import numpy as np
import pytest

from training.credit.base import SeatEpisode, TurnSpan
from training.credit.flat import Flat
from training.rewards import Format, Grammar, Outcome, PlayedSeat, PlayedTurn, Repeat, Rewards, degenerate


def said(*texts: str | None) -> PlayedSeat:
    return PlayedSeat(1.0, tuple(PlayedTurn(text) for text in texts))


@pytest.mark.parametrize("result", [1.0, -1.0, 0.0, 0.5])
def test_the_outcome_is_paid_once_at_the_last_turn(result: float) -> None:
    """Half a win too, in a game for more or less: the critic's values are of returns."""
    turns = (PlayedTurn("Hello."), PlayedTurn(), PlayedTurn())
    assert Outcome().of(PlayedSeat(result, turns)).tolist() == [0.0, 0.0, result]


def test_every_fallback_costs() -> None:
    turns = (PlayedTurn(fallback=True), PlayedTurn(), PlayedTurn("", fallback=True))
    assert Format().of(PlayedSeat(1.0, turns)).tolist() == [-1.0, 0.0, -1.0]


def test_silence_and_own_repetition_are_degenerate_but_a_choice_is_not() -> None:
    seat = said("Ben lies.", None, "  ben  LIES!", "", " … ", None, "Ben may lie.")
    assert degenerate(seat).tolist() == [False, False, True, True, True, False, False]


def test_an_echo_is_degenerate_only_right_after_what_it_echoes() -> None:
    turns = (
        PlayedTurn("Ben lies.", heard=("I trust Ada.", "Ben lies.")),
        PlayedTurn("I trust Ada.", heard=("Vote for Ben.",)),
        PlayedTurn(None, heard=("Vote for Ben.",)),
    )
    assert degenerate(PlayedSeat(1.0, turns)).tolist() == [True, False, False]


def test_a_garbled_message_costs_and_silence_does_not() -> None:
    texts = ("I think Ben is a wolf.", "I think Ada is a wolf.", "I think Ben is a Ben wolf.", "Ben is", "", None)
    seat = PlayedSeat(1.0, tuple(PlayedTurn(t) for t in texts), 0, ("Ada", "Ben"))
    assert Grammar().of(seat).tolist() == [0.0, -1.0, -1.0, -1.0, 0.0, 0.0]  # Ada speaks, and not of herself


def test_a_term_without_weight_is_left_out() -> None:
    assert Rewards().also(0.0, Grammar()) == Rewards()
    assert Rewards().also(0.2, Grammar()).by_term(said("Hm."))["grammar"].tolist() == [-0.2]


def test_rewards_are_the_weighted_sum_and_can_be_read_by_term() -> None:
    seat = PlayedSeat(-1.0, (PlayedTurn("Hm."), PlayedTurn("Hm."), PlayedTurn(fallback=True)))
    rewards = Rewards(((2.0, Outcome()), (0.5, Format()), (0.25, Repeat())))
    assert rewards.of(seat).tolist() == [0.0, -0.25, -2.5]
    parts = {name: part.tolist() for name, part in rewards.by_term(seat).items()}
    assert parts == {"outcome": [0, 0, -2], "format": [0, 0, -0.5], "repeat": [0, -0.25, 0]}


def test_a_seat_that_never_acted_is_paid_nothing() -> None:
    assert Rewards().of(PlayedSeat(1.0, ())).shape == (0,)
    assert Rewards(()).of(said("Hello.")).tolist() == [0.0]


def test_winning_is_worth_more_than_manners() -> None:
    rude = PlayedSeat(1.0, (PlayedTurn("", fallback=True),) * 5)
    polite = PlayedSeat(-1.0, tuple(PlayedTurn(f"Message {i}.") for i in range(5)))
    assert Rewards().of(rude).sum() > Rewards().of(polite).sum()


def test_a_degenerate_last_turn_keeps_the_result_for_the_turns_before_it() -> None:
    seat = said("Ben is a werewolf.", "Ben is a werewolf.")
    episode = SeatEpisode(
        game="werewolf",
        role="werewolf/seer",
        turns=(TurnSpan(0, 1), TurnSpan(1, 2)),
        turn_rewards=Rewards(((1.0, Outcome()),)).of(seat),
        token_rewards=np.zeros(2),
        values=np.zeros(2),
        trainable=np.ones(2, dtype=np.bool_),
        withheld=degenerate(seat),
    )
    (credit,) = Flat(1.0, 1.0).assign([episode])
    assert credit.advantages.tolist() == [1.0, 0.0]
