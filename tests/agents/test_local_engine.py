"""The local engine: what it says of its samples is true, whatever is loaded, refused or stopped under it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.engine import KEPT_POLICIES, LocalEngine
from agents.engines.local.weights import load_weights
from agents.llm.policy import PolicyMind
from agents.runner import Lineup, Played, no_log, play_matches
from arena.decision import TALK_AGAIN, TALK_EMPTY
from arena.errors import CheckpointError, EngineError
from arena.games.werewolf import Werewolf
from tests.fakes.checkpoints import copied, make_checkpoint, make_tokenizer

GAME = Werewolf()
SHORT = {"max_days": 1, "talk_rounds": 1}


@asynccontextmanager
async def started(source: Path, **settings: Any) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(source, **settings)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def play(engine: LocalEngine, games: int, policy: str = "live", **options: Any) -> list[Played]:
    mind = PolicyMind(engine, policy, max_tokens=10)
    lineups = (Lineup(f"{policy}/{n}", ("self",) * 7) for n in range(games))
    matches = play_matches(
        GAME, GAME.options(options), lineups, {"self": mind}, no_log, purpose="selfplay", at_once=games
    )
    return [played async for played in matches]


def assert_true_logprobs(played: Played, models: dict[str, Any], temperature: float = 1.0) -> None:
    """Every logged log-probability is that of a plain forward pass of the model that the decision names."""
    (trunk,) = played.trunks
    for version in {d.tokens.policy_version for d in played.decisions if d.tokens}:
        records = [d.tokens for d in played.decisions if d.tokens and d.tokens.policy_version == version]
        prompts = [[*trunk.tokens[: r.trunk_length], *r.branch] for r in records]
        rows = [[*p, *r.sampled] for p, r in zip(prompts, records, strict=True)]
        longest = max(map(len, rows))
        ids = torch.tensor([[*row, *(0,) * (longest - len(row))] for row in rows])  # causal: what follows is not seen
        with torch.inference_mode():
            logits = models[version](input_ids=ids, use_cache=False).logits.float() / temperature
        for row, prompt, record in zip(logits, prompts, records, strict=True):
            assert len(record.logprobs) == len(record.sampled) > 0
            for i, token in enumerate(record.sampled):
                here = row[len(prompt) + i - 1]
                if record.options:
                    legal = {o[i] for o in record.options if o[:i] == record.sampled[:i]}
                    assert token in legal
                    illegal = torch.ones_like(here, dtype=torch.bool)
                    illegal[list(legal)] = False
                    here = here.masked_fill(illegal, -torch.inf)
                assert record.logprobs[i] == pytest.approx(float(here.log_softmax(-1)[token]), abs=1e-4)


def no_engine_failures(matches: Sequence[Played]) -> bool:
    return all(not (d.fallback or "").startswith("engine/") for p in matches for d in p.decisions)


async def test_logged_logprobs_are_those_of_a_plain_forward_pass(tiny_checkpoint: Path) -> None:
    weights = load_weights(tiny_checkpoint)
    async with started(tiny_checkpoint) as engine:
        matches = [
            *await play(engine, 3, max_days=2),
            *await play(engine, 2, max_days=1, discussion="parallel", talk_rounds=2),
        ]
        assert engine.live_version == read_checkpoint(tiny_checkpoint).id
    assert no_engine_failures(matches)
    for played in matches:
        assert {d.tokens is not None for d in played.decisions} == {True}
        assert {bool(d.tokens.options) for d in played.decisions if d.tokens} == {True, False}
        assert_true_logprobs(played, {weights.version: weights.model})
        for d in played.decisions:
            if d.tokens and d.tokens.options:
                assert sum(d.tokens.choice_probs) == pytest.approx(1.0, abs=1e-5)


async def test_choices_of_several_tokens(tmp_path: Path) -> None:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {token: i for i, token in enumerate(("<|pad|>", "<|match|>", *sorted(alphabet)))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|match|>", pad_token="<|pad|>").save_pretrained(
        tmp_path / "bytes"
    )
    checkpoint = make_checkpoint(tmp_path, tmp_path / "bytes")
    weights = load_weights(checkpoint)
    async with started(checkpoint) as engine:
        matches = await play(engine, 2, **SHORT)
    assert no_engine_failures(matches)
    chosen = [d for p in matches for d in p.decisions if d.tokens and d.tokens.options]
    for d in chosen:
        assert d.tokens is not None
        assert d.tokens.sampled in d.tokens.options
        assert weights.codec.decode(d.tokens.sampled) == f" {d.act.choice}"
    assert len({d.act.choice for d in chosen}) > 3
    for played in matches:
        assert_true_logprobs(played, {weights.version: weights.model})


async def test_reloads_under_play_lose_nothing(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    loaded = {w.version: w.model for w in map(load_weights, (tiny_checkpoint, second_checkpoint))}
    async with started(tiny_checkpoint) as engine:

        async def reload_five_times() -> None:
            for n in range(5):
                while engine.counts.decisions < 90 * (n + 1):
                    await asyncio.sleep(0.002)
                source = (second_checkpoint, tiny_checkpoint)[n % 2]
                assert await engine.reload(source) == read_checkpoint(source).id

        reloading = asyncio.create_task(reload_five_times())
        matches = await play(engine, 40, **SHORT)
        await reloading
        assert engine.counts.reloads == 5
        assert engine.counts.failures == 0
    assert no_engine_failures(matches)
    twice = sum(d.fallback in (TALK_AGAIN, TALK_EMPTY) for p in matches for d in p.decisions)
    assert sum(len(p.decisions) for p in matches) + twice == engine.counts.decisions
    assert {d.tokens.policy_version for p in matches for d in p.decisions if d.tokens} == set(loaded)
    for played in matches:
        assert_true_logprobs(played, loaded)


async def test_a_pinned_checkpoint_plays_on_through_reloads(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    first, second = (read_checkpoint(c).id for c in (tiny_checkpoint, second_checkpoint))
    folders = {first: tiny_checkpoint, second: second_checkpoint}
    async with started(tiny_checkpoint, locate=folders.__getitem__) as engine:
        pinned = [asyncio.create_task(play(engine, 6, policy=version, **SHORT)) for version in (first, second)]
        for source in (second_checkpoint, tiny_checkpoint, second_checkpoint):
            await engine.reload(source)
        for version, task in zip((first, second), pinned, strict=True):
            matches = await task
            assert no_engine_failures(matches)
            assert {d.tokens.policy_version for p in matches for d in p.decisions if d.tokens} == {version}


async def test_only_so_many_pinned_checkpoints_are_kept(tiny_checkpoint: Path) -> None:
    async with started(tiny_checkpoint, locate=lambda _: tiny_checkpoint) as engine:
        for n in range(KEPT_POLICIES + 2):
            await engine.decide(request(engine, policy=f"v{n}"))
            await engine.decide(request(engine, policy="v0"))
        assert set(engine._pinned) == {"v0", *(f"v{n + 2}" for n in range(1, KEPT_POLICIES))}
        missing = LocalEngine(tiny_checkpoint)
        missing.start()
        with pytest.raises(EngineError, match="not loaded here"):
            await missing.decide(request(missing, policy="v0"))
        await missing.stop()


def request(engine: LocalEngine, policy: str = "live", match_id: str = "m", max_tokens: int = 4) -> DecisionRequest:
    trunk = [*engine.codec.head, *engine.codec.encode("Night 1.\n")]
    branch = engine.codec.encode("Ada says:")
    return DecisionRequest(match_id, trunk, len(trunk), branch, policy=policy, max_tokens=max_tokens)


# -- reloads that are refused ------------------------------------------------------------------------------------


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def lose_a_file(folder: Path) -> None:
    (folder / "config.json").unlink()


def lose_the_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def add_a_pickle(folder: Path) -> None:
    (folder / "optimizer.pkl").write_bytes(b"\x80\x04.")


def link_out(folder: Path) -> None:
    file = folder / "config.json"
    elsewhere = folder.parent / "elsewhere.json"
    file.rename(elsewhere)
    os.symlink(elsewhere, file)  # noqa: PTH211  (the target is absolute)


def change_a_file(folder: Path) -> None:
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")


@pytest.mark.parametrize("damage", [cut_short, lose_a_file, lose_the_manifest, add_a_pickle, link_out, change_a_file])
async def test_a_damaged_checkpoint_is_refused_and_the_old_one_serves_on(
    damage: Callable[[Path], None], tiny_checkpoint: Path, second_checkpoint: Path, tmp_path: Path
) -> None:
    damaged = copied(second_checkpoint, tmp_path / "damaged")
    damage(damaged)
    async with started(tiny_checkpoint) as engine:
        await assert_refused(engine, damaged)


async def test_another_tokenizer_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_checkpoint(tmp_path, make_tokenizer(tmp_path / "other", 500))
    async with started(tiny_checkpoint) as engine:
        await assert_refused(engine, other)


async def test_numbers_that_are_none_are_refused(tiny_checkpoint: Path, tiny_tokenizer: Path, tmp_path: Path) -> None:
    broken = make_checkpoint(tmp_path, tiny_tokenizer, seed=2, scale=float("nan"))
    async with started(tiny_checkpoint) as engine:
        await assert_refused(engine, broken)


async def assert_refused(engine: LocalEngine, source: Path) -> None:
    before = engine.live_version
    with pytest.raises(CheckpointError):
        await engine.reload(source)
    assert engine.live_version == before
    assert engine.counts.refused_reloads == 1
    reply = await engine.decide(request(engine))
    assert reply.policy_version == before


# -- full, and over ----------------------------------------------------------------------------------------------


async def test_a_full_context_is_a_fallback_and_the_game_goes_on(tiny_tokenizer: Path, tmp_path: Path) -> None:
    """Here not even the opening has room, which is never left out."""
    checkpoint = make_checkpoint(tmp_path, tiny_tokenizer, context=40)
    async with started(checkpoint) as engine:
        (played,) = await play(engine, 1, max_days=3)
    assert played.outcome.winner in ("village", "werewolves")
    assert {d.fallback for d in played.decisions} == {"engine/context_full"}
    assert all(d.tokens is None for d in played.decisions)


async def test_stopping_leaves_nobody_waiting(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LocalEngine(tiny_checkpoint)
    entered, go_on = threading.Event(), threading.Event()
    step = engine._live.decoder.step

    def held() -> Any:
        ended = step()
        entered.set()
        go_on.wait(30)
        return ended

    monkeypatch.setattr(engine._live.decoder, "step", held)
    engine.start()
    async with asyncio.timeout(30):
        running = [asyncio.create_task(engine.decide(request(engine, match_id="running")))]
        await asyncio.to_thread(entered.wait, 30)
        waiting = [asyncio.create_task(engine.decide(request(engine, match_id=f"{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        for task in waiting[::3]:
            task.cancel()
        await asyncio.sleep(0)
        stopping = asyncio.create_task(engine.stop())
        await asyncio.sleep(0)
        late = asyncio.create_task(engine.decide(request(engine)))
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        (answered,) = await asyncio.gather(*running)
        assert isinstance(answered, DecisionReply)
        ends = await asyncio.gather(*waiting, late, return_exceptions=True)
    for n, end in enumerate(ends[:-1]):
        assert isinstance(end, asyncio.CancelledError if n % 3 == 0 else EngineError)
        assert n % 3 == 0 or getattr(end, "code", None) == "engine/stopped"
    assert getattr(ends[-1], "code", None) == "engine/stopped"


async def test_a_finished_match_leaves_no_memory(tiny_checkpoint: Path) -> None:
    async with started(tiny_checkpoint) as engine:
        await play(engine, 2, **SHORT)
        await engine.decide(request(engine))
        leaving = asyncio.create_task(engine.decide(request(engine, match_id="left alone")))
        await asyncio.sleep(0)
        leaving.cancel()
        for match_id in ("m", "left alone"):
            engine.forget(match_id, "live")
        await engine.decide(request(engine, match_id="last"))
        assert engine._live.decoder.matches == {"last"}
