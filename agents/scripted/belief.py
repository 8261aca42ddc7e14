"""How likely each seat is to be a werewolf, seen from one seat: exact over all casts, given simple likelihoods.

A world is a set of seats that are the werewolves. Its weight is the product of

- ``hard`` facts: my own card and checks, what the dead showed, who was killed at night (never a werewolf), and that the
  match is still going on;
- pairs ``f(speaker is wolf, target is wolf)`` for each accusation, defence and vote. As any such ``f`` is a constant, a
  term a seat and a term a pair, all of them add up to one vector and one matrix, whatever is said;
- the seer, summed out: each candidate is weighed by the claims, and a claimed result rules out the worlds in which its
  claimant is the seer and it is false.

With seven seats there are at most 21 worlds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import combinations
from math import exp
from typing import Final

from agents.scripted.reading import read
from agents.scripted.statements import Accuse, Agree, Claim, Doubt, Result, Statement, Trust, VoteFor
from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import SeatView

Pair = tuple[float, float, float]
"""Log-likelihood against (village, village) of (village, wolf), (wolf, village) and (wolf, wolf): who acts, on whom."""

ACCUSED: Final[Pair] = (0.25, 0.12, -0.75)
CALLED: Final[Pair] = (0.20, 0.08, -0.60)
DOUBTED: Final[Pair] = (0.12, 0.10, -0.30)
TRUSTED: Final[Pair] = (-0.30, -0.05, 0.25)
VOTED: Final[Pair] = (0.35, 0.12, -1.00)
KILLED_ACCUSER: Final = 0.20
"""Werewolves kill those who point at them."""

CLAIM_BY_SEER: Final = 0.8
CLAIM_BY_WOLF: Final = 0.16
CLAIM_BY_OTHER: Final = 0.004
SILENT_SEER: Final = 0.35
"""A seer who lets somebody else claim the card."""
FALSE_RESULT: Final = 0.001
"""A claimed result that the true seer cannot have had (a misreading, or a person's slip)."""
CHECKED_FELLOW_GUILTY: Final = 0.08
"""A false seer who gives away a fellow werewolf."""


@dataclass(slots=True)
class Ledger:
    """What has been said in public, read once. Grows with the view; one ledger goes with one view."""

    place: int = 0
    statements: list[tuple[int, int, Statement]] = field(default_factory=list)
    """(day, speaker, statement), in order."""
    claims: dict[int, dict[int, Side]] = field(default_factory=dict)
    """Who claims to be the seer, with the results they reported."""
    claim_day: dict[int, int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    """(speaker, target) → the sum of its ``Pair``s."""
    seen: set[tuple[int, type[Statement], int]] = field(default_factory=set)
    votes: int = 0

    def follow(self, view: SeatView) -> None:
        """Take in what the view has heard since the last time."""
        for said in view.talk[self.place :]:
            if said.to_pack or not said.text:
                continue
            for statement in read(said.text, said.seat, view.names):
                self.statements.append((said.day, said.seat, statement))
                self._weigh(said.day, said.seat, statement)
        self.place = len(view.talk)
        if len(view.votes) > self.votes:
            for day in sorted(view.votes)[self.votes :]:
                for voter, target in view.votes[day].items():
                    if target is not None:
                        self._pair(voter, target, VOTED)
            self.votes = len(view.votes)

    def today(self, day: int) -> Iterable[tuple[int, Statement]]:
        """(speaker, statement) of one day."""
        return ((s, statement) for d, s, statement in self.statements if d == day)

    def _weigh(self, day: int, speaker: int, statement: Statement) -> None:
        match statement:
            case Claim(Role.SEER):
                self.claims.setdefault(speaker, {})
                self.claim_day.setdefault(speaker, day)
                return
            case Result(target, side):
                self.claims.setdefault(speaker, {})[target] = side
                self.claim_day.setdefault(speaker, day)
                return
            case Accuse():
                pair = ACCUSED
            case VoteFor():
                pair = CALLED
            case Doubt():
                pair = DOUBTED
            case Trust() | Agree():
                pair = TRUSTED
            case _:
                return
        key = (speaker, type(statement), statement.target)
        if key not in self.seen and speaker != statement.target:
            self.seen.add(key)
            self._pair(speaker, statement.target, pair)

    def _pair(self, speaker: int, target: int, pair: Pair) -> None:
        total = self.pairs.setdefault((speaker, target), [0.0, 0.0, 0.0])
        for i, value in enumerate(pair):
            total[i] += value


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
    seats = range(len(view.names))
    wolves = view.cast.get("werewolf", 0)
    me = None if eyes is Eyes.PUBLIC else view.me
    role = None if me is None else view.role if eyes is Eyes.OWN else Role.VILLAGER
    must, never = _known(view, me, role, view.checks if eyes is Eyes.OWN else {})
    unary, pairs = _judged(view, ledger, len(view.names))
    candidates, claimed = _seers(view, ledger, me, role, must)

    wolf, seer, total = [0.0] * len(seats), [0.0] * len(seats), 0.0
    dead = sum(1 << d.seat for d in view.deaths)
    living = len(view.living())
    for mask, members in _worlds(len(view.names), wolves):
        if mask & must != must or mask & never:
            continue
        left = (mask & ~dead).bit_count()
        if left == 0 or (living and 2 * left >= living):
            continue
        weight = 0.0
        for s in members:
            weight += unary[s]
        for a, b in combinations(members, 2):
            weight += pairs[a][b]
        weight = exp(weight)
        for claimant, guilty in claimed:
            weight *= CLAIM_BY_WOLF if mask >> claimant & 1 else CLAIM_BY_OTHER
            if mask >> claimant & 1 and mask & guilty:
                weight *= CHECKED_FELLOW_GUILTY
        each = []
        for c, base, guilty, good in candidates:
            if mask >> c & 1:
                each.append(0.0)
                continue
            false = (guilty & ~mask).bit_count() + (good & mask).bit_count()
            each.append(weight * base * FALSE_RESULT**false)
        here = sum(each)
        total += here
        for s in members:
            wolf[s] += here
        for (c, *_), value in zip(candidates, each, strict=True):
            seer[c] += value
    if total <= 0.0:  # the facts contradict each other (a person's slip): know nothing but one's own card
        return _blank(view, me, role)
    return Belief(tuple(w / total for w in wolf), tuple(s / total for s in seer))


def suspicion(view: SeatView, ledger: Ledger | None = None) -> dict[int, float]:
    """The probability of being a werewolf for each other living seat."""
    wolf = believe(view, ledger).wolf
    return {s: wolf[s] for s in view.living() if s != view.me}


@lru_cache
def _worlds(seats: int, wolves: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    return tuple((sum(1 << s for s in members), members) for members in combinations(range(seats), wolves))


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
        elif death.shown or death.cause == "killed":
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
    return unary, pairs


def _seers(
    view: SeatView, ledger: Ledger, me: int | None, role: Role | None, must: int
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
        if shown.get(seat) in (Role.VILLAGER, Role.DOCTOR, Role.WEREWOLF, Side.WEREWOLVES):
            continue
        weight = 1.0
        if seat == me:
            if role is Role.SEER:
                return [(seat, 1.0, 0, 0)], claimed
        elif results is not None:
            weight = CLAIM_BY_SEER / CLAIM_BY_OTHER
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
