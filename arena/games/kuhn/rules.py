"""The rules of Kuhn poker (Kuhn 1950), as a fold over events: deal, up to three acts, showdown or fold, next hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from arena.games.chance import Chance
from arena.games.core import SERVER, Act, Event, Game, Json, Outcome, Turn, Weight, only
from arena.games.kuhn.hand import CARDS, MOST, PASSIVE, choices, won_by_first
from arena.games.whole import whole_numbers

NAMES: Final = ("Ada", "Ben")
"""Always the same, so that what a player can know in a hand is one of twelve prompts."""
SIDES: Final = ("first", "second")
NOBODY: Final = "nobody"
BUDGET_S: Final = 60.0
_DOES: Final = {"check": "checks", "bet": "bets", "call": "calls", "fold": "folds"}


@dataclass(frozen=True, slots=True)
class KuhnOptions:
    """``hands``: how many are played; who acts first alternates."""

    hands: int = 1


@dataclass(frozen=True, slots=True)
class State:
    """``hand`` counts from 1; ``cards`` by seat; ``acts`` of this hand; ``chips`` won so far, by seat."""

    options: KuhnOptions = KuhnOptions()
    hand: int = 0
    cards: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    paid: bool = True
    chips: tuple[int, int] = (0, 0)
    ending: str = ""

    @property
    def first(self) -> int:
        """The seat that acts first in this hand."""
        return (self.hand - 1) % 2

    @property
    def to_act(self) -> int:
        return (self.first + len(self.acts)) % 2


class Kuhn(Game[KuhnOptions, State]):
    name: ClassVar[str] = "kuhn"
    title: ClassVar[str] = "Kuhn poker"
    summary: ClassVar[str] = "Three cards, two players, one bet: when to bluff, when to call."
    words: ClassVar[tuple[str, ...]] = (*NAMES, *CARDS, *_DOES, *_DOES.values())
    decisive: ClassVar[frozenset[str]] = frozenset({"act"})
    fades: ClassVar[Mapping[str, frozenset[str]]] = {"hand": frozenset({"card"})}

    # -- setup ---------------------------------------------------------------------------------------------------

    def options(self, raw: Mapping[str, Json]) -> KuhnOptions:
        return KuhnOptions(**whole_numbers(self.title, raw, {"hands": (1, 100)}))

    def options_json(self, options: KuhnOptions) -> dict[str, Json]:
        return {"hands": options.hands}

    def seat_count(self, options: KuhnOptions) -> int:
        return 2

    def opening(self, options: KuhnOptions, chance: Chance) -> tuple[Event, ...]:
        started = Event("started", {"names": list(NAMES), "options": self.options_json(options)})
        return (started, *deal(1, chance.shuffled("deal/1", CARDS)[:2]))

    def blank(self) -> State:
        return State()

    # -- the fold ------------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event) -> State:
        d = event.data
        match event.kind:
            case "started":
                return replace(state, options=self.options(d["options"]))
            case "hand":
                return replace(state, hand=d["number"], acts=(), paid=False)
            case "cards":
                return replace(state, cards=tuple(d["cards"]))
            case "acted":
                return replace(state, acts=(*state.acts, d["act"]))
            case "won":
                chips = list(state.chips)
                chips[d["seat"]] += d["chips"]
                chips[1 - d["seat"]] -= d["chips"]
                return replace(state, chips=(chips[0], chips[1]), paid=True)
            case "ended":
                return replace(state, ending=d["reason"])
            case _:
                return state

    def turns(self, state: State) -> tuple[Turn, ...]:
        may = () if state.ending or state.paid else choices(state.acts)
        if not may:
            return ()
        turn_id = f"hand{state.hand}.act{len(state.acts) + 1}"
        question = "Do you check or bet?" if "check" in may else "Do you call the bet or fold?"
        return (Turn(turn_id, state.to_act, "act", question, choices=may, budget_s=BUDGET_S, may_pass=False),)

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        passive = next(c for c in turn.choices if c in PASSIVE)  # what running out of time comes to
        return (Event("acted", {"seat": turn.seat, "act": act.choice or passive}),)

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        if state.ending or (not state.paid and choices(state.acts)):
            return ()
        if not state.paid:
            return tuple(_settled(state))
        if state.hand < state.options.hands:
            return tuple(deal(state.hand + 1, chance.shuffled(f"deal/{state.hand + 1}", CARDS)[:2]))
        return (Event("ended", {"chips": list(state.chips), "winner": _winner(state), "reason": _reason(state)}),)

    # -- the end -------------------------------------------------------------------------------------------------

    def outcome(self, state: State) -> Outcome | None:
        if not state.ending:
            return None
        most = MOST * state.options.hands
        return Outcome(_winner(state), state.ending, SIDES, tuple(chips / most for chips in state.chips))

    def standing(self, state: State) -> str:
        """The cards in the order of acting, the acts, and in a longer match the chips and hands to come."""
        cards = "".join(state.cards[(state.first + n) % 2] for n in (0, 1))
        here = f"{cards} {' '.join(state.acts)}".rstrip()
        if state.options.hands == 1:
            return here
        return f"{here} seat {state.first} hand {state.hand} chips {state.chips[0]}"

    def sides(self, state: State) -> tuple[str, ...]:
        return SIDES

    def seat_names(self, state: State) -> tuple[str, ...]:
        return NAMES

    def phase(self, state: State) -> str:
        if state.ending:
            return "Over"
        return f"Hand {state.hand}" if state.options.hands > 1 else "The hand"

    def max_acts(self, options: KuhnOptions) -> int:
        return 3 * options.hands

    # -- words ---------------------------------------------------------------------------------------------------

    def line(self, names: Sequence[str], event: Event) -> str:
        d = event.data

        def chips(n: int) -> str:
            return "1 chip" if n == 1 else f"{n} chips"

        match event.kind:
            case "started":
                return "Kuhn poker. Each antes 1 chip; a bet is 1 chip."
            case "hand":
                return f"Hand {d['number']}: {names[(d['number'] - 1) % 2]} acts first."
            case "card":
                return f"{names[d['seat']]}, you hold {d['card']}."
            case "acted":
                return f"{names[d['seat']]} {_DOES[d['act']]}."
            case "shown":
                return f"{names[d['seat']]} shows {d['card']}."
            case "won":
                return f"{names[d['seat']]} wins {chips(d['chips'])}."
            case "ended" if d["winner"] == NOBODY:
                return "Nobody has won more than the other."
            case "ended":
                return f"{names[SIDES.index(d['winner'])]} wins the match."
            case _:
                return ""

    def weight(self, event: Event) -> Weight:
        return Weight.FRAME if event.kind in ("started", "card") else Weight.FACT

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        return f"{names[turn.seat]} decides to"

    def rules(self, seen: Sequence[Event]) -> str:
        hands = self.options(seen[0].data["options"]).hands if seen else 1
        length = (
            "The match is one hand." if hands == 1 else f"There are {hands} hands; who acts first alternates. Whoever "
            "has won more chips in all wins the match."
        )  # fmt: skip
        return (
            "Two players, three cards: J, Q and K, of which K is the highest and J the lowest. Each player puts 1 chip "
            "into the pot and gets one card, which only they see; the third card stays hidden.\n"
            "The first player checks or bets 1 chip. After a check the other may check, or bet 1 chip. Whoever faces a "
            "bet calls it with 1 chip or folds. Who folds loses the chip that they put in. Otherwise both cards are "
            f"shown and the higher one wins: 1 chip from the other, or 2 where a bet was called.\n{length}"
        )

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        cards = list(next(e.data["cards"] for e in events if e.kind == "cards"))
        cards[first], cards[second] = cards[second], cards[first]
        return (events[0], *deal(1, cards))


def deal(number: int, cards: Sequence[str]) -> tuple[Event, ...]:
    """A hand begins: the cards for the server, and each seat's own."""
    own = (Event("card", {"seat": seat, "card": card}, only(seat)) for seat, card in enumerate(cards))
    return (Event("hand", {"number": number}), Event("cards", {"cards": list(cards)}, SERVER), *own)


def _settled(state: State) -> Iterator[Event]:
    """A hand that is over: who shows what, and who wins how many chips from the other."""
    first = state.first
    if state.acts[-1] != "fold":
        for seat in (first, 1 - first):
            yield Event("shown", {"seat": seat, "card": state.cards[seat]})
    chips = won_by_first((state.cards[first], state.cards[1 - first]), state.acts)
    yield Event("won", {"seat": first if chips > 0 else 1 - first, "chips": abs(chips)})


def _winner(state: State) -> str:
    mine = state.chips[0]
    return NOBODY if mine == 0 else SIDES[0] if mine > 0 else SIDES[1]


def _reason(state: State) -> str:
    if state.options.hands > 1:
        return "hands_played"
    return "fold" if state.acts[-1] == "fold" else "showdown"
