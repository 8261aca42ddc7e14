"""What a scripted player chooses: a score for each living seat, by kind of turn, and the sharpened odds from it."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import Final, TypeVar

from agents.scripted.belief import Eyes
from agents.scripted.seat import Seat
from agents.scripted.traits import Traits
from arena.games.floor import Bid
from arena.games.werewolf.statements import Accuse, VoteFor
from arena.games.werewolf.types import Role, Side

Key = TypeVar("Key")

WOLF_HERD = 1.0
"""The weight of each call against a villager for a werewolf, whoever makes it."""

CLAIMED_SEER = 1.2
"""How much a doctor prefers somebody who claims to be the seer, where the claim is believed."""

DOOMED = 0.5
"""How guilty a fellow werewolf must look to be dropped."""

MAYOR_AS_PREY = 0.6
"""How much werewolves mind a vote that counts twice."""

_AS_PREY: Final[dict[Role | None, float]] = {Role.WITCH: 1.2, Role.MEDIUM: 0.5, Role.HUNTER: -1.0}
"""Whom werewolves rather attack, by the card that somebody claims; a hunter shoots back."""

_CERTAIN = 5.0
"""Log-odds are cut here."""


def odds(scores: Mapping[Key, float], sharpness: float, tremble: float) -> dict[Key, float]:
    """Scores as probabilities: a softmax, mixed with a share of ``tremble`` spread evenly."""
    top = max(scores.values())
    raw = {s: exp(sharpness * (v - top)) for s, v in scores.items()}
    total = sum(raw.values())
    even = tremble / len(raw)
    return {s: (1 - tremble) * v / total + even for s, v in raw.items()}


def vote_scores(seat: Seat, traits: Traits, buses: bool) -> dict[int, float]:
    """Log-odds of being a werewolf (a werewolf's are what it pretends), the calls of others, and my own word."""
    wolf = seat.belief(seat.face).wolf
    callers = seat.callers()
    mine = seat.claims().get(seat.me, {})
    scores = {}
    for s in seat.others():
        score = logit(wolf[s])
        score += traits.herd * sum(1 - wolf[c] for c in callers.get(s, ()) if c not in (s, seat.me))
        if seat.i_said(VoteFor, s) or seat.i_said(Accuse, s):
            score += 0.7
        if mine.get(s) is Side.WEREWOLVES:
            score += 3.0
        elif seat.is_wolf and mine.get(s) is Side.VILLAGE:
            score -= 3.0
        if s in seat.view.fellows and not (buses and doomed(seat, s)):
            score -= 4.0
        scores[s] = score
    if seat.is_wolf:  # any villager who may fall will do
        for s in seat.targets():
            scores[s] += WOLF_HERD * len(callers.get(s, set()) - {seat.me, s})
    return scores


def kill_scores(seat: Seat) -> dict[int, float]:
    """The seer first, then whoever sees through the werewolves; whom the village suspects may live."""
    scores = {}
    seer, public = seat.belief(Eyes.OWN).seer, seat.belief(Eyes.PUBLIC).wolf
    pack = {seat.me, *seat.view.fellows}
    seat.ledger.follow(seat.view)
    claims, guarded = seat.claims(), seat.doctor_may_live()
    for s in seat.targets():
        score = 2.5 * seer[s] - 1.2 * public[s]
        if s in claims:
            score = 0.8 - 1.2 * public[s] if guarded else 3.0
        pointed = {x.target for _, who, x in seat.ledger.statements if who == s and isinstance(x, Accuse | VoteFor)}
        scores[s] = score + 0.5 * len(pointed & pack) + _AS_PREY.get(seat.cards().get(s), 0.0)
    if seat.view.mayor in scores:
        scores[seat.view.mayor] += MAYOR_AS_PREY
    for s in seat.survivors():  # the doctor stands there
        if s in scores:
            scores[s] -= 2.5
    return scores


def agreed_kill(seat: Seat) -> dict[int, float]:
    """The kill that the pack's talk leads to: the last word counts most."""
    scores = kill_scores(seat)
    for weight, (_, target) in zip((1.0, 2.0, 2.0, 2.0), seat.hunted_tonight(), strict=False):
        if target in scores:
            scores[target] += weight
    return scores


def check_scores(seat: Seat) -> dict[int, float]:
    """The seer looks at the most suspicious seat that is not settled yet."""
    wolf = seat.belief(Eyes.OWN).wolf
    checked = seat.view.checks
    return {s: -4.0 if s in checked else 2.5 * min(wolf[s], 0.8) - 2.0 * (wolf[s] > 0.97) for s in seat.others()}


def protect_scores(seat: Seat) -> dict[int, float]:
    """The doctor stands by the likely seer, else by somebody who looks good; sometimes by themself."""
    belief, claims = seat.belief(Eyes.OWN), seat.claims()
    scores = {seat.me: 0.4}
    for s in seat.others():
        believed = 1.0 + (CLAIMED_SEER if s in claims else 0.0)
        scores[s] = believed * belief.seer[s] - 1.5 * belief.wolf[s]
    return scores


def save_scores(seat: Seat) -> dict[int | None, float]:
    """The witch saves herself, and whoever does not look like a werewolf's own ruse; a likely seer above all."""
    prey = seat.view.prey
    assert prey is not None, "the witch is asked about somebody"
    if prey == seat.me:
        return {prey: 3.0, None: 0.0}
    belief = seat.belief(Eyes.OWN)
    worth = 0.5 + 2.0 * belief.seer[prey] - 2.0 * belief.wolf[prey] + 0.3 * (prey in seat.claims())
    return {prey: worth, None: 0.25}


def poison_scores(seat: Seat) -> dict[int | None, float]:
    """The witch poisons who is likely enough a werewolf; the longer the match goes, the less it takes."""
    enough = max(0.35, 0.65 - 0.08 * (seat.view.day - 1))
    return _by_suspicion(seat, enough)


def shot_scores(seat: Seat) -> dict[int | None, float]:
    """The hunter shoots the top suspect, unless everybody looks about as innocent as could be."""
    return _by_suspicion(seat, 0.25)


def _by_suspicion(seat: Seat, enough: float) -> dict[int | None, float]:
    wolf = seat.belief(Eyes.OWN).wolf
    return {None: logit(enough), **{s: logit(wolf[s]) for s in seat.others()}}


def mayor_scores(seat: Seat) -> dict[int, float]:
    """Whoever looks best, or oneself; a werewolf likes a fellow, and the office."""
    wolf = seat.belief(seat.face).wolf
    scores = {s: -logit(wolf[s]) + 0.8 * (s in seat.view.fellows) for s in seat.others()}
    if seat.view.alive[seat.me]:
        scores[seat.me] = max(scores.values()) + (0.3 if seat.is_wolf else -0.4)
    return scores


def bid_scores(seat: Seat, traits: Traits) -> dict[str, float]:
    """How much there is to say: news, an answer that is due, a suspicion not yet spoken; little after that."""
    belief, urge = seat.belief(seat.face), 0.2 + 0.5 * traits.hunch
    told = seat.claims().get(seat.me)
    fresh = [side for t, side in seat.view.checks.items() if told is None or t not in told]
    if Side.WEREWOLVES in fresh:
        urge += 2.5
    elif fresh and told is not None:
        urge += 1.0
    urge += 1.5 * bool(seat.news())
    urge += 1.2 * min(2, seat.pressed()) * (seat.spoken_today() < 2)
    targets = seat.targets()
    top = max(targets, key=lambda s: belief.wolf[s], default=None)
    if top is not None and not (seat.i_said(Accuse, top) or seat.i_said(VoteFor, top)):
        urge += 4.0 * max(0.0, belief.wolf[top] - seat.even_odds() - traits.accuse_at)
    urge -= 1.3 * seat.spoken_today()
    return {str(Bid.SILENT): 0.4, str(Bid.SPEAK): urge, str(Bid.URGENT): 2.0 * urge - 2.0}


def doomed(seat: Seat, fellow: int) -> bool:
    """Whether the village is about to exile this seat."""
    public = seat.belief(Eyes.VILLAGER).wolf
    return public[fellow] > DOOMED and public[fellow] >= max(public[s] for s in seat.others())


def logit(p: float) -> float:
    if p <= 0.0:
        return -_CERTAIN
    if p >= 1.0:
        return _CERTAIN
    return max(-_CERTAIN, min(_CERTAIN, log(p / (1 - p))))
