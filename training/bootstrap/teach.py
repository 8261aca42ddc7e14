"""Supervised warm-up: a small causal model learns to read and to speak from scripted matches, for a stated time.

Three losses: the words of talk; choices against the teacher's distribution, weighing ``CHOICE_WEIGHT`` times (at weight
one, choices stay at chance long after talk has converged); and the public trunk as plain text, ``TRUNK_WEIGHT`` times.
The learning rate falls over the time, not over steps, so ``--minutes 10`` and a run of hours follow one plan.
"""

from __future__ import annotations

import math
import multiprocessing as mp
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from agents.engines.local.codec import HubCodec
from arena.games.registry import game_by_name
from training.bootstrap.lessons import Lesson, lessons, scripted_games
from training.optimisers import muon, split
from training.packing import PACKED, Pack, hidden_states, pack
from training.precision import MasterCopy, fast_dtype

CHOICE_WEIGHT: Final = 4.0
TRUNK_WEIGHT: Final = 0.3
MICRO: Final = 8
"""Most rows in one forward pass."""
TOKENS: Final = 16_000
"""Most tokens in one forward pass, padding included."""
WARMUP: Final = 0.02
"""Share of the time in which the learning rate rises."""


@dataclass(frozen=True, slots=True)
class TeachPlan:
    """How long and how to teach. ``seconds`` is wall time; ``batch`` counts matches. With ``matches`` the course also
    ends after so many, and does not depend on the machine's speed where that comes first.

    ``talk_share`` of the talk is trained on; at the other turns to talk, the teacher's vote of that moment is.
    """

    seconds: float
    seed: int = 0
    matches: int | None = None
    batch: int = 8
    lr: float = 3e-3
    weight_decay: float = 0.05
    talk_share: float = 0.6
    generators: int = 1


@dataclass(frozen=True, slots=True)
class LessonLoss:
    """Mean losses in nats: per word token, per choice, per trunk token."""

    talk: Tensor
    choice: Tensor
    trunk: Tensor

    def total(self) -> Tensor:
        return self.talk + CHOICE_WEIGHT * self.choice + TRUNK_WEIGHT * self.trunk

    def detached(self) -> LessonLoss:
        return LessonLoss(self.talk.detach(), self.choice.detach(), self.trunk.detach())


def sum_of(losses: Sequence[LessonLoss]) -> LessonLoss:
    return LessonLoss(*(torch.stack([getattr(x, name) for x in losses]).sum() for name in ("talk", "choice", "trunk")))


def choice_logits(
    model: Any, hidden: Tensor, batch: Pack, lessons: Sequence[Lesson], kinds: Sequence[str] | None = None
):
    """Logits over each choice's options.

    Gives (logits (C, O), weights (C, O), wolves (C, O)): C choices of the given kinds, O options padded with -inf / 0.
    ``wolves`` marks werewolves among the options of a villager's vote.
    """
    at: list[int] = []
    options: list[tuple[int, ...]] = []
    weights: list[tuple[float, ...]] = []
    wolves: list[tuple[bool, ...]] = []
    for spans, one in zip(batch.branch_spans, lessons, strict=True):
        for (start, _), branch, target in zip(spans, one.game.branches, one.targets, strict=True):
            if target.options and (kinds is None or target.kind in kinds):
                at.append(start + len(branch.prompt) - 1)
                options.append(target.options)
                weights.append(target.weights)
                wolves.append(target.on_truth or (False,) * len(target.options))
    most = max(map(len, options))
    ids = torch.tensor([(*o, *(0,) * (most - len(o))) for o in options])
    live = torch.tensor([[i < len(o) for i in range(most)] for o in options])
    full = model.get_output_embeddings()(hidden[torch.tensor(at)]).float()
    # The softmax over the whole vocabulary teaches the model to stay among the options by itself.
    logp = full.log_softmax(-1).gather(1, ids).masked_fill(~live, 0.0)
    w = torch.tensor([(*x, *(0.0,) * (most - len(x))) for x in weights])
    t = torch.tensor([(*x, *(False,) * (most - len(x))) for x in wolves])
    return logp, w, t, live


@dataclass(frozen=True, slots=True)
class Counts:
    """How much some lessons teach: tokens of talk, choices with a distribution, tokens of trunks."""

    talk: int
    choices: int
    trunk: int

    @classmethod
    def of(cls, lessons: Sequence[Lesson]) -> Counts:
        pairs = [p for one in lessons for p in zip(one.game.branches, one.targets, strict=True)]
        return cls(
            talk=sum(len(branch.answer) for branch, target in pairs if not target.options),
            choices=sum(bool(target.options) for _, target in pairs),
            trunk=sum(len(one.game.trunk) - 1 for one in lessons),
        )


def lesson_loss(model: Any, lessons: Sequence[Lesson], batch: Pack, of: Counts | None = None) -> LessonLoss:
    """The loss of some lessons as their part of the mean over ``of`` (by default they are all there is)."""
    of = of or Counts.of(lessons)
    hidden = hidden_states(model, batch)
    head = model.get_output_embeddings()
    says_at: list[int] = []
    says: list[int] = []
    for spans, one in zip(batch.branch_spans, lessons, strict=True):
        for (start, _), branch, target in zip(spans, one.game.branches, one.targets, strict=True):
            if not target.options:
                first = start + len(branch.prompt) - 1
                says_at.extend(range(first, first + len(branch.answer)))
                says.extend(branch.answer)
    reads_at: list[int] = []
    reads: list[int] = []
    for (start, length), one in zip(batch.trunk_spans, lessons, strict=True):
        reads_at.extend(range(start, start + length - 1))
        reads.extend(one.game.trunk[1:])

    def words(at: list[int], tokens: list[int], total: int) -> Tensor:
        logits = head(hidden[torch.tensor(at, dtype=torch.long)]).float()
        return cross_entropy(logits, torch.tensor(tokens, dtype=torch.long), reduction="sum") / max(1, total)

    choice = hidden.new_zeros((), dtype=torch.float32)
    if any(target.options for one in lessons for target in one.targets):
        logp, weights, _, _ = choice_logits(model, hidden, batch, lessons)
        choice = -(weights * logp).sum() / max(1, of.choices)
    return LessonLoss(words(says_at, says, of.talk), choice, words(reads_at, reads, of.trunk))


def _generate(codec_folder: str, games: Sequence[str], seed: int, size: int, talk_share: float, out: Any) -> None:
    """Batches of matches, of each game in turn."""
    torch.set_num_threads(1)
    codec = HubCodec(codec_folder)
    playing = cycle([(game, enumerate(scripted_games(game, seed))) for game in map(game_by_name, games)])
    while True:
        batch: list[Lesson] = []
        for game, matches in islice(playing, size):
            number, played = next(matches)
            batch += lessons(codec, game, played, talk_share, f"{seed}/{number}")
        out.put(batch)


class LessonStream:
    """Batches of lessons, of ``plan.batch`` matches each, made by other processes while the model trains."""

    def __init__(self, codec_folder: Path, games: Sequence[str], plan: TeachPlan) -> None:
        context = mp.get_context("spawn")
        self._queue: Any = context.Queue(maxsize=12)
        self._makers = [
            context.Process(
                target=_generate,
                args=(str(codec_folder), games, plan.seed * 1000 + n + 1, plan.batch, plan.talk_share, self._queue),
                daemon=True,
            )
            for n in range(plan.generators)
        ]

    def __enter__(self) -> LessonStream:
        for maker in self._makers:
            maker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for maker in self._makers:
            maker.terminate()
            maker.join()

    def next(self) -> list[Lesson]:
        while True:
            try:
                return self._queue.get(timeout=10)
            except Exception:  # queue.Empty: a maker may have died
                for maker in self._makers:
                    if not maker.is_alive():
                        raise RuntimeError("the process that plays the scripted matches has stopped") from None


def alike(batch: Sequence[Lesson]) -> Iterator[list[Lesson]]:
    """The rows in parts of like size, which attention pads least: at most ``MICRO`` of them, and no more than
    ``TOKENS`` if each were as large as the largest."""
    part: list[Lesson] = []
    for lesson in sorted(batch, key=_tokens):
        if part and (len(part) == MICRO or (len(part) + 1) * _tokens(lesson) > TOKENS):
            yield part
            part = []
        part.append(lesson)
    if part:
        yield part


def _tokens(lesson: Lesson) -> int:
    return len(lesson.game.trunk) + sum(len(b.prompt) + len(b.answer) for b in lesson.game.branches)


def course_done(plan: TeachPlan, elapsed: float, seen: int) -> float:
    """The share of the course that is over: of the time, or of the matches where there is less of them."""
    return max(elapsed / plan.seconds, seen / plan.matches if plan.matches else 0.0)


def learning_rate(plan: TeachPlan, share: float) -> float:
    """Linear warm-up, then a cosine to 2 % of the peak at the end of the course."""
    if share < WARMUP:
        return plan.lr * max(0.05, share / WARMUP)
    fall = (share - WARMUP) / (1 - WARMUP)
    return plan.lr * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fall)))


def _optimizers(model: Any, copy: MasterCopy, plan: TeachPlan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms."""
    matrices, others = split(model.named_parameters(), copy.masters)
    return [
        muon(matrices, plan.lr, 0.95, plan.weight_decay),
        torch.optim.AdamW(others, lr=plan.lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def teach(
    model: Any,
    codec_folder: Path,
    games: Sequence[str],
    plan: TeachPlan,
    on_step: Callable[[int, float, LessonLoss], None],
) -> int:
    """Train ``model`` (fp32, changed in place) on these games, each in turn, as long as ``plan`` says; gives the number
    of matches it has seen.

    ``on_step(matches, seconds, loss)`` is called after every update.
    """
    torch.manual_seed(plan.seed)
    model.train()
    model.set_attn_implementation(PACKED)
    dtype = fast_dtype()
    copy = MasterCopy(model, dtype)
    optimizers = _optimizers(model, copy, plan)
    seen = 0
    with LessonStream(codec_folder, games, plan) as stream:
        batch = stream.next()
        begun = time.monotonic()
        while (share := course_done(plan, elapsed := time.monotonic() - begun, seen)) < 1.0:
            for group in (g for o in optimizers for g in o.param_groups):
                group["lr"] = learning_rate(plan, share)
            of, losses = Counts.of(batch), []
            for part in alike(batch):
                loss = lesson_loss(model, part, pack([x.game for x in part], dtype=dtype), of)
                loss.total().backward()
                losses.append(loss.detached())
            copy.take_gradients()
            torch.nn.utils.clip_grad_norm_(copy.masters, 1.0)
            for optimizer in optimizers:
                optimizer.step()
            copy.give_weights()
            seen += plan.batch
            on_step(seen, elapsed, sum_of(losses))
            batch = stream.next()
    copy.restore()
    model.eval()
    return seen


@dataclass(frozen=True, slots=True)
class Reading:
    """How well votes are read, on scripted matches never trained on.

    The three shares are the mean probability that a villager's vote gives to werewolves: by the model, by its teacher,
    and by chance. ``choice_loss`` is the cross-entropy to the teacher in nats, ``choice_floor`` the teacher's own
    entropy.
    """

    model: float
    teacher: float
    chance: float
    vote_loss: float
    vote_floor: float
    legal: float
    """Probability that the unmasked model gives to the legal options."""

    @property
    def share_of_way(self) -> float:
        """How far from chance (0) to the teacher (1)."""
        return (self.model - self.chance) / (self.teacher - self.chance)


@torch.no_grad()
def measure_reading(model: Any, lessons: Iterable[Sequence[Lesson]]) -> Reading:
    """Reading on batches of held-out lessons."""
    sums = torch.zeros(5)
    votes = villagers = 0
    legal_sum = 0.0
    model.set_attn_implementation(PACKED)
    for batch_lessons in lessons:
        batch = pack([x.game for x in batch_lessons], dtype=next(model.parameters()).dtype)
        logp, weights, wolves, live = choice_logits(model, hidden_states(model, batch), batch, batch_lessons, ("vote",))
        probs = logp.exp().masked_fill(~live, 0.0)
        legal = probs.sum(-1)
        masked = probs / legal[:, None]
        village = wolves.any(-1)
        sums += torch.stack(
            [
                (masked * wolves).sum(),
                (weights * wolves).sum(),
                (wolves.sum(-1) / live.sum(-1)).sum(),
                -(weights * masked.clamp_min(1e-9).log()).sum(),
                -(weights * weights.clamp_min(1e-9).log()).sum(),
            ]
        )
        votes += len(probs)
        villagers += int(village.sum())
        legal_sum += float(legal.sum())
    return Reading(
        model=float(sums[0]) / villagers,
        teacher=float(sums[1]) / villagers,
        chance=float(sums[2]) / villagers,
        vote_loss=float(sums[3]) / votes,
        vote_floor=float(sums[4]) / votes,
        legal=legal_sum / votes,
    )
