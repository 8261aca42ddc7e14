"""The continuous decode: at every step new decisions join, all running ones go on by a token, and finished ones leave.

One ``Decoder`` belongs to one set of weights. A step is one forward pass: the next token of every running line of talk,
and behind them what was admitted: the new part of its match's trunk, the branch, and the chains by which options of
several tokens are scored. Choices and probes are answered in the step that admits them.

Requests are admitted in the order of their arrival. A step reads at most ``STEP_TOKENS`` new tokens of prompts, so that
running lines never wait for long; a trunk longer than that is read over several steps.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from agents.engines.base import DecisionRequest, Timing
from agents.engines.local.attention import IN_SLOTS, Pass, flat_logits
from agents.engines.local.cache import TRUNK, MatchMemory, NewTokens, Slots
from agents.engines.local.options import ChoiceTree, choice_tree, log_softmax_of
from arena.errors import CheckpointError, EngineError

STEP_TOKENS: Final = 512
"""Tokens of prompts that a step reads at most (a branch is never cut, so it may be a few more)."""
MAX_TALKING: Final = 256
"""Lines of talk that run at once; beyond it a step takes longer and no more comes out a second."""
_NEVER: Final = math.inf


class Ticket(Protocol):
    """Who asked."""

    @property
    def request(self) -> DecisionRequest: ...

    @property
    def asked_s(self) -> float:
        """When, on ``time.monotonic``'s clock."""
        ...

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the answer any more."""
        ...


AnyTicket = TypeVar("AnyTicket", bound=Ticket)


@dataclass(frozen=True, slots=True)
class Sampled:
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    choice_probs: tuple[float, ...]
    timing: Timing


@dataclass(slots=True, eq=False)
class _Talk(Generic[AnyTicket]):
    """A running line of talk."""

    ticket: AnyTicket
    memory: MatchMemory
    branch: int
    place: int
    """Position of the next token to be read: the one sampled last."""
    begun_s: float
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Choice(Generic[AnyTicket]):
    """A choice or probe that is answered in this step. ``rows`` says which logits stand behind which tokens of the
    tree."""

    ticket: AnyTicket
    memory: MatchMemory
    branches: list[int]
    tree: ChoiceTree
    rows: dict[tuple[int, ...], int]


Outcome = Sampled | EngineError


class Decoder(Generic[AnyTicket]):
    """Decides with one model.

    Args:
        model: a causal language model of ``transformers``, on its device, in evaluation mode; its attention is set.
        ends: tokens that end a line of free text.

    Raises:
        CheckpointError: with this model's architecture, this way of reading gives other answers than its own.
    """

    def __init__(self, model: Any, ends: Iterable[int], seed: int) -> None:
        self._model = model
        self._device = model.device
        self._ends = frozenset(ends)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._context: int = getattr(model.config, "max_position_embeddings", 1 << 30)
        self._slots = Slots()
        self._memories: dict[str, MatchMemory] = {}
        self._waiting: deque[AnyTicket] = deque()
        self._talking: list[_Talk[AnyTicket]] = []
        self._open: Counter[str] = Counter()
        """Requests that wait or run, by match."""
        self._over: set[str] = set()
        """Matches to be forgotten as soon as nothing of them is open."""
        model.set_attn_implementation(IN_SLOTS)
        self._prove()

    # -- what comes in -------------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._talking)

    @property
    def matches(self) -> frozenset[str]:
        """The matches that memory is kept of."""
        return frozenset(self._memories)

    def ask(self, ticket: AnyTicket) -> None:
        self._waiting.append(ticket)
        self._open[ticket.request.match_id] += 1

    def forget(self, match_id: str) -> None:
        """Drop what is kept for a match, at once or when its last open request has ended."""
        if self._open[match_id]:
            self._over.add(match_id)
        else:
            del self._open[match_id]
            self._close(match_id)

    def take_waiting(self) -> list[AnyTicket]:
        """Give up all requests that have not begun."""
        taken = list(self._waiting)
        self._waiting.clear()
        for ticket in taken:
            self._leave(ticket.request.match_id)
        return taken

    def abandon(self) -> list[AnyTicket]:
        """Give up everything, memory included: the state after a failed pass is unknown."""
        left = [*(t.ticket for t in self._talking), *self._waiting]
        self._waiting.clear()
        self._talking.clear()
        self._memories.clear()
        self._open.clear()
        self._over.clear()
        self._slots = Slots()
        return left

    def _leave(self, match_id: str) -> None:
        self._open[match_id] -= 1
        if not self._open[match_id]:
            del self._open[match_id]
            if match_id in self._over:
                self._over.discard(match_id)
                self._close(match_id)

    def _close(self, match_id: str) -> None:
        if (memory := self._memories.pop(match_id, None)) is not None:
            self._slots.close(memory)

    # -- one step ------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def step(self, now: Callable[[], float] = time.monotonic) -> list[tuple[AnyTicket, Outcome]]:
        """Read one pass and give what was decided in it. Whoever is gone gets no answer."""
        ended: list[tuple[AnyTicket, Outcome]] = []
        begun_s = now()
        self._expire(begun_s, ended)
        reading = Pass(self._slots)
        # What may look at all of its slot needs no mask, and stands first.
        self._talking.sort(key=lambda t: not t.memory.sees_all(t.ticket.request.trunk_length))
        for talk in self._talking:
            seen = talk.ticket.request.trunk_length
            new = NewTokens(talk.branch, (talk.tokens[-1],), talk.place, seen)
            reading.add(talk.memory, (new,), single=talk.memory.sees_all(seen))
            talk.place += 1
        wanted = list(range(len(self._talking)))
        talk_rows = list(wanted)
        choices = self._admit(reading, wanted, talk_rows, begun_s, ended)
        if not reading.tokens:
            return ended
        logits = flat_logits(self._model, reading, wanted)
        over_s = now()
        if choices:
            self._settle_choices(choices, logits, begun_s, over_s, ended)
        if talk_rows:
            self._settle_talk(talk_rows, logits, over_s, ended)
        return ended

    def _expire(self, now_s: float, ended: list[tuple[AnyTicket, Outcome]]) -> None:
        """Drop requests that nobody waits for, and fail those that are late."""

        def stays(ticket: AnyTicket) -> bool:
            deadline_s = ticket.request.deadline_s
            late = deadline_s is not None and now_s > deadline_s
            if not (late or ticket.gone):
                return True
            if not ticket.gone:
                ended.append((ticket, EngineError("the decision came too late", code="engine/deadline")))
            return False

        if dropped := [t for t in self._talking if not stays(t.ticket)]:
            self._talking = [t for t in self._talking if t not in dropped]
            for talk in dropped:
                talk.memory.release(talk.branch)
                self._leave(talk.ticket.request.match_id)
        if any(t.gone or t.request.deadline_s is not None for t in self._waiting):
            waiting, self._waiting = self._waiting, deque()
            for ticket in waiting:
                if stays(ticket):
                    self._waiting.append(ticket)
                else:
                    self._leave(ticket.request.match_id)

    # -- admission -----------------------------------------------------------------------------------------------

    def _admit(
        self,
        reading: Pass,
        wanted: list[int],
        talk_rows: list[int],
        now_s: float,
        ended: list[tuple[AnyTicket, Outcome]],
    ) -> list[_Choice[AnyTicket]]:
        """Put as much of what waits into the pass as it may read. New lines of talk join those that run."""
        choices: list[_Choice[AnyTicket]] = []
        left = STEP_TOKENS
        while self._waiting and left > 0:
            ticket = self._waiting[0]
            request = ticket.request
            tree = choice_tree(request.options) if request.options else None
            if tree is None and len(self._talking) == MAX_TALKING:
                break
            if (error := self._refusal(request)) is not None:
                self._waiting.popleft()
                self._leave(request.match_id)
                ended.append((ticket, error))
                continue
            memory = self._memories.get(request.match_id)
            if memory is None:
                memory = self._memories[request.match_id] = self._slots.open()
            known = memory.trunk_length
            news: list[NewTokens] = []
            if (behind := request.trunk_length - known) > 0:
                more = tuple(request.trunk[known : known + min(behind, left)])
                news.append(NewTokens(TRUNK, more, known, known + len(more)))
                left -= len(more)
            if behind > 0 and left == 0:
                reading.add(memory, news)  # the rest of it in the next step
                break
            self._waiting.popleft()
            assert request.branch, "a prompt ends with a cue"
            branch = memory.new_branch()
            news.append(NewTokens(branch, request.branch, request.trunk_length, request.trunk_length))
            left -= len(request.branch)
            last = len(reading.tokens) + sum(len(x.tokens) for x in news) - 1
            if tree is None:
                self._talking.append(_Talk(ticket, memory, branch, request.trunk_length + len(request.branch), now_s))
                talk_rows.append(len(wanted))
                wanted.append(last)
            else:
                choice = _Choice(ticket, memory, [branch], tree, {(): len(wanted)})
                wanted.append(last)
                for chain in tree.chains:
                    choice.branches.append(memory.new_branch())
                    place = request.trunk_length + len(request.branch)
                    news.append(NewTokens(choice.branches[-1], chain, place, request.trunk_length, branch))
                    for k in range(1, len(chain) + 1):
                        if chain[:k] in tree.forks and chain[:k] not in choice.rows:
                            choice.rows[chain[:k]] = len(wanted)
                            wanted.append(last + k)
                    last += len(chain)
                    left -= len(chain)
                choices.append(choice)
            reading.add(memory, news)
        return choices

    def _refusal(self, request: DecisionRequest) -> EngineError | None:
        answer = max(map(len, request.options)) - 1 if request.options else request.max_tokens
        needed = request.trunk_length + len(request.branch) + answer
        if needed <= self._context:
            return None
        return EngineError(
            f"the prompt needs {needed} tokens, the model reads {self._context}", code="engine/context_full"
        )

    # -- answers -------------------------------------------------------------------------------------------------

    def _settle_choices(
        self,
        choices: Sequence[_Choice[AnyTicket]],
        logits: Tensor,
        begun_s: float,
        over_s: float,
        ended: list[tuple[AnyTicket, Outcome]],
    ) -> None:
        flat = [c for c in choices if c.tree.is_flat]
        for choice, (picked, logp) in zip(flat, self._pick(flat, logits), strict=True):
            scored = [(x,) for x in logp]
            ended.append((choice.ticket, self._chosen(choice, scored, picked, begun_s, over_s)))
        for choice in choices:
            if not choice.tree.is_flat:
                heat = choice.ticket.request.temperature
                scored = choice.tree.scores(
                    lambda at, after, c=choice, t=heat: log_softmax_of(logits[c.rows[at]], after, t)
                )
                probs = torch.tensor([math.exp(sum(x)) if x else 0.0 for x in scored])
                picked = int(torch.multinomial(probs.to(self._device), 1, generator=self._random))
                ended.append((choice.ticket, self._chosen(choice, scored, picked, begun_s, over_s)))
            for branch in reversed(choice.branches):
                choice.memory.release(branch)
            self._slots.pack(choice.memory)
            self._leave(choice.ticket.request.match_id)

    def _pick(self, choices: Sequence[_Choice[AnyTicket]], logits: Tensor) -> list[tuple[int, list[float]]]:
        """For choices among single tokens: the number of the option sampled, and all log-probabilities."""
        if not choices:
            return []
        options = [c.tree.options for c in choices]
        most = max(map(len, options))
        ids = torch.tensor([[*(o[0] for o in row), *(0,) * (most - len(row))] for row in options], device=self._device)
        counts = torch.tensor([len(row) for row in options], device=self._device)
        heat = torch.tensor([c.ticket.request.temperature for c in choices], device=self._device)
        rows = torch.tensor([c.rows[()] for c in choices], device=self._device)
        scores = logits.index_select(0, rows).gather(1, ids) / heat[:, None]
        scores.masked_fill_(torch.arange(most, device=self._device) >= counts[:, None], -math.inf)
        logp = scores.log_softmax(-1)
        picked = torch.multinomial(logp.exp(), 1, generator=self._random).flatten().tolist()
        return [(i, row[: len(o)]) for i, row, o in zip(picked, logp.tolist(), options, strict=True)]

    def _chosen(
        self,
        choice: _Choice[AnyTicket],
        scored: Sequence[tuple[float, ...]],
        picked: int,
        begun_s: float,
        over_s: float,
    ) -> Sampled:
        probs = tuple(math.exp(sum(x)) if x else 0.0 for x in scored)
        timing = Timing(begun_s - choice.ticket.asked_s, over_s - begun_s)
        if choice.ticket.request.probe:
            return Sampled((), (), probs, timing)
        return Sampled(choice.tree.options[picked], scored[picked], probs, timing)

    def _settle_talk(
        self, rows: Sequence[int], logits: Tensor, over_s: float, ended: list[tuple[AnyTicket, Outcome]]
    ) -> None:
        """Sample a token for each running line, whose logits are at ``rows``; finished lines leave."""
        if len(rows) < len(logits):
            logits = logits.index_select(0, torch.tensor(rows, device=self._device))
        heats = [t.ticket.request.temperature for t in self._talking]
        if any(heat != 1.0 for heat in heats):
            logits = logits / torch.tensor(heats, device=self._device)[:, None]
        logp = logits.log_softmax(-1)
        picked = torch.multinomial(logp.exp(), 1, generator=self._random)
        values = logp.gather(1, picked).flatten().tolist()
        going: list[_Talk[AnyTicket]] = []
        for talk, token, value in zip(self._talking, picked.flatten().tolist(), values, strict=True):
            talk.tokens.append(token)
            talk.logprobs.append(value)
            request = talk.ticket.request
            if token not in self._ends and len(talk.tokens) < request.max_tokens:
                going.append(talk)
                continue
            timing = Timing(talk.begun_s - talk.ticket.asked_s, over_s - talk.begun_s)
            ended.append((talk.ticket, Sampled(tuple(talk.tokens), tuple(talk.logprobs), (), timing)))
            talk.memory.release(talk.branch)
            self._slots.pack(talk.memory)
            self._leave(request.match_id)
        self._talking = going

    # -- proof ---------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def _prove(self) -> None:
        """Compare a short prompt, read as a trunk and two branches, with the model's plain forward pass."""
        tokens = [1 + i % max(1, self._model.config.vocab_size - 1) for i in range(12)]
        plain = self._model(input_ids=torch.tensor([tokens], device=self._device), use_cache=False).logits[0].float()
        slots = Slots()
        memory = slots.open()
        first, second = Pass(slots), Pass(slots)
        a, b = memory.new_branch(), memory.new_branch()
        news = (NewTokens(TRUNK, tuple(tokens[:5]), 0, 5), NewTokens(a, tuple(tokens[5:9]), 5, 5))
        first.add(memory, news)
        first.add(memory, (NewTokens(b, tuple(tokens[5:11]), 5, 5),))
        second.add(memory, (NewTokens(b, (tokens[11],), 11, 5),))
        try:
            ours = torch.cat((flat_logits(self._model, first, [4, 8, 14]), flat_logits(self._model, second, [0])))
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            raise CheckpointError(f"The local engine cannot read with {type(self._model).__name__}: {error}") from error
        wanted = plain[[4, 8, 10, 11]]
        error = float((ours - wanted).abs().max() / wanted.abs().max().clamp_min(1e-6))
        if not error < (1e-3 if self._model.dtype == torch.float32 else 0.1):
            raise CheckpointError(
                f"The local engine cannot read with {type(self._model).__name__}: its attention is of another kind."
            )
