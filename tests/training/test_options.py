"""Credit for every option of a choice: the mean of what each drawn one would have taught, without the draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.engines.local.weights import load_weights
from training.assign import Assigned, assign, central_values
from training.credit.registry import estimator_by_name
from training.critic import CentralTable
from training.episodes import Episode
from training.loss import policy_loss, score, train_batch
from training.packing import PACKED
from training.rewards import Outcome, Rewards
from training.standings import moments


def gradient(model: torch.nn.Module, episode: Episode, given: Assigned) -> torch.Tensor:
    held = [np.zeros(len(b.answer)) for b in episode.branches]
    batch = train_batch([episode], [given], [held])
    assert batch is not None
    model.zero_grad()
    policy_loss(score(model, batch), batch.answers, clip=0.2, kl_weight=0.0).total.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def drawn(episode: Episode, i: int, option: int) -> Episode:
    """The same episode, had this option been drawn in branch ``i``."""
    n = episode.which[i]
    record = episode.decisions[n].tokens
    assert record is not None
    sampled = record.options[option]
    instead = replace(record, sampled=sampled, logprobs=(float(np.log(record.choice_probs[option])),))
    decisions = list(episode.decisions)
    decisions[n] = replace(decisions[n], tokens=instead)
    first, rows = 0, []
    for row in episode.rows:
        branches = list(row.branches)
        if 0 <= i - first < len(branches):
            branches[i - first] = replace(branches[i - first], answer=sampled)
        first += len(branches)
        rows.append(replace(row, branches=tuple(branches)))
    return replace(episode, decisions=tuple(decisions), rows=tuple(rows))


def test_all_options_teach_what_the_draws_would_teach_on_average(
    episodes: list[Episode], tiny_checkpoint: Path
) -> None:
    model = load_weights(tiny_checkpoint).model.double()
    model.set_attn_implementation(PACKED)
    episode = episodes[0]
    i, record = next(
        (i, r)
        for i, n in enumerate(episode.which)
        if (r := episode.decisions[n].tokens) is not None and len(r.choice_probs) > 3 and episode.trainable[i]
    )
    assert all(len(option) == 1 for option in record.options)
    alone = replace(episode, trainable=tuple(k == i for k in range(len(episode.which))))
    worth = np.linspace(-1.0, 2.0, len(record.options))
    blank = tuple(np.zeros(len(b.answer)) for b in episode.branches)
    nothing = tuple(np.zeros(0) for _ in blank)

    whole = gradient(model, alone, Assigned(blank, blank, options=(*nothing[:i], worth, *nothing[i + 1 :])))
    mean = torch.zeros_like(whole)
    for option, (probability, gain) in enumerate(zip(record.choice_probs, worth, strict=True)):
        credit = (*blank[:i], np.array([gain]), *blank[i + 1 :])
        mean += probability * gradient(model, drawn(alone, i, option), Assigned(credit, blank))
    assert torch.allclose(whole, mean, rtol=1e-4, atol=1e-6 * float(whole.abs().max()))
    assert float(whole.abs().max()) > 0


def test_only_decisive_choices_know_the_worth_of_their_options(episodes: list[Episode]) -> None:
    of_matches = [moments(e) for e in episodes]
    table = CentralTable()
    table.learn(episodes, of_matches)
    values = central_values(episodes, of_matches, table)
    found = assign(episodes, of_matches, values, estimator_by_name("hierarchical")(), Rewards(), table)
    exact = 0
    for episode, given in zip(episodes, found, strict=True):
        for n, options, advantages in zip(episode.which, given.options, given.advantages, strict=True):
            decision = episode.decisions[n]
            if not len(options):
                continue
            exact += 1
            assert decision.turn_kind in episode.game.decisive
            assert decision.tokens is not None
            chosen = decision.tokens.options.index(decision.tokens.sampled)
            assert advantages[0] == pytest.approx(options[chosen])
    assert exact > 10


def test_without_the_table_no_option_is_known(episodes: list[Episode]) -> None:
    of_matches = [moments(e, counterfactual=False) for e in episodes]
    values = [[np.zeros(len(b.answer)) for b in e.branches] for e in episodes]
    found = assign(episodes, of_matches, values, estimator_by_name("flat")(), Rewards())
    assert not any(len(options) for given in found for options in given.options)


def test_in_wins_a_smaller_stake_stays_smaller(episodes: list[Episode]) -> None:
    """In deviations a batch in which a tenth is at stake teaches as much as any other; in wins a tenth of it."""
    small = [
        replace(e, outcome=replace(e.outcome, returns=tuple(0.1 * r for r in e.outcome.returns))) for e in episodes
    ]
    rewards = Rewards(((1.0, Outcome()),))

    def first(of: list[Episode], in_wins: bool) -> np.ndarray:
        found = moments(of[0], counterfactual=False)
        values = [np.zeros(len(b.answer)) for b in of[0].branches]
        estimator = estimator_by_name("flat")(lambda_=1.0)
        given = assign(of[:1], [found], [values], estimator, rewards, in_wins=in_wins)
        return np.concatenate(given[0].advantages)

    assert np.abs(first(episodes, True)).max() == 1.0
    assert first(small, True) == pytest.approx(0.1 * first(episodes, True))
    assert first(small, False) == pytest.approx(first(episodes, False))
