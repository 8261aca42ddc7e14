"""The vLLM engine on a real vLLM server: what it says of its samples is true, whatever is loaded or killed under it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.checkpoints import read_checkpoint
from agents.engines.base import DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.local.weights import load_weights
from agents.engines.vllm.engine import VllmEngine
from agents.engines.vllm.launch import OwnServer
from agents.engines.vllm.server import VllmServer
from agents.llm.policy import PolicyMind
from agents.models import shipped_folder
from agents.runner import Lineup, Played, no_log, play_matches
from arena.errors import CheckpointError, EngineError
from arena.games.werewolf import Werewolf
from benchmarks.reload import account
from benchmarks.reloading.checkpoints import checkpoints
from benchmarks.reloading.vllm import reload_vllm
from tests.fakes.checkpoints import copied
from tests.fakes.plain_pass import assert_played_by, assert_true
from tests.fakes.vllm_checkpoints import adapter, fresh_model, other_weights

pytestmark = [pytest.mark.xdist_group("vllm"), pytest.mark.slow]
GAME = Werewolf()
SHIPPED = read_checkpoint(shipped_folder()).id
HOT = 5.0
"""A temperature at which the shipped model is sure of nothing, so that all of its probabilities count."""


@asynccontextmanager
async def started(server: OwnServer, **settings: Any) -> AsyncIterator[VllmEngine]:
    engine = VllmEngine(server.launch.url, HubCodec, **settings)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def play(engine: VllmEngine, games: int, policy: str = "live", temperature: float = 1.0) -> list[Played]:
    mind = PolicyMind(engine, policy, temperature, max_tokens=12)
    lineups = (Lineup(f"{policy}/{n}", ("self",) * 7) for n in range(games))
    options = GAME.options({"max_days": 1, "talk_rounds": 1})
    matches = play_matches(GAME, options, lineups, {"self": mind}, no_log, purpose="selfplay", at_once=games)
    return [played async for played in matches]


def failures(matches: list[Played]) -> set[str]:
    return {d.fallback for p in matches for d in p.decisions if d.fallback and d.fallback.startswith("engine/")}


def versions(matches: list[Played]) -> set[str]:
    return {d.tokens.policy_version for p in matches for d in p.decisions if d.tokens}


def request(engine: VllmEngine, options: tuple[str, ...] = (), **settings: Any) -> DecisionRequest:
    trunk = [*engine.codec.head, *engine.codec.encode("Night 1.\n"), *engine.codec.encode("Day 1: nobody died.\n")]
    branch = engine.codec.encode("You are Ada, a seer.\nAda votes")
    return DecisionRequest("m", trunk, len(trunk), branch, tuple(map(engine.codec.encode, options)), **settings)


async def metric(engine_url: str, name: str) -> float:
    server = VllmServer(engine_url)
    try:
        text = await server.metrics()
    finally:
        await server.close()
    return sum(float(v) for v in re.findall(rf"^vllm:{name}{{.*}} (\S+)$", text, re.MULTILINE))


async def test_whole_games_are_played_by_the_model_itself(vllm_server: OwnServer) -> None:
    url = vllm_server.launch.url
    asked, hit = await metric(url, "prefix_cache_queries_total"), await metric(url, "prefix_cache_hits_total")
    async with started(vllm_server) as engine:
        assert (engine.live_version, engine.context_tokens) == (SHIPPED, 2048)
        matches = [*await play(engine, 3), *await play(engine, 2, temperature=0.6)]
    assert not failures(matches)
    assert versions(matches) == {SHIPPED}
    weights = {SHIPPED: load_weights(shipped_folder()).model}
    for played, temperature in zip(matches, (1.0, 1.0, 1.0, 0.6, 0.6), strict=True):
        assert assert_played_by(played, weights, temperature) == len(played.decisions)
        records = [d.tokens for d in played.decisions if d.tokens]
        assert {bool(r.options) for r in records} == {True, False}
        assert all(sum(r.choice_probs) == pytest.approx(1, abs=1e-5) for r in records if r.options)
    asked, hit = (
        await metric(url, "prefix_cache_queries_total") - asked,
        await metric(url, "prefix_cache_hits_total") - hit,
    )
    assert hit > 0.4 * asked, f"{hit} of {asked} prompt tokens came from the prefix cache"


async def test_choices_of_several_tokens_and_probes(vllm_server: OwnServer) -> None:
    model = load_weights(shipped_folder()).model
    async with started(vllm_server) as engine:
        several = request(engine, (" Ada", " Ada or Bruno", " Cleo, I think", " Cleo, I know", " me"), temperature=HOT)
        assert any(len(o) > 2 for o in several.options)
        replies = await asyncio.gather(*(engine.decide(several) for _ in range(8)))
        for reply in replies:
            assert reply.tokens in several.options
            assert sum(reply.choice_probs) == pytest.approx(1, abs=1e-5)
        reachable = replace(several, options=tuple(o for i, o in enumerate(several.options) if i != 1))
        assert_true(reachable, await engine.decide(reachable), model)
        probe = await engine.decide(replace(reachable, probe=True))
        assert (probe.tokens, probe.logprobs) == ((), ())
        assert_true(reachable, probe, model)
        only = await engine.decide(request(engine, (" Ada",)))
        assert (only.logprobs, only.choice_probs) == ((0.0,) * len(only.tokens), (1.0,))
        timed = replies[0].timing
        assert timed is not None
        assert timed.decided_s > 0
        assert timed.queued_s >= 0


async def test_deadlines_and_long_prompts(vllm_server: OwnServer) -> None:
    async with started(vllm_server) as engine:
        with pytest.raises(EngineError) as late:
            await engine.decide(request(engine, deadline_s=time.monotonic()))
        assert late.value.code == "engine/deadline"
        with pytest.raises(EngineError) as long:
            await engine.decide(replace(request(engine), trunk=[5] * 2040, trunk_length=2040))
        assert long.value.code == "engine/context_full"
        with pytest.raises(EngineError) as unknown:
            await engine.decide(request(engine, policy="nobody"))
        assert unknown.value.code == "engine/unknown_policy"
    with pytest.raises(EngineError) as stopped:
        await engine.decide(request(engine))
    assert stopped.value.code == "engine/stopped"


async def test_full_weights_change_in_mid_play(vllm_server: OwnServer, tmp_path: Path) -> None:
    other = other_weights(tmp_path, seed=1)
    changed = read_checkpoint(other).id
    weights = {SHIPPED: load_weights(shipped_folder()).model, changed: load_weights(other).model}
    async with started(vllm_server) as engine:
        before = await engine.decide(request(engine, (" Ada", " Bruno"), probe=True, temperature=HOT))
        playing = asyncio.create_task(play(engine, 4))
        for _ in range(3):
            assert await engine.reload(other) == engine.live_version == changed
            await engine.decide(request(engine))  # something is decided on each
            assert await engine.reload(shipped_folder()) == engine.live_version == SHIPPED
            await engine.decide(request(engine))
        matches = await playing
        assert await engine.reload(other) == changed
        during = await engine.decide(request(engine, (" Ada", " Bruno"), probe=True, temperature=HOT))
        matches += await play(engine, 1)
        assert await engine.reload(shipped_folder()) == SHIPPED
        after = await engine.decide(request(engine, (" Ada", " Bruno"), probe=True, temperature=HOT))
    assert not failures(matches)
    assert versions(matches) == {SHIPPED, changed}
    for played in matches:
        assert assert_played_by(played, weights) == len(played.decisions)
    assert during.choice_probs != pytest.approx(before.choice_probs, abs=1e-3)
    assert after.choice_probs == pytest.approx(before.choice_probs, abs=1e-5)


async def test_reloads_in_a_row_lose_nothing_and_tell_the_truth(vllm_server: OwnServer, tmp_path: Path) -> None:
    found = checkpoints(shipped_folder(), tmp_path, 4)
    watched, _ = await reload_vllm(vllm_server, found, games=4, reloads=4)
    async with started(vllm_server, locate=found.__getitem__) as engine:
        assert await engine.reload(shipped_folder()) == SHIPPED
    figures = account(watched, found, sample=100)
    assert figures["reloads"] == 4
    assert figures["versions"] > 2
    assert {figures[k] for k in ("lost", "doubled", "failed", "wrong_version")} == {0}


async def test_several_adapters_answer_side_by_side(vllm_server: OwnServer, tmp_path: Path) -> None:
    made = [adapter(tmp_path, seed) for seed in range(3)]
    ids = [read_checkpoint(folder).id for folder, _ in made]
    folders = dict(zip(ids, (folder for folder, _ in made), strict=True))
    weights = {SHIPPED: fresh_model(), **dict(zip(ids, (model for _, model in made), strict=True))}
    async with started(vllm_server, locate=folders.__getitem__) as engine:
        every = await asyncio.gather(play(engine, 2), *(play(engine, 1, policy=v) for v in ids))
        for version, matches in zip((SHIPPED, *ids), every, strict=True):
            assert not failures(matches)
            assert versions(matches) == {version}
            for played in matches:
                assert_played_by(played, weights)
        asked = request(engine, (" Ada", " Bruno", " Cleo"), probe=True, temperature=HOT)
        said = [await engine.decide(replace(asked, policy=v)) for v in (*ids, SHIPPED)]
        assert len({tuple(round(p, 4) for p in s.choice_probs) for s in said}) == 4

        playing = asyncio.create_task(play(engine, 3))  # adapters become live one after the other
        for version in (*ids, SHIPPED):
            assert await engine.reload(folders.get(version, shipped_folder())) == engine.live_version == version
            reply = await engine.decide(request(engine, (" Ada", " Bruno", " Cleo")))
            assert reply.policy_version == version
            assert_true(request(engine, (" Ada", " Bruno", " Cleo")), reply, weights[version])
        matches = await playing
        assert not failures(matches)
        for played in matches:
            assert_played_by(played, weights)
        silent, _ = adapter(tmp_path, seed=9, silent=True)
        assert await engine.reload(silent) == read_checkpoint(silent).id
        assert await engine.reload(shipped_folder()) == SHIPPED


async def test_a_refused_checkpoint_changes_nothing(vllm_server: OwnServer, tmp_path: Path) -> None:
    cut = copied(shipped_folder(), tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((cut / "model.safetensors").read_bytes()[:-4])
    wide, _ = adapter(tmp_path, seed=5, rank=64)
    async with started(vllm_server) as engine:
        before = await engine.decide(request(engine, (" Ada", " Bruno"), probe=True, temperature=HOT))
        for bad, said in ((cut, "damaged"), (wide, "cannot load adapter"), (tmp_path, "not a checkpoint")):
            with pytest.raises(CheckpointError, match=said):
                await engine.reload(bad)
        assert engine.live_version == SHIPPED
        after = await engine.decide(request(engine, (" Ada", " Bruno"), probe=True, temperature=HOT))
        assert after.choice_probs == pytest.approx(before.choice_probs, abs=1e-5)


async def test_a_server_that_dies_fails_decisions_and_no_room(vllm_server: OwnServer) -> None:
    async with started(vllm_server) as engine:
        playing = asyncio.create_task(play(engine, 3))
        await engine.decide(request(engine))
        vllm_server.kill()
        matches = await playing
    assert len(matches) == 3
    assert all(p.outcome is not None for p in matches)
    assert failures(matches) == {"engine/unreachable"}
