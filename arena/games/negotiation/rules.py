"""The rules of Simple Negotiation (after the two-player resource trading of TextArena and SPIRAL), as a fold over
events: talk, offer, answer, in turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final

from arena.games.chance import Chance
from arena.games.core import SERVER, Act, Event, Game, Json, Outcome, Turn, Weight, only
from arena.games.negotiation.goods import GOODS, NOTHING, NUMBERS, TRADES, Basket, in_words, possible, traded, worth
from arena.games.whole import whole_numbers

NAMES: Final = ("Ada", "Ben")
SIDES: Final = ("first", "second")
NOBODY: Final = "nobody"
ANSWERS: Final = ("accept", "decline")
VALUES: Final = (1, 9)
"""The least and the most that a good is worth to somebody."""
HELD: Final = (2, 5)
"""The fewest and the most of each good that somebody begins with."""
TALK_S: Final = 120.0
CHOICE_S: Final = 60.0
_RANGES: Final = {"rounds": (1, 10), "text_limit": (20, 500)}


@dataclass(frozen=True, slots=True)
class NegotiationOptions:
    """``rounds``: how often each may speak and offer. ``text_limit`` in characters."""

    rounds: int = 3
    text_limit: int = 160


class Step(StrEnum):
    TALK = "talk"
    OFFER = "offer"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class State:
    """``baskets`` and ``start`` by seat, ``values`` of each good by seat. ``turn`` counts whoever's turn to offer it is
    from 0; ``offer`` is on the table while it is to be answered."""

    options: NegotiationOptions = NegotiationOptions()
    start: tuple[Basket, ...] = ()
    baskets: tuple[Basket, ...] = ()
    values: tuple[tuple[int, ...], ...] = ()
    turn: int = 0
    step: Step = Step.TALK
    offer: str = ""
    ending: str = ""

    @property
    def offers(self) -> int:
        """The seat that offers."""
        return self.turn % 2

    def gains(self) -> tuple[int, ...]:
        """What each seat has gained by its own values."""
        held = zip(self.baskets, self.start, self.values, strict=True)
        return tuple(worth(now, v) - worth(before, v) for now, before, v in held)


class Negotiation(Game[NegotiationOptions, State]):
    name: ClassVar[str] = "negotiation"
    title: ClassVar[str] = "Simple Negotiation"
    summary: ClassVar[str] = "Two traders with secret tastes: talk, offer, gain more."
    words: ClassVar[tuple[str, ...]] = (*NAMES, *GOODS, *NUMBERS, *ANSWERS, NOTHING)

    # -- setup ---------------------------------------------------------------------------------------------------

    def options(self, raw: Mapping[str, Json]) -> NegotiationOptions:
        return NegotiationOptions(**whole_numbers(self.title, raw, _RANGES))

    def options_json(self, options: NegotiationOptions) -> dict[str, Json]:
        return {"rounds": options.rounds, "text_limit": options.text_limit}

    def seat_count(self, options: NegotiationOptions) -> int:
        return 2

    def opening(self, options: NegotiationOptions, chance: Chance) -> tuple[Event, ...]:
        def drawn(what: str, low: int, high: int) -> list[list[int]]:
            return [[low + chance.below(f"{what}/{s}/{g}", high - low + 1) for g in GOODS] for s in range(len(NAMES))]

        baskets = drawn("held", *HELD)
        started = {"names": list(NAMES), "options": self.options_json(options), "baskets": baskets}
        return (Event("started", started), *deal(drawn("values", *VALUES)))

    def blank(self) -> State:
        return State()

    # -- the fold ------------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event) -> State:
        d = event.data
        match event.kind:
            case "started":
                baskets = tuple(tuple(b) for b in d["baskets"])
                return replace(state, options=self.options(d["options"]), start=baskets, baskets=baskets)
            case "tastes":
                return replace(state, values=tuple(tuple(v) for v in d["values"]))
            case "said":
                return replace(state, step=Step.OFFER)
            case "offered" if d["trade"] == NOTHING:
                return replace(state, turn=state.turn + 1, step=Step.TALK)
            case "offered":
                return replace(state, step=Step.ANSWER, offer=d["trade"])
            case "answered":
                return replace(
                    state,
                    baskets=tuple(tuple(b) for b in d["baskets"]),
                    turn=state.turn + 1,
                    step=Step.TALK,
                    offer="",
                )
            case "ended":
                return replace(state, ending=d["reason"])
            case _:
                return state

    def turns(self, state: State) -> tuple[Turn, ...]:
        if state.ending or state.turn >= 2 * state.options.rounds:
            return ()
        offers, number = state.offers, state.turn + 1
        match state.step:
            case Step.TALK:
                question = f"What do you say to {NAMES[1 - offers]}?"
                limit = state.options.text_limit
                return (Turn(f"turn{number}.talk", offers, "talk", question, text_limit=limit, budget_s=TALK_S),)
            case Step.OFFER:
                may = (*possible(state.baskets[offers], state.baskets[1 - offers]), NOTHING)
                question = "What do you offer, for what?"
                kind = "offer"
            case Step.ANSWER:
                offers, may, kind = 1 - offers, ANSWERS, "answer"
                question = f"{NAMES[1 - offers]} gives {state.offer.replace(' for ', ' and wants ')}. Do you accept?"
        return (Turn(f"turn{number}.{kind}", offers, kind, question, choices=may, budget_s=CHOICE_S, may_pass=False),)

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        match turn.kind:
            case "talk":
                return (Event("said", {"seat": turn.seat, "text": act.text}),)
            case "offer":
                return (Event("offered", {"seat": turn.seat, "trade": act.choice or NOTHING}),)
            case _:
                baskets = state.baskets
                if act.choice == "accept":
                    offers = state.offers
                    both = traded(baskets[offers], baskets[1 - offers], TRADES[state.offer])
                    baskets = both if offers == 0 else both[::-1]
                done = {"seat": turn.seat, "answer": act.choice or "decline", "baskets": [list(b) for b in baskets]}
                return (Event("answered", done),)

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        if state.ending or state.turn < 2 * state.options.rounds:
            return ()
        shown = {"values": [list(v) for v in state.values], "gains": list(state.gains())}
        return (Event("ended", {"winner": _winner(state), "reason": "rounds_over", **shown}),)

    # -- the end -------------------------------------------------------------------------------------------------

    def outcome(self, state: State) -> Outcome | None:
        if not state.ending:
            return None
        winner = _winner(state)
        returns = tuple(0.0 if winner == NOBODY else 1.0 if winner == side else -1.0 for side in SIDES)
        return Outcome(winner, state.ending, SIDES, returns)

    def standing(self, state: State) -> str:
        """How far it is, and by how much the first is ahead: not what may still be traded."""
        mine, theirs = state.gains()
        return f"{state.turn} {state.step} {state.offer} {mine - theirs}"

    def sides(self, state: State) -> tuple[str, ...]:
        return SIDES

    def seat_names(self, state: State) -> tuple[str, ...]:
        return NAMES

    def phase(self, state: State) -> str:
        return "Over" if state.ending else f"Round {min(state.turn // 2 + 1, state.options.rounds)}"

    def max_acts(self, options: NegotiationOptions) -> int:
        return 6 * options.rounds

    # -- words ---------------------------------------------------------------------------------------------------

    def line(self, names: Sequence[str], event: Event) -> str:
        return "".join(_line(names, event))

    def weight(self, event: Event) -> Weight:
        return Weight.FRAME if event.kind in ("started", "taste") else super().weight(event)

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        name = names[turn.seat]
        return {"talk": f"{name}:", "offer": f"{name} offers", "answer": f"{name} decides to"}[turn.kind]

    def rules(self, seen: Sequence[Event]) -> str:
        rounds = self.options(seen[0].data["options"]).rounds if seen else NegotiationOptions().rounds
        return (
            f"Two traders hold {', '.join(GOODS[:-1])} and {GOODS[-1]}. Everybody sees who holds how much. What one "
            f"piece of each good is worth to a trader, from {VALUES[0]} to {VALUES[1]}, only that trader knows.\n"
            f"They take turns, {rounds} each. Whoever's turn it is says something, then offers a trade or nothing; the "
            "other accepts or declines. What is said binds nobody and may be untrue.\n"
            "At the end it is counted by how much the worth of each one's goods has grown, by their own values. Who "
            "gained more wins; if both gained the same, nobody does."
        )

    def picture(self, seen: Sequence[Event]) -> tuple[str, ...]:
        baskets = next((e.data["baskets"] for e in reversed(seen) if "baskets" in e.data), None)
        if baskets is None:
            return ()
        head = " " * 6 + "".join(f"{good:>7}" for good in GOODS)
        rows = (f"{n:<6}" + "".join(f"{k:>7}" for k in b) for n, b in zip(NAMES, baskets, strict=True))
        return (head, *rows)

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        values = list(next(e.data["values"] for e in events if e.kind == "tastes"))
        values[first], values[second] = values[second], values[first]
        return (events[0], *deal(values))


def deal(values: Sequence[Sequence[int]]) -> tuple[Event, ...]:
    """What the goods are worth to whom: for the server, and to each seat its own."""
    own = (Event("taste", {"seat": s, "values": list(v)}, only(s)) for s, v in enumerate(values))
    return (Event("tastes", {"values": [list(v) for v in values]}, SERVER), *own)


def _winner(state: State) -> str:
    mine, theirs = state.gains()
    return NOBODY if mine == theirs else SIDES[0] if mine > theirs else SIDES[1]


def _line(names: Sequence[str], event: Event) -> Iterator[str]:
    d = event.data
    match event.kind:
        case "started":
            held = zip(names, d["baskets"], strict=True)
            yield f"A negotiation. {'; '.join(f'{name} holds {in_words(b)}' for name, b in held)}."
        case "taste":
            yield f"{names[d['seat']]}, to you one piece is worth: "
            yield f"{', '.join(f'{good} {value}' for good, value in zip(GOODS, d['values'], strict=True))}."
        case "said":
            yield f"{names[d['seat']]}: {d['text'] or '…'}"
        case "offered":
            yield f"{names[d['seat']]} offers {d['trade']}."
        case "answered":
            yield f"{names[d['seat']]} {'accepts' if d['answer'] == 'accept' else 'declines'}."
            if d["answer"] == "accept":
                held = zip(names, d["baskets"], strict=True)
                yield f" {'; '.join(f'{name} holds {in_words(b)}' for name, b in held)}."
        case "ended":
            yield "; ".join(f"{name} gained {n}" for name, n in zip(names, d["gains"], strict=True))
            yield f". {'Nobody' if d['winner'] == NOBODY else names[SIDES.index(d['winner'])]} wins."
        case _:
            pass
