"""Non-interference over all casts: worlds that differ in what a seat may not know look alike to it, and really far.

The comparison itself is tested with rules that leak, each in a way of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from arena.games.chance import Chance
from arena.games.conformance import played
from arena.games.core import EVERYONE, Act, Event, Turn, visible
from arena.games.non_interference import AIMS, Aim, Compared, compare_worlds
from arena.games.werewolf import Werewolf
from arena.games.werewolf import night as nights
from arena.games.werewolf.types import Role, State
from tests.games.house_rules import house_rules, odd_cast
from tests.games.village import T, V, Village, W
from tests.soak import count

GAME = Werewolf()


def drawn_pair(game: Werewolf, random: Random, n: int) -> tuple[str, Aim, Compared]:
    """Two seats with different cards under drawn rules: their cards, and how far their worlds were compared."""
    seats, aim = 5 + n % 12, AIMS[n // 12 % 3]
    rules = house_rules(random, seats)
    if n % 9 == 8:
        del rules["seats"]
        rules["cast"] = odd_cast(random)
    options = game.options(rules)
    roles = game.opening(options, Chance(n))[1].data["roles"]
    first = random.randrange(len(roles))
    second = random.choice([s for s, role in enumerate(roles) if role != roles[first]])
    compared = compare_worlds(game, options, n, first, second, aim=aim)
    assert compared is not None, "two different cards give two worlds"
    return f"{roles[first]}/{roles[second]}", aim, compared


def test_no_seat_can_tell_worlds_apart_that_differ_in_what_it_may_not_know() -> None:
    random, parted, acts, cards = Random(0), Counter[tuple[Aim, str]](), Counter[Aim](), set[str]()
    pairs = count(2_000, 100_000)
    for n in range(pairs):
        both, aim, compared = drawn_pair(GAME, random, n)
        cards.add(both)
        parted[aim, compared.parted] += 1
        acts[aim] += compared.acts
    assert parted.total() == pairs
    assert len(cards) == len(Role) * (len(Role) - 1), "every role was exchanged with every other"
    # The comparison must reach far: where the two live on, nearly always to the end of the match.
    each = pairs / len(AIMS)
    assert parted["others", "over"] > 0.98 * each, parted
    assert parted["first", "over"] + parted["first", "shown"] > 0.6 * each, parted
    assert acts["others"] > 60 * each
    assert acts["first"] > 30 * each


# -- leaks that must be found ----------------------------------------------------------------------------------------


class PublicHunt(Werewolf):
    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        events = super().record(state, turn, act)
        return tuple(Event(e.kind, e.data, EVERYONE) if e.kind == "hunted" else e for e in events)


class BallotsDespiteAll(Werewolf):
    """Tells the village a secret of its own in the count."""

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        events = super().advance(state, chance)
        wolves = list(state.living_wolves())
        return tuple(replace(e, data={**e.data, "n": wolves}) if e.kind == "vote" else e for e in events)


class DeadByCause(Werewolf):
    """Names the poisoned before the killed."""

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        events = super().advance(state, chance)
        poisoned = state.chosen("poison")
        return tuple(sorted(events, key=lambda e: e.kind == "killed" and e.data["seat"] not in poisoned))


class WitchIsAwaited(Werewolf):
    """Says when the second step of the night begins."""

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        events = super().advance(state, chance)
        if any(e.kind == "warned" for e in events):
            return (*events, Event("second_step", {}))
        return events


class TellingTurn(Werewolf):
    """Asks the seer's neighbour otherwise."""

    def turns(self, state: State) -> tuple[Turn, ...]:
        seers = state.living_as(Role.SEER)
        return tuple(replace(t, budget_s=1.0) if t.seat - 1 in seers else t for t in super().turns(state))


class SharedDice(Werewolf):
    """A public draw that depends on a secret one."""

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        secret = sum(state.living_as(Role.MEDIUM))
        return super().advance(state, Chance(f"{secret}/{chance.below('own', 10**9)}"))


class LoudMedium(Werewolf):
    """Everybody hears that somebody learnt something."""

    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        events = super().advance(state, chance)
        return tuple(Event(e.kind, {"target": e.data["target"]}, EVERYONE) if e.kind == "sensed" else e for e in events)


class OwnHealer(Werewolf):
    """The village hears whose potion it was."""

    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        events = super().record(state, turn, act)
        return tuple(replace(e, audience=EVERYONE) if e.kind in ("saved", "held_fire") else e for e in events)


LEAKS = [
    *(PublicHunt(), BallotsDespiteAll(), WitchIsAwaited(), TellingTurn(), SharedDice()),
    *(LoudMedium(), OwnHealer()),
]


@pytest.mark.parametrize("game", LEAKS, ids=lambda g: type(g).__name__)
def test_a_leak_is_found(game: Werewolf) -> None:
    random = Random(1)
    with pytest.raises(AssertionError, match="seat"):
        for n in range(400):
            drawn_pair(game, random, n)


def test_the_order_of_the_dead_is_no_secret_of_the_exchanged_but_of_the_deed() -> None:
    """Who was poisoned and who was attacked: two nights with the same dead look the same to everybody else."""
    told: list[tuple[Event, ...]] = []
    for game in (GAME, DeadByCause()):
        for kill, poison in ((3, 5), (5, 3)):
            told.append(_night_of_two(game, kill, poison))
    assert told[0] == told[1]
    assert told[2] != told[3], "the test can tell"


def _night_of_two(game: Werewolf, kill: int, poison: int) -> tuple[Event, ...]:
    v = Village(W, T, V, V, V, V, V, reveal="nothing", game=game)
    v.go(until="vote", kill=kill, poison=poison)
    return visible(v.events, 6)


def test_secret_events_are_for_their_seat_alone() -> None:
    """What is decided in secret is seen by its doer alone, and the pack's talk by the pack."""
    random = Random(5)
    private = {deed.event for deed in nights.DEED.values()} | {
        *("warned", "sensed", "held_fire", "bid", "ballot", "nominee", "prepared", "dealt"),
    }
    seen: set[str] = set()
    for n in range(count(60, 3_000)):
        options: Any = GAME.options(house_rules(random, 5 + n % 12))
        for s in played(GAME, options, n):
            for e in s.events:
                if e.kind in private:
                    seen.add(e.kind)
                    assert [x for x in range(options.seats) if x in e.audience] == [e.data["seat"]]
                elif e.kind == "cast":
                    assert not any(x in e.audience for x in range(options.seats))
                elif e.kind in ("pack_said", "attacked"):
                    wolves = {x for x, r in enumerate(s.state.roles) if r is Role.WEREWOLF}
                    assert {x for x in range(options.seats) if x in e.audience} <= wolves
                else:
                    assert e.audience.is_public
    assert seen == private


def test_the_order_of_the_public_cast_does_not_tell_who_has_which_role() -> None:
    for seed in range(20):
        started, dealt = GAME.opening(GAME.options({}), Chance(seed))[:2]
        assert list(started.data["cast"]) == sorted(set(dealt.data["roles"]))
