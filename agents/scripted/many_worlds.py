"""The sum over all worlds of ``belief``, with arrays: for big tables, where there are hundreds or thousands of worlds.

W worlds, S seats. A loop is quicker for a few dozen worlds, and gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agents.scripted.likelihood import CHECKED_FELLOW_GUILTY, CLAIM_BY_WOLF, FALSE_RESULT, Evidence

Table = NDArray[np.float64]


@lru_cache
def _members(seats: int, wolves: int) -> Table:
    """(W, S): 1 where a seat is a werewolf."""
    worlds = list(combinations(range(seats), wolves))
    out = np.zeros((len(worlds), seats))
    for row, members in enumerate(worlds):
        out[row, list(members)] = 1.0
    return out


def sums(evidence: Evidence, wolves: int) -> tuple[Sequence[float], dict[int, float], float]:
    """The weight of all worlds in which each seat is a werewolf, in which each candidate is the seer, and of all."""
    e = evidence
    seats = len(e.unary)
    table = _members(seats, wolves)
    keep = (table @ _bits(e.must, seats) == e.must.bit_count()) & (table @ _bits(e.never, seats) == 0)
    if e.goes_on:
        left = table @ _bits(~e.dead, seats)
        keep &= (left > 0) & (2 * left < e.living)
    table = table[keep]
    pairs = np.array(e.pairs)
    weight = np.exp(table @ np.array(e.unary) + 0.5 * np.einsum("ws,st,wt->w", table, pairs, table))
    for claimant, guilty in e.claimed:
        wolf = table[:, claimant] > 0
        weight *= np.where(wolf, CLAIM_BY_WOLF, e.claim_by_other)
        weight *= np.where(wolf & (table @ _bits(guilty, seats) > 0), CHECKED_FELLOW_GUILTY, 1.0)
    if e.candidates is None:
        return list(table.T @ weight), {}, float(weight.sum())
    here, seer = np.zeros_like(weight), dict[int, float]()
    for seat, base, guilty, good in e.candidates:
        false = guilty.bit_count() - table @ _bits(guilty, seats) + table @ _bits(good, seats)
        each = np.where(table[:, seat] > 0, 0.0, weight * base * FALSE_RESULT**false)
        seer[seat] = float(each.sum())
        here += each
    return list(table.T @ here), seer, float(here.sum())


def _bits(mask: int, seats: int) -> NDArray[np.float64]:
    return np.array([mask >> s & 1 for s in range(seats)], dtype=np.float64)
