"""What a scripted player says: which intention, about whom. The wording is ``phrases``'."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from agents.scripted.choices import doomed, kill_scores, odds
from agents.scripted.seat import Seat
from agents.scripted.traits import Traits
from arena.games.werewolf.statements import Accuse, Claim, Deny, VoteFor
from arena.games.werewolf.types import Role, Side

_LAST_RESORT: Final = (Role.DOCTOR, Role.WITCH, Role.HUNTER)
"""Cards that their holders name when they are about to be exiled."""


@dataclass(frozen=True, slots=True)
class Nerve:
    """What a player has resolved to do in this match, drawn from its traits before the first event."""

    reveals: bool
    fakes: bool
    counters: bool
    buses: bool

    @classmethod
    def draw(cls, traits: Traits, random: Random) -> Nerve:
        return cls(*(random.random() < p for p in (traits.reveal, traits.fake, traits.counter, traits.bus)))


@dataclass(frozen=True, slots=True)
class Remark:
    intention: str
    a: int | None = None
    b: int | None = None


def public_remark(seat: Seat, traits: Traits, nerve: Nerve, random: Random) -> Remark:
    """What to say to the village now."""
    special = None
    if seat.is_wolf:
        special = _wolf(seat, nerve, random)
    elif seat.view.role is Role.SEER:
        special = _seer(seat, nerve)
    elif seat.view.role is Role.MEDIUM and (news := seat.news()):
        target, side = news[-1]
        special = Remark("medium_wolf" if side is Side.WEREWOLVES else "medium_good", target)
    elif (card := seat.view.role) in _LAST_RESORT and seat.pressed() >= 2 and not _said(seat, Claim(Role(card))):
        special = Remark(str(card))
    return special or _villager(seat, traits, random)


def pack_remark(seat: Seat, nerve: Nerve, random: Random) -> Remark:
    """What to say to the fellow werewolf: propose, agree, or name somebody better."""
    scores = kill_scores(seat)
    best = max(scores.values())
    heard = [t for who, t in seat.hunted_tonight() if who != seat.me and t in scores]
    if heard and scores[heard[-1]] > best - 0.8:
        return Remark("kill_yes", heard[-1])
    weights = odds(scores, 3.0, 0.0)
    victim = random.choices(list(weights), list(weights.values()))[0]
    if heard:
        return Remark("kill_no", victim)
    if nerve.fakes and not seat.claims() and not seat.seer_is_settled():
        return Remark("kill_plan", victim)
    return Remark("kill", victim)


# -- the seer ------------------------------------------------------------------------------------------------------


def _seer(seat: Seat, nerve: Nerve) -> Remark | None:
    view, told = seat.view, seat.claims().get(seat.me)
    rivals = seat.rivals()
    fresh = [(t, side) for t, side in view.checks.items() if told is None or t not in told]
    wolves = [t for t, side in fresh if side is Side.WEREWOLVES and view.alive[t]]
    good = [t for t, side in fresh if side is Side.VILLAGE]
    living_good = [t for t in good if view.alive[t]] or good
    if told is None:
        speak = wolves or rivals or nerve.reveals or seat.pressed() >= 2 or view.day >= 3
        if not speak:
            return None
    if wolves:
        if rivals and told is None and rivals[0] != wolves[-1]:
            return Remark("counter_wolf", wolves[-1], rivals[0])
        return Remark("seer_wolf", wolves[-1])
    if told is None and rivals:
        if living_good and living_good[-1] != rivals[0]:
            return Remark("counter_good", living_good[-1], rivals[0])
        return Remark("counter", rivals[0])
    if living_good:
        return Remark("seer_good", living_good[-1])
    if told is None:
        return Remark("seer_only")
    known = [t for t, side in view.checks.items() if side is Side.WEREWOLVES and view.alive[t]]
    return Remark("accuse_known", known[0]) if known and not seat.i_said(VoteFor, known[0]) else None


# -- a werewolf ----------------------------------------------------------------------------------------------------


def _wolf(seat: Seat, nerve: Nerve, random: Random) -> Remark | None:
    view, claims = seat.view, seat.claims()
    rivals = [s for s in seat.rivals() if s not in view.fellows]
    pack = {seat.me, *view.fellows}
    told = claims.get(seat.me)
    lying_fellow = [f for f in view.fellows if f in claims and view.alive[f]]
    if told is not None:
        return _false_result(seat, told, rivals, random)
    exposed = [r for r in rivals if any(t in pack and x is Side.WEREWOLVES for t, x in claims[r].items())]
    credible = not lying_fellow and not seat.seer_is_settled()
    if nerve.counters and rivals and credible and (exposed or view.day > 1 or seat.planned_claim()):
        return _false_claim(seat, rivals[0], random)
    if credible and not rivals and (seat.planned_claim() or (nerve.fakes and view.day > 1)):
        return _false_claim(seat, None, random)
    dropped = [f for f in view.fellows if view.alive[f] and nerve.buses and doomed(seat, f)]
    if dropped and not seat.i_said(Accuse, dropped[0]) and not seat.i_said(VoteFor, dropped[0]):
        believed = [r for r in rivals if claims[r].get(dropped[0]) is Side.WEREWOLVES]
        return Remark("agree", dropped[0], believed[0]) if believed else Remark("accuse", dropped[0])
    if exposed:
        if claims[exposed[0]].get(seat.me) is Side.WEREWOLVES:
            return Remark("answer", exposed[0]) if not _said(seat, Deny(Role.WEREWOLF)) else Remark("doubt", exposed[0])
        return Remark("doubt", exposed[0])
    if lying_fellow and rivals and random.random() < 0.6:
        return Remark("doubt", rivals[0]) if random.random() < 0.5 else Remark("believe", lying_fellow[0])
    called = {t: who - {seat.me} for t, who in seat.callers().items() if t in seat.targets()}
    if called and not seat.pressed():  # push whoever is falling already
        victim = max(called, key=lambda t: (len(called[t]), seat.belief(seat.face).wolf[t], -t))
        others = sorted(called[victim])
        if others and not seat.i_said(VoteFor, victim) and random.random() < 0.6:
            return Remark("agree", victim, others[0])
    return None


def _false_claim(seat: Seat, rival: int | None, random: Random) -> Remark:
    """A claim to be the seer, with a result against somebody or for somebody."""
    others = [t for t in seat.targets() if t != rival]
    if not others:
        return Remark("counter", rival) if rival is not None else Remark("seer_only")
    guilty = random.random() < (0.7 if seat.view.day > 1 or rival is not None else 0.5)
    if guilty:
        victim = _most_suspected(seat, others)
        return Remark("seer_wolf", victim) if rival is None else Remark("counter_wolf", victim, rival)
    friend = random.choice([s for s in seat.others() if s != rival])
    return Remark("seer_good", friend) if rival is None else Remark("counter_good", friend, rival)


def _false_result(seat: Seat, told: dict[int, Side], rivals: list[int], random: Random) -> Remark | None:
    """Something new each day, as a true seer would have."""
    if any(s == seat.me for s, x in seat.today() if isinstance(x, Claim) and x.role is Role.SEER):
        guilty = [t for t, side in told.items() if side is Side.WEREWOLVES and seat.view.alive[t]]
        return Remark("accuse_known", guilty[0]) if guilty and not seat.i_said(VoteFor, guilty[0]) else None
    fresh = [t for t in seat.targets() if t not in told]
    accused = sum(side is Side.WEREWOLVES for side in told.values())
    if fresh and accused < seat.view.cast["werewolf"] and random.random() < 0.75:
        return Remark("seer_wolf", rivals[0] if rivals and rivals[0] in fresh else _most_suspected(seat, fresh))
    friends = [t for t in seat.others() if t not in told]
    return Remark("seer_good", random.choice(friends)) if friends else None


# -- everybody -----------------------------------------------------------------------------------------------------


def _villager(seat: Seat, traits: Traits, random: Random) -> Remark:
    """What a villager, or somebody who plays one, makes of the day."""
    belief, callers = seat.belief(seat.face), seat.callers()
    targets = seat.targets()
    top = _most_suspected(seat, targets)
    others_calling = [s for s in callers.get(top, ()) if s not in (seat.me, top) and belief.wolf[s] < 0.5]
    if seat.pressed() and not _said(seat, Deny(Role.WEREWOLF)):
        return Remark("answer", top) if belief.wolf[top] > seat.even_odds() else Remark("deny")
    rivals = seat.rivals()
    if rivals and belief.seer[rivals[0]] > 0.5 and rivals[0] not in seat.view.fellows:
        found = [t for t, side in seat.claims()[rivals[0]].items() if side is Side.WEREWOLVES and t in targets]
        if found and not seat.i_said(VoteFor, found[0]):
            said = seat.i_said(Accuse, found[0])
            return Remark("agree" if said or random.random() < 0.4 else "accuse_result", found[0], rivals[0])
        if len(rivals) > 1 and rivals[-1] in targets and random.random() < 0.5:
            return Remark("doubt", rivals[-1])
        if not found and random.random() < 0.5:
            return Remark("believe", rivals[0])
    if len(rivals) > 1 and rivals[-1] in targets and random.random() < 0.4:
        return Remark("doubt", rivals[-1])
    if belief.wolf[top] > seat.even_odds() + traits.accuse_at:
        if seat.i_said(Accuse, top):
            return Remark("agree", top, others_calling[0]) if others_calling else Remark("call", top)
        if others_calling and random.random() < 0.4:
            return Remark("agree", top, others_calling[0])
        if reasons := seat.reasons(top):
            intention, b = random.choice(reasons)
            return Remark(intention, top, b)
        return Remark("accuse", top)
    threatened = [s for s in targets if len(callers.get(s, set()) - {seat.me}) >= 2 and belief.wolf[s] < 0.15]
    if threatened:
        return Remark("spare", threatened[0])
    if random.random() < traits.hunch:
        return Remark("call" if seat.i_said(Accuse, top) else "accuse", top)
    clear = [s for s in targets if belief.wolf[s] < seat.even_odds() - 0.12]
    if clear and random.random() < 0.5:
        return Remark("trust", random.choice(clear))
    return Remark("ask", random.choice(targets)) if random.random() < 0.4 else Remark("greet")


def _most_suspected(seat: Seat, among: list[int]) -> int:
    """The most suspicious of them; among equals whoever is named most today, then the first to speak today."""
    wolf, callers = seat.belief(seat.face).wolf, seat.callers()
    order = seat.view.order
    place = {s: order.index(s) if s in order else len(order) + s for s in among}
    return max(among, key=lambda s: (round(wolf[s], 3), len(callers.get(s, ())), -place[s]))


def _said(seat: Seat, statement: Claim | Deny) -> bool:
    return any(s == seat.me and x == statement for s, x in seat.today())
