"""Keyed chance: every random draw of a game, from one secret seed.

Each draw names its purpose ("order/2", "deal"), and its value depends on the seed and that name alone, never on how
many draws came before. So what happens in secret cannot shift a public draw, and a replay needs no generator state.
The bits are SHA-256 of seed, key and counter, which is the same on every Python version and platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """The random draws of one match. ``seed`` is as secret as the roles."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed)

    def below(self, key: str, n: int) -> int:
        """A uniform integer in ``range(n)`` for this key.

        A 256-bit draw modulo ``n``: the bias is below 2**-200 for any ``n`` that a game uses.
        """
        assert n > 0, "nothing to draw from"
        digest = hashlib.sha256(f"{self._seed}\x1f{key}".encode()).digest()
        return int.from_bytes(digest, "big") % n

    def pick(self, key: str, items: Sequence[T]) -> T:
        """One of ``items``, uniformly."""
        return items[self.below(key, len(items))]

    def shuffled(self, key: str, items: Sequence[T]) -> tuple[T, ...]:
        """All of ``items`` in a uniformly drawn order (Fisher-Yates)."""
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(f"{key}#{i}", i + 1)
            out[i], out[j] = out[j], out[i]
        return tuple(out)
