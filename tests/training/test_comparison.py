"""One player among others, by a game's own scores."""

from __future__ import annotations

import json

import pytest

from agents.players import Player
from agents.runner import Played
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import script_by_name
from arena.games.registry import game_by_name
from training.comparison import Comparison, Difference, compare

GAME = game_by_name("scenario")


def player(name: str, seed: int = 0) -> Player:
    return Player(f"scripted:{name}", ScriptedMind(name, script_by_name(name, GAME.name), seed))


async def compared(a: Player, b: Player, deals: int, **options: object) -> Comparison:
    return await compare(GAME, a, b, deals=deals, seed="t", options=GAME.options(options))


async def test_a_greedy_one_gains_at_the_cost_of_the_others_goodwill() -> None:
    found = await compared(player("greedy"), player("fair"), 300, family="pot")
    assert found.scores["goal"].low > 0
    assert found.scores["relationship"].high < 0
    assert set(found.kinds) == {"pot"}
    assert found.fallbacks == 0


async def test_equals_come_out_even_and_every_kind_of_deal_is_told_apart() -> None:
    found = await compared(player("fair"), Player("other", player("fair", 1).mind), 60, family="training")
    overall = found.scores["overall"]
    assert abs(overall.difference) < overall.high - overall.low, "within four standard errors: scripts draw anew"
    assert overall.deals == sum(of["overall"].deals for of in found.kinds.values()) == 60
    assert len(found.kinds) > 3


async def test_every_deal_is_played_with_a_in_each_seat_and_once_without() -> None:
    played: list[Played] = []
    a, b = player("honest"), player("fair")
    options = GAME.options({"family": "coalition"})
    await compare(GAME, a, b, deals=3, seed="t", options=options, on_match=played.append)
    of_deal: dict[str, list[Played]] = {}
    for match in played:
        of_deal.setdefault(str(match.lineup.seed), []).append(match)
    assert len(of_deal) == 3
    for matches in of_deal.values():
        assert len({json.dumps(m.events[1].data) for m in matches}) == 1, "one scenario"
        fills = {m.lineup.label: m.lineup.fills for m in matches}
        assert fills.pop("b") == (b.id,) * 3
        assert fills == {str(s): tuple(a.id if s == seat else b.id for seat in range(3)) for s in range(3)}


def test_the_interval_is_over_deals() -> None:
    found = Difference.of([3.0, 5.0, 4.0], [1.0, 2.0, 3.0])
    assert (found.a, found.b, found.difference, found.deals) == (4.0, 2.0, 2.0, 3)
    assert found.low == pytest.approx(2.0 - 1.96 / 3**0.5)
    assert Difference.of([1.0], [0.0]).high == float("inf"), "one deal says nothing"
