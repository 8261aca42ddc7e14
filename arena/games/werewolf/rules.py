"""The rules of Werewolf, as a fold over events.

    setup ──► night ──► talk ──► vote ──┐
                ▲                       │
                └───────────────────────┘   until one side has won, or the village runs out of days

Each phase is three small answers: whose turn it is (``turns``), what an act records (``record``), and what follows when
nobody has to act any more (``advance``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import ClassVar

from arena.errors import OptionError
from arena.games.chance import Chance
from arena.games.core import EVERYONE, SERVER, Act, Event, Game, Json, Outcome, Turn, only
from arena.games.werewolf import text
from arena.games.werewolf.types import (
    CAST,
    NAMES,
    Discussion,
    Ending,
    Phase,
    Reveal,
    Role,
    Side,
    State,
    WerewolfOptions,
)

NIGHT_STEP = {Role.WEREWOLF: "kill", Role.SEER: "check", Role.DOCTOR: "protect"}


class Werewolf(Game[WerewolfOptions, State]):
    name: ClassVar[str] = "werewolf"
    title: ClassVar[str] = "Werewolf"
    summary: ClassVar[str] = "Two werewolves hide among seven villagers: talk, lie, vote."
    words: ClassVar[tuple[str, ...]] = (*NAMES, *(str(r) for r in Role), "werewolves")
    secret_turns: ClassVar[frozenset[str]] = frozenset({"pack_talk", "kill", "check", "protect"})
    decisive: ClassVar[frozenset[str]] = frozenset({"vote", "kill", "protect"})
    fades: ClassVar[Mapping[str, frozenset[str]]] = {"night": frozenset({"pack_said", "attacked"})}

    # -- setup ---------------------------------------------------------------------------------------------------

    def options(self, raw: Mapping[str, Json]) -> WerewolfOptions:
        known = {f.name for f in fields(WerewolfOptions)}
        if unknown := sorted(set(raw) - known):
            raise OptionError(f"Werewolf has no option {unknown[0]!r}. It has: {', '.join(sorted(known))}.")
        values = dict(raw)
        for name, enum in (("discussion", Discussion), ("reveal", Reveal)):
            if name in values:
                try:
                    values[name] = enum(values[name])
                except ValueError:
                    allowed = ", ".join(e.value for e in enum)
                    raise OptionError(f"{name} is {values[name]!r}; it can be {allowed}.") from None
        for name, low, high in (
            ("talk_rounds", 0, 5),
            ("max_days", 1, 50),
            ("text_limit", 20, 2000),
            ("seats", min(CAST), max(CAST)),
        ):
            if name in values and not (type(values[name]) is int and low <= values[name] <= high):
                raise OptionError(f"{name} is {values[name]!r}; it can be a whole number from {low} to {high}.")
        for name in ("talk_budget_s", "choice_budget_s"):
            if name in values and not (type(values[name]) in (int, float) and 1 <= values[name] <= 86_400):
                raise OptionError(f"{name} is {values[name]!r}; it can be 1 to 86400 seconds.")
        if not isinstance(values.get("first_night_kill", True), bool):
            raise OptionError("first_night_kill can be true or false.")
        return WerewolfOptions(**values)

    def options_json(self, options: WerewolfOptions) -> dict[str, Json]:
        return {k: str(v) if isinstance(v, str) else v for k, v in asdict(options).items()}

    def seat_count(self, options: WerewolfOptions) -> int:
        return options.seats

    def opening(self, options: WerewolfOptions, chance: Chance) -> tuple[Event, ...]:
        names = chance.shuffled("names", NAMES)[: options.seats]
        roles = chance.shuffled("roles", CAST[options.seats])
        started = Event(
            "started",
            {"names": list(names), "options": self.options_json(options), "cast": dict(Counter(map(str, roles)))},
        )
        return (started, *deal(roles))

    def blank(self) -> State:
        return State()

    # -- whose turn ----------------------------------------------------------------------------------------------

    def turns(self, state: State) -> tuple[Turn, ...]:
        match state.phase:
            case Phase.NIGHT:
                return tuple(self._night_turns(state))
            case Phase.TALK:
                return tuple(self._talk_turns(state))
            case Phase.VOTE:
                return tuple(self._vote_turns(state))
            case _:
                return ()

    def _night_turns(self, state: State) -> Iterable[Turn]:
        o, day = state.options, state.day
        wolves = state.living_wolves()
        speaker = pack_speaker(state)
        if speaker is not None:
            yield Turn(
                f"night{day}.pack",
                speaker,
                "pack_talk",
                "What do you say to your fellow werewolf?",
                text_limit=o.text_limit,
                budget_s=o.talk_budget_s,
            )
        for seat in state.living():
            step = NIGHT_STEP.get(state.roles[seat])
            if step is None or seat in state.picked(step):
                continue
            if step == "kill":
                if speaker is not None or not kills_tonight(state):
                    continue
                targets = [s for s in state.living() if s not in wolves]
            elif step == "check":
                targets = [s for s in state.living() if s != seat]
            else:
                if not kills_tonight(state):
                    continue
                targets = list(state.living())
            yield Turn(
                f"night{day}.{step}",
                seat,
                step,
                text.NIGHT_QUESTION[step],
                choices=tuple(state.names[t] for t in targets),
                budget_s=o.choice_budget_s,
            )

    def _talk_turns(self, state: State) -> Iterable[Turn]:
        o = state.options
        if o.discussion is Discussion.ROUNDS:
            round_, place = divmod(state.heard, len(state.order))
            speakers: Sequence[int] = [state.order[place]]
        else:
            round_ = state.heard
            speakers = [s for s in state.living() if s not in state.picked("say")]
        for seat in speakers:
            yield Turn(
                f"day{state.day}.talk{round_ + 1}",
                seat,
                "talk",
                "What do you say to the village?",
                text_limit=o.text_limit,
                budget_s=o.talk_budget_s,
            )

    def _vote_turns(self, state: State) -> Iterable[Turn]:
        voted = state.picked("vote")
        for seat in state.living():
            if seat not in voted:
                yield self._vote_turn(state, seat)

    def _vote_turn(self, state: State, seat: int) -> Turn:
        return Turn(
            f"day{state.day}.vote",
            seat,
            "vote",
            "Whom do you vote to exile?",
            choices=tuple(state.names[s] for s in state.living() if s != seat),
            budget_s=state.options.choice_budget_s,
        )

    # -- what an act records -------------------------------------------------------------------------------------

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        seat = turn.seat
        target = None if act.choice is None else state.names.index(act.choice)
        match turn.kind:
            case "pack_talk":
                return (Event("pack_said", {"seat": seat, "text": act.text}, only(*state.living_wolves())),)
            case "talk" if state.options.discussion is Discussion.ROUNDS:
                return (Event("said", {"seat": seat, "text": act.text}),)
            case "talk":
                return (Event("prepared", {"seat": seat, "text": act.text}, only(seat)),)
            case "check":
                side = None if target is None else state.roles[target].side
                return (Event("checked", {"seat": seat, "target": target, "side": side and str(side)}, only(seat)),)
            case "protect":
                return (Event("protected", {"seat": seat, "target": target}, only(seat)),)
            case "kill":
                return (Event("hunted", {"seat": seat, "target": target}, only(seat)),)
            case "vote":
                return (Event("ballot", {"seat": seat, "target": target}, only(seat)),)
            case kind:
                raise AssertionError(f"no such turn: {kind}")

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
                return replace(state, phase=Phase.NIGHT, day=d["day"], pack_heard=0, picks=())
            case "pack_said":
                return replace(state, pack_heard=state.pack_heard + 1)
            case "checked" | "protected" | "hunted" | "ballot":
                return replace(state, picks=(*state.picks, (STEP_OF[event.kind], d["seat"], d["target"])))
            case "prepared":
                return replace(state, picks=(*state.picks, ("say", d["seat"], d["text"])))
            case "killed" | "exiled":
                alive = tuple(a and s != d["seat"] for s, a in enumerate(state.alive))
                return replace(state, alive=alive)
            case "day":
                return replace(state, phase=Phase.TALK, order=tuple(d["order"]), heard=0, picks=())
            case "said" if state.options.discussion is Discussion.ROUNDS:
                return replace(state, heard=state.heard + 1)
            case "said":
                rest = tuple(p for p in state.picks if p[:2] != ("say", d["seat"]))
                return replace(state, picks=rest, heard=state.heard + (not rest))
            case "vote":
                return replace(state, phase=Phase.VOTE, picks=())
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
                return (Event("night", {"day": 1}),)
            case Phase.NIGHT if not self.turns(state):
                return self._dawn(state, chance)
            case Phase.TALK:
                return self._talk_on(state, chance)
            case Phase.VOTE if not self.turns(state):
                return self._count_votes(state)
            case _:
                return ()

    def _dawn(self, state: State, chance: Chance) -> tuple[Event, ...]:
        events: list[Event] = []
        if kills_tonight(state):
            victim = self._victim(state, chance)
            if victim is not None:
                events.append(Event("attacked", {"target": victim}, only(*state.living_wolves())))
            if victim is None or victim in state.picked("protect").values():
                events.append(Event("nobody_died", {"day": state.day}))
            else:
                events.append(Event("killed", {"seat": victim, "shown": shown(state, victim)}))
        state = _fold(self, state, events)
        if end := _ended(state):
            return (*events, end)
        order = [s for s in chance.shuffled(f"order/{state.day}", range(len(state.names))) if state.alive[s]]
        return (*events, Event("day", {"day": state.day, "order": order}))

    def _victim(self, state: State, chance: Chance) -> int | None:
        """The seat that most wolves chose; among equals, drawn."""
        hunted = Counter(t for t in state.picked("kill").values() if isinstance(t, int))
        if not hunted:
            return None
        most = max(hunted.values())
        return chance.pick(f"victim/{state.day}", sorted(t for t, n in hunted.items() if n == most))

    def _talk_on(self, state: State, chance: Chance) -> tuple[Event, ...]:
        o = state.options
        if o.discussion is Discussion.PARALLEL:
            said = state.picked("say")
            if len(said) == len(state.order):
                speakers = chance.shuffled(f"merge/{state.day}/{state.heard}", range(len(state.names)))
                return tuple(Event("said", {"seat": s, "text": said[s]}) for s in speakers if s in said)
            done = state.heard >= o.talk_rounds
        else:
            done = state.heard >= o.talk_rounds * len(state.order)
        return (Event("vote", {"day": state.day}),) if done else ()

    def _count_votes(self, state: State) -> tuple[Event, ...]:
        ballots = state.picked("vote")
        events = [Event("votes", {"day": state.day, "ballots": [[s, ballots[s]] for s in sorted(ballots)]})]
        counted = Counter(t for t in ballots.values() if isinstance(t, int))
        ranked = counted.most_common(2)
        if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
            seat = ranked[0][0]
            events.append(Event("exiled", {"seat": seat, "shown": shown(state, seat)}))
        else:
            events.append(Event("nobody_exiled", {"day": state.day}))
        after = _fold(self, state, events)
        if end := _ended(after):
            return (*events, end)
        if state.day >= state.options.max_days:
            return (*events, _end(after, Side.WEREWOLVES, Ending.OUT_OF_DAYS))
        return (*events, Event("night", {"day": state.day + 1}))

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
        alive = Counter(str(state.roles[s]) for s in state.living())
        return f"{state.phase} " + " ".join(f"{alive[r]}{r[0]}" for r in sorted(Role))

    def sides(self, state: State) -> tuple[str, ...]:
        return tuple(str(r.side) for r in state.roles)

    def seat_names(self, state: State) -> tuple[str, ...]:
        return state.names

    def phase(self, state: State) -> str:
        match state.phase:
            case Phase.SETUP:
                return ""
            case Phase.NIGHT:
                return f"Night {state.day}"
            case Phase.TALK:
                return f"Day {state.day}"
            case Phase.VOTE:
                return f"Day {state.day}, vote"
            case Phase.OVER:
                return "Over"

    def max_acts(self, options: WerewolfOptions) -> int:
        a_night = 2 * options.seats
        a_day = options.seats * (options.talk_rounds + 1)
        return options.max_days * (a_night + a_day)

    def line(self, names: Sequence[str], event: Event) -> str:
        return text.line(names, event)

    def cue(self, names: Sequence[str], turn: Turn) -> str:
        return text.cue(names, turn)

    def out(self, state: State) -> frozenset[int]:
        return frozenset(s for s, alive in enumerate(state.alive) if not alive)

    def probe(self, state: State, seat: int) -> Turn | None:
        if state.phase is not Phase.TALK or not state.alive[seat]:
            return None
        return self._vote_turn(state, seat)

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        started, cast = events[0], events[1]
        roles = [Role(r) for r in cast.data["roles"]]
        roles[first], roles[second] = roles[second], roles[first]
        return (started, *deal(roles))


STEP_OF = {"checked": "check", "protected": "protect", "hunted": "kill", "ballot": "vote"}


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


def kills_tonight(state: State) -> bool:
    return state.day > 1 or state.options.first_night_kill


def pack_speaker(state: State) -> int | None:
    """The werewolf who speaks next tonight; None once all have, or where one is alone."""
    wolves = state.living_wolves()
    if len(wolves) < 2 or state.pack_heard >= len(wolves):
        return None
    return wolves[(state.pack_heard + state.day) % len(wolves)]


def shown(state: State, seat: int) -> str | None:
    """What the village learns of a dead seat."""
    match state.options.reveal:
        case Reveal.NOTHING:
            return None
        case Reveal.SIDE:
            return str(state.roles[seat].side)
        case Reveal.ROLE:
            return str(state.roles[seat])


def _ended(state: State) -> Event | None:
    wolves = len(state.living_wolves())
    if wolves == 0:
        return _end(state, Side.VILLAGE, Ending.WOLVES_DEAD)
    if 2 * wolves >= len(state.living()):
        return _end(state, Side.WEREWOLVES, Ending.WOLVES_EQUAL)
    return None


def _end(state: State, winner: Side, reason: Ending) -> Event:
    return Event(
        "ended",
        {"winner": str(winner), "reason": str(reason), "roles": [str(r) for r in state.roles]},
        EVERYONE,
    )


def _fold(game: Werewolf, state: State, events: Iterable[Event]) -> State:
    for event in events:
        state = game.apply(state, event)
    return state
