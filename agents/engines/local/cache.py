"""Key/value memory: one growing row a match for its trunk, and the batch that a forward pass reads and writes.

Letters: R rows of a batch, H key/value heads, T columns, D head width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

_GROWTH = 128
"""Columns that a trunk's memory grows by."""


class _Columns(CacheLayerMixin):
    """One layer of a batch: written from the left, never grown beyond its ``capacity``."""

    is_sliding = False

    def __init__(self, keys: Tensor, values: Tensor, filled: int) -> None:
        super().__init__()
        self.keys, self.values, self.filled = keys, values, filled
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        pass

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        assert self.keys is not None
        assert self.values is not None
        end = self.filled + key_states.shape[-2]
        self.keys[:, :, self.filled : end] = key_states
        self.values[:, :, self.filled : end] = value_states
        self.filled = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.filled + query_length, 0

    def get_seq_length(self) -> int:
        return self.filled

    def get_max_length(self) -> int:
        return -1


class BatchCache(Cache):
    """The cache of one batch: the rows' trunks in the first columns, what is computed now behind them."""

    def __init__(self, layers: Sequence[tuple[Tensor, Tensor]], filled: int) -> None:
        super().__init__(layers=[_Columns(k, v, filled) for k, v in layers])

    def columns(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, each (R, H, T, D)."""
        one = self.layers[layer]
        assert one.keys is not None
        assert one.values is not None
        return one.keys, one.values

    def keep(self, rows: Tensor) -> BatchCache:
        """A cache of just these rows."""
        filled = self.layers[0].get_seq_length()
        kept = [self.columns(i) for i in range(len(self.layers))]
        return BatchCache([(k.index_select(0, rows), v.index_select(0, rows)) for k, v in kept], filled)


@dataclass(slots=True)
class TrunkMemory:
    """What has been computed of one match's trunk: ``length`` tokens; ``layers`` hold (2, H, capacity, D) each."""

    length: int = 0
    layers: list[Tensor] = field(default_factory=list)

    def store(self, cache: BatchCache, row: int, begin: int, count: int) -> None:
        """Take ``count`` columns of a batch's row, from column ``begin`` on, as the next trunk tokens."""
        if count == 0:
            return
        end = self.length + count
        for i in range(len(cache.layers)):
            keys, values = cache.columns(i)
            if i == len(self.layers):
                self.layers.append(keys.new_empty((2, keys.shape[1], 0, keys.shape[3])))
            if end > self.layers[i].shape[2]:
                old = self.layers[i]
                grown = old.new_empty((2, old.shape[1], end + _GROWTH, old.shape[3]))
                grown[:, :, : self.length] = old[:, :, : self.length]
                self.layers[i] = grown
            self.layers[i][0, :, self.length : end] = keys[row, :, begin : begin + count]
            self.layers[i][1, :, self.length : end] = values[row, :, begin : begin + count]
        self.length = end


@dataclass(frozen=True, slots=True)
class CacheShape:
    """The shape of a model's cache: one entry of ``heads`` and ``widths`` a layer."""

    heads: tuple[int, ...]
    widths: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device


def gather(shape: CacheShape, trunks: Sequence[TrunkMemory], lengths: Sequence[int], room: int) -> BatchCache:
    """A batch whose row i begins with the first ``lengths[i]`` columns of ``trunks[i]``, with ``room`` more columns.

    Columns between a row's own length and the longest one hold zeros and must be masked.
    """
    longest = max(lengths)
    layers: list[tuple[Tensor, Tensor]] = []
    for i, (heads, width) in enumerate(zip(shape.heads, shape.widths, strict=True)):
        size = (len(trunks), heads, longest + room, width)
        keys = torch.zeros(size, dtype=shape.dtype, device=shape.device)
        values = torch.zeros(size, dtype=shape.dtype, device=shape.device)
        for r, (trunk, length) in enumerate(zip(trunks, lengths, strict=True)):
            if length:
                keys[r, :, :length] = trunk.layers[i][0, :, :length]
                values[r, :, :length] = trunk.layers[i][1, :, :length]
        layers.append((keys, values))
    return BatchCache(layers, longest)
