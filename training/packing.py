"""A whole match as one training row: the trunk once, every branch attending to its prefix of the trunk and to itself.

Tokens of all matches of a batch lie flat behind each other, without padding, so the linear layers waste nothing. Only
attention sees rows: the trunks as one causal batch, the branches in buckets of like length, each against its match's
trunk keys (masked to the branch's offset) and its own. One dense mask over the whole row costs as much as one sequence
per seat; the two parts keep the gain.

``transformers`` calls ``packed_attention`` for any model whose attention implementation is set to ``PACKED``.

Letters: B matches, N branches of a match, L tokens of a branch, T tokens of a trunk, S all tokens, H heads, D head
width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

PACKED: Final = "packed_branches"
BUCKET_LENGTHS: Final = (20, 28, 40, 64, 112)
"""Upper bounds of a branch's length, by bucket; longer branches share the last, open one."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One decision as tokens: it continues ``trunk[:offset]`` with ``prompt`` and then ``answer``."""

    offset: int
    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TokenGame:
    """One match as tokens."""

    trunk: tuple[int, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Branches of like length. ``rows`` (B, N, L) are flat token numbers; ``trunk_bias`` (B, 1, N*L, T) and
    ``own_bias`` (L, L) are added to the scores: 0 where a query may look, -inf elsewhere."""

    rows: Tensor
    trunk_bias: Tensor
    own_bias: Tensor


@dataclass(frozen=True, slots=True)
class Pack:
    """A batch of matches.

    ``tokens`` and ``positions`` are (S,) int64. ``trunk_rows`` (B, T) are flat token numbers, padded with 0. ``place``
    (S,) says where each flat token's attention output lies among the padded rows. ``trunk_spans`` and ``branch_spans``
    give, by match (and branch), the flat number of the first token and the length; a branch's answer is its last
    tokens.
    """

    tokens: Tensor
    positions: Tensor
    trunk_rows: Tensor
    buckets: tuple[Bucket, ...]
    place: Tensor
    trunk_spans: tuple[tuple[int, int], ...]
    branch_spans: tuple[tuple[tuple[int, int], ...], ...]


def matches_a_pack(device: torch.device) -> int:
    """How many matches to lay into one pack. On a processor few: there the longest pads the attention of all, which
    costs more than the calls that are saved (``benchmarks.train``)."""
    return 2 if device.type == "cpu" else 8


def pack(games: Sequence[TokenGame], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Pack:
    """Lay the games out flat and index their rows for attention. ``dtype`` is that of the model's activations."""
    tokens: list[int] = []
    positions: list[int] = []
    trunk_spans: list[tuple[int, int]] = []
    branch_spans: list[tuple[tuple[int, int], ...]] = []
    by_bucket: list[list[list[tuple[int, int, int]]]] = [[[] for _ in games] for _ in range(len(BUCKET_LENGTHS) + 1)]
    for b, game in enumerate(games):
        trunk_spans.append((len(tokens), len(game.trunk)))
        tokens.extend(game.trunk)
        positions.extend(range(len(game.trunk)))
        spans: list[tuple[int, int]] = []
        for branch in game.branches:
            start, length = len(tokens), len(branch.prompt) + len(branch.answer)
            tokens.extend(branch.prompt)
            tokens.extend(branch.answer)
            positions.extend(range(branch.offset, branch.offset + length))
            spans.append((start, length))
            bucket = int(np.searchsorted(BUCKET_LENGTHS, length))
            by_bucket[bucket][b].append((start, length, branch.offset))
        branch_spans.append(tuple(spans))

    longest = max(n for _, n in trunk_spans)
    place = np.zeros(len(tokens), dtype=np.int64)
    trunk_rows = np.zeros((len(games), longest), dtype=np.int64)
    for b, (start, length) in enumerate(trunk_spans):
        trunk_rows[b, :length] = np.arange(start, start + length)
        place[start : start + length] = b * longest + np.arange(length)
    laid = trunk_rows.size

    buckets: list[Bucket] = []
    for per_game in by_bucket:
        most = max(map(len, per_game))
        if most == 0:
            continue
        width = max(length for row in per_game for _, length, _ in row)
        rows = np.zeros((len(games), most, width), dtype=np.int64)
        offsets = np.ones((len(games), most), dtype=np.int64)  # padded rows look at one trunk token: no empty softmax
        for b, row in enumerate(per_game):
            for n, (start, length, offset) in enumerate(row):
                rows[b, n, :length] = np.arange(start, start + length)
                offsets[b, n] = offset
                at = laid + (b * most + n) * width
                place[start : start + length] = at + np.arange(length)
        laid += rows.size
        may_look = np.arange(longest)[None, None, :] < offsets[:, :, None]
        trunk_bias = np.where(may_look, 0.0, -np.inf).astype(np.float32).repeat(width, axis=1)[:, None]
        own_bias = np.where(np.tri(width, dtype=bool), 0.0, -np.inf).astype(np.float32)
        buckets.append(
            Bucket(
                torch.from_numpy(rows).to(device),
                torch.from_numpy(trunk_bias).to(device, dtype),
                torch.from_numpy(own_bias).to(device, dtype),
            )
        )
    return Pack(
        tokens=torch.tensor(tokens, device=device),
        positions=torch.tensor(positions, device=device),
        trunk_rows=torch.from_numpy(trunk_rows).to(device),
        buckets=tuple(buckets),
        place=torch.from_numpy(place).to(device),
        trunk_spans=tuple(trunk_spans),
        branch_spans=tuple(branch_spans),
    )


_current: ContextVar[Pack] = ContextVar("pack")


@contextmanager
def using(batch: Pack) -> Iterator[None]:
    """Within this context, models with ``PACKED`` attention read their input as this pack."""
    token = _current.set(batch)
    try:
        yield
    finally:
        _current.reset(token)


def hidden_states(model: Any, batch: Pack) -> Tensor:
    """The last hidden states (S, width) of a causal language model over a pack."""
    with using(batch):
        out = model.base_model(
            input_ids=batch.tokens[None], position_ids=batch.positions[None], attention_mask=None, use_cache=False
        )
    return out.last_hidden_state[0]


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **unused: Any,
) -> tuple[Tensor, None]:
    """Attention of a pack, in the form that ``transformers`` calls: query (1, H, S, D) → (1, S, H, D)."""
    batch = _current.get()
    heads, width = query.shape[1], query.shape[3]
    kv_heads = key.shape[1]
    group = heads // kv_heads
    scale = width**-0.5 if scaling is None else scaling
    q, k, v = (x[0].transpose(0, 1).to(value.dtype) for x in (query * scale, key, value))  # (S, heads, D)

    def rows(x: Tensor, numbers: Tensor) -> Tensor:
        return x.index_select(0, numbers.flatten()).view(*numbers.shape, x.shape[1], width)

    trunk_q, trunk_k, trunk_v = (rows(x, batch.trunk_rows).transpose(1, 2) for x in (q, k, v))  # (B, heads, T, D)
    out = _causal(trunk_q, trunk_k, trunk_v)
    parts = [out.transpose(1, 2).reshape(-1, heads, width)]
    b, longest = batch.trunk_rows.shape
    for bucket in batch.buckets:
        _, n, length = bucket.rows.shape
        bq = rows(q, bucket.rows).view(b, n * length, kv_heads, group, width)
        bk, bv = (rows(x, bucket.rows).permute(0, 3, 1, 2, 4) for x in (k, v))  # (B, kv, N, L, D)
        to_trunk = bq.permute(0, 2, 3, 1, 4).reshape(b, kv_heads, group * n * length, width)
        to_own = bq.view(b, n, length, kv_heads, group, width).permute(0, 3, 1, 4, 2, 5)  # (B, kv, N, group, L, D)
        to_own = to_own.reshape(b, kv_heads, n, group * length, width)
        far = to_trunk @ trunk_k.transpose(-1, -2)  # (B, kv, group*N*L, T)
        far = far.view(b, kv_heads, group, n * length, longest) + bucket.trunk_bias[:, :, None]
        near = to_own @ bk.transpose(-1, -2)  # (B, kv, N, group*L, L)
        near = near.view(b, kv_heads, n, group, length, length) + bucket.own_bias
        near = near.permute(0, 1, 3, 2, 4, 5).reshape(b, kv_heads, group, n * length, length)
        weights = torch.cat((far, near), dim=-1).softmax(dim=-1)
        far_w = weights[..., :longest].reshape(b, kv_heads, group * n * length, longest)
        near_w = weights[..., longest:].view(b, kv_heads, group, n, length, length).permute(0, 1, 3, 2, 4, 5)
        near_w = near_w.reshape(b, kv_heads, n, group * length, length)
        from_far = (far_w @ trunk_v).view(b, kv_heads, group, n, length, width)
        from_near = (near_w @ bv).view(b, kv_heads, n, group, length, width).permute(0, 1, 3, 2, 4, 5)
        mixed = from_far + from_near  # (B, kv, group, N, L, D)
        parts.append(mixed.permute(0, 3, 4, 1, 2, 5).reshape(-1, heads, width))
    flat = torch.cat(parts).index_select(0, batch.place)
    return flat[None], None


def _causal(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention, queries already scaled: (B, heads, T, D) with key and value (B, kv, T, D).

    In bf16 on a processor the plain products are three times as fast as the fused kernel.
    """
    if query.dtype != torch.bfloat16 or query.device.type != "cpu":
        grouped = query.shape[1] != key.shape[1]
        return scaled_dot_product_attention(query, key, value, is_causal=True, scale=1.0, enable_gqa=grouped)
    b, heads, length, width = query.shape
    kv_heads = key.shape[1]
    rows = query.reshape(b, kv_heads, heads // kv_heads * length, width)
    later = torch.full((length, length), float("-inf"), dtype=query.dtype).triu(1)
    weights = ((rows @ key.transpose(-1, -2)).view(b, heads, length, length) + later).softmax(dim=-1)
    return (weights.view(b, kv_heads, -1, length) @ value).view(b, heads, length, width)


AttentionInterface.register(PACKED, packed_attention)
AttentionMaskInterface.register(PACKED, lambda *args, **kwargs: None)
