"""Structured answers for judges: checked, asked again once, and a failure is an error, never a made-up value."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from agents.chat.client import ChatClient
from agents.chat.dialect import Message
from agents.chat.settings import Endpoint
from agents.chat.structured import Completed, complete, strict_schema
from arena.errors import EngineError
from tests.fakes.chat_server import ChatServer, Move, chat_server, completion, error, in_turn


class Score(BaseModel):
    reasoning: str
    goal: Annotated[int, Field(ge=0, le=10)]


class Scores(BaseModel):
    believability: Score
    note: str = ""


GOOD = json.dumps({"believability": {"reasoning": "Plausible.", "goal": 7}, "note": ""})
FAR = json.dumps({"believability": {"reasoning": "Plausible.", "goal": 11}, "note": ""})
ASKED = (Message(role="user", content="Judge this."),)


@asynccontextmanager
async def judged(*moves: Move) -> AsyncIterator[tuple[ChatClient, ChatServer]]:
    async with chat_server(in_turn(*moves)) as server:
        client = ChatClient("judge", Endpoint(base_url=server.url, model="m", attempts=1))
        try:
            yield client, server
        finally:
            await client.close()


async def judge(client: ChatClient, **how: Any) -> Completed[Scores]:
    return await complete(client, ASKED, Scores, prompt_id="judge/3", account="episode 1", **how)


async def test_a_checked_value_with_all_that_belongs_to_it() -> None:
    async with judged(completion(GOOD, reasoning="Let me see.")) as (client, server):
        found = await judge(client)
        assert found.value.believability.goal == 7
        assert (found.prompt_id, found.model, found.temperature) == ("judge/3", "fake-1", 0.0)
        assert (found.thought, found.asked_again) == ("Let me see.", False)
        assert found.usage.tokens == 120
        sent = server.asked[0]
        assert sent["temperature"] == 0.0
        schema = sent["response_format"]["json_schema"]["schema"]
        assert schema["required"] == ["believability", "note"]
        assert schema["additionalProperties"] is False
        assert schema["$defs"]["Score"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (completion(FAR), "believability.goal: Input should be less than or equal to 10."),
        (completion("Seven of ten."), "Invalid JSON"),
        (completion('{"note": ""}'), "believability: Field required."),
        (completion(GOOD[:20], finish="length"), "It was cut off"),
    ],
)
async def test_asked_again_with_the_reason(bad: Move, reason: str) -> None:
    async with judged(bad, completion(f"```json\n{GOOD}\n```")) as (client, server):
        found = await judge(client)
        assert found.asked_again
        assert found.value.believability.goal == 7
        assert found.usage.tokens == 240
        assert reason in server.asked[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("moves", "code", "asked"),
    [
        ([completion(FAR)], "engine/unreadable", 2),
        ([completion("")], "engine/unreadable", 2),
        ([completion(None, refusal="No.")], "engine/declined", 1),
        ([error(401)], "engine/refused", 1),
        ([error(503)], "engine/unreachable", 1),
        ([completion(FAR), error(429)], "engine/rate_limited", 2),
    ],
)
async def test_a_failure_is_an_error(moves: list[Move], code: str, asked: int) -> None:
    async with judged(*moves) as (client, server):
        with pytest.raises(EngineError) as raised:
            await judge(client)
        assert raised.value.code == code
        assert len(server.asked) == asked


async def test_a_model_that_takes_no_temperature_says_so_in_its_result() -> None:
    async with judged(error(400, "'temperature' does not support 0"), completion(GOOD)) as (client, _):
        assert (await judge(client)).temperature is None


def test_the_strict_schema_is_still_the_models() -> None:
    assert Scores.model_validate_json(GOOD)
    assert strict_schema(Scores)["properties"].keys() == Scores.model_fields.keys()
