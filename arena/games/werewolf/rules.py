"""The rules of Werewolf, as a fold over events.

    setup ──► night ──► dawn ──► talk ──► (election) ──► vote ──► dusk ──┐
                ▲                                                        │
                └────────────────────────────────────────────────────────┘   until one side has won, or the village
                                                                             runs out of days

Each phase is three small answers: whose turn it is (``turns``), what an act records (``record``), and what follows when
nobody has to act any more (``advance``). They live in ``night``, ``talk``, ``votes`` and ``deaths`` (dawn and dusk);
here they are put together, and ``apply`` is the only thing that changes the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from arena.games.chance import Chance
from arena.games.core import SERVER, Act, Event, Game, Json, Mark, Outcome, Question, Turn, Weight, only
from arena.games.names import NAMES
from arena.games.werewolf import deaths, marks, night, primer, standing, talk, text, votes
from arena.games.werewolf.casts import roles_of
from arena.games.werewolf.options import parsed, written
from arena.games.werewolf.types import (
    Discussion,
    Ending,
    Phase,
    Role,
    Side,
    State,
    Tie,
    WerewolfOptions,
)


class Werewolf(Game[WerewolfOptions, State]):
    name: ClassVar[str] = "werewolf"
    title: ClassVar[str] = "Werewolf"
    summary: ClassVar[str] = "Werewolves hide among villagers: talk, lie, vote."
    words: ClassVar[tuple[str, ...]] = (*NAMES, *(str(r) for r in Role), "werewolves")
    secret_turns: ClassVar[frozenset[str]] = frozenset({"pack_talk", "shoot", *night.DEED})
    decisive: ClassVar[frozenset[str]] = frozenset(
        {"vote", "kill", "protect", "save", "poison", "shoot", "elect", "succeed"}
    )
    as_choices: ClassVar[frozenset[str]] = frozenset({"vote"})
    fades: ClassVar[Mapping[str, frozenset[str]]] = {"night": frozenset({"pack_said", "attacked", "warned"})}

    # -- setup ---------------------------------------------------------------------------------------------------

    def options(self, raw: Mapping[str, Json]) -> WerewolfOptions:
        return parsed(raw)

    def options_json(self, options: WerewolfOptions) -> dict[str, Json]:
        return written(options)

    def seat_count(self, options: WerewolfOptions) -> int:
        return options.seats

    def opening(self, options: WerewolfOptions, chance: Chance) -> tuple[Event, ...]:
        names = chance.shuffled("names", NAMES)[: options.seats]
        roles = chance.shuffled("roles", roles_of(options))
        cast = Counter(sorted(map(str, roles)))  # in the order of the deal it would name the first seat's role first
        started = Event("started", {"names": list(names), "options": self.options_json(options), "cast": dict(cast)})
        return (started, *deal(roles))

    def blank(self) -> State:
        return State()

    # -- whose turn ----------------------------------------------------------------------------------------------

    def turns(self, state: State) -> tuple[Turn, ...]:
        match state.phase:
            case Phase.NIGHT:
                return tuple(night.turns(state))
            case Phase.DAWN | Phase.DUSK:
                return tuple(deaths.turns(state))
            case Phase.TALK:
                return tuple(talk.turns(state))
            case Phase.ELECTION:
                return tuple(votes.election_turns(state))
            case Phase.VOTE:
                return tuple(votes.vote_turns(state))
            case Phase.SETUP | Phase.OVER:
                return ()

    # -- what an act records -------------------------------------------------------------------------------------

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        seat = turn.seat
        match turn.kind:
            case "pack_talk":
                return (Event("pack_said", {"seat": seat, "text": act.text}, only(*state.living_wolves())),)
            case "talk" if state.options.discussion is Discussion.PARALLEL:
                return (Event("prepared", {"seat": seat, "text": act.text}, only(seat)),)
            case "talk":
                return (Event("said", {"seat": seat, "text": act.text}),)
            case "bid":
                return (Event("bid", {"seat": seat, "bid": act.choice or talk.BIDS[0]}, only(seat)),)
            case _:
                pass
        # Whoever is not at the table, such as "nobody", is None.
        target = state.names.index(act.choice) if act.choice in state.names else None
        match turn.kind:
            case "vote":
                return (Event("ballot", {"seat": seat, "target": target}, only(seat)),)
            case "elect":
                return (Event("nominee", {"seat": seat, "target": target}, only(seat)),)
            case "shoot":
                return (deaths.shot(state, seat, target),)
            case "succeed":
                return (deaths.succeeded(seat, target),)
            case kind:
                return (night.record(state, night.DEED[kind], seat, target),)

    # -- the fold ------------------------------------------------------------------------------------------------

    def apply(self, state: State, event: Event) -> State:
        d = event.data
        match event.kind:
            case "started":
                return replace(
                    state,
                    options=self.options(d["options"]),
                    names=tuple(d["names"]),
                    alive=(True,) * len(d["names"]),
                )
            case "cast":
                return replace(state, roles=tuple(Role(r) for r in d["roles"]))
            case "night":
                return replace(
                    state, phase=Phase.NIGHT, day=d["day"], pack_heard=0, picks=(), fallen=(), warned=False, prey=None
                )
            case "pack_said":
                return replace(state, pack_heard=state.pack_heard + 1)
            case "warned":
                return replace(state, warned=True, prey=d["target"])
            case "checked" | "protected" | "hunted" | "saved" | "poisoned" | "ballot" | "nominee" | "held_fire":
                return _picked(state, STEP_OF[event.kind], d["seat"], d["target"])
            case "prepared":
                return replace(state, picks=(*state.picks, ("say", d["seat"], d["text"])))
            case "bid":
                return replace(state, picks=(*state.picks, ("bid", d["seat"], d["bid"])))
            case "nobody_died":
                return replace(state, phase=Phase.DAWN)
            case "killed":
                return replace(_without(state, d["seat"]), phase=Phase.DAWN)
            case "exiled":
                return replace(_without(state, d["seat"]), phase=Phase.DUSK, exiled=d["seat"])
            case "nobody_exiled":
                return replace(state, phase=Phase.DUSK)
            case "shot":
                return _picked(_without(state, d["seat"]), "shoot", d["by"], d["seat"])
            case "mayor":
                return replace(state, mayor=d["seat"])
            case "no_mayor":
                return replace(state, mayor=None)
            case "day":
                guarded = tuple((s, t) for step, s, t in state.picks if step == "protect" and type(t) is int)
                return replace(
                    state,
                    phase=Phase.TALK,
                    order=tuple(d["order"]),
                    heard=0,
                    picks=(),
                    fallen=(),
                    spoke=(),
                    exiled=None,
                    guarded=guarded,
                )
            case "floor":
                return replace(state, floor=d["seat"], picks=())
            case "said":
                return _heard(state, d["seat"])
            case "election":
                return replace(state, phase=Phase.ELECTION, picks=())
            case "nominated":
                return replace(state, picks=(), elected=True)
            case "vote":
                return replace(state, phase=Phase.VOTE, picks=(), among=())
            case "runoff":
                return replace(state, among=tuple(d["among"]))
            case "votes":
                return replace(state, picks=())
            case "ended":
                return replace(state, phase=Phase.OVER, winner=Side(d["winner"]), ending=Ending(d["reason"]))
            case _:
                return state

    # -- what follows by itself ----------------------------------------------------------------------------------

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        match state.phase:
            case Phase.SETUP:
                return night.opening_of(state, 1)
            case Phase.NIGHT:
                return night.go_on(state, chance)
            case Phase.DAWN | Phase.DUSK:
                if deaths.turns(state):
                    return ()
                if end := deaths.ending(state):
                    return (end,)
                if state.phase is Phase.DAWN:
                    return (deaths.new_day(state, chance),)
                return night.opening_of(state, state.day + 1)
            case Phase.TALK:
                if not talk.is_over(state):
                    return talk.go_on(state, chance)
                election = state.options.mayor and not state.elected
                return (Event("election" if election else "vote", {"day": state.day}),)
            case Phase.ELECTION:
                counted = votes.count_election(state, chance)
                return (*counted, Event("vote", {"day": state.day})) if counted else ()
            case Phase.VOTE:
                return votes.count_votes(state, chance)
            case Phase.OVER:
                return ()

    # -- the end -------------------------------------------------------------------------------------------------

    def outcome(self, state: State) -> Outcome | None:
        if state.winner is None or state.ending is None:
            return None
        sides = self.sides(state)
        return Outcome(
            winner=str(state.winner),
            reason=str(state.ending),
            sides=sides,
            returns=tuple(1.0 if s == state.winner else -1.0 for s in sides),
        )

    def standing(self, state: State) -> str:
        return standing.of(state)

    def upshot(self, state: State, choices: Mapping[int, str]) -> Hashable:
        if state.phase is Phase.VOTE:
            return votes.leaders(state, choices)
        return super().upshot(state, choices)

    def sides(self, state: State) -> tuple[str, ...]:
        return tuple(str(r.side) for r in state.roles)

    def seat_names(self, state: State) -> tuple[str, ...]:
        return state.names

    def phase(self, state: State) -> str:
        match state.phase:
            case Phase.SETUP:
                return ""
            case Phase.NIGHT | Phase.DAWN:
                return f"Night {state.day}"
            case Phase.TALK:
                return f"Day {state.day}"
            case Phase.ELECTION:
                return f"Day {state.day}, election"
            case Phase.VOTE | Phase.DUSK:
                return f"Day {state.day}, vote"
            case Phase.OVER:
                return "Over"

    def max_acts(self, options: WerewolfOptions) -> int:
        seats = options.seats
        a_night = 2 * seats  # no role has more than two turns a night
        if options.discussion is Discussion.OPEN:
            a_talk = talk.slots(seats, options.open_slots) * (seats + 1)
        else:
            a_talk = seats * options.talk_rounds
        a_vote = seats * (2 if options.tie is Tie.SECOND_VOTE else 1)
        election = seats if options.mayor else 0
        last_acts = seats * sum((Role.HUNTER in roles_of(options), options.mayor))
        return options.max_days * (a_night + a_talk + a_vote) + election + last_acts

    def line(self, names: Sequence[str], event: Event) -> str:
        return text.line(names, event)

    def weight(self, event: Event) -> Weight:
        return text.weight(event)

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        return text.cue(names, turn)

    def rules(self, seen: Sequence[Event]) -> str:
        if not seen:
            return self.summary
        started = seen[0].data
        return primer.primer(self.options(started["options"]), started["cast"])

    def hides(self, state: State) -> bool:
        """The night; and after a death, where hunters may be among the dead."""
        if state.phase in (Phase.DAWN, Phase.DUSK):
            return bool(state.fallen) and Role.HUNTER in roles_of(state.options)
        return state.phase is Phase.NIGHT

    def out(self, state: State) -> frozenset[int]:
        return deaths.out(state)

    def probe(self, state: State, seat: int) -> Turn | None:
        if state.phase is not Phase.TALK or not state.alive[seat]:
            return None
        return votes.vote_turn(replace(state, among=()), seat)

    def questions(self, state: State, seat: int) -> tuple[Question, ...]:
        if state.phase in (Phase.SETUP, Phase.OVER) or not state.alive[seat]:
            return ()
        others = tuple(state.names[s] for s in state.living() if s != seat)
        return tuple(
            Question(name, seat, cue.format(state.names[seat]), others) for name, cue in text.QUESTIONS.items()
        )

    def truth(self, state: State, question: Question) -> tuple[bool, ...]:
        return tuple(state.roles[state.names.index(name)] is Role.WEREWOLF for name in question.choices)

    def knows(self, state: State, question: Question) -> bool:
        return state.roles[question.seat] is Role.WEREWOLF

    def marks(self, events: Sequence[Event]) -> tuple[Mark, ...]:
        return marks.found(events)

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        started, cast = events[0], events[1]
        roles = [Role(r) for r in cast.data["roles"]]
        roles[first], roles[second] = roles[second], roles[first]
        return (started, *deal(roles))


STEP_OF = {deed.event: kind for kind, deed in night.DEED.items()} | {
    "ballot": "vote",
    "nominee": "elect",
    "held_fire": "shoot",
}
"""Which step an event with a target belongs to."""


def deal(roles: Sequence[Role]) -> tuple[Event, ...]:
    """The cast for the server, and each seat's own card. Werewolves learn who the others are."""
    wolves = [s for s, r in enumerate(roles) if r is Role.WEREWOLF]
    cards = (
        Event(
            "dealt",
            {
                "seat": seat,
                "role": str(role),
                "fellows": [w for w in wolves if w != seat] if role is Role.WEREWOLF else [],
            },
            only(seat),
        )
        for seat, role in enumerate(roles)
    )
    return (Event("cast", {"roles": [str(r) for r in roles]}, SERVER), *cards)


def _picked(state: State, step: str, seat: int, target: int | None) -> State:
    picks = (*state.picks, (step, seat, target))
    if step in night.POTIONS and target is not None:
        return replace(state, picks=picks, spent=(*state.spent, (seat, step)))
    return replace(state, picks=picks)


def _without(state: State, seat: int) -> State:
    alive = tuple(a and s != seat for s, a in enumerate(state.alive))
    return replace(state, alive=alive, fallen=(*state.fallen, seat))


def _heard(state: State, seat: int) -> State:
    match state.options.discussion:
        case Discussion.ROUNDS:
            return replace(state, heard=state.heard + 1)
        case Discussion.PARALLEL:
            rest = tuple(p for p in state.picks if p[:2] != ("say", seat))
            return replace(state, picks=rest, heard=state.heard + (not rest))
        case Discussion.OPEN:
            return replace(state, heard=state.heard + 1, floor=None, spoke=(*state.spoke, seat))
