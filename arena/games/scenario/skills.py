"""Five social skills, 0 to 10, and how efficient a deal was, by rule (the skills' names after OMAR 2026).

| score | by rule |
|---|---|
| ``compromise`` | how far the seat came down from its first position, and how far that matched what the others did |
| ``persuasion`` | how far the others' positions moved in its favour |
| ``commitment`` | the promises it kept |
| ``empathy`` | whether its guess about another was right |
| ``mutual_benefit`` | the sum of all shares, of the largest sum that there could have been |
| ``pareto_gap`` | by how much every seat's share could have been larger at once |
| ``nash`` | the product of the shares, of the largest that there could have been |
| ``fairness`` | the smallest share, of the largest |

A position is the terms that a seat last proposed; who never proposed stands on the best for itself, and a deal is the
last position of everybody who agreed to it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from functools import lru_cache

from arena.games.scenario.payoff import best, deals, share_of_gain, share_of_terms
from arena.games.scenario.spec import Terms
from arena.games.scenario.state import State


def skills(state: State, seat: int, held: Sequence[float], broken: float) -> Mapping[str, float]:
    """``held``: each seat's share; ``broken``: see ``scores.broken_promises``."""
    found: dict[str, float] = {"commitment": 10 * (1 - broken)}
    if (guess := state.spec.guess_of(seat)) is not None:
        found["empathy"] = 10.0 * (dict(state.guessed).get(seat) == guess.truth)
    giving = state.spec.giving
    if giving is not None:
        found["mutual_benefit"] = 10 * sum(dict(state.gave).values()) / (giving.purse * state.seats)
    if (terms := state.spec.terms) is not None:
        came_down = [_concession(state, terms, s) for s in range(state.seats)]
        mine, others = came_down[seat], statistics.fmean(c for s, c in enumerate(came_down) if s != seat)
        matched = min(mine, others) / max(mine, others) if max(mine, others) > 0 else 0.0
        found["compromise"] = 5 * min(1.0, 2 * mine) + 5 * matched
        found["persuasion"] = 10 * _won_over(state, terms, seat)
        most = _most_shared(terms)
        if most > 0:
            found["mutual_benefit"] = 10 * min(1.0, max(0.0, sum(held)) / most)
    return found


def efficiency(state: State, held: Sequence[float]) -> Mapping[str, float]:
    """Of the deal as a whole, the same for all seats; empty where there are no terms to agree on."""
    terms = state.spec.terms
    if terms is None:
        return {}
    reachable = _all_shares(terms)
    gap = max(min(a - b for a, b in zip(there, held, strict=True)) for there in reachable)
    found = {"pareto_gap": max(0.0, gap)}
    most = max(map(_product, reachable))
    if most > 0:
        found["nash"] = _product(held) / most
    if max(held) > 0:
        found["fairness"] = max(0.0, min(held)) / max(held)
    return found


def _product(of_seats: Sequence[float]) -> float:
    """What is below nothing counts as nothing."""
    return math.prod(max(0.0, share) for share in of_seats)


def _positions(state: State, seat: int) -> list[Sequence[str]]:
    """What a seat stood for, in order: its own offers, and what it agreed to."""
    own: list[Sequence[str]] = [e.data["terms"] for e in state.deeds if e.kind == "proposed" and e.data["seat"] == seat]
    return [*own, state.deal] if state.deal is not None and seat in state.agreed else own


def _concession(state: State, terms: Terms, seat: int) -> float:
    """By how much of its share a seat came down, 0 to 1."""
    stood = [share_of_terms(terms, seat, deal) for deal in _positions(state, seat)]
    if not stood:
        return 0.0
    proposed = any(e.kind == "proposed" and e.data["seat"] == seat for e in state.deeds)
    return min(1.0, max(0.0, (stood[0] if proposed else 1.0) - stood[-1]))


def _won_over(state: State, terms: Terms, seat: int) -> float:
    """By how much of the seat's share the others' positions came towards it, 0 to 1, on average."""
    moved: list[float] = []
    for other in range(state.seats):
        stood = [share_of_terms(terms, seat, deal) for deal in _positions(state, other)]
        if other != seat and stood:
            moved.append(min(1.0, max(0.0, stood[-1] - stood[0])))
    return statistics.fmean(moved) if moved else 0.0


@lru_cache(maxsize=512)
def _all_shares(terms: Terms) -> tuple[tuple[float, ...], ...]:
    """Every seat's share (S,) under every deal."""
    room = [best(terms, s) - least for s, least in enumerate(terms.walk)]
    return tuple(
        tuple(share_of_gain(worth - least, most) for worth, least, most in zip(deal, terms.walk, room, strict=True))
        for deal in deals(terms)
    )


def _most_shared(terms: Terms) -> float:
    return max(map(sum, _all_shares(terms)))
