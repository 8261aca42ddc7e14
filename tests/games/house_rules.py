"""Drawn options and casts of Werewolf, for tests that go through all of them."""

from __future__ import annotations

from random import Random
from typing import Any

from arena.games.werewolf.types import Discussion, Reveal, Role, Tie


def house_rules(random: Random, seats: int) -> dict[str, Any]:
    """Any rules. The days are few and the talk is short, so that a match is."""
    return {
        "seats": seats,
        "discussion": str(random.choice(list(Discussion))),
        "talk_rounds": random.choice((0, 1, 1, 2)),
        "open_slots": random.choice((0, 1)),
        "reveal": str(random.choice(list(Reveal))),
        "first_night_kill": random.random() < 0.7,
        "max_days": random.choice((1, 2, 3)),
        "mayor": random.random() < 0.5,
        "self_protect": random.random() < 0.5,
        "same_target": random.random() < 0.5,
        "tie": str(random.choice(list(Tie))),
        "open_vote": random.random() < 0.5,
    }


def odd_cast(random: Random) -> dict[str, int]:
    """Any legal cast: several witches, no seer, many possessed."""
    seats = random.randrange(5, 17)
    wolves = random.randrange(1, (seats + 1) // 2)
    others = [random.choice([r for r in Role if r is not Role.WEREWOLF]) for _ in range(seats - wolves - 1)]
    others.append(random.choice([Role.VILLAGER, Role.HUNTER, Role.WITCH, Role.MEDIUM]))
    return {"werewolf": wolves, **{str(r): others.count(r) for r in Role if r in others}}
