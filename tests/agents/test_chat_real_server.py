"""The client against chat endpoints that somebody else wrote: ``transformers serve`` and vLLM, with a tiny model.

The model's weights are random, so its answers are noise; what is tested is that both sides understand each other.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.cli.serve import Serve

from agents.chat.client import ChatClient
from agents.chat.dialect import Dialect, Message
from agents.chat.mind import ChatMind, Outcome
from agents.chat.settings import Endpoint
from agents.engines.vllm.launch import MODEL_NAME, Launch, OwnServer, free_port, runs_on_cpu
from arena.errors import EngineError
from arena.games.chance import Chance
from arena.games.core import Event, Turn, visible
from arena.games.registry import game_by_name
from arena.rooms.minds import Request
from tests.agents.test_hub_models import TEMPLATE, save

GAME = game_by_name("werewolf")
ASKED = (Message(role="user", content="Well?"),)


COMPACT = ("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}')
"""Random weights would fill their answer with blanks, which may stand between the parts of an object."""
VLLM = pytest.param("vllm", marks=[pytest.mark.xdist_group("vllm"), pytest.mark.slow])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=272, hidden_size=64, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=64, max_position_embeddings=4096,
    )  # fmt: skip
    return save(tmp_path_factory.mktemp("chat"), Qwen2ForCausalLM(config), TEMPLATE)


@pytest.fixture(scope="module", params=["transformers", VLLM])
def served(
    request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """(address, model) of a running server."""
    if request.param == "vllm":
        python: Path = request.getfixturevalue("vllm_python")
        launch = Launch(python, str(model), free_port(), runs_on_cpu(python), adapters=0, more=COMPACT)
        with OwnServer(launch, log=tmp_path_factory.mktemp("vllm") / "server.log"):
            yield f"{launch.url}/v1", MODEL_NAME
        return
    port = free_port()
    server = Serve(str(model), host="127.0.0.1", port=port, device="cpu", non_blocking=True)
    deadline = time.monotonic() + 120
    while not server.server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/v1", str(model)
    server.kill_server()


@asynccontextmanager
async def asking(address: str, model: str, **settings: Any) -> AsyncIterator[ChatClient]:
    own = {"turn_s": 300, "attempts": 1, "thought_tokens": 0, "answer_tokens": 24} | settings
    client = ChatClient("real", Endpoint(base_url=address, model=model, **own))
    try:
        yield client
    finally:
        await client.close()


def opening() -> tuple[tuple[Event, ...], Turn]:
    """What the first seat has seen, and a vote of its."""
    events = visible(GAME.opening(GAME.options({}), Chance(1)), 0)
    names = events[0].data["names"]
    return events, Turn("day1.vote", 0, "vote", "Whom do you vote to exile?", tuple(names[1:]))


async def test_it_answers_and_counts(served: tuple[str, str]) -> None:
    async with asking(*served) as client, client.session("a") as session:
        reply = await session.ask(ASKED, temperature=0.0)
        again = await session.ask(ASKED, temperature=0.0)
    assert reply.content
    assert reply.content == again.content, "nothing is drawn at temperature 0"
    assert reply.usage is not None
    assert (reply.usage.written, reply.usage.estimated, reply.cut) == (24, False, True)
    assert client.usage.written == 48


async def test_a_mind_plays_on_it(served: tuple[str, str]) -> None:
    events, vote = opening()
    turns = [Turn("day1.talk1", 0, "talk", "What do you say to the village?", text_limit=280), vote]
    async with asking(*served) as client:
        mind = ChatMind(client)
        for turn in turns:
            answer = await mind.decide(Request("m", GAME, 0, turn, events))
            assert answer.fallback is None or answer.fallback.startswith("engine/unreadable")
            assert answer.tokens is None
        mind.finish("m")
    assert mind.outcomes.total() == 2
    assert not mind.outcomes[Outcome.FAILED]


async def test_what_it_refuses_is_understood(served: tuple[str, str]) -> None:
    address, _ = served
    async with asking(address, "no/such-model") as client:
        with pytest.raises(EngineError) as raised:
            async with client.session("a") as session:
                await session.ask(ASKED)
    assert raised.value.code == "engine/refused"
    assert "HTTP 4" in raised.value.message


@pytest.mark.parametrize("served", [VLLM], indirect=True)
async def test_a_choice_has_the_form_that_was_asked_for(served: tuple[str, str]) -> None:
    events, vote = opening()
    async with asking(*served, ask_for_thought=False, answer_tokens=64, temperature=0.0) as client:
        mind = ChatMind(client)
        answer = await mind.decide(Request("m", GAME, 0, vote, events))
        mind.finish("m")
        assert client.dialect == Dialect(), "the server takes the schema as it is"
    assert answer.act.choice in vote.choices
    assert answer.fallback is None
    assert mind.outcomes == {Outcome.CLEAN: 1}


@pytest.mark.parametrize("served", [VLLM], indirect=True)
async def test_a_prompt_that_is_too_long_says_so(served: tuple[str, str]) -> None:
    async with asking(*served) as client:
        with pytest.raises(EngineError) as raised:
            async with client.session("a") as session:
                await session.ask((Message(role="user", content="Well? " * 1000),))
    assert raised.value.code == "engine/context_full"
