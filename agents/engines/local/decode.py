"""The batched decode: trunks brought up to date, branches read, answers sampled, branches forgotten.

One ``Decoder`` belongs to one set of weights. Rows of a batch are decisions of any matches. Where a match has one row
in the batch, the new part of its trunk and the branch go through the model in one pass; where it has several, the trunk
goes first, once for all of them. Nothing of a branch is kept afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from agents.engines.base import DecisionRequest
from agents.engines.local.cache import BatchCache, CacheShape, TrunkMemory, gather
from arena.errors import EngineError

BATCH_ROWS: Final = 64
"""The most rows that go through the model together: beyond it, padding costs more than batching saves."""
REPACK_AT: Final = 0.6
"""Share of unfinished rows at which a batch is packed anew: copying its memory costs about two decode steps."""


@dataclass(frozen=True, slots=True)
class Sampled:
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    choice_probs: tuple[float, ...] = ()


@dataclass(slots=True)
class _Row:
    request: DecisionRequest
    trunk: TrunkMemory
    tokens: list[int]
    logprobs: list[float]


class Decoder:
    """Decides in batches with one model.

    Args:
        model: a causal language model of ``transformers``, on its device, in evaluation mode.
        ends: tokens that end a line of free text.
    """

    def __init__(self, model: Any, ends: Iterable[int], seed: int) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._ends = frozenset(ends)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._trunks: dict[str, TrunkMemory] = {}
        self._shape = _cache_shape(model)
        self._context: int = getattr(model.config, "max_position_embeddings", 1 << 30)

    def forget(self, match_id: str) -> None:
        self._trunks.pop(match_id, None)

    @torch.inference_mode()
    def decide(self, requests: Sequence[DecisionRequest]) -> list[Sampled | EngineError]:
        """One answer a request, in order; a request that cannot be answered gets an error and spoils no other."""
        answers: list[Sampled | EngineError | None] = [None] * len(requests)
        for kind in (True, False):  # choices need no decode steps: they do not wait for talk
            chosen = []
            for i, r in enumerate(requests):
                if bool(r.options) is not kind:
                    continue
                needed = r.trunk_length + len(r.branch) + (max(map(len, r.options)) - 1 if kind else r.max_tokens)
                if needed > self._context:
                    answers[i] = EngineError(
                        f"the prompt needs {needed} tokens, the model reads {self._context}", code="engine/context_full"
                    )
                else:
                    chosen.append(i)
            chosen.sort(key=lambda i: requests[i].trunk_length)
            for at in range(0, len(chosen), BATCH_ROWS):
                batch = chosen[at : at + BATCH_ROWS]
                for i, sampled in zip(batch, self._batch([requests[i] for i in batch]), strict=True):
                    answers[i] = sampled
        return [a for a in answers if a is not None]

    # -- one batch -----------------------------------------------------------------------------------------------

    def _batch(self, requests: Sequence[DecisionRequest]) -> list[Sampled]:
        rows = [_Row(r, self._trunks.setdefault(r.match_id, TrunkMemory()), [], []) for r in requests]
        rows_of = Counter(r.match_id for r in requests)
        self._extend_trunks([r for r in rows if rows_of[r.request.match_id] > 1])
        lengths = [min(r.trunk.length, r.request.trunk_length) for r in rows]
        new = [
            [*r.request.trunk[n : r.request.trunk_length], *r.request.branch]
            for r, n in zip(rows, lengths, strict=True)
        ]
        if requests[0].options:
            _, _, logits = self._read(rows, lengths, new, room=0)
            return [self._choose(row, row_logits) for row, row_logits in zip(rows, logits, strict=True)]
        return self._talk(rows, lengths, new)

    def _extend_trunks(self, rows: Sequence[_Row]) -> None:
        """Bring the trunks of matches with several rows up to the longest prefix that any row reads."""
        wanted: dict[int, _Row] = {}
        for row in rows:
            known = wanted.get(id(row.trunk))
            if known is None or known.request.trunk_length < row.request.trunk_length:
                wanted[id(row.trunk)] = row
        behind = [r for r in wanted.values() if r.trunk.length < r.request.trunk_length]
        if behind:
            lengths = [r.trunk.length for r in behind]
            new = [list(r.request.trunk[n : r.request.trunk_length]) for r, n in zip(behind, lengths, strict=True)]
            self._read(behind, lengths, new, room=0)

    def _read(
        self, rows: Sequence[_Row], lengths: Sequence[int], new: Sequence[Sequence[int]], room: int
    ) -> tuple[BatchCache, Tensor, Tensor]:
        """Run new tokens through the model behind each row's trunk, and store those that belong to the trunk.

        New tokens are aligned at the right, so every row's last one stands in the last column.

        Returns:
            the cache, the columns each row may look at (R, columns) bool, and the last logits (R, V) in float32.
        """
        cache = gather(self._shape, [r.trunk for r in rows], lengths, max(map(len, new)) + room)
        longest, width = max(lengths), max(map(len, new))
        ids = torch.tensor([[0] * (width - len(n)) + list(n) for n in new], device=self._device)
        pads = torch.tensor([width - len(n) for n in new], device=self._device)
        have = torch.tensor(lengths, device=self._device)
        step = torch.arange(width, device=self._device)
        positions = (have[:, None] + step - pads[:, None]).clamp_min(0)
        old = torch.arange(longest, device=self._device)[None] < have[:, None]  # (R, longest)
        real = step[None] >= pads[:, None]  # (R, width)
        # A padded query looks at itself, so that no softmax is empty.
        own = (real[:, None, :] & (step[None, :] <= step[:, None])) | torch.eye(
            width, dtype=torch.bool, device=self._device
        )
        mask = torch.cat((old[:, None, :].expand(-1, width, -1), own), dim=-1)[:, None]
        out = self._model(
            input_ids=ids, position_ids=positions, attention_mask=mask, past_key_values=cache, use_cache=True,
            logits_to_keep=1,
        )  # fmt: skip
        for r, row in enumerate(rows):
            more = row.request.trunk_length - lengths[r]
            if more > 0 and row.trunk.length == lengths[r]:
                row.trunk.store(cache, r, longest + width - len(new[r]), more)
        return cache, torch.cat((old, real), dim=-1), out.logits[:, -1].float()

    # -- answers -------------------------------------------------------------------------------------------------

    def _choose(self, row: _Row, logits: Tensor) -> Sampled:
        """Sample one of the options, token by token among those still possible."""
        options = row.request.options
        if all(len(o) == 1 for o in options):
            ids = torch.tensor([o[0] for o in options], device=self._device)
            logp = (logits[ids] / row.request.temperature).log_softmax(-1)
            i = int(torch.multinomial(logp.exp(), 1, generator=self._random))
            return Sampled(options[i], (float(logp[i]),), tuple(logp.exp().tolist()))
        return self._choose_long(row, logits)

    def _choose_long(self, row: _Row, logits: Tensor) -> Sampled:
        """Options of several tokens: a walk down their tree, masked at each step to the branches that exist."""
        request, tokens, logprobs = row.request, [], []
        alive = list(request.options)
        while True:
            depth = len(tokens)
            nexts = sorted({o[depth] for o in alive})
            if len(nexts) == 1:
                tokens.append(nexts[0])
                logprobs.append(0.0)
            else:
                ids = torch.tensor(nexts, device=self._device)
                logp = (logits[ids] / request.temperature).log_softmax(-1)
                i = int(torch.multinomial(logp.exp(), 1, generator=self._random))
                tokens.append(nexts[i])
                logprobs.append(float(logp[i]))
            alive = [o for o in alive if o[depth] == tokens[-1]]
            if any(len(o) == depth + 1 for o in alive):
                return Sampled(tuple(tokens), tuple(logprobs))
            if len({o[depth + 1] for o in alive}) > 1:
                length = min(row.trunk.length, request.trunk_length)
                prompt = [*request.trunk[length : request.trunk_length], *request.branch, *tokens]
                logits = self._read([row], [length], [prompt], room=0)[2][0]

    def _talk(self, rows: list[_Row], lengths: Sequence[int], new: Sequence[Sequence[int]]) -> list[Sampled]:
        most = max(r.request.max_tokens for r in rows)
        cache, sees, logits = self._read(rows, lengths, new, room=most)
        places: list[_Row | None] = list(rows)  # a finished row's place stays until the batch is packed anew
        positions = torch.tensor([n + len(x) for n, x in zip(lengths, new, strict=True)], device=self._device)
        while True:
            heat = torch.tensor([r.request.temperature if r else 1.0 for r in places], device=self._device)
            logp = (logits / heat[:, None]).log_softmax(-1)
            picked = torch.multinomial(logp.exp(), 1, generator=self._random)
            values = logp.gather(1, picked).flatten().tolist()
            for place, (token, value) in enumerate(zip(picked.flatten().tolist(), values, strict=True)):
                if (row := places[place]) is None:
                    continue
                row.tokens.append(token)
                row.logprobs.append(value)
                if token in self._ends or len(row.tokens) == row.request.max_tokens:
                    places[place] = None
            going = [p for p, row in enumerate(places) if row is not None]
            if not going:
                return [Sampled(tuple(r.tokens), tuple(r.logprobs)) for r in rows]
            if len(going) <= REPACK_AT * len(places):
                kept = torch.tensor(going, device=self._device)
                places = [places[p] for p in going]
                picked, positions = picked[kept], positions[kept]
                cache, sees = cache.keep(kept), sees[kept]
            sees = torch.cat((sees, sees.new_ones((len(places), 1))), dim=-1)
            logits = self._model(
                input_ids=picked, position_ids=positions[:, None], attention_mask=sees[:, None, None],
                past_key_values=cache, use_cache=True, logits_to_keep=1,
            ).logits[:, -1].float()  # fmt: skip
            positions = positions + 1


def _cache_shape(model: Any) -> CacheShape:
    """Learnt from one token through the model: right for every architecture with key/value layers."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        out = model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=device), use_cache=True)
    layers = out.past_key_values.layers
    return CacheShape(
        heads=tuple(x.keys.shape[1] for x in layers),
        widths=tuple(x.keys.shape[3] for x in layers),
        dtype=layers[0].keys.dtype,
        device=device,
    )
