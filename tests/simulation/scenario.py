"""What one seed holds: the match, the people and the misfortunes, all drawn before anything happens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

from arena.errors import OptionError
from arena.games.registry import game_by_name
from tests.simulation.network import Weather
from tests.simulation.storage import Pace

GAME: Final = "werewolf"
MIND_S: Final = 12.0
"""How long a server of the simulation waits for a mind."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one person (or program) behaves: chances, each of its own moment, and seconds.

    ``seated``: wants a seat; otherwise watches, ``everything`` where that is allowed. ``haste_s`` is the mean time for
    an answer.
    """

    seated: bool
    everything: bool = False
    haste_s: float = 1.0
    never: float = 0.0
    late: float = 0.0
    illegal: float = 0.0
    repeat: float = 0.0
    reuse: float = 0.0
    drop: float = 0.0
    second: float = 0.0
    leave: float = 0.0
    vanish: float = 0.0
    chat: float = 0.0


@dataclass(frozen=True, slots=True)
class MindHabits:
    """Chances for each question; ``usual_s`` is a mind's mean time for an answer, ``reload_s`` the mean time between
    two reloads."""

    usual_s: float
    late: float
    fails: float
    illegal: float
    stubborn: float
    reload_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A server ends: some time after a commit of this number. It is killed, or (``drain_s``) drained; the next one
    starts ``down_s`` later."""

    commit: int
    after_s: float
    down_s: float
    drain_s: float | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """``selfplay`` is the number of rooms that minds fill alone; people then only watch."""

    seed: int
    options: dict[str, Any]
    terms: dict[str, Any]
    fills: tuple[str, ...]
    people: tuple[Habits, ...]
    minds: MindHabits
    weather: Weather
    pace: Pace
    stops: tuple[Stop, ...]
    selfplay: int
    narrow: bool
    """Whether the server's queues to its clients are short."""


@cache
def seat_numbers() -> tuple[int, ...]:
    """The small tables that the game knows."""
    game = game_by_name(GAME)
    known = []
    for seats in range(4, 9):
        try:
            game.options({"seats": seats})
        except OptionError:
            continue
        known.append(seats)
    return tuple(known)


def scenario(seed: int) -> Scenario:
    random = Random(f"{seed}/scenario")
    chance = random.random
    rough = chance() < 0.75
    seats = random.choice(seat_numbers())
    selfplay = random.choice((1, 2)) if chance() < 0.05 else 0
    seated = 0 if selfplay else random.choices(range(seats + 1), [2, 6, 6, 4, 2] + [1] * (seats - 4))[0]
    watching = random.choices((0, 1, 2), (6, 3, 1))[0]
    if not seated:
        watching = max(1, watching)
    terms: dict[str, Any] = {
        "grace_s": random.choice((0.0, 1.0, 5.0, 20.0)),
        "missed_turns": random.choice((1, 2, 3)),
        "blind": chance() < 0.15,
        "private": chance() < 0.2,
        "dead_talk": chance() < 0.5,
        "show_all_after_s": random.choice((None, None, 0.0, 3.0)),
    }
    if (aside := Random(f"{seed}/night")).random() < 0.3:  # drawn apart: the other seeds are what they were
        terms["night_s"] = aside.choice((2.0, 8.0, 30.0))
    options = {
        "seats": seats,
        "discussion": random.choices(("parallel", "rounds", "open"), (6, 3, 2))[0],
        "talk_rounds": 1 if chance() < 0.7 else 0,
        "max_days": random.choice((1, 1, 2)),
        "first_night_kill": chance() < 0.6,
        "talk_budget_s": random.choice((4, 10, 25)),
        "choice_budget_s": random.choice((4, 10)),
        "bid_budget_s": 4,
        "open_slots": 1,
        "mayor": chance() < 0.2,
        "tie": random.choice(("none", "none", "second_vote", "random")),
        "open_vote": chance() < 0.7,
    }
    narrow = chance() < 0.15
    fills = ["open"] * seated + [random.choice(("self", "self", "scripted:a", "checkpoint:b"))] * (seats - seated)
    random.shuffle(fills)
    stops = random.choices((0, 1, 2, 3), (3, 4, 2, 1))[0] if rough else 0
    commits = sorted(random.randrange(1, random.choice((6, 30, 30))) for _ in range(stops))
    return Scenario(
        seed=seed,
        options=options,
        terms=terms,
        fills=tuple(fills),
        people=tuple(_habits(random, rough, i < seated) for i in range(seated + watching)),
        minds=MindHabits(
            usual_s=random.choice((0.0, 0.05, 1.0)),
            late=0.03 * rough,
            fails=0.03 * rough,
            illegal=0.03 * rough,
            stubborn=0.1 * rough,
            reload_s=random.choice((2.0, 10.0, 60.0)),
        ),
        weather=Weather(
            usual_s=random.choice((0.0, 0.01, 0.1, 0.5)),
            stall=0.05 if narrow else 0.01 * rough * (chance() < 0.5),
            stall_s=random.choice((1.0, 15.0)),
        ),
        pace=Pace(
            usual_s=random.choice((0.001, 0.004, 0.1)),
            outage=0.01 * rough * (chance() < 0.3),
            limit_rows=random.choice((40, 50_000)),
        ),
        stops=tuple(
            Stop(
                commit=commit,
                after_s=random.choice((0.0, 0.0, random.uniform(0.0, 0.005), random.uniform(0.0, 3.0))),
                down_s=random.choice((0.2, 1.0, 20.0)),
                drain_s=random.choice((0.0, 2.0, 30.0)) if chance() < 0.15 else None,
            )
            for commit in commits
        ),
        selfplay=selfplay,
        narrow=narrow,
    )


def _habits(random: Random, rough: bool, seated: bool) -> Habits:
    if not rough:
        return Habits(seated, everything=random.random() < 0.3, haste_s=random.choice((0.0, 0.3, 3.0)))
    return Habits(
        seated=seated,
        everything=random.random() < 0.3,
        haste_s=random.choice((0.0, 0.3, 3.0)),
        never=random.choice((0.0, 0.05, 0.5)),
        late=random.choice((0.0, 0.1)),
        illegal=random.choice((0.0, 0.2)),
        repeat=random.choice((0.0, 0.3)),
        reuse=random.choice((0.0, 0.3)),
        drop=random.choice((0.0, 0.01, 0.04)),
        second=random.choice((0.0, 0.02)),
        leave=0.003,
        vanish=0.05,
        chat=random.choice((0.0, 0.1)),
    )
