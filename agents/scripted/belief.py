"""How likely each seat is to be a werewolf, seen from one seat: exact over all casts, given simple likelihoods.

A world is a set of seats that are the werewolves. Its weight is the product of

- ``hard`` facts: my own card and checks, what the dead showed, who was killed at night (never a werewolf), and that the
  match is still going on;
- pairs ``f(speaker is wolf, target is wolf)`` for each accusation, defence and vote. As any such ``f`` is a constant, a
  term a seat and a term a pair, all of them add up to one vector and one matrix, whatever is said;
- the seer, summed out: each candidate is weighed by the claims, and a claimed result rules out the worlds in which its
  claimant is the seer and it is false.

With seven seats there are at most 21 worlds, with sixteen some thousands: those are summed up with arrays
(``many_worlds``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import combinations
from math import comb, exp
from typing import Final

from agents.scripted.ledger import Ledger
from agents.scripted.likelihood import (
    CARD_CLAIMED,
    CHECKED_FELLOW_GUILTY,
    CLAIM_BY_OTHER,
    CLAIM_BY_POSSESSED,
    CLAIM_BY_SEER,
    CLAIM_BY_WOLF,
    FALSE_RESULT,
    KILLED_ACCUSER,
    SENSED,
    SILENT_SEER,
    Evidence,
)
from arena.games.werewolf.statements import Accuse
from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import SeatView

_FEW: Final = 60
"""So many worlds are summed up by a loop."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Probabilities, by seat: of being a werewolf, and of being (or having been) the seer."""

    wolf: tuple[float, ...]
    seer: tuple[float, ...]


class Eyes(Enum):
    """Whose knowledge a belief starts from."""

    OWN = "own"
    """All that the seat knows."""
    VILLAGER = "villager"
    """As if the seat were a plain villager: what a werewolf pretends to believe."""
    PUBLIC = "public"
    """What everybody has seen."""


def believe(view: SeatView, ledger: Ledger | None = None, eyes: Eyes = Eyes.OWN) -> Belief:
    """What the seat of ``view`` should believe, or seem to believe."""
    if ledger is None:
        ledger = Ledger()
    ledger.follow(view)
    me = None if eyes is Eyes.PUBLIC else view.me
    role = None if me is None else view.role if eyes is Eyes.OWN else Role.VILLAGER
    evidence = _evidence(view, ledger, me, role, own=eyes is Eyes.OWN)
    wolves = view.cast.get("werewolf", 0)
    if comb(len(view.names), wolves) <= _FEW:
        wolf, seer, total = _sums(evidence, wolves)
    else:
        from agents.scripted.many_worlds import sums

        wolf, seer, total = sums(evidence, wolves)
    if total <= 0.0:  # the facts contradict each other (a person's slip): know nothing but one's own card
        return _blank(view, me, role)
    return Belief(tuple(w / total for w in wolf), tuple(seer.get(s, 0.0) / total for s in range(len(view.names))))


def suspicion(view: SeatView, ledger: Ledger | None = None) -> dict[int, float]:
    """The probability of being a werewolf for each other living seat."""
    wolf = believe(view, ledger).wolf
    return {s: wolf[s] for s in view.living() if s != view.me}


World = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]
"""The werewolves as bits, as seats and as pairs of seats."""


@lru_cache
def _worlds(seats: int, wolves: int) -> tuple[World, ...]:
    return tuple(
        (sum(1 << s for s in members), members, tuple(combinations(members, 2)))
        for members in combinations(range(seats), wolves)
    )


def _sums(evidence: Evidence, wolves: int) -> tuple[Sequence[float], dict[int, float], float]:
    """The weight of all worlds in which each seat is a werewolf, in which each candidate is the seer, and of all."""
    e = evidence
    must, never, dead, living, unary, pairs = e.must, e.never, e.dead, e.living, e.unary, e.pairs
    candidates, claimed, claim_by_other, goes_on = e.candidates, e.claimed, e.claim_by_other, e.goes_on
    wolf, total = [0.0] * len(unary), 0.0
    seer = {} if candidates is None else dict.fromkeys((c for c, *_ in candidates), 0.0)
    for mask, members, couples in _worlds(len(unary), wolves):
        if mask & must != must or mask & never:
            continue
        left = (mask & ~dead).bit_count()
        if goes_on and (left == 0 or (living and 2 * left >= living)):
            continue
        weight = 0.0
        for s in members:
            weight += unary[s]
        for a, b in couples:
            weight += pairs[a][b]
        weight = exp(weight)
        for claimant, guilty in claimed:
            weight *= CLAIM_BY_WOLF if mask >> claimant & 1 else claim_by_other
            if mask >> claimant & 1 and mask & guilty:
                weight *= CHECKED_FELLOW_GUILTY
        here = weight
        if candidates is not None:
            here = 0.0
            for c, base, guilty, good in candidates:
                if mask >> c & 1:
                    continue
                value = weight * base
                if guilty or good:
                    value *= FALSE_RESULT ** ((guilty & ~mask).bit_count() + (good & mask).bit_count())
                seer[c] += value
                here += value
        total += here
        for s in members:
            wolf[s] += here
    return wolf, seer, total


def _evidence(view: SeatView, ledger: Ledger, me: int | None, role: Role | None, *, own: bool) -> Evidence:
    checks = view.checks | {t: r.seen for t, r in view.sensed.items()} if own else {}
    must, never = _known(view, me, role, checks)
    unary, pairs = _judged(view, ledger, len(view.names))
    by_other = CLAIM_BY_OTHER
    if possessed := view.cast.get("possessed", 0):
        by_other += CLAIM_BY_POSSESSED * possessed / len(view.names)
    candidates, claimed = _seers(view, ledger, me, role, must, by_other)
    return Evidence(
        must=must,
        never=never,
        dead=sum(1 << d.seat for d in view.deaths),
        living=len(view.living()),
        goes_on=not view.unsettled,
        unary=unary,
        pairs=pairs,
        claimed=claimed,
        claim_by_other=by_other,
        candidates=candidates if view.cast.get("seer") else None,
    )


def _known(view: SeatView, me: int | None, role: Role | None, checks: Mapping[int, Side]) -> tuple[int, int]:
    """Seats that must be werewolves, and that cannot be, as bits."""
    must = never = 0
    if me is not None and role is not None:
        if role is Role.WEREWOLF:
            must |= sum(1 << s for s in (me, *view.fellows))
        else:
            never |= 1 << me
    for target, side in checks.items():
        if side is Side.WEREWOLVES:
            must |= 1 << target
        else:
            never |= 1 << target
    for death in view.deaths:
        bit = 1 << death.seat
        if me == death.seat:
            continue
        if death.shown in (Side.WEREWOLVES, Role.WEREWOLF):
            must |= bit
        elif death.shown or (death.cause == "killed" and "witch" not in view.cast):  # a witch poisons anybody
            never |= bit
    return must, never & ~must


def _judged(view: SeatView, ledger: Ledger, n: int) -> tuple[list[float], list[list[float]]]:
    """Log-weights of each seat being a werewolf, and of each pair of seats being both."""
    unary, pairs = [0.0] * n, [[0.0] * n for _ in range(n)]
    for (speaker, target), (village_wolf, wolf_village, both) in ledger.pairs.items():
        unary[target] += village_wolf
        unary[speaker] += wolf_village
        extra = both - village_wolf - wolf_village
        pairs[speaker][target] += extra
        pairs[target][speaker] += extra
    for death in view.deaths:
        if death.cause == "killed":
            for _, kind, target in (k for k in ledger.seen if k[0] == death.seat):
                if kind is Accuse and target != death.seat:
                    unary[target] += KILLED_ACCUSER
    claimed = Counter(ledger.cards.values())
    for speaker, card in ledger.cards.items():
        if card in view.cast:
            unary[speaker] += CARD_CLAIMED / claimed[card]
    for said in ledger.sensed.values() if "medium" in view.cast else ():
        for target, side in said.items():
            unary[target] += (SENSED if side is Side.WEREWOLVES else -SENSED) / len(ledger.sensed)
    return unary, pairs


def _seers(
    view: SeatView, ledger: Ledger, me: int | None, role: Role | None, must: int, claim_by_other: float
) -> tuple[list[tuple[int, float, int, int]], list[tuple[int, int]]]:
    """Who may be the seer, as (seat, weight, seats called wolves, seats called good); and who claims it, as
    (seat, seats called wolves).

    A candidate's weight undoes its own factor as a false claimant, which every world applies to all claimants.
    """
    shown = {d.seat: d.shown for d in view.deaths}
    claimed, candidates = [], []
    for seat in range(len(view.names)):
        results = ledger.claims.get(seat)
        guilty = sum(1 << t for t, side in (results or {}).items() if side is Side.WEREWOLVES)
        good = sum(1 << t for t, side in (results or {}).items() if side is Side.VILLAGE)
        if results is not None and seat != me:
            claimed.append((seat, guilty))
        if must >> seat & 1 or (seat == me and role not in (None, Role.SEER)):
            continue
        if shown.get(seat) not in (None, Role.SEER, Side.VILLAGE):
            continue
        weight = 1.0
        if seat == me:
            if role is Role.SEER:
                return [(seat, 1.0, 0, 0)], claimed
        elif results is not None:
            weight = CLAIM_BY_SEER / claim_by_other
        elif ledger.claims and view.alive[seat]:
            weight = SILENT_SEER
        if shown.get(seat) == Role.SEER:
            return [(seat, weight, guilty, good)], claimed
        candidates.append((seat, weight, guilty, good))
    return candidates, claimed


def _blank(view: SeatView, me: int | None, role: Role | None) -> Belief:
    """Even odds for everybody whose card I do not know."""
    n, wolves = len(view.names), view.cast.get("werewolf", 0)
    known: Sequence[int] = (me, *view.fellows) if role is Role.WEREWOLF and me is not None else ()
    others = [s for s in range(n) if s != me and s not in known]
    share = (wolves - len(known)) / max(1, len(others))
    wolf = tuple(1.0 if s in known else share if s in others else 0.0 for s in range(n))
    return Belief(wolf, tuple(1.0 / max(1, len(others)) if s in others else 0.0 for s in range(n)))
