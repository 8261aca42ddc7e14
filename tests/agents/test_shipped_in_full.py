"""The shipped model was taught the classic game only; its tokenizer spells the newer words in pieces, and it plays."""

from __future__ import annotations

from typing import Any

import pytest

from agents.registry import open_minds
from agents.runner import Lineup, no_log, play_matches
from arena.db.engine import open_database
from arena.games.registry import game_by_name

GAME = game_by_name("werewolf")


@pytest.mark.parametrize(
    "raw",
    [
        {"seats": 12, "mayor": True, "max_days": 2, "reveal": "nothing", "tie": "second_vote"},
        {"seats": 9, "discussion": "open", "open_slots": 1, "open_vote": False, "max_days": 1},
    ],
    ids=str,
)
async def test_it_plays_every_role_and_bids_without_falling_back(raw: dict[str, Any], tmp_path: Any) -> None:
    options = GAME.options(raw)
    database = open_database(f"sqlite:///{tmp_path}/arena.db")
    minds = open_minds("shipped", database, seed=1, follow=False)
    await minds.start()
    kinds: set[str] = set()
    try:
        lineups = [Lineup(f"full/{n}", ("self",) * options.seats) for n in range(2)]
        playing = play_matches(
            GAME, options, lineups, {"self": minds.mind("self", "werewolf")}, no_log, purpose="selfplay"
        )
        async for match in playing:
            for decision in match.decisions:
                kinds.add(decision.turn_kind)
                assert decision.fallback is None or decision.fallback.startswith("talk/"), decision
    finally:
        await minds.stop()
        database.dispose()
    wanted = {"pack_talk", "kill", "check", "protect", "talk", "vote"}
    assert wanted | ({"bid"} if "discussion" in raw else {"elect"}) <= kinds
    assert {"save", "poison"} & kinds or "discussion" in raw
