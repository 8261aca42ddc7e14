"""Whether secrets leak: two worlds that differ in the secrets of two seats, played side by side.

Both worlds have one seed, and everybody acts without regard to secrets. An *observer* is a third seat whose own card is
the same in both; what it is told and asked must be the same as well, step by step, until the rules themselves show it
one of the two secrets (a card is turned up, somebody is looked at) or the match ends.

Where one of the two is asked something that nobody is asked in the other world (a dead seer looks at nobody), that turn
is passed, so that the worlds stay comparable, and observers must not notice that either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from arena.games.chance import Chance
from arena.games.core import PASS, Act, Event, Game, Turn, begin, fold, visible

AnyGame = Game[Any, Any]
Aim = Literal["others", "first", "any"]
AIMS: Final[tuple[Aim, ...]] = ("others", "first", "any")


@dataclass(frozen=True, slots=True)
class Compared:
    """How far two worlds were compared: ``acts`` of both, while there were ``observers`` left at the end of it.

    ``parted`` says why it ended: ``over``, ``shown`` (nobody was left who had not seen a secret), ``acts`` (one of the
    two did something else) or ``asked`` (the worlds ask for different things that cannot be passed).
    """

    acts: int
    parted: str
    observers: int


@dataclass(slots=True)
class _World:
    game: AnyGame
    chance: Chance
    state: Any
    fresh: list[Event]
    """What happened since the worlds were last compared."""
    turns: dict[tuple[int, str], Turn] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(kind, id) of the open turns, sorted: what is asked, whoever it is asked of."""

    @classmethod
    def begun(cls, game: AnyGame, options: Any, seed: int | str, opening: Sequence[Event]) -> _World:
        chance = Chance(seed)
        state, events = begin(game, options, chance, opening)
        world = cls(game, chance, state, list(events))
        world.ask()
        return world

    def ask(self) -> None:
        turns = self.game.turns(self.state)
        self.turns = {(t.seat, t.id): t for t in turns}
        self.asked = sorted((t.kind, t.id) for t in turns)

    def do(self, turn: Turn, act: Act) -> None:
        events = self.game.record(self.state, turn, act)
        while events:
            self.state = fold(self.game, events, self.state)
            self.fresh.extend(events)
            events = self.game.advance(self.state, self.chance)
        self.ask()


def compare_worlds(
    game: AnyGame, options: Any, seed: int | str, first: int, second: int, *, aim: Aim = "others"
) -> Compared | None:
    """Play both worlds until they part; None where the two have nothing to exchange.

    Args:
        aim: whom everybody chooses. ``others``: neither of the two as long as there is somebody else, so that they
            live long and much is compared. ``first``: the first of them (the two themselves choose others), so that one
            is soon dead in both worlds, in one of them with what the other still has. ``any``: drawn.

    Raises:
        AssertionError: an observer can tell the worlds apart.
    """
    dealt = tuple(game.opening(options, Chance(seed)))
    swapped = game.swap_hidden(dealt, first, second)
    if swapped is None or swapped == dealt:
        return None
    pair = (first, second)
    worlds = _World.begun(game, options, seed, dealt), _World.begun(game, options, seed, swapped)
    observers = {
        s for s in range(game.seat_count(options)) if s not in pair and visible(dealt, s) == visible(swapped, s)
    }
    names = game.seat_names(worlds[0].state)
    two = {names[s] for s in pair}
    others = set(names) - two
    wanted = {"others": others, "first": {names[first]}, "any": set(names)}[aim]
    theirs = wanted if aim == "any" else others
    watching: set[int | None] = {None, *observers}
    acts, chance = 0, Chance(f"blind/{seed}")
    while True:
        a, b = worlds
        over = game.outcome(a.state) is not None or game.outcome(b.state) is not None
        extra = None if over else _extra_turn(worlds, observers)
        if extra is not None:
            extra[0].do(extra[1], PASS)
            continue
        _compare(worlds, watching, pair, over=over)
        observers &= watching
        if over:
            return Compared(acts, "over", len(observers))
        if not watching:
            return Compared(acts, "shown", 0)
        if a.asked != b.asked:
            return Compared(acts, "asked", len(observers))
        (turn, act), (other, same) = (_next(w, chance, pair, wanted, theirs) for w in worlds)
        if (turn.kind, act) != (other.kind, same):
            return Compared(acts, "acts", len(observers))
        a.do(turn, act)
        b.do(other, same)
        acts += 1


def _extra_turn(worlds: tuple[_World, _World], observers: set[int]) -> tuple[_World, Turn] | None:
    """A turn that only one of the worlds has, of a seat that is no observer. The world that is ahead in public waits:
    what it asks for, the other may come to."""
    if worlds[0].asked == worlds[1].asked:
        return None
    asked = Counter(worlds[0].asked), Counter(worlds[1].asked)
    public = tuple(sum(e.audience.is_public for e in w.fresh) for w in worlds)
    for n, world in enumerate(worlds):
        more = asked[n] - asked[1 - n]
        for turn in world.turns.values() if more and public[n] <= public[1 - n] else ():
            if (turn.kind, turn.id) in more and turn.seat not in observers:
                return world, turn
    return None


def _next(world: _World, chance: Chance, pair: tuple[int, int], wanted: set[str], theirs: set[str]) -> tuple[Turn, Act]:
    """The next turn, and an act that depends on nothing secret: the two act alike, whoever of them is asked."""
    turn = min(world.turns.values(), key=lambda t: (t.kind, t.id, t.seat in pair, t.seat))
    mine = turn.seat in pair
    key = f"{turn.kind}/{turn.id}/{'pair' if mine else turn.seat}"
    choices = [c for c in turn.choices if c in (theirs if mine else wanted)] or turn.choices
    start = chance.below(key, 2**32)
    choice = min(choices, key=lambda c: hash_of(start, c)) if choices else None
    return turn, Act(f"It is {turn.id}."[: turn.text_limit], choice)


def hash_of(start: int, text: str) -> int:
    """A small mixing of the text's bytes, the same in every process."""
    value = start
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return value ^ value >> 13


def _compare(worlds: tuple[_World, _World], watching: set[int | None], pair: tuple[int, int], *, over: bool) -> None:
    """Compare what each who watches has been told and is asked; who was shown a secret stops watching."""
    a, b = worlds
    alike = a.fresh == b.fresh and a.turns == b.turns
    for seat in () if alike else list(watching):
        told = visible(a.fresh, seat), visible(b.fresh, seat)
        if told[0] != told[1]:
            watching.discard(seat)
            if not over:  # who has won depends on the secrets
                _assert_shown(told, seat, pair)
        elif not over:
            asked = ([t for t in w.turns.values() if t.seat == seat] for w in worlds)
            assert next(asked) == next(asked), f"seat {seat} is asked otherwise when {pair} are exchanged"
    for seat in watching:
        if seat is not None and not over:
            questions = [w.game.questions(w.state, seat) for w in worlds]
            assert questions[0] == questions[1], f"seat {seat} may be asked otherwise when {pair} are exchanged"
    assert over or a.game.phase(a.state) == b.game.phase(b.state), f"the phase tells the secrets of {pair}"
    a.fresh.clear()
    b.fresh.clear()


def _assert_shown(told: tuple[Sequence[Event], Sequence[Event]], seat: int | None, pair: tuple[int, int]) -> None:
    """The first difference must be one fact about one of the two, told with other words: what they are."""
    differing = next(((x, y) for x, y in zip(*told, strict=False) if x != y), None)
    assert differing is not None, f"seat {seat} sees that something happened between {pair}"
    x, y = differing
    about = x.kind == y.kind and x.audience == y.audience and _seats_in(x) == _seats_in(y)
    shown = about and bool(set(pair) & set(_seats_in(x).values()))
    assert shown, f"seat {seat} sees {x} or {y}, depending on the secrets of {pair}"


def _seats_in(event: Event) -> dict[str, int]:
    return {key: value for key, value in event.data.items() if type(value) is int}
