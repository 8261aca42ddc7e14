"""The talk: what a deed publishes, what a round comes to, and when there is nothing more to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arena.games.chance import Chance
from arena.games.core import Event, Json, only
from arena.games.floor import bidders
from arena.games.scenario.state import TEXTS, Deed, Order, State

DEEDS: Final = frozenset({"said", "gestured", "did", "whispered", "proposed", "accepted", "pledged", "left", "waited"})
"""Kinds of public event with which a seat's turn is over."""
_FIRST: Final = (Deed.ACCEPT, Deed.LEAVE)
"""In a parallel round these come before the rest, in this order: they answer what was on the table when it began."""


def done(state: State, seat: int, deed: Deed, **more: Json) -> tuple[Event, ...]:
    """The events of a finished deed: at once, or in a parallel round when all have acted."""
    data = {"seat": seat, "deed": str(deed), **more}
    if state.options.order is Order.PARALLEL:
        return (Event("held", data, only(seat)),)
    return published(state, data)


def published(state: State, data: Mapping[str, Json]) -> tuple[Event, ...]:
    seat = data["seat"]
    match Deed(data["deed"]):
        case Deed.WHISPER:
            to = list(data["to"])
            heard = Event("heard", {"seat": seat, "to": to, "text": data["text"]}, only(seat, *to))
            return (Event("whispered", {"seat": seat, "to": to}), heard)
        case Deed.SPEAK | Deed.GESTURE | Deed.DO as deed:
            return (Event(TEXTS[deed], {"seat": seat, "text": data["text"]}),)
        case Deed.PROPOSE:
            assert state.spec.terms is not None
            issues = [issue.name for issue in state.spec.terms.issues]
            return (Event("proposed", {"seat": seat, "issues": issues, "terms": list(data["terms"])}),)
        case Deed.PLEDGE:
            return (Event("pledged", {"seat": seat, "amount": data["amount"]}),)
        case Deed.ACCEPT:
            return (Event("accepted", {"seat": seat}),)
        case Deed.LEAVE:
            return (Event("left", {"seat": seat}),)
        case Deed.WAIT:
            return (Event("waited", {"seat": seat}),)


def go_on(state: State, chance: Chance) -> tuple[Event, ...]:
    """What follows by itself in the talk; nothing while somebody has to act."""
    if (reason := ending(state)) is not None:
        offer = state.offer
        agreed = reason == "agreed" and offer is not None
        deal = {"terms": list(offer.terms), "seats": sorted(offer.agreed)} if agreed and offer else None
        issues = [] if state.spec.terms is None else [issue.name for issue in state.spec.terms.issues]
        return (Event("talk_over", {"reason": reason, "issues": issues, "deal": deal}),)
    match state.options.order:
        case Order.PARALLEL if len(state.held) == len(state.present()):
            events = [e for data in _in_order(state) for e in published(state, data)]
            return (*events, Event("round_over", {"round": state.taken + 1}))
        case Order.OPEN if state.floor is None and len(state.bids) == len(state.present()):
            wanting = bidders(dict(state.bids))
            if not wanting:
                return (Event("silence", {"turn": state.taken + 1}),)
            drawn = chance.shuffled(f"floor/{state.taken}", range(state.seats))
            return (Event("floor", {"seat": next(s for s in drawn if s in wanting)}),)
        case _:
            return ()


def _in_order(state: State) -> list[Mapping[str, Json]]:
    """What was done in a parallel round, as it is shown. Who comes first changes from round to round, because of two
    proposals the later one lies on the table."""
    rank = {deed: n for n, deed in enumerate(_FIRST)}

    def place(data: Mapping[str, Json]) -> tuple[int, int]:
        return rank.get(Deed(data["deed"]), len(rank)), (data["seat"] - state.first - state.taken) % state.seats

    return sorted((event.data for _, event in state.held), key=place)


def settled(state: State) -> bool:
    """Whether enough seats have agreed to what lies on the table."""
    terms, offer = state.spec.terms, state.offer
    return terms is not None and offer is not None and len(offer.agreed) >= terms.needs


def ending(state: State) -> str | None:
    """Why the talk is over: ``agreed``, ``left`` (too few are there to settle anything), ``stale`` (everybody has
    nothing more to say) or ``turns``; None while it goes on. A parallel round is played to its end."""
    terms, here = state.spec.terms, len(state.present())
    if state.held or state.doing or state.floor is not None:
        return None
    if settled(state):
        return "agreed"
    if here < max(2, 0 if terms is None else terms.needs):
        return "left"
    if len(state.idle) >= here:
        return "stale"
    return "turns" if state.taken >= state.options.turns else None
