"""What a seat may not know changes nothing that it is told, asked or shown, and nothing private is public too early.

For three seats and more two of them exchange their cards, and the others look on. For two there are no others: there
everything that only one of them knows is changed, that one acts the same, and the other looks on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from agents.llm.reading import MatchReader
from arena.decision import MindKind
from arena.games.chance import Chance
from arena.games.conformance import played
from arena.games.core import EVERYONE, Act, Event, Turn, begin, fold, step, visible
from arena.games.non_interference import AIMS, compare_worlds
from arena.games.scenario.deal import dealt
from arena.games.scenario.families.registry import FAMILIES, draw
from arena.games.scenario.library import shipped
from arena.games.scenario.rules import ScenarioGame
from arena.games.scenario.spec import Scenario, Secret
from arena.games.scenario.state import Order, ScenarioOptions, State
from arena.rooms.effects import Accepted, CloseTurn, HandOver, OpenTurn, Tell
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms as RoomTerms
from tests.games.scenario.tables import GAME, Table, people, vote
from tests.rooms.play import play
from tests.soak import count

ORDERS = tuple(map(str, Order))
FOR_TWO = [f for f, family in FAMILIES.items() if family.seats[0] == 2]
FOR_MORE = [f for f, family in FAMILIES.items() if family.seats[1] > 2]
BOOKKEEPING = {"bid", "intends", "named", "drafted", "held", "gave", "guessed", "card"}
"""What only its own seat sees."""


# -- three seats and more ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("family", FOR_MORE)
def test_the_others_cannot_tell_who_of_two_has_which_card(family: str, order: str) -> None:
    reached, acts = 0, 0
    matches = count(9, 600)
    for n in range(matches):
        seats = 3 + n % (FAMILIES[family].seats[1] - 2)
        options = GAME.options({"family": family, "seats": seats, "order": order, "turns": 9, "difficulty": 1 + n % 3})
        first, second, *_ = Chance(f"pair/{n}").shuffled("pair", range(seats))
        compared = compare_worlds(GAME, options, n, first, second, aim=AIMS[n // 3 % 3])
        if compared is not None:
            acts += compared.acts
            reached += compared.parted == "over"
    assert reached == matches, "the comparison reaches the end"
    assert acts > 9 * matches


@pytest.mark.parametrize("id", [id for id, scenario in shipped().items() if len(scenario.parts) > 2])
def test_nor_in_written_scenarios(id: str) -> None:
    seats = len(shipped()[id].parts)
    for n, order in enumerate(ORDERS):
        options = GAME.options({"scenario": id, "order": order, "turns": 6})
        first, second, *_ = Chance(f"pair/{id}/{n}").shuffled("pair", range(seats))
        # Who guesses, and what, stays where it was: a pair of which one is asked something has acts to be compared.
        assert compare_worlds(GAME, options, n, first, second) is not None


def test_exchanged_cards_are_exchanged_whole() -> None:
    options = GAME.options({"family": "coalition", "seats": 4})
    events = GAME.opening(options, Chance(3))
    swapped = GAME.swap_hidden(events, 0, 2)
    one, other = (Scenario.from_json(e[1].data["scenario"]) for e in (events, swapped))
    assert other.parts[0].goal == one.parts[2].goal
    assert other.parts[0].secret == one.parts[2].secret
    assert other.names == one.names
    assert one.terms is not None
    assert other.terms is not None
    assert (other.terms.worths[0], other.terms.worths[2]) == (one.terms.worths[2], one.terms.worths[0])
    assert visible(events, 1) == visible(swapped, 1)
    assert visible(events, None) == visible(swapped, None)
    truths = {g.about: g.truth for g in one.guesses}
    assert {g.about: g.truth for g in other.guesses} == {**truths, 0: truths[2], 2: truths[0]}
    assert GAME.swap_hidden(swapped, 0, 2) == events


# -- two seats ---------------------------------------------------------------------------------------------------------


def with_another_inside(scenario: Scenario, seat: int) -> Scenario:
    """Everything that only this seat knows is something else: goal, secret, traits, values, what it knows, ties, what
    terms are worth to it, what it asks itself, and what is true of it."""
    part = scenario.parts[seat]
    inside = replace(part.character, traits=("odd",), values=("chaos",))
    other = replace(
        part,
        character=inside,
        goal="Want something else altogether.",
        secret=None if part.secret else Secret("You are not who they think.", ("think",)),
        knows=("The moon is full.", "So is the bus."),
        relations=tuple((name, "an old enemy") for name in scenario.names if name != part.character.name),
    )
    parts = tuple(other if s == seat else p for s, p in enumerate(scenario.parts))
    terms = scenario.terms
    if terms is not None:
        worths = tuple(
            tuple(tuple(9 - w for w in reversed(of_issue)) for of_issue in of_seat) if s == seat else of_seat
            for s, of_seat in enumerate(terms.worths)
        )
        walk = tuple(least + 3 if s == seat else least for s, least in enumerate(terms.walk))
        terms = replace(terms, worths=worths, walk=walk)
    guesses = tuple(
        replace(g, question="What else?", choices=g.choices)
        if g.seat == seat
        else replace(g, truth=next(c for c in g.choices if c != g.truth), hidden=not g.hidden)
        if g.about == seat
        else g
        for g in scenario.guesses
    )
    return replace(scenario, parts=parts, terms=terms, guesses=guesses)


def blind(turn: Turn, salt: str) -> Act:
    """An act that depends on seat, turn and choices alone; it seldom ends the talk."""
    digest = hashlib.sha256(f"{salt}/{turn.seat}/{turn.id}/{turn.choices}".encode()).digest()
    if turn.choices:
        likely = [c for c in turn.choices if c not in ("leave", "wait", "silent")] if digest[1] % 12 else turn.choices
        return Act(choice=likely[digest[0] % len(likely)])
    return Act(text=f"It is {turn.id}, number {digest[1]}.")


class Letters:
    """A codec in which every letter is a token."""

    fingerprint = "letters"
    head: tuple[int, ...] = (0,)
    tail: tuple[int, ...] = ()

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode())

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(tokens[1:] if tokens and tokens[0] == 0 else tokens).decode()


def drawn(family: str, n: int, seats: int = 2) -> Scenario:
    return draw(ScenarioOptions(family=family, seats=seats, difficulty=1 + n % 3), Chance(n))


def told_in_a_room(scenario: Scenario, order: str, seed: int, seat: int | None, salt: str) -> list[str]:
    """What leaves a room for one seat of it, or for those who watch, until the match is over."""
    options = ScenarioOptions(seats=len(scenario.parts), order=Order(order), turns=8)
    opening = dealt(scenario, GAME.options_json(options), seed % len(scenario.parts))
    seats = [SeatSpec("self", f"person {s}") for s in range(len(scenario.parts))]
    room = Room("m", GAME, options, seed, seats, opening=opening)
    told: list[str] = []
    for effect in play(room, lambda turn: blind(turn, salt)):
        match effect:
            case Tell(seat=to) if to == seat and effect.event.kind == "ended":
                break
            case Tell(seat=to, seq=seq, event=event, line=line) if to == seat:
                told.append(f"{seq} {event.to_json()} {line}")
            case OpenTurn(turn=turn) if turn.seat == seat:
                told.append(repr(effect))
            case CloseTurn(seat=whose) | Accepted(seat=whose) if whose == seat:
                told.append(repr(effect))
            case _:
                pass
    return told


def prompts(scenario: Scenario, order: str, seed: int, seat: int, salt: str) -> list[Any]:
    """What a seat is asked: its turns, questions and the tokens of its prompts, and of what it is shown the picture."""
    options = ScenarioOptions(seats=len(scenario.parts), order=Order(order), turns=8)
    chance = Chance(seed)
    opening = dealt(scenario, GAME.options_json(options), seed % len(scenario.parts))
    state, events = begin(GAME, options, chance, opening)
    codec, found = Letters(), []
    reading = MatchReader(codec, GAME)
    while turns := GAME.turns(state):
        mine = visible(events, seat)
        read = reading.read_on(seat, mine)
        found.append((len(mine), GAME.phase(state), GAME.picture(mine), GAME.rules(mine), GAME.questions(state, seat)))
        for turn in turns:
            if turn.seat == seat:
                branch = read.reader.branch(codec, turn)
                found.append((turn, tuple(read.row[: read.place.length]), branch, read.place))
        turn = min(turns, key=lambda t: (t.id, t.seat))
        state, more = step(GAME, state, turn, blind(turn, salt), chance)
        events = (*events, *more)
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("family", FOR_TWO)
def test_what_only_the_other_knows_changes_nothing_until_the_end(family: str, order: str) -> None:
    long = 0
    for n in range(count(6, 300)):
        scenario, other = drawn(family, n), n % 2
        changed = with_another_inside(scenario, other)
        for seat in (1 - other, None):
            streams = [told_in_a_room(s, order, n, seat, f"salt{n}") for s in (scenario, changed)]
            assert streams[0] == streams[1]
            long += len(streams[0]) > 6
        asked = [prompts(s, order, n, 1 - other, f"salt{n}") for s in (scenario, changed)]
        assert asked[0] == asked[1]
        theirs = [prompts(s, order, n, other, f"salt{n}") for s in (scenario, changed)]
        assert theirs[0] != theirs[1], "the seat itself does see the difference"
    assert long > 6, "much was compared"


@pytest.mark.parametrize("id", [id for id, scenario in shipped().items() if len(scenario.parts) == 2])
def test_nor_in_written_scenarios_for_two(id: str) -> None:
    scenario = shipped()[id]
    for n, order in enumerate(ORDERS):
        changed = with_another_inside(scenario, n % 2)
        for seat in (1 - n % 2, None):
            assert told_in_a_room(scenario, order, n, seat, id) == told_in_a_room(changed, order, n, seat, id)


# -- leaks that must be found ------------------------------------------------------------------------------------------


class LoudIntents(ScenarioGame):
    """Everybody sees what a seat is about to do."""

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        events = super().record(state, turn, act)
        return tuple(replace(e, audience=EVERYONE) if e.kind == "intends" else e for e in events)


class TellingWalk(ScenarioGame):
    def opening(self, options: ScenarioOptions, chance: Chance) -> tuple[Event, ...]:
        started, deal, *rest = super().opening(options, chance)
        walk = deal.data["scenario"]["terms"]["walk"]
        return (replace(started, data={**started.data, "walk": walk}), deal, *rest)

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...]:
        started, deal, *rest = super().swap_hidden(events, first, second)
        return (replace(started, data={**started.data, "walk": deal.data["scenario"]["terms"]["walk"]}), deal, *rest)


class EagerGoal(ScenarioGame):
    """Asks those for more whose neighbour has much to lose."""

    def turns(self, state: State) -> tuple[Turn, ...]:
        terms = state.spec.terms
        return tuple(
            replace(t, budget_s=float(1 + terms.worths[(t.seat + 1) % 4][0][0])) if terms else t
            for t in super().turns(state)
        )


@pytest.mark.parametrize("game", [TellingWalk(), EagerGoal()], ids=lambda g: type(g).__name__)
def test_a_leak_is_found(game: ScenarioGame) -> None:
    family = {"family": "meeting", "seats": 4, "turns": 6, "difficulty": 3}
    with pytest.raises(AssertionError, match="seat"):
        for n in range(40):
            compare_worlds(game, game.options(family), n, 0, 1)


def test_public_intents_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        assert_private(LoudIntents(), "split", 3, "parallel", 1)


# -- nothing private in public -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked:
    """A scenario in which everything private can be found again."""

    scenario: Scenario
    private: tuple[str, ...]


def marked(scenario: Scenario) -> Marked:
    """Every goal, secret, trait, value, piece of knowledge, relation, worth and question is a word of its own."""
    seats = range(len(scenario.parts))
    parts = tuple(
        replace(
            part,
            character=replace(part.character, traits=(f"TRAIT{s}",), values=(f"VALUE{s}",)),
            goal=f"GOAL{s}.",
            secret=Secret(f"SECRET{s}", (f"TELL{s}",)),
            knows=(f"KNOWS{s}",),
            relations=tuple((name, f"TIE{s}") for n, name in enumerate(scenario.names) if n != s),
        )
        for s, part in enumerate(scenario.parts)
    )
    terms, numbers = scenario.terms, []
    if terms is not None:
        worths = tuple(
            tuple(
                tuple(700_000 + 10_000 * s + 100 * i + o for o in range(len(issue.options)))
                for i, issue in enumerate(terms.issues)
            )
            for s in seats
        )
        walk = tuple(990_000 + s for s in seats)
        terms = replace(terms, worths=worths, walk=walk)
        numbers = [str(w) for of_seat in worths for of_issue in of_seat for w in of_issue] + [str(w) for w in walk]
    guesses = tuple(replace(g, question=f"QUESTION{g.seat}?") for g in scenario.guesses)
    words = ("TRAIT", "VALUE", "GOAL", "SECRET", "TELL", "KNOWS", "TIE", "QUESTION")
    private = (*(f"{word}{s}" for word in words for s in seats), *numbers)
    return Marked(replace(scenario, parts=parts, terms=terms, guesses=guesses), private)


def assert_private(game: ScenarioGame, family: str, seats: int, order: str, n: int) -> None:
    """Of a whole match: no public event before the end holds anything private, and of others' events only those that
    they addressed to a seat reach it."""
    found = marked(drawn(family, n, seats))
    options = ScenarioOptions(seats=seats, order=Order(order), turns=8)
    opening = dealt(found.scenario, game.options_json(options), 0)
    events = [e for s in played(game, options, n, opening) for e in s.events]
    assert events[-1].kind == "ended"
    for event in events[:-1]:
        told = json.dumps(event.to_json())
        holds = [word for word in found.private if word in told]
        if event.kind == "card":
            assert event.audience.seats == {event.data["seat"]}
            assert all(not word.isalnum() or word[-1] == str(event.data["seat"]) for word in holds if word[0].isalpha())
        elif event.kind == "dealt":
            assert event.audience.seats == frozenset()
        else:
            assert not holds, f"{event.kind} tells {holds}"
        if event.kind in BOOKKEEPING:
            assert event.audience.seats == {event.data["seat"]}
        elif event.kind == "heard":
            assert event.audience.seats == {event.data["seat"], *event.data["to"]}
        elif event.kind != "dealt":
            assert event.audience.is_public
    lines = [game.line(found.scenario.names, e) for e in visible(events[:-1], None)]
    assert not [word for word in found.private if any(word in line for line in lines)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_private_is_public_before_the_end(family: str, order: str) -> None:
    low, high = FAMILIES[family].seats
    for n in range(count(4, 200)):
        assert_private(GAME, family, low + n % (high - low + 1), order, n)


def test_the_end_shows_goals_and_secrets() -> None:
    table = Table(people(3)).rest()
    (ended,) = table.all("ended")
    assert ended["goals"] == ["Goal of Ada.", "Goal of Ben.", "Goal of Cleo."]
    assert ended["secrets"] == ["You go to Rome.", None, None]


# -- what is held, whispered and begun ---------------------------------------------------------------------------------


def test_a_parallel_round_tells_nothing_before_it_is_over() -> None:
    """Whatever one seat does, and however many turns it takes, the others are told and asked the same."""
    ways = [("wait",), ("speak", "Hush."), ("propose", "pool"), ("whisper", "Ben", "enough", "Psst."), ("leave",)]
    for n in range(len(ways[2]) + 1):
        seen = []
        for way in ways:
            table = Table(vote(3), "parallel").do(0, *way[: n + 1]).do(1, "wait")
            own = visible(table.events, 2)
            seen.append((own, table.turn(2), GAME.questions(table.state, 2), GAME.phase(table.state)))
            assert visible(table.events, None) == tuple(table.events[:1])
        assert all(s == seen[0] for s in seen)


@pytest.mark.parametrize("order", ORDERS)
def test_the_steps_of_a_deed_are_its_seats_own(order: str) -> None:
    """What a seat is about to do shows in nothing that the others get, until it is done."""
    table = Table(vote(3), order)
    if order == "open":
        table.round(("urgent",), ("silent",), ("silent",))
    before = {s: visible(table.events, s) for s in (None, 1, 2)}
    asked = [t for t in GAME.turns(table.state) if t.seat != 0]
    for step_ in ("whisper", "Ben", "enough"):
        table.do(0, step_)
        assert {s: visible(table.events, s) for s in (None, 1, 2)} == before
        assert [t for t in GAME.turns(table.state) if t.seat != 0] == asked


@pytest.mark.parametrize("begun", [("whisper",), ("whisper", "Ben"), ("propose",), ("speak",)], ids=str)
def test_a_seat_that_misses_a_step_is_not_handed_over_for_it(begun: tuple[str, ...]) -> None:
    """That would tell the others, in the middle of a round, that it had begun something."""
    options = ScenarioOptions(seats=3, order=Order.PARALLEL)
    room = Room(
        *("m", GAME, options, 0, [SeatSpec("self", f"person {s}") for s in range(3)]),
        opening=dealt(vote(3), GAME.options_json(options), 0),
        terms=RoomTerms(missed_turns=1),
    )
    room.start(0.0)
    for choice in begun:
        turn = next(t for t in room.open_turns if t.seat == 0)
        room.act(0, turn.id, Act(choice=choice), MindKind.PERSON, "person", 0.0)
    mine = next(t for t in room.open_turns if t.seat == 0)
    for seat in (1, 2):
        turn = next(t for t in room.open_turns if t.seat == seat)
        room.act(seat, turn.id, Act(choice="speak"), MindKind.PERSON, "person", 0.0)
    effects = room.tick(room.deadline(mine) or 0.0)
    assert not [e for e in effects if isinstance(e, HandOver) and e.seat == 0]


def test_a_whisper_stays_with_those_named() -> None:
    words = ("The pool is ours.", "The park is yours.")
    tables = [Table(vote(4)).do(0, "whisper", "Ben", "enough", text) for text in words]
    for seat in (2, 3, None):
        assert visible(tables[0].events, seat) == visible(tables[1].events, seat)
    assert visible(tables[0].events, 1) != visible(tables[1].events, 1)
    for n, table in enumerate(tables):
        told = json.dumps([e.to_json() for e in visible(table.events, None)])
        assert words[n] not in told
        assert '"whispered"' in told


def test_a_fold_needs_no_audience() -> None:
    """State follows from what happened, whoever was told of it."""
    table = Table(vote(4)).do(0, "whisper", "Ben", "enough", "Psst.").offer(1, "pool")
    stripped = [Event(e.kind, e.data) for e in table.events]
    state = fold(GAME, stripped)
    assert (state.offer, state.taken, state.pledges) == (table.state.offer, table.state.taken, table.state.pledges)
