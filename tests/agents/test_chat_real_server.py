"""The client against a chat endpoint that somebody else wrote: ``transformers serve``, with a tiny model.

The model's weights are random, so its answers are noise; what is tested is that both sides understand each other.
"""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import torch
from transformers.cli.serve import Serve

from agents.chat.client import ChatClient
from agents.chat.dialect import Message
from agents.chat.mind import ChatMind, Outcome
from agents.chat.settings import Endpoint
from arena.errors import EngineError
from arena.games.chance import Chance
from arena.games.core import Turn, visible
from arena.games.registry import game_by_name
from arena.rooms.minds import Request
from tests.agents.test_hub_models import MODELS, TEMPLATE, save

GAME = game_by_name("werewolf")
ASKED = (Message(role="user", content="Well?"),)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(address, model) of a running server."""
    torch.manual_seed(0)
    folder = save(tmp_path_factory.mktemp("chat"), MODELS["qwen2 with a chat template"](), TEMPLATE)
    port = free_port()
    server = Serve(str(folder), host="127.0.0.1", port=port, device="cpu", non_blocking=True)
    deadline = time.monotonic() + 120
    while not server.server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/v1", str(folder)
    server.kill_server()


@asynccontextmanager
async def asking(address: str, model: str) -> AsyncIterator[ChatClient]:
    client = ChatClient(
        "real", Endpoint(base_url=address, model=model, turn_s=300, attempts=1, thought_tokens=0, answer_tokens=24)
    )
    try:
        yield client
    finally:
        await client.close()


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
    events = visible(GAME.opening(GAME.options({}), Chance(1)), 0)
    names = events[0].data["names"]
    turns = [
        Turn("day1.talk1", 0, "talk", "What do you say to the village?", text_limit=280),
        Turn("day1.vote", 0, "vote", "Whom do you vote to exile?", tuple(names[1:])),
    ]
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
