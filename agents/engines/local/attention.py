"""Attention of one pass over many matches, in the form that ``transformers`` calls for any causal model.

The new tokens of all matches go through the model flat, one behind the other, without padding. Only attention knows
rows: it writes the new keys and values into the matches' slots and lets each match's queries look at its own slot,
where it lies. Nothing is gathered, padded or repeated, which is what the library's own decoding spends most of its time
on when models are small.

Letters: N new tokens of a pass, n of one match, Q query heads, H key/value heads, C columns, D head width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from agents.engines.local.cache import MatchMemory, NewTokens, Slots

IN_SLOTS: Final = "matches_in_slots"


@dataclass(frozen=True, slots=True)
class Span:
    """New tokens of one match: the next ``count`` of the pass. ``sight`` (count, ``end``) says what each may look at;
    None: a single token that may look at everything."""

    slot: int
    count: int
    end: int
    sight: NDArray[np.bool_] | None
    places: NDArray[np.int32] | None = None
    """Positions of all columns up to ``end``, for models that look back only so far."""


@dataclass(slots=True)
class Pass:
    """One forward pass: single tokens first, then the other spans, in the order of the flat tokens."""

    slots: Slots
    tokens: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    singles: list[Span] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    layer: int = 0
    """The layer whose attention comes next."""
    _targets: dict[int, Tensor] = field(default_factory=dict)
    _biases: dict[int | None, list[Tensor | None]] = field(default_factory=dict)

    def add(self, memory: MatchMemory, new: Sequence[NewTokens], *, single: bool = False) -> None:
        """Give new tokens of a match their columns. A ``single`` token may look at all of them."""
        for part in new:
            memory.take(part)
            self.tokens.extend(part.tokens)
            self.places.extend(range(part.first_place, part.first_place + len(part.tokens)))
        count = sum(len(x.tokens) for x in new)
        sight = None if single else memory.sight(new)
        span = Span(memory.slot, count, memory.end, sight, memory.places)
        if single:
            assert count == 1
            assert not self.spans
            self.singles.append(span)
        else:
            self.spans.append(span)

    def targets(self, heads: int, device: torch.device) -> Tensor:
        """Where each new key goes among the rows (slot, head, column) of a layer: (H * N,) int64."""
        known = self._targets.get(heads)
        if known is None:
            spans = (*self.singles, *self.spans)
            counts = np.array([s.count for s in spans])
            first = np.array([s.end for s in spans]) - np.cumsum(counts)
            columns = np.arange(len(self.tokens)) + np.repeat(first, counts)
            slots = np.repeat(np.array([s.slot for s in spans]), counts)
            rows = (slots[None] * heads + np.arange(heads)[:, None]) * self.slots.columns + columns[None]
            known = self._targets[heads] = torch.from_numpy(rows.ravel()).to(device)
        return known

    def biases(self, window: int | None, like: Tensor) -> list[Tensor | None]:
        """By span (singles first), what is added to its scores: (n, end), or None for nothing."""
        known = self._biases.get(window)
        if known is None:
            known = self._biases[window] = [_bias(s, window, like) for s in (*self.singles, *self.spans)]
        return known


def _bias(span: Span, window: int | None, like: Tensor) -> Tensor | None:
    sight = span.sight
    if window is not None and span.places is not None:
        places = span.places[: span.end]
        near = places[None] > places[-span.count :, None] - window
        if not near.all():
            sight = near if sight is None else sight & near
    if sight is None:
        return None
    bias = np.where(sight, np.float32(0), np.float32(-np.inf))
    return torch.from_numpy(bias).to(like.device, like.dtype)


_current: ContextVar[Pass | None] = ContextVar("pass", default=None)


@contextmanager
def reading(now: Pass) -> Iterator[None]:
    """Within this context, models with ``IN_SLOTS`` attention read their input as this pass."""
    token = _current.set(now)
    try:
        yield
    finally:
        _current.reset(token)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """query (1, Q, N, D), key and value (1, H, N, D) → (1, N, Q, D). Outside of a pass: the library's own attention."""
    now = _current.get()
    if now is None and softcap is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
    if now is None:  # which the library's fused attention would leave out without a word
        n = query.shape[2]
        sight = torch.ones(n, n, dtype=torch.bool).tril().to(query.device) if attention_mask is None else attention_mask
        bias = torch.zeros(sight.shape, dtype=query.dtype, device=query.device).masked_fill(~sight, -torch.inf)
        return _plain(query, key, value, bias, scaling, softcap or 1.0).transpose(1, 2), None
    now.slots.has_layer(now.layer, key, value)
    (keys, values), (key_rows, value_rows) = now.slots.layers[now.layer], now.slots.rows[now.layer]
    now.layer += 1
    heads, width, group = key.shape[1], query.shape[3], query.shape[1] // key.shape[1]
    targets = now.targets(heads, key.device)
    keys.view(-1, keys.shape[3]).index_copy_(0, targets, key.reshape(-1, key.shape[3]))
    values.view(-1, values.shape[3]).index_copy_(0, targets, value.reshape(-1, value.shape[3]))
    biases = now.biases(sliding_window, query)

    def score(span: Span, q: Tensor, bias: Tensor | None) -> Tensor:
        k, v = key_rows[span.slot].narrow(2, 0, span.end), value_rows[span.slot].narrow(2, 0, span.end)
        if softcap is not None:
            return _plain(q, k, v, bias, scaling, softcap)
        grouped = q.shape[1] != heads
        return scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scaling, enable_gqa=grouped)

    out: list[Tensor] = []
    if single := len(now.singles):
        # The query heads that share a key head stand as rows of one small matrix.
        rows = query[0, :, :single].transpose(0, 1).reshape(single, heads, group, width).split(1)
        for span, row, bias in zip(now.singles, rows, biases, strict=False):
            out.append(score(span, row, bias).view(1, heads * group, -1))
    at = single
    for span, bias in zip(now.spans, biases[single:], strict=True):
        out.append(score(span, query[:, :, at : at + span.count], bias)[0].transpose(0, 1))
        at += span.count
    return torch.cat(out)[None], None


def _plain(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, scale: float | None, softcap: float
) -> Tensor:
    """Scores that are bent below ``softcap``, for which there is no fused kernel."""
    _, heads, n, width = query.shape
    kv = key.shape[1]
    rows = query.reshape(1, kv, heads // kv * n, width)
    scores = (rows @ key.transpose(-1, -2)) * (width**-0.5 if scale is None else scale)
    scores = ((scores / softcap).tanh() * softcap).view(1, heads, n, -1)
    if attn_mask is not None:
        scores = scores + attn_mask
    weights = scores.float().softmax(-1).to(value.dtype).view(1, kv, heads // kv * n, -1)
    return (weights @ value).view(1, heads, n, -1)


def _mask(*args: Any, **kwargs: Any) -> Tensor | None:
    return None if _current.get() is not None else sdpa_mask(*args, **kwargs)


AttentionInterface.register(IN_SLOTS, attend)
AttentionMaskInterface.register(IN_SLOTS, _mask)


def flat_logits(model: Any, now: Pass, wanted: Sequence[int]) -> Tensor:
    """Run the new tokens of a pass through a model; logits (wanted, V) in float32 behind the ``wanted`` ones."""
    device = model.device
    now.slots.reserve(max(s.end for s in (*now.singles, *now.spans)))
    with reading(now):
        logits = model(
            input_ids=torch.tensor([now.tokens], device=device),
            position_ids=torch.tensor([now.places], device=device),
            attention_mask=None,
            use_cache=False,
            logits_to_keep=torch.tensor(wanted, device=device, dtype=torch.long),
        ).logits
    return logits[0].float()
