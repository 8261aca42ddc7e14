"""Matches to learn from."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.engines.local.engine import LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import WEREWOLF
from arena.games.registry import game_by_name
from training.episodes import Episode, Terms, harvest

GAME = game_by_name("werewolf")
FILLS = ("self",) * 6 + ("scripted",)


@pytest.fixture(scope="package")
def played(tiny_checkpoint: Path) -> list[Played]:
    """Six matches of a tiny model, with one scripted seat each."""

    async def play() -> list[Played]:
        engine = LocalEngine(tiny_checkpoint)
        engine.start()
        minds = {
            "self": PolicyMind(engine, max_tokens=12),
            "scripted": ScriptedMind("careful", WEREWOLF["careful"], seed=1),
        }
        try:
            lineups = [Lineup(f"learn/{n}", FILLS) for n in range(6)]
            playing = play_matches(GAME, GAME.options({}), lineups, minds, no_log, purpose="selfplay")
            return [match async for match in playing]
        finally:
            await engine.stop()

    return asyncio.run(play())


@pytest.fixture
def episodes(played: list[Played], tiny_checkpoint: Path) -> list[Episode]:
    weights = load_weights(tiny_checkpoint)
    return harvest(played, Terms(weights.codec.fingerprint, frozenset({weights.version}))).episodes
