"""Key/value memory: one slot a match, in which its trunk grows and branches come and go behind it.

Every column of a slot belongs to the trunk, to a branch, or to nobody any more, and has a place: the position of its
token. What a token may look at follows from the two alone, so columns may stand in any order and several branches of
one match can be read and continued side by side, while the trunk grows between them.

Letters: S slots, H key/value heads, C columns of a slot, D head width, n new tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TRUNK: Final = 0
"""The owner of trunk columns; branches have numbers above it."""
DEAD: Final = -1
"""The owner of columns that are of no use any more."""
NO_PARENT: Final = -2
_FIRST_SLOTS: Final = 8
_FIRST_COLUMNS: Final = 256
_HOLES: Final = 64
"""So many dead columns between living ones are put up with before a slot is packed."""


@dataclass(frozen=True, slots=True)
class NewTokens:
    """Tokens of one owner that follow each other, about to be read.

    They see the trunk's first ``trunk_seen`` places (a trunk's own tokens: all before them), the columns of ``parent``,
    and those of their own owner before them.
    """

    owner: int
    tokens: tuple[int, ...]
    first_place: int
    trunk_seen: int
    parent: int = NO_PARENT


class MatchMemory:
    """What is known of one match: which columns of its slot belong to whom."""

    __slots__ = ("_next", "branches", "dead", "end", "owners", "places", "slot", "trunk_length")

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.trunk_length = 0
        self.end = 0
        """Columns in use, dead ones between them included."""
        self.dead = 0
        self.branches = 0
        """Branches that have columns now."""
        self.owners: NDArray[np.int32] = np.full(_FIRST_COLUMNS, DEAD, dtype=np.int32)
        self.places: NDArray[np.int32] = np.zeros(_FIRST_COLUMNS, dtype=np.int32)
        self._next = TRUNK

    def new_branch(self) -> int:
        """The number of a branch that is about to get columns."""
        self._next += 1
        self.branches += 1
        return self._next

    def take(self, new: NewTokens) -> None:
        """Give the next columns to new tokens."""
        begin, n = self.end, len(new.tokens)
        self.end += n
        while self.end > len(self.owners):
            self.owners = np.concatenate((self.owners, np.full_like(self.owners, DEAD)))
            self.places = np.concatenate((self.places, np.zeros_like(self.places)))
        self.owners[begin : self.end] = new.owner
        self.places[begin : self.end] = new.first_place if n == 1 else np.arange(new.first_place, new.first_place + n)
        if new.owner == TRUNK:
            self.trunk_length += n

    def release(self, branch: int) -> None:
        """Roll a branch back."""
        owners = self.owners[: self.end]
        mine = owners == branch
        self.dead += int(np.count_nonzero(mine))
        owners[mine] = DEAD
        self.branches -= 1
        living = np.flatnonzero(owners != DEAD)
        end = int(living[-1]) + 1 if len(living) else 0
        self.dead -= self.end - end
        self.end = end

    def packed(self) -> NDArray[np.int64] | None:
        """Forget dead columns between living ones where there are many, and give the living ones to be moved."""
        if self.dead <= (_HOLES if self.branches else 0):
            return None
        living = np.flatnonzero(self.owners[: self.end] != DEAD)
        n = len(living)
        self.owners[:n], self.places[:n] = self.owners[living], self.places[living]
        self.owners[n : self.end] = DEAD
        self.end, self.dead = n, 0
        return living

    def sees_all(self, trunk_seen: int) -> bool:
        """Whether a branch with this sight of the trunk may look at every column."""
        return self.branches == 1 and self.dead == 0 and trunk_seen == self.trunk_length

    def sight(self, new: Sequence[NewTokens]) -> NDArray[np.bool_]:
        """What the last columns, which ``new`` has just taken, may look at: (n, end)."""
        n = sum(len(x.tokens) for x in new)
        owners, places = self.owners[None, : self.end], self.places[None, : self.end]
        begin = self.end - n
        last = new[-1]
        grown = len(new[0].tokens) if new[0].owner == TRUNK else 0
        alone = len(new) == 1 + bool(grown and last.owner != TRUNK)
        if alone and begin + grown == self.trunk_length and last.trunk_seen == self.trunk_length:
            return np.tri(n, self.end, begin, dtype=np.bool_)  # the trunk and one branch behind it
        counts = [len(x.tokens) for x in new]
        own_place = self.places[begin : self.end, None]
        owner = np.repeat([x.owner for x in new], counts)[:, None]
        parent = np.repeat([x.parent for x in new], counts)[:, None]
        seen = np.repeat([x.trunk_seen for x in new], counts)[:, None]
        seen = np.where(owner == TRUNK, own_place + 1, seen)
        of_trunk = (owners == TRUNK) & (places < seen)
        return of_trunk | (((owners == owner) & (owner != TRUNK) | (owners == parent)) & (places <= own_place))


class Slots:
    """The tensors behind the memories of one set of weights, and who has which slot.

    All slots are equally long. They are made as they are needed, and longer when the longest match needs it; a slot
    that is given back goes to the next match.
    """

    def __init__(self) -> None:
        self.layers: list[tuple[Tensor, Tensor]] = []
        """Keys and values by layer, each (S, H, C, D)."""
        self.rows: list[tuple[tuple[Tensor, ...], tuple[Tensor, ...]]] = []
        """The same, as a view (1, H, C, D) of each slot."""
        self.columns = _FIRST_COLUMNS
        self._slots = 0
        self._free: list[int] = []

    def open(self) -> MatchMemory:
        if not self._free:
            more = max(_FIRST_SLOTS, self._slots)
            self._free.extend(range(self._slots + more - 1, self._slots - 1, -1))
            self._slots += more
            self._resize()
        return MatchMemory(self._free.pop())

    def close(self, memory: MatchMemory) -> None:
        self._free.append(memory.slot)

    def reserve(self, columns: int) -> None:
        """Make every slot at least so long."""
        if columns > self.columns:
            self.columns = max(columns, self.columns * 3 // 2)
            self._resize()

    def _resize(self) -> None:
        self.layers = [(self._resized(k), self._resized(v)) for k, v in self.layers]
        self.rows = [(k.split(1), v.split(1)) for k, v in self.layers]

    def _resized(self, old: Tensor) -> Tensor:
        new = old.new_empty((self._slots, old.shape[1], self.columns, old.shape[3]))
        new[: old.shape[0], :, : old.shape[2]] = old
        return new

    def has_layer(self, number: int, key: Tensor, value: Tensor) -> None:
        """Make the memory of a layer at its first use, of the shapes that its keys and values (1, H, n, D) have."""
        if number == len(self.layers):
            size = (self._slots, key.shape[1], self.columns)
            keys, values = key.new_empty((*size, key.shape[3])), value.new_empty((*size, value.shape[3]))
            self.layers.append((keys, values))
            self.rows.append((keys.split(1), values.split(1)))

    def pack(self, memory: MatchMemory) -> None:
        """Close the gaps of a slot where they are many."""
        if (living := memory.packed()) is None:
            return
        for layer in self.layers:
            for half in layer:
                mine = half[memory.slot]
                mine[:, : len(living)] = mine[:, torch.from_numpy(living).to(half.device)]
