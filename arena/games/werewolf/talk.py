"""The discussion by day: who may speak, and what it leads to. Three ways, one function each for turns and for what
follows."""

from __future__ import annotations

from arena.games.chance import Chance
from arena.games.core import Event, Turn
from arena.games.floor import BIDS, bidders
from arena.games.werewolf.types import OPEN_SLOTS_A_DAY, Discussion, State


def turns(state: State) -> list[Turn]:
    o = state.options
    match o.discussion:
        case Discussion.ROUNDS:
            round_, place = divmod(state.heard, len(state.order))
            return [_talk(state, state.order[place], round_ + 1)]
        case Discussion.PARALLEL:
            said = state.picked("say")
            return [_talk(state, s, state.heard + 1) for s in state.living() if s not in said]
        case Discussion.OPEN if state.floor is not None:
            return [_talk(state, state.floor, state.heard + 1)]
        case Discussion.OPEN:
            bids = state.picked("bid")
            return [_bid(state, s) for s in state.living() if s not in bids]


def _talk(state: State, seat: int, number: int) -> Turn:
    o = state.options
    return Turn(
        f"day{state.day}.talk{number}",
        seat,
        "talk",
        "What do you say to the village?",
        text_limit=o.text_limit,
        budget_s=o.talk_budget_s,
    )


def _bid(state: State, seat: int) -> Turn:
    return Turn(
        f"day{state.day}.bid{state.heard + 1}",
        seat,
        "bid",
        "How much do you want to speak next?",
        choices=BIDS,
        budget_s=state.options.bid_budget_s,
    )


def slots(seats: int, open_slots: int) -> int:
    """How many may have the floor on a day that begins with so many living seats."""
    return min(OPEN_SLOTS_A_DAY, seats * open_slots)


def is_over(state: State) -> bool:
    """Whether everything has been said, so that nobody need be asked."""
    o = state.options
    match o.discussion:
        case Discussion.ROUNDS:
            return state.heard >= o.talk_rounds * len(state.order)
        case Discussion.PARALLEL:
            return state.heard >= o.talk_rounds
        case Discussion.OPEN:
            bids = state.picked("bid")
            all_silent = state.floor is None and len(bids) == len(state.order) and not bidders(bids)
            return all_silent or state.heard >= slots(len(state.order), o.open_slots)


def go_on(state: State, chance: Chance) -> tuple[Event, ...]:
    """What follows when all have written, or have bid; nothing while somebody has to act."""
    match state.options.discussion:
        case Discussion.ROUNDS:
            return ()
        case Discussion.PARALLEL:
            said = state.picked("say")
            if len(said) < len(state.order):
                return ()
            speakers = chance.shuffled(f"merge/{state.day}/{state.heard}", range(len(state.names)))
            return tuple(Event("said", {"seat": s, "text": said[s]}) for s in speakers if s in said)
        case Discussion.OPEN:
            if state.floor is not None or len(state.picked("bid")) < len(state.order):
                return ()
            return (Event("floor", {"seat": _next_speaker(state, chance), "slot": state.heard + 1}),)


def _next_speaker(state: State, chance: Chance) -> int:
    """Of the highest bidders, one who has had the floor least often today; among equals, drawn."""
    wanting = bidders(state.picked("bid"))
    least = min(state.spoke.count(s) for s in wanting)
    drawn = chance.shuffled(f"floor/{state.day}/{state.heard}", range(len(state.names)))
    return next(s for s in drawn if s in wanting and state.spoke.count(s) == least)
