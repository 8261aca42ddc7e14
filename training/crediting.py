"""From episodes to what they teach: the matches folded again, judged by a critic and by straw polls, and credited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from agents.llm.prompt import Codec
from training.assign import Assigned, assign, central_values
from training.credit.base import Estimator, Floats
from training.critic import CentralTable, SeatCritic, explained_variance
from training.episodes import Episode
from training.foresight import Foresight, foresee
from training.loss import score_all
from training.plan import LearnPlan
from training.polls import debates, hold
from training.rewards import Rewards
from training.standings import Moment, moments


@dataclass(frozen=True, slots=True)
class Credited:
    """By episode: how it stood at each decision, what it teaches, and the critic's values, by branch one a sampled
    token. ``explained`` is the critic's explained variance of the seats' returns."""

    moments: list[list[Moment]]
    assigned: list[Assigned]
    values: list[list[Floats]]
    explained: float


def credit(
    episodes: Sequence[Episode],
    plan: LearnPlan,
    model: Any,
    critic: CentralTable | SeatCritic,
    estimator: Estimator,
    rewards: Rewards,
    codec: Codec | None,
) -> Credited:
    """What these episodes teach. A table learns from them first.

    Args:
        model: the policy as it is now, with the packed attention; it answers straw polls, and a seat critic reads it.
        codec: its tokenizer, which straw polls need.
    """
    table = critic if isinstance(critic, CentralTable) else None
    of_matches = [moments(e, plan.counterfactual and table is not None) for e in episodes]
    polls: list[Foresight] = []
    if table is not None:
        table.learn(episodes, of_matches)
        if plan.polls:
            assert codec is not None, "polls need the tokenizer"
            polls = _polls(episodes, of_matches, model, table, codec)
        values = central_values(episodes, of_matches, table, polls)
    else:
        values = [[view.values for view in of] for of in score_all(model, critic, episodes)]
    assigned = assign(
        episodes, of_matches, values, estimator, rewards, table if plan.counterfactual else None, plan.by_kind,
        plan.talk, polls, plan.afterwards, plan.in_wins,
    )  # fmt: skip
    guessed = torch.tensor([float(v[0]) for of in values for v in of])
    returns = torch.tensor([e.outcome.returns[e.decisions[n].seat] for e in episodes for n in e.which])
    return Credited(of_matches, assigned, values, explained_variance(guessed, returns))


def _polls(
    episodes: Sequence[Episode], of_matches: Sequence[Sequence[Moment]], model: Any, table: CentralTable, codec: Codec
) -> list[Foresight]:
    held = [debates(e, of, codec) for e, of in zip(episodes, of_matches, strict=True)]
    found = hold(model, episodes, held)
    return [
        foresee(e, of, debate, probabilities, table)
        for e, of, debate, probabilities in zip(episodes, of_matches, held, found, strict=True)
    ]
