"""Ways to lay logged matches out for one training step: forward and backward of the same policy loss.

    packed     a match as one row with a shared trunk (``training.packing``): what the trainer does
    each turn  a sequence a turn, with all that it was asked after
    per seat   a sequence a seat: what it saw, with its questions and answers where they were, causal attention

The last two are padded, in batches of like length, and go through the library's own attention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor

from agents.llm.prompt import Codec
from agents.llm.reading import MatchReader
from arena.games.core import Game, visible
from training.assign import Assigned
from training.credit.base import Floats
from training.episodes import Episode
from training.loss import Answers, TrainBatch, policy_loss, score, score_answers, train_batch
from training.packing import PACKED, matches_a_pack
from training.plan import LearnPlan
from training.standings import moments

PLAN: Final = LearnPlan()
ROWS: Final = 8
"""Sequences in one padded forward pass: of 4, 8, 16 and 32 the fastest here, but for 4 with one sequence a seat."""


@dataclass(frozen=True, slots=True)
class Case:
    """A match and what it teaches: by branch, its credit and the reference's log-probabilities."""

    episode: Episode
    assigned: Assigned
    reference: Sequence[Floats]


def drawn_only(assigned: Assigned) -> Assigned:
    """As the trainer learns by default: a choice teaches for what was drawn."""
    return replace(assigned, options=())


@dataclass(frozen=True, slots=True)
class Laid:
    """Plain tokens. ``answers`` are (the number of a branch of its match, where that one's answer begins)."""

    tokens: tuple[int, ...]
    answers: tuple[tuple[int, int], ...]


def packed(model: Any, cases: Sequence[Case]) -> Callable[[], None]:
    """One step as ``training.learner`` makes it, packing included."""
    model.set_attn_implementation(PACKED)
    ordered = sorted(cases, key=lambda case: case.episode.trunk_tokens)

    def step() -> None:
        dtype = next(model.parameters()).dtype
        micro = matches_a_pack(torch.device("cpu"))
        batches = [_batch(ordered[at : at + micro], dtype) for at in range(0, len(ordered), micro)]
        turns = sum(batch.answers.turns for batch in batches)
        for batch in batches:
            loss = policy_loss(score(model, batch), batch.answers, PLAN.clip, PLAN.kl_weight)
            (loss.total * (batch.answers.turns / turns)).backward()

    return step


def each_turn(model: Any, cases: Sequence[Case]) -> Callable[[], None]:
    """A step on one sequence a turn."""
    return _padded(model, [(case, one) for case in cases for one in turn_sequences(case.episode)])


def per_seat(model: Any, cases: Sequence[Case], codec: Codec) -> Callable[[], None]:
    """A step on one sequence a seat."""
    return _padded(model, [(case, one) for case in cases for one in seat_sequences(case.episode, codec)])


def turn_sequences(episode: Episode) -> list[Laid]:
    """One a trainable branch."""
    found: list[Laid] = []
    number = 0
    for row in episode.rows:
        for branch in row.branches:
            if episode.trainable[number]:
                before = (*row.trunk[: branch.offset], *branch.prompt)
                found.append(Laid((*before, *branch.answer), ((number, len(before)),)))
            number += 1
    return found


class _Apart:
    """The game, but that each seat reads for itself."""

    def __init__(self, game: Game[Any, Any]) -> None:
        self._game = game

    def __getattr__(self, name: str) -> Any:
        return getattr(self._game, name)

    def apart(self, seats: int) -> bool:
        return True


def seat_sequences(episode: Episode, codec: Codec) -> list[Laid]:
    """One a seat with trainable turns. A message stands there once: the line that it became is left out."""
    game: Any = _Apart(episode.game)
    reading = MatchReader(codec, game)
    of_seat: dict[int, list[tuple[int, int, tuple[int, ...], int]]] = {}
    found = moments(episode, counterfactual=False)
    for i, n in enumerate(episode.which):
        seat, moment, answer = episode.decisions[n].seat, found[n], episode.branches[i].answer
        assert not episode.thoughts[i], "thoughts are not measured here"
        reader, place, _ = reading.read_on(seat, visible(episode.events[: moment.seen], seat))
        cue = codec.encode(game.cue(reader.names, moment.turn))
        asked = (*reader.branch(codec, moment.turn), *answer)
        of_seat.setdefault(seat, []).append((i, place.length, asked, len(cue) + len(answer)))
    for seat in of_seat:
        reading.read_on(seat, visible(episode.events, seat))
    rows = reading.rows()
    sequences: list[Laid] = []
    for seat, turns in of_seat.items():
        row, tokens, starts, read = rows[seat], list[int](), list[tuple[int, int]](), 0
        for i, length, asked, own in turns:
            tokens.extend(row[read:length])
            tokens.extend(asked)
            if episode.trainable[i]:
                starts.append((i, len(tokens) - len(episode.branches[i].answer)))
            read = length + own if tuple(row[length : length + own]) == asked[-own:] else length
        if starts:
            sequences.append(Laid(tuple(tokens), tuple(starts)))
    return sequences


def _batch(cases: Sequence[Case], dtype: torch.dtype = torch.float32) -> TrainBatch:
    batch = train_batch(
        [c.episode for c in cases], [c.assigned for c in cases], [c.reference for c in cases], dtype=dtype
    )
    assert batch is not None, "every case has something to learn from"
    return batch


@dataclass(frozen=True, slots=True)
class _Rows:
    """Sequences of like length, padded to (B, T): ``ids`` and ``mask``. The hidden states before the sampled tokens of
    ``answers`` are those behind the flat tokens ``at``."""

    ids: Tensor
    mask: Tensor
    at: Tensor
    answers: Answers


def _padded(model: Any, laid: Sequence[tuple[Case, Laid]]) -> Callable[[], None]:
    """Everything is laid out here, before the clock runs."""
    laid = sorted(laid, key=lambda x: len(x[1].tokens))
    parts = [_lay_out(laid[at : at + ROWS]) for at in range(0, len(laid), ROWS)]
    turns = sum(rows.answers.turns for rows in parts)

    def step() -> None:
        for rows in parts:
            out = model.base_model(input_ids=rows.ids, attention_mask=rows.mask, use_cache=False)
            hidden = out.last_hidden_state.flatten(0, 1).index_select(0, rows.at)
            loss = policy_loss(score_answers(model, hidden, rows.answers), rows.answers, PLAN.clip, PLAN.kl_weight)
            (loss.total * (rows.answers.turns / turns)).backward()

    return step


def _lay_out(laid: Sequence[tuple[Case, Laid]]) -> _Rows:
    width = max(len(sequence.tokens) for _, sequence in laid)
    cases = {id(case): case for case, _ in laid}
    starts: dict[int, dict[int, int]] = {key: {} for key in cases}
    for b, (case, sequence) in enumerate(laid):
        starts[id(case)].update((i, b * width + start) for i, start in sequence.answers)
    batch = _batch([_only(case, frozenset(starts[key])) for key, case in cases.items()])
    behind: dict[int, int] = {}  # from the pack's numbers of tokens to ours
    spans = iter(batch.pack.branch_spans)
    for key, case in cases.items():
        branches = case.episode.branches
        here = (span for _ in case.episode.rows for span in next(spans))
        for i, (first, length) in zip(sorted(starts[key]), here, strict=True):
            answered = len(branches[i].answer)
            for k in range(answered):
                behind[first + length - answered - 1 + k] = starts[key][i] - 1 + k
    lengths = torch.tensor([len(sequence.tokens) for _, sequence in laid])
    return _Rows(
        torch.tensor([[*s.tokens, *[0] * (width - len(s.tokens))] for _, s in laid]),
        (torch.arange(width) < lengths[:, None]).long(),
        torch.tensor([behind[at] for at in batch.answers.at.tolist()]),
        batch.answers,
    )


def _only(case: Case, branches: frozenset[int]) -> Case:
    """The match, but that nothing else in it may be learnt from."""
    trainable = tuple(i in branches for i in range(len(case.episode.which)))
    return replace(case, episode=replace(case.episode, trainable=trainable))
