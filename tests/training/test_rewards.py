"""Rewards: each term by itself, their sum, and which turns count as degenerate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.engines.local.weights import load_weights
from training.credit.base import SeatEpisode, TurnSpan
from training.credit.flat import Flat
from training.episodes import Episode
from training.learner import Learner
from training.plan import LearnPlan
from training.rewards import (
    EarlyOut,
    Format,
    Grammar,
    Outcome,
    PlayedSeat,
    PlayedTurn,
    Repeat,
    Rewards,
    degenerate,
    phases_missed,
)
from training.standings import moments


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


@pytest.mark.parametrize(
    ("result", "missed", "taken"),
    [
        (1.0, 0, 0.0),
        (1.0, 1, -0.1),  # a win counts .9
        (1.0, 3, 0.9**3 - 1),  # .729
        (0.5, 2, 0.5 * (0.81 - 1)),
        (0.0, 5, 0.0),
        (-1.0, 5, 0.0),  # dying early makes no loss smaller
    ],
)
def test_a_win_counts_less_with_every_phase_that_was_missed(result: float, missed: int, taken: float) -> None:
    seat = PlayedSeat(result, (PlayedTurn("Hello."), PlayedTurn()), missed=missed)
    assert EarlyOut(0.1).of(seat) == pytest.approx([0.0, taken])
    assert EarlyOut(0.1).of(PlayedSeat(result, (), missed=missed)).shape == (0,)


def test_with_everything_at_stake_an_early_death_wins_nothing() -> None:
    rewards = Rewards(((1.0, Outcome()), (1.0, EarlyOut(1.0))))
    assert rewards.of(PlayedSeat(1.0, (PlayedTurn(),), missed=1)).tolist() == [0.0]
    assert rewards.of(PlayedSeat(1.0, (PlayedTurn(),))).tolist() == [1.0]


def test_phases_missed_are_those_in_which_others_acted_after_a_death(episodes: list[Episode]) -> None:
    """Counted here from who died in which event, there from the rules."""
    some = 0
    for episode in episodes:
        found = moments(episode, counterfactual=False)
        for seat in range(len(episode.names)):
            died = next(
                (i for i, e in enumerate(episode.events) if e.kind in ("killed", "exiled") and e.data["seat"] == seat),
                len(episode.events),
            )
            after = {episode.game.phase(m.state) for m in found if m.seen > died}
            assert phases_missed(episode.game, (m.state for m in found), seat) == len(after)
            some += bool(after)
    assert some


def test_a_run_is_told_what_an_early_death_costs(tiny_checkpoint: Path) -> None:
    model = load_weights(tiny_checkpoint).model
    assert Learner(model, LearnPlan()).rewards == Rewards()
    assert Learner(model, LearnPlan(early_out=0.2)).rewards == Rewards().also(1.0, EarlyOut(0.2))
