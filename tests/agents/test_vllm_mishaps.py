"""What the vLLM engine makes of a server that is unwell, lies, or stands open to the world."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.checkpoints import read_checkpoint
from agents.engines.base import DecisionRequest
from agents.engines.local.codec import HubCodec
from agents.engines.vllm import handshake
from agents.engines.vllm.engine import VllmEngine
from agents.engines.vllm.handshake import Served, greet, reached_from_outside
from agents.engines.vllm.launch import Launch, OwnServer
from agents.engines.vllm.reload import BETWEEN
from agents.engines.vllm.server import TRIES
from arena.errors import CheckpointError, EngineError, OptionError
from tests.fakes.vllm import FakeVllm, Mishap, babble, cut, status

TALK = DecisionRequest("m", [1, 2, 3], 3, (4,))
CHOICE = DecisionRequest("m", [1, 2, 3], 3, (4,), ((7,), (8,)))
LONG_CHOICE = DecisionRequest("m", [1, 2, 3], 3, (4,), ((7, 1), (7, 2), (8,)))


@asynccontextmanager
async def started(
    fake: FakeVllm, checkpoint: Path, *, labelled: bool = True, version: str | None = None
) -> AsyncIterator[VllmEngine]:
    fake.label = version or read_checkpoint(checkpoint).id
    served = Served("live", str(checkpoint), fake.label, labelled, context=64)
    engine = VllmEngine("http://127.0.0.1:1", HubCodec, served=served, transport=fake.transport)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@pytest.mark.parametrize("mishap", [cut, status(503), status(429)])
async def test_a_call_is_tried_again(tiny_checkpoint: Path, mishap: Mishap) -> None:
    fake = FakeVllm(mishaps={"/inference/v1/generate": [mishap, mishap]})
    async with started(fake, tiny_checkpoint) as engine:
        assert (await engine.decide(CHOICE)).tokens in CHOICE.options
    assert len(fake.calls) == 3


@pytest.mark.parametrize(
    ("mishap", "code", "calls"),
    [
        (cut, "engine/unreachable", TRIES),
        (status(503), "engine/unreachable", TRIES),
        (status(500, "the engine died"), "engine/model_failed", 1),
        (status(400, "longer than the maximum model length of 64"), "engine/context_full", 1),
        (status(404, "The model `x` does not exist."), "engine/unknown_policy", 1),
        (babble, "engine/model_failed", 1),
    ],
)
async def test_a_failure_has_its_code(tiny_checkpoint: Path, mishap: Mishap, code: str, calls: int) -> None:
    fake = FakeVllm(mishaps={"/inference/v1/generate": [mishap] * TRIES})
    async with started(fake, tiny_checkpoint) as engine:
        with pytest.raises(EngineError) as failed:
            await engine.decide(TALK)
    assert failed.value.code == code
    assert len(fake.calls) == calls


async def test_talk_of_two_versions_is_not_trained_on(tiny_checkpoint: Path) -> None:
    fake = FakeVllm(spans=[["a", "b"]])
    async with started(fake, tiny_checkpoint) as engine:
        reply = await engine.decide(TALK)
    assert (reply.policy_version, reply.trainable) == ("b", False)


async def test_a_choice_of_two_versions_is_scored_again(tiny_checkpoint: Path) -> None:
    fake = FakeVllm(spans=[["a"], ["b"]])
    async with started(fake, tiny_checkpoint) as engine:
        reply = await engine.decide(LONG_CHOICE)
    assert reply.trainable
    assert reply.policy_version == read_checkpoint(tiny_checkpoint).id
    assert len(fake.calls) == 4


async def test_a_server_without_a_label_gets_one(tiny_checkpoint: Path) -> None:
    fake = FakeVllm()
    async with started(fake, tiny_checkpoint, labelled=False) as engine:
        await asyncio.gather(*(engine.decide(TALK) for _ in range(3)))
    assert fake.calls.count("/update_weight_version") == 1
    assert fake.label == read_checkpoint(tiny_checkpoint).id


async def test_a_reload_by_somebody_else_is_noticed(tiny_checkpoint: Path) -> None:
    fake = FakeVllm()
    async with started(fake, tiny_checkpoint) as engine:
        fake.label = "theirs"
        assert (await engine.decide(TALK)).policy_version == engine.live_version == "theirs"
        fake.label = BETWEEN
        with pytest.raises(EngineError, match="between two weights"):
            await engine.decide(TALK)


async def test_a_reload_is_proven(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    fake = FakeVllm(weights=str(tiny_checkpoint))
    async with started(fake, tiny_checkpoint) as engine:
        assert await engine.reload(second_checkpoint) == read_checkpoint(second_checkpoint).id
        assert Path(fake.weights) == second_checkpoint
        changes = [call for call in fake.calls if not call.startswith("/")]
        assert changes[-2:] == ["reload_weights", "pack_weights_again"]
        assert (await engine.decide(TALK)).policy_version == read_checkpoint(second_checkpoint).id


@pytest.mark.parametrize("how", ["deaf", "broken", "refusing", "holding"])
async def test_a_reload_that_did_not_happen_is_undone(tiny_checkpoint: Path, second_checkpoint: Path, how: str) -> None:
    fake = FakeVllm(weights=str(tiny_checkpoint))
    match how:
        case "deaf":
            fake.deaf = True
        case "broken":
            fake.broken = True
        case "refusing":
            fake.mishaps["reload_weights"] = [status(500, "shape mismatch")]
        case _:
            fake.mishaps["/reset_prefix_cache"] = [status(500, "blocks are held")]
    old = read_checkpoint(tiny_checkpoint).id
    async with started(fake, tiny_checkpoint) as engine:
        with pytest.raises(CheckpointError, match="vLLM server"):
            await engine.reload(second_checkpoint)
        assert (engine.live_version, fake.label, fake.paused) == (old, old, False)
        assert fake.weights == str(tiny_checkpoint)
        assert (await engine.decide(TALK)).policy_version == old


async def test_a_stranger_on_a_processor_keeps_its_weights(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    fake = FakeVllm(weights=str(tiny_checkpoint), ours=False)
    async with started(fake, tiny_checkpoint) as engine:
        with pytest.raises(CheckpointError, match="arena engine vllm"):
            await engine.reload(second_checkpoint)
        assert "/pause" not in fake.calls
        assert (await engine.decide(TALK)).policy_version == read_checkpoint(tiny_checkpoint).id
        fake.device = "cuda"  # nothing is packed there
        assert await engine.reload(second_checkpoint) == read_checkpoint(second_checkpoint).id


async def test_a_server_that_goes_away_in_a_reload(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    fake = FakeVllm(weights=str(tiny_checkpoint), mishaps={"reload_weights": [cut]})
    async with started(fake, tiny_checkpoint) as engine:
        with pytest.raises(EngineError) as gone:
            await engine.reload(second_checkpoint)
        assert gone.value.code == "engine/unreachable"
        with pytest.raises(EngineError, match="between two weights"):  # nobody knows what it would answer with
            await engine.decide(TALK)


async def test_waiting_decisions_end_with_the_engine(tiny_checkpoint: Path) -> None:
    fake = FakeVllm(mishaps={"/inference/v1/generate": [status(503)] * 100})
    async with started(fake, tiny_checkpoint) as engine:
        waiting = asyncio.create_task(engine.decide(TALK))
        while not fake.calls:
            await asyncio.sleep(0)
        await engine.stop()
        with pytest.raises(EngineError) as ended:
            await waiting
        assert ended.value.code == "engine/stopped"


@pytest.mark.parametrize("url", ["http://192.0.2.7:8000", "https://vllm.example", "http://[2001:db8::1]:8000"])
def test_another_machine_is_refused(url: str) -> None:
    with pytest.raises(OptionError, match="ssh -L"):
        greet(url)


def test_nobody_answers() -> None:
    with socket.socket() as held, pytest.raises(EngineError, match="arena engine vllm"):
        held.bind(("127.0.0.1", 0))
        greet(f"http://127.0.0.1:{held.getsockname()[1]}")


def test_a_server_that_listens_everywhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "_own_addresses", lambda: ["127.0.0.2"])  # stands for an outward one
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        assert reached_from_outside(everywhere.getsockname()[1])
    with socket.create_server(("127.0.0.1", 0)) as inside:
        assert reached_from_outside(inside.getsockname()[1]) is None


def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such model; exit 3\n")
    python.chmod(0o755)
    with pytest.raises(EngineError, match="no such model"):
        OwnServer(Launch(python, "nothing", 1, on_cpu=True), log=tmp_path / "log")
