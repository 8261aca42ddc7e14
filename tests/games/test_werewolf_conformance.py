from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from arena.games.conformance import assert_game_conforms
from arena.games.core import EVERYONE, Event
from arena.games.playthrough import from_arguments
from arena.games.registry import GAMES
from arena.games.werewolf import Werewolf
from arena.games.werewolf.rules import Werewolf as Rules
from arena.games.werewolf.types import State
from tests.games.house_rules import house_rules, odd_cast
from tests.soak import count

PLAYTHROUGHS = sorted((Path(__file__).parent.parent / "playthroughs").glob("*.txt"))

OPTIONS: list[dict[str, Any]] = [
    {},
    {"discussion": "parallel", "talk_rounds": 2},
    {"reveal": "nothing", "first_night_kill": False},
    {"reveal": "side", "talk_rounds": 0},
    {"talk_rounds": 3, "max_days": 1},
    {"discussion": "parallel", "talk_rounds": 0, "max_days": 2, "text_limit": 20},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_werewolf_conforms(options: dict[str, Any]) -> None:
    assert_game_conforms(Werewolf(), options, range(8))


@pytest.mark.parametrize("seats", range(5, 17))
def test_every_cast_conforms_under_drawn_house_rules(seats: int) -> None:
    random = Random(seats)
    for n in range(count(3, 100)):
        assert_game_conforms(Werewolf(), house_rules(random, seats), [1000 * seats + n])


def test_odd_casts_conform() -> None:
    random = Random(0)
    for n in range(count(6, 200)):
        rules = house_rules(random, 0)
        del rules["seats"]
        assert_game_conforms(Werewolf(), {**rules, "cast": odd_cast(random)}, [n])


class Leaky(Rules):
    """Shows everybody who hunted."""

    def record(self, state: State, turn: Any, act: Any) -> tuple[Event, ...]:
        events = super().record(state, turn, act)
        return tuple(Event(e.kind, e.data, EVERYONE) if e.kind == "hunted" else e for e in events)


class Hasty(Rules):
    def max_acts(self, options: Any) -> int:
        return 3


class Forgetful(Rules):
    """Keeps something in its state that no event told."""

    def advance(self, state: State, chance: Any) -> tuple[Event, ...]:
        return tuple(Event(e.kind, {**e.data, "at": (1, 2)}, e.audience) for e in super().advance(state, chance))


class TellingPhase(Rules):
    def phase(self, state: State) -> str:
        return "The wolves have chosen" if state.picked("kill") else super().phase(state)


@pytest.mark.parametrize("game", [Leaky(), Hasty(), Forgetful(), TellingPhase()], ids=lambda g: type(g).__name__)
def test_a_broken_game_is_found(game: Rules) -> None:
    with pytest.raises(AssertionError, match=r"werewolf, options .* seed"):
        assert_game_conforms(game, {}, range(30))


@pytest.mark.parametrize("path", PLAYTHROUGHS, ids=lambda p: p.stem)
def test_playthroughs_are_as_they_were(path: Path) -> None:
    kept = path.read_text().splitlines()
    assert list(from_arguments(kept[0].split(" "))) == kept


def test_every_game_has_playthroughs() -> None:
    names: Sequence[str] = [p.stem for p in PLAYTHROUGHS]
    assert all(any(n.startswith(f"{game}_") for n in names) for game in GAMES)
