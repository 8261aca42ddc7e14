"""The policy loss: PPO's clipped ratio against the logged log-probabilities, and the distance to a reference.

Every log-probability is computed as it was sampled: at the same temperature, and for a choice over the legal tokens
only. Where the advantage of every option of a choice is known, not only that of the drawn one, the loss takes the mean
over all of them under the policy that drew (after Allen et al. 2017, Mean Actor-Critic): the same gradient with less
noise. With ``mirror`` such a choice takes a step of mirror descent instead, see ``_mirrored``.

Letters: P sampled tokens of a batch, V vocabulary, O legal tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor
from trl.trainer.utils import entropy_from_logits, selective_log_softmax

from arena.decision import TokenRecord
from training.assign import Assigned
from training.credit.base import Floats
from training.episodes import Episode
from training.listening import Guess, Guesses, laid
from training.packing import Pack, TokenGame, hidden_states, matches_a_pack, pack


@dataclass(frozen=True, slots=True)
class Answers:
    """The sampled tokens of a batch, free text first, then choices.

    ``at`` (P,) is the flat number of the token before each; ``legal`` (P - free, O) holds the legal tokens of the
    choices, padded with -1; ``of_option``, ``old_option`` and ``held_option`` (P - free, O) hold the advantage of each,
    its probability at play and its log-probability under the reference where ``exact`` (P - free,) is true, zeros
    elsewhere; ``weight`` (P,) sums to 1, and turns weigh what
    ``Assigned`` says however long they are;
    ``turns`` is the sum of that.
    """

    at: Tensor
    token: Tensor
    free: int
    legal: Tensor
    exact: Tensor
    of_option: Tensor
    old_option: Tensor
    held_option: Tensor
    old_logprob: Tensor
    reference: Tensor
    advantage: Tensor
    target: Tensor
    weight: Tensor
    temperature: Tensor
    turns: float


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """``guesses`` are the belief probes that share the trunks with the answers, where there are any."""

    pack: Pack
    answers: Answers
    guesses: Guesses | None = None


def train_batch(
    episodes: Sequence[Episode],
    assigned: Sequence[Assigned],
    references: Sequence[Sequence[Floats]],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    held_options: Sequence[Sequence[Floats]] = (),
    guesses: Sequence[Sequence[Guess]] = (),
) -> TrainBatch | None:
    """Trainable branches of these episodes as one pack; None where there are none.

    Args:
        references: the reference's log-probabilities by episode and branch, one a sampled token.
        held_options: the same for the legal tokens of each choice, as ``score_all`` gives them.
        guesses: belief probes by episode, which go along; no entries, or one an episode.
    """
    games: list[TokenGame] = []
    kept: list[list[int]] = []
    asked: list[list[Guess]] = []  # by row
    for episode, probes in zip(episodes, guesses or [()] * len(episodes), strict=True):
        wanted: list[int] = []
        for n, (row, first) in enumerate(zip(episode.rows, _firsts(episode), strict=True)):
            here = [i for i in range(len(row.branches)) if episode.trainable[first + i]]
            asked.append([guess for guess in probes if guess.row == n])
            games.append(TokenGame(row.trunk, (*(row.branches[i] for i in here), *(g.branch for g in asked[-1]))))
            wanted.extend(first + i for i in here)
        kept.append(wanted)
    if not any(kept):
        return None
    batch = pack(games, device, dtype)
    own = [spans[: len(spans) - len(of)] for spans, of in zip(batch.branch_spans, asked, strict=True)]
    ends = [at + n - 1 for spans, of in zip(batch.branch_spans, own, strict=True) for at, n in spans[len(of) :]]
    free: list[tuple[Any, ...]] = []
    limited: list[tuple[Any, ...]] = []
    for e, (episode, given, held, wanted, spans) in enumerate(
        zip(episodes, assigned, references, kept, _by_episode(episodes, own), strict=True)
    ):
        branches = episode.branches
        lengths = Counter[int]()  # a thought and its answer are one turn
        for i in wanted:
            lengths[episode.which[i]] += len(branches[i].answer)
        for i, (start, _) in zip(wanted, spans, strict=True):
            n, branch = episode.which[i], branches[i]
            record = episode.decisions[n].tokens
            assert record is not None
            sampled = record.thought if episode.thoughts[i] else record
            weight = (given.weights[i] if given.weights else 1.0) / lengths[n]
            assert sampled is not None
            options = () if episode.thoughts[i] else record.options
            for k, token in enumerate(branch.answer):
                row = (
                    start + len(branch.prompt) - 1 + k, token, sampled.logprobs[k], given.advantages[i][k],
                    given.targets[i][k], weight, record.temperature, held[i][k],
                )  # fmt: skip
                if options:
                    seen = branch.answer[:k]
                    legal = sorted({o[k] for o in options if len(o) > k and o[:k] == seen})
                    known = _by_option(given, i, record, legal)
                    under = held_options[e][i].tolist() if held_options and known else [0.0] * len(known)
                    limited.append((*row, [(*of, h) for of, h in zip(known, under, strict=True)], legal))
                else:
                    free.append(row)
    rows = [*free, *(r[:-2] for r in limited)]
    most = max((len(r[-1]) for r in limited), default=1)

    def padded(values: Sequence[Sequence[float]], filler: float) -> list[list[float]]:
        return [[*v, *[filler] * (most - len(v))] for v in values]

    known = [list(zip(*(r[-2] or ()), strict=True)) or [(), (), ()] for r in limited]
    columns = list(zip(*rows, strict=True))

    def floats(column: int) -> Tensor:
        return torch.tensor(columns[column], dtype=torch.float32, device=device)

    def by_option(column: int) -> Tensor:
        return torch.tensor(padded([k[column] for k in known], 0.0), device=device).reshape(len(limited), most)

    weight = floats(5)
    turns = float(weight.sum())
    return TrainBatch(
        batch,
        Answers(
            at=torch.tensor(columns[0], device=device),
            token=torch.tensor(columns[1], device=device),
            free=len(free),
            legal=torch.tensor(padded([r[-1] for r in limited], -1), dtype=torch.long, device=device).reshape(
                len(limited), most
            ),
            exact=torch.tensor([bool(r[-2]) for r in limited], device=device),
            of_option=by_option(0),
            old_option=by_option(1),
            held_option=by_option(2),
            old_logprob=floats(2),
            advantage=floats(3),
            target=floats(4),
            weight=weight / turns,
            temperature=floats(6),
            reference=floats(7),
            turns=turns,
        ),
        laid([guess for of in asked for guess in of], ends, device) if ends else None,
    )


def _by_option(given: Assigned, i: int, record: TokenRecord, legal: Sequence[int]) -> list[tuple[float, float]]:
    """Advantage and probability of each legal token, where each is an option of its own and its advantage is known."""
    if not given.options or not len(given.options[i]) or any(len(o) != 1 for o in record.options):
        return []
    known = {o[0]: pair for o, *pair in zip(record.options, given.options[i], record.choice_probs, strict=True)}
    return [(known[token][0], known[token][1]) for token in legal]


def _firsts(episode: Episode) -> list[int]:
    """The number of the first branch of each row."""
    return [0, *accumulate(len(row.branches) for row in episode.rows)][:-1]


def _by_episode(
    episodes: Sequence[Episode], by_row: Sequence[Sequence[tuple[int, int]]]
) -> list[list[tuple[int, int]]]:
    """The branch spans of all rows of an episode, one after the other."""
    rows = iter(by_row)
    return [[span for _ in episode.rows for span in next(rows)] for episode in episodes]


@dataclass(frozen=True, slots=True)
class Scored:
    """Log-probability and entropy, (P,), of each sampled token, the hidden state (P, width) that it came from, and the
    log-probability of each legal token of the choices, (P - free, O)."""

    logprob: Tensor
    entropy: Tensor
    option: Tensor
    hidden: Tensor


def score(model: Any, batch: TrainBatch) -> Scored:
    """The model's view of what was sampled."""
    return score_answers(model, hidden_states(model, batch.pack)[batch.answers.at], batch.answers)


def score_answers(model: Any, hidden: Tensor, a: Answers) -> Scored:
    """``score`` where the hidden states (P, width) before the sampled tokens are known."""
    logits = model.get_output_embeddings()(hidden).float() / a.temperature[:, None]
    text, choice = logits[: a.free], logits[a.free :]
    limited = choice.gather(1, a.legal.clamp_min(0)).masked_fill(a.legal < 0, -1e9)
    place = (a.legal == a.token[a.free :, None]).int().argmax(-1)
    parts = [(text[None], a.token[None, : a.free]), (limited[None], place[None])]
    logprob = torch.cat([selective_log_softmax(x, i)[0] for x, i in parts if x.shape[1]])
    with torch.no_grad():
        entropy = torch.cat([entropy_from_logits(x[0]) for x, _ in parts if x.shape[1]])
    return Scored(logprob, entropy, limited.log_softmax(-1), hidden)


@dataclass(frozen=True, slots=True)
class PolicyLoss:
    """``total`` carries the gradient; the others are detached figures of this batch."""

    total: Tensor
    clipped: float
    kl_reference: float
    kl_old: float


def policy_loss(scored: Scored, answers: Answers, clip: float, kl_weight: float, mirror: float = 0.0) -> PolicyLoss:
    """PPO-clip (Schulman et al. 2017) plus a penalty on the distance to the reference, both weighted.

    The penalty is half the squared log-ratio (k2 of Schulman 2020): on samples of the policy itself its gradient is
    that of KL(policy ‖ reference) (Liu et al. 2025, https://arxiv.org/abs/2510.01555), and it stays finite. The usual
    k3 has an exponential in it: one word that the policy gave up, being 16 nats below the reference, was louder than
    all the other tokens of an update together (``docs/experiments.md``).

    Args:
        mirror: the step of mirror descent for choices of which every option's advantage is known; 0 for PPO.
    """
    log_ratio = scored.logprob - answers.old_logprob
    ratio = log_ratio.exp()
    gain = _clipped(ratio, answers.advantage, clip)
    if answers.exact.any():
        old = answers.old_option
        each = (scored.option - old.clamp_min(1e-9).log()).exp()
        mean = (old * _clipped(each, answers.of_option, clip)).sum(-1)
        chosen = gain[answers.free :]
        gain = torch.cat((gain[: answers.free], torch.where(answers.exact, mean, chosen)))
    away = answers.reference - scored.logprob
    distance = away.square() / 2
    each_turn = kl_weight * distance - gain
    if mirror:
        choices = torch.where(answers.exact, _mirrored(scored, answers, kl_weight, mirror), each_turn[answers.free :])
        each_turn = torch.cat((each_turn[: answers.free], choices))
    total = (answers.weight * each_turn).sum()
    with torch.no_grad():
        held = ((ratio > 1 + clip) & (answers.advantage > 0)) | ((ratio < 1 - clip) & (answers.advantage < 0))
        return PolicyLoss(
            total=total,
            clipped=float((answers.weight * held).sum()),
            kl_reference=float((answers.weight * distance).sum()),
            kl_old=float((answers.weight * ((ratio - 1) - log_ratio)).sum()),
        )


def _clipped(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


def _mirrored(scored: Scored, answers: Answers, kl_weight: float, step: float) -> Tensor:
    """(P - free,): how far each choice is from where a step of magnetic mirror descent takes it (Sokota et al. 2023,
    https://arxiv.org/abs/2206.05825): with η the step, α the weight of the reference ρ, π the policy that played and A
    the advantage of each option

        log target = (log π + η A + η α log ρ) / (1 + η α) + constant.

    The log-probabilities are drawn there by their squares, whatever the constant, as in REBEL (Gao et al. 2024,
    https://arxiv.org/abs/2404.16767). A policy gradient pulls at an option in proportion to its probability, so one
    that was given up once takes very long to come back; here it comes back as fast as any other. Divided so that the
    first gradient is A's whatever η is.
    """
    legal = answers.legal >= 0
    pull = 1.0 + step * kl_weight
    old = answers.old_option.clamp_min(1e-9).log()
    target = (old + step * (answers.of_option + kl_weight * answers.held_option)) / pull
    away = (scored.option - target).masked_fill(~legal, 0.0)
    options = legal.sum(-1).clamp_min(1)
    away = (away - (away.sum(-1) / options)[:, None]).masked_fill(~legal, 0.0)
    return pull / (2 * step) * away.square().sum(-1) / options


@dataclass(frozen=True, slots=True)
class View:
    """What a model makes of a branch: the log-probability and value of each sampled token, and where the first of them
    is a choice the log-probabilities of the legal tokens, in their order."""

    logprobs: Floats
    values: Floats
    options: Floats


@torch.no_grad()
def score_all(model: Any, critic: Any, episodes: Sequence[Episode]) -> list[list[View]]:
    """How a model sees every sampled token, by episode and branch, trainable or not.

    ``critic`` maps hidden states (P, width) to values (P,); None gives zeros.
    """
    device, dtype = next(model.parameters()).device, next(model.parameters()).dtype
    micro = matches_a_pack(device)
    out: list[list[View]] = [[] for _ in episodes]
    order = sorted(range(len(episodes)), key=lambda i: episodes[i].trunk_tokens)
    for at in range(0, len(order), micro):
        part = [replace(episodes[i], trainable=(True,) * len(episodes[i].which)) for i in order[at : at + micro]]
        blank = [[np.zeros(len(b.answer)) for b in e.branches] for e in part]
        batch = train_batch(part, [Assigned(tuple(b), tuple(b)) for b in blank], blank, device, dtype)
        assert batch is not None, "an episode has at least one branch"
        scored = score(model, batch)
        values = torch.zeros_like(scored.logprob) if critic is None else critic(scored.hidden.float())
        rows = torch.stack((scored.logprob, values.float())).cpu().double().numpy()
        place = {at: column for column, at in enumerate(batch.answers.at.tolist())}
        options, legal = scored.option.cpu().double().numpy(), (batch.answers.legal >= 0).cpu().numpy()
        for i, episode, spans in zip(
            order[at : at + micro], part, _by_episode(part, batch.pack.branch_spans), strict=True
        ):
            for (start, _), branch in zip(spans, episode.branches, strict=True):
                first = start + len(branch.prompt) - 1
                columns = [place[first + k] for k in range(len(branch.answer))]
                choice = columns[0] - batch.answers.free
                of = options[choice][legal[choice]] if choice >= 0 else np.zeros(0)
                out[i].append(View(rows[0, columns], rows[1, columns], of))
    return out
