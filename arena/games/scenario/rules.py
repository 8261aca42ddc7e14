"""The rules of a scenario, as a fold over events: talk in turns, then what there is to give and to guess.

    setup ──► talk ──► (giving) ──► (guessing) ──► over

A turn of the talk is a deed, and what that needs: words, whom to whisper to, the terms one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Json, Mark, Outcome, Question, Turn, Weight, only
from arena.games.scenario import marks, text
from arena.games.scenario.deal import dealt, swapped
from arena.games.scenario.families.registry import draw
from arena.games.scenario.library import library
from arena.games.scenario.options import logged, parsed, written
from arena.games.scenario.scores import returns, scores, shares
from arena.games.scenario.spec import MOST_ISSUES, Scenario
from arena.games.scenario.state import ENOUGH, TEXTS, Deed, Doing, Offer, Order, ScenarioOptions, Stage, State
from arena.games.scenario.talk import DEEDS, done, go_on, settled
from arena.games.scenario.turns import guessers, turns
from arena.games.scenario.words import WORDS

SIDES: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
EVERYONE_GAINED: Final = "everyone"
SOME_GAINED: Final = "some"
NOBODY: Final = "nobody"
_LATE: Final = 4
"""So many turns before the end a critic sees the end."""
_AT_ONCE: Final = frozenset({Deed.ACCEPT, Deed.LEAVE, Deed.WAIT})
"""Deeds that need nothing more."""


class ScenarioGame(Game[ScenarioOptions, State]):
    name: ClassVar[str] = "scenario"
    title: ClassVar[str] = "Social scenario"
    summary: ClassVar[str] = (
        "People who each want something of their own talk until they agree, leave or have no time left."
    )
    words: ClassVar[tuple[str, ...]] = WORDS
    scored: ClassVar[bool] = True
    decisive: ClassVar[frozenset[str]] = frozenset({"give", "guess"})
    secret_turns: ClassVar[frozenset[str]] = frozenset({"whom", "term", "pledge", "guess", *map(str, TEXTS)})
    """What a deed needs, of which the others know nothing before it is done; and whether a seat guesses at all."""

    # -- setup ---------------------------------------------------------------------------------------------------

    def options(self, raw: Mapping[str, Json]) -> ScenarioOptions:
        return parsed(raw)

    def options_json(self, options: ScenarioOptions) -> dict[str, Json]:
        return written(options)

    def seat_count(self, options: ScenarioOptions) -> int:
        return options.seats

    def opening(self, options: ScenarioOptions, chance: Chance) -> tuple[Event, ...]:
        scenario = library().find(options.scenario) if options.scenario else draw(options, chance)
        return dealt(scenario, written(options), chance.below("first", options.seats))

    def blank(self) -> State:
        return State()

    # -- the fold ------------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event) -> State:
        if event.kind in DEEDS or event.kind == "heard":
            state = replace(state, deeds=(*state.deeds, event))
        if event.kind in DEEDS:
            return _deed_done(state, event.kind, event.data)
        return _moved_on(state, event)

    def turns(self, state: State) -> tuple[Turn, ...]:
        return turns(state)

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        seat, choice = turn.seat, act.choice
        mine = only(seat)
        match turn.kind:
            case "bid":
                return (Event("bid", {"seat": seat, "bid": choice or "silent"}, mine),)
            case "deed":
                deed = Deed(choice or Deed.WAIT)
                if deed in _AT_ONCE:
                    return done(state, seat, deed)
                return (Event("intends", {"seat": seat, "deed": str(deed)}, mine),)
            case "give":
                return (Event("gave", {"seat": seat, "amount": int(choice or 0)}, mine),)
            case "guess":
                return (Event("guessed", {"seat": seat, "choice": choice}, mine),)
            case _:
                return self._went_on(state, turn, act)

    def _went_on(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        """A further step of a deed that was begun. Where nothing is given it comes to nothing: the seat waits."""
        seat, doing = turn.seat, state.busy(turn.seat)
        assert doing is not None, "a deed goes on that was begun"
        match turn.kind:
            case "whom" if act.choice is not None or doing.to:
                return (Event("named", {"seat": seat, "name": act.choice or ENOUGH}, only(seat)),)
            case "term" if act.choice is not None and state.spec.terms is not None:
                terms = (*doing.terms, act.choice)
                if len(terms) == len(state.spec.terms.issues):
                    return done(state, seat, Deed.PROPOSE, terms=list(terms))
                return (Event("drafted", {"seat": seat, "term": act.choice}, only(seat)),)
            case "pledge" if act.choice is not None:
                return done(state, seat, Deed.PLEDGE, amount=int(act.choice))
            case "speak" | "gesture" | "do" if act.text:
                return done(state, seat, doing.deed, text=act.text)
            case "whisper" if act.text:
                to = [state.spec.names.index(name) for name in doing.to]
                return done(state, seat, doing.deed, text=act.text, to=to)
            case _:
                return done(state, seat, Deed.WAIT)

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        match state.stage:
            case Stage.TALK:
                return go_on(state, chance)
            case Stage.GIVING if len(state.gave) == len(state.present()):
                return (Event("shared_out", {"gave": [dict(state.gave).get(s, 0) for s in range(state.seats)]}),)
            case Stage.GUESSING if len(state.guessed) == len(guessers(state)):
                return (Event("ended", _ending(state)),)
            case _:
                return ()

    # -- the end -------------------------------------------------------------------------------------------------

    def outcome(self, state: State) -> Outcome | None:
        if state.stage is not Stage.OVER:
            return None
        return Outcome(_winner(state), state.why, self.sides(state), returns(state))

    def standing(self, state: State) -> str:
        """What is on the table, or what was settled, and what it is worth to whom, roughly; and whether time runs
        out."""
        offer, talks = state.offer, state.stage is Stage.TALK
        if talks and offer is None:
            found, agreed = "", ""
        else:
            worth = shares(state, offer.terms if talks and offer is not None else None)
            found = " ".join(f"{round(4 * min(1.0, max(-1.0, share)))}" for share in worth)
            agreed = "" if offer is None else "".join(str(int(s in offer.agreed)) for s in range(state.seats))
        late = state.options.turns - state.taken <= _LATE
        return f"{state.spec.family} {state.stage} {int(late)} {found} {agreed}"

    def apart(self, seats: int) -> bool:
        return seats == 2

    def scores(self, state: State) -> tuple[Mapping[str, float], ...]:
        return scores(state)

    def sides(self, state: State) -> tuple[str, ...]:
        return SIDES[: state.seats]

    def seat_names(self, state: State) -> tuple[str, ...]:
        return state.spec.names

    def out(self, state: State) -> frozenset[int]:
        return state.gone

    def phase(self, state: State) -> str:
        match state.stage:
            case Stage.SETUP:
                return ""
            case Stage.TALK:
                return f"Turn {min(state.taken + 1, state.options.turns)} of {state.options.turns}"
            case Stage.GIVING:
                return "The pot"
            case Stage.GUESSING:
                return "Guesses"
            case Stage.OVER:
                return "Over"

    def max_acts(self, options: ScenarioOptions) -> int:
        seats = options.seats
        deed = 1 + max(MOST_ISSUES, seats + 1)  # whom, one by one, and the words
        bids = seats if options.order is Order.OPEN else 0
        acting = seats if options.order is Order.PARALLEL else 1
        return options.turns * (bids + acting * deed) + 2 * seats

    # -- what is believed ----------------------------------------------------------------------------------------

    def questions(self, state: State, seat: int) -> tuple[Question, ...]:
        """What the seat will be asked about another, at any moment of the talk."""
        guess = None if state.scenario is None or state.stage is Stage.OVER else state.spec.guess_of(seat)
        if guess is None or seat in state.gone:
            return ()
        return (Question("guess", seat, text.cue(state.spec.names, "guess", seat), guess.choices),)

    def truth(self, state: State, question: Question) -> tuple[bool, ...]:
        guess = state.spec.guess_of(question.seat)
        assert guess is not None, "only guessers are asked"
        return tuple(choice == guess.truth for choice in question.choices)

    def marks(self, events: Sequence[Event]) -> tuple[Mark, ...]:
        return marks.found(events)

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        return swapped(events, first, second)

    # -- words ---------------------------------------------------------------------------------------------------

    def line(self, names: Sequence[str], event: Event) -> str:
        return text.line(names, event)

    def weight(self, event: Event) -> Weight:
        return text.weight(event)

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        return text.cue(names, turn.kind, turn.seat, turn.id.rpartition(".")[2])

    def rules(self, seen: Sequence[Event]) -> str:
        return text.rules(seen)


def _deed_done(state: State, kind: str, data: Mapping[str, Json]) -> State:
    """A turn of somebody's is over."""
    seat = data["seat"]
    state = replace(
        state,
        doing=tuple(d for d in state.doing if d[0] != seat),
        held=tuple(h for h in state.held if h[0] != seat),
        floor=None,
        bids=(),
        last=seat,
        idle=state.idle | {seat} if kind == "waited" else frozenset(),
        taken=state.taken + (state.options.order is not Order.PARALLEL),
    )
    offer = state.offer
    match kind:
        case "proposed" if settled(state):  # in the parallel round in which the offer before it was accepted
            return state
        case "proposed":
            return replace(state, offer=Offer(seat, tuple(data["terms"]), frozenset({seat})))
        case "accepted" if offer is not None:
            return replace(state, offer=replace(offer, agreed=offer.agreed | {seat}))
        case "pledged":
            return replace(state, pledges=(*(p for p in state.pledges if p[0] != seat), (seat, data["amount"])))
        case "left":
            kept = None if offer is None or offer.by == seat else replace(offer, agreed=offer.agreed - {seat})
            return replace(state, gone=state.gone | {seat}, offer=kept)
        case _:
            return state


def _moved_on(state: State, event: Event) -> State:
    d = event.data
    match event.kind:
        case "started":
            return replace(state, options=logged(d["options"]), first=d["first"])
        case "dealt":
            return replace(state, scenario=Scenario.from_json(d["scenario"]), stage=Stage.TALK)
        case "bid":
            return replace(state, bids=(*state.bids, (d["seat"], d["bid"])))
        case "floor":
            return replace(state, floor=d["seat"])
        case "silence":
            return replace(state, bids=(), idle=frozenset(state.present()), taken=state.taken + 1)
        case "round_over":
            return replace(state, taken=state.taken + 1)
        case "intends":
            return _doing(state, d["seat"], Doing(Deed(d["deed"])))
        case "named":
            doing = state.busy(d["seat"])
            assert doing is not None
            to = doing.to if d["name"] == ENOUGH else (*doing.to, d["name"])
            full = d["name"] == ENOUGH or len(to) == len(state.present()) - 1
            return _doing(state, d["seat"], replace(doing, to=to, enough=full))
        case "drafted":
            doing = state.busy(d["seat"])
            assert doing is not None
            return _doing(state, d["seat"], replace(doing, terms=(*doing.terms, d["term"])))
        case "held":
            without = tuple(x for x in state.doing if x[0] != d["seat"])
            return replace(state, doing=without, held=(*state.held, (d["seat"], event)))
        case "talk_over":
            deal = d["deal"]
            after = Stage.GIVING if state.spec.giving is not None else Stage.GUESSING
            state = replace(state, stage=after, why=d["reason"])
            return state if deal is None else replace(state, deal=tuple(deal["terms"]), agreed=frozenset(deal["seats"]))
        case "gave":
            return replace(state, gave=(*state.gave, (d["seat"], d["amount"])))
        case "shared_out":
            return replace(state, stage=Stage.GUESSING)
        case "guessed":
            return replace(state, guessed=(*state.guessed, (d["seat"], d["choice"])))
        case "ended":
            return replace(state, stage=Stage.OVER)
        case _:
            return state


def _doing(state: State, seat: int, doing: Doing) -> State:
    return replace(state, doing=(*(x for x in state.doing if x[0] != seat), (seat, doing)))


def _winner(state: State) -> str:
    gained = [share > 0 for share in shares(state)]
    return EVERYONE_GAINED if all(gained) else SOME_GAINED if any(gained) else NOBODY


def _ending(state: State) -> dict[str, Json]:
    """What everybody is told in the end: what was wanted, and what it came to."""
    guessed = dict(state.guessed)
    return {
        "winner": _winner(state),
        "reason": state.why,
        "goals": [part.goal for part in state.spec.parts],
        "secrets": [None if part.secret is None else part.secret.text for part in state.spec.parts],
        "guesses": [[g.seat, g.about, g.question, guessed.get(g.seat), g.truth] for g in state.spec.guesses],
        "scores": [dict(of_seat) for of_seat in scores(state)],
    }
