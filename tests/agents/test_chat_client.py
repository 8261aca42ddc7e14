"""The chat client against an endpoint that misbehaves in the usual ways: what is tried again, and what failures say."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from agents.chat.budget import Purse
from agents.chat.client import ChatClient
from agents.chat.dialect import Form, Message
from agents.chat.settings import Budget, Endpoint
from agents.chat.transport import MAX_BODY_BYTES, retry_after_s
from agents.chat.wire import Reply
from arena.errors import EngineError, OptionError
from tests.fakes.chat_server import (
    Body,
    ChatServer,
    CutBody,
    Endless,
    Move,
    NoAnswer,
    Sent,
    Silence,
    chat_server,
    completion,
    error,
    in_turn,
)

ASKED = (Message(role="system", content="Be brief."), Message(role="user", content="Well?"))
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
KEY = "sk-canary-7f3a91c2"
FINE = completion("fine")


@asynccontextmanager
async def asking(
    behaviour: Callable[[Body], Move], *, key: str | None = None, budget: Budget | None = None, **settings: Any
) -> AsyncIterator[tuple[ChatClient, ChatServer, list[float]]]:
    """A client, its server, and the pauses that it made (which take no time here)."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async with chat_server(behaviour) as server:
        endpoint = Endpoint(base_url=server.url, model="m", **{"turn_s": 30.0, **settings})
        purse = Purse(budget or Budget())
        client = ChatClient("fake", endpoint, key, purse, sleep=sleep, draws=Random(1))
        try:
            yield client, server, pauses
        finally:
            await client.close()


async def ask(client: ChatClient, account: str = "a", **how: Any) -> Reply:
    async with client.session(account) as session:
        return await session.ask(ASKED, **how)


async def failure(client: ChatClient, **how: Any) -> EngineError:
    with pytest.raises(EngineError) as raised:
        await ask(client, **how)
    return raised.value


# -- tried again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [error(429), error(500), error(502), error(503), error(529), error(408), CutBody(), NoAnswer(), Sent("<html>Busy")],
    ids=str,
)
async def test_what_may_pass_is_tried_again(bad: Move) -> None:
    async with asking(in_turn(bad, bad, FINE)) as (client, server, pauses):
        reply = await ask(client)
        assert reply.content == "fine"
        assert len(server.asked) == 3
        assert len(pauses) == 2
        assert 0.25 <= pauses[0] <= 0.5
        assert 0.5 <= pauses[1] <= 1.0


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (error(429), "engine/rate_limited"),
        (error(500), "engine/unreachable"),
        (CutBody(), "engine/unreachable"),
        (NoAnswer(), "engine/unreachable"),
        (Sent("no JSON"), "engine/unreadable"),
    ],
    ids=str,
)
async def test_attempts_are_bounded(bad: Move, code: str) -> None:
    async with asking(in_turn(bad), attempts=3) as (client, server, pauses):
        assert (await failure(client)).code == code
        assert len(server.asked) == 3
        assert len(pauses) == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (error(401, "no such key"), "engine/refused"),
        (error(403), "engine/refused"),
        (error(404, "model not found"), "engine/refused"),
        (error(400, "what?"), "engine/refused"),
        (error(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}), "engine/refused"),
        (error(429, code="insufficient_quota"), "engine/refused"),
        (error(400, "This model's maximum context length is 4096 tokens."), "engine/context_full"),
        (error(400, code="context_length_exceeded"), "engine/context_full"),
        (Sent({"choices": []}), "engine/unreadable"),
        (Sent({"choices": [{"message": {"content": 5}}]}), "engine/unreadable"),
        (Sent({"error": "out of memory"}), "engine/unreadable"),
        (Sent("{" + "[" * 100_000 + "}"), "engine/unreadable"),
        (Sent('{"choices": [{"message": {"content": "\\ud800"}}]}'), "engine/unreadable"),
    ],
    ids=lambda x: str(x)[:60],
)
async def test_what_will_not_change_is_given_up_at_once(bad: Move, code: str) -> None:
    async with asking(in_turn(bad)) as (client, server, pauses):
        raised = await failure(client)
        assert raised.code == code
        assert "'fake'" in raised.message
        assert len(server.asked) == 1
        assert pauses == []


async def test_nobody_there() -> None:
    async with asking(lambda _: FINE) as (client, server, _):
        gone = server.url
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    client = ChatClient("gone", Endpoint(base_url=gone, model="m", attempts=2), sleep=sleep)
    raised = await failure(client)
    assert raised.code == "engine/unreachable"
    assert raised.message == "The endpoint 'gone' cannot be reached."
    assert len(pauses) == 1
    await client.close()


async def test_retry_after_is_kept_and_holds_back_others() -> None:
    async with asking(in_turn(error(429, headers={"Retry-After": "7"}), FINE)) as (client, _, pauses):
        await ask(client)
        assert 6.5 < pauses[0] <= 7.0
        await ask(client)
        assert len(pauses) == 2, "the pause is the endpoint's, not the request's"


async def test_a_pause_beyond_the_deadline_is_not_waited_for() -> None:
    async with asking(in_turn(error(429, headers={"Retry-After": "3600"}), FINE)) as (client, server, pauses):
        assert (await failure(client)).code == "engine/rate_limited"
        assert (await failure(client)).code == "engine/rate_limited"
        assert len(server.asked) == 1
        assert pauses == []


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after_s({"retry-after": "2.5"}) == 2.5
    assert retry_after_s({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2315 07:28:00 GMT"}) is not None
    for nonsense in ("", "soon", "nan", "inf", "1e400", "-"):
        assert retry_after_s({"retry-after": nonsense}) is None
    assert retry_after_s({}) is None


# -- nothing hangs, nothing grows ------------------------------------------------------------------------------------


async def test_a_slow_endpoint_costs_the_turn_and_is_hung_up_on() -> None:
    async with asking(lambda _: Silence(), turn_s=0.3) as (client, server, _):
        raised = await failure(client)
        assert raised.code == "engine/deadline"
        await asyncio.wait_for(server.gone.wait(), 20)
        assert client.usage.tokens > 0, "what it took is not known, so it counts in full"


async def test_a_body_without_end_is_cut_off() -> None:
    async with asking(lambda _: Endless()) as (client, server, _):
        assert (await failure(client)).code == "engine/unreadable"
        await asyncio.wait_for(server.gone.wait(), 20)
        assert len(server.asked) == 1
    assert MAX_BODY_BYTES < 10**8


async def test_so_many_at_once_and_the_deadline_begins_in_turn() -> None:
    async with asking(lambda _: FINE, requests_at_once=3) as (client, server, _):
        await asyncio.gather(*(ask(client) for _ in range(20)))
        assert len(server.asked) == 20
        assert server.most_at_once <= 3


async def test_a_client_that_has_stopped_says_so() -> None:
    async with asking(lambda _: FINE) as (client, _, _):
        await client.close()
        assert (await failure(client)).code == "engine/stopped"


async def test_a_cancelled_request_leaves_the_line_and_settles() -> None:
    async with asking(lambda _: Silence(), requests_at_once=1) as (client, server, _):
        asked = asyncio.create_task(ask(client))
        while not server.asked:
            await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        server.behaviour = lambda _: FINE
        assert (await ask(client)).content == "fine"
        assert client.purse._held.tokens == 0


# -- the form of an answer -------------------------------------------------------------------------------------------


def formed(body: Body) -> str | None:
    return body.get("response_format", {}).get("type")


@pytest.mark.parametrize("status", [400, 422, 500, 501])
async def test_an_endpoint_without_schemas_is_asked_otherwise_and_only_once(status: int) -> None:
    def behaviour(body: Body) -> Move:
        return FINE if formed(body) is None else error(status, "response_format is not supported")

    async with asking(behaviour) as (client, server, pauses):
        await ask(client, schema=SCHEMA)
        assert [formed(b) for b in server.asked] == ["json_schema", "json_object", None]
        await ask(client, schema=SCHEMA)
        assert [formed(b) for b in server.asked[3:]] == [None]
        assert client.dialect.form is Form.WORDS
        assert pauses == []


async def test_objects_where_there_are_no_schemas() -> None:
    def behaviour(body: Body) -> Move:
        return error(400, "no") if formed(body) == "json_schema" else FINE

    async with asking(behaviour) as (client, server, _):
        await ask(client, schema=SCHEMA)
        await ask(client, schema=SCHEMA)
        assert [formed(b) for b in server.asked] == ["json_schema", "json_object", "json_object"]


async def test_a_refusal_for_other_reasons_teaches_nothing() -> None:
    async with asking(in_turn(error(400, "bad"), error(400, "bad"), error(400, "bad"), FINE)) as (client, server, _):
        assert (await failure(client, schema=SCHEMA)).code == "engine/refused"
        await ask(client, schema=SCHEMA)
        assert formed(server.asked[-1]) == "json_schema"


@pytest.mark.parametrize(
    ("minded", "message"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: 'temperature' does not support 0."),
        ("system", "Conversation roles must alternate: System role not supported"),
    ],
)
async def test_parts_that_are_minded_are_left_out(minded: str, message: str) -> None:
    def behaviour(body: Body) -> Move:
        has = any(m["role"] == "system" for m in body["messages"]) if minded == "system" else minded in body
        return error(400, message) if has else FINE

    async with asking(behaviour) as (client, server, _):
        for _ in range(2):
            reply = await ask(client, schema=SCHEMA, temperature=0.0)
            assert reply.temperature == (None if minded == "temperature" else 0.0)
        assert len(server.asked) == 3
        last = server.asked[-1]
        assert formed(last) == "json_schema"
        assert "Be brief." in json.dumps(last["messages"])
        assert minded == "max_tokens" or "max_tokens" in last


async def test_extra_settings_go_along() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    async with asking(lambda _: FINE, extra=extra, thought_tokens=100, answer_tokens=50) as (client, server, _):
        await ask(client)
        assert server.asked[0]["chat_template_kwargs"] == {"enable_thinking": False}
        assert server.asked[0]["max_tokens"] == 150
        assert server.asked[0]["model"] == "m"
        assert server.paths == ["/v1/chat/completions"]


# -- what was thought ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "content", "thought"),
    [
        (completion("fine", reasoning_content="Hm."), "fine", "Hm."),
        (completion("fine", reasoning="Hm."), "fine", "Hm."),
        (completion("<think>Hm.</think>\n\nfine"), "fine", "Hm."),
        (completion("<think>Hm.</think>fine<think>So.</think>"), "fine", "Hm.\nSo."),
        (completion("Hm.</think>fine"), "fine", "Hm."),
        (completion("<think>Hm. And then", finish="length"), "", "Hm. And then"),
        (completion(None, reasoning="Hm.", finish="length"), "", "Hm."),
        (completion(None), "", ""),
    ],
)
async def test_thoughts_are_kept_apart(sent: Move, content: str, thought: str) -> None:
    async with asking(lambda _: sent) as (client, _, _):
        reply = await ask(client)
        assert (reply.content, reply.thought) == (content, thought)


async def test_typed_parts_of_a_message() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "fine"}]
    body = {"choices": [{"message": {"content": parts}}]}
    async with asking(lambda _: Sent(body)) as (client, _, _):
        reply = await ask(client)
        assert (reply.content, reply.thought) == ("fine", "Hm.")


@pytest.mark.parametrize("sent", [completion(None, refusal="I won't."), completion("", finish="content_filter")])
async def test_a_refusal_is_told_apart(sent: Move) -> None:
    async with asking(lambda _: sent) as (client, _, _):
        assert (await ask(client)).refusal is not None


# -- budgets ---------------------------------------------------------------------------------------------------------


async def test_usage_is_counted_and_priced() -> None:
    async with asking(lambda _: FINE, price_in=1.0, price_out=10.0) as (client, _, _):
        await ask(client)
        await ask(client)
        assert (client.usage.read, client.usage.written, client.usage.estimated) == (200, 40, False)
        assert client.purse.spent.tokens == 240
        assert client.purse.spent.money == pytest.approx((200 + 400) / 1e6)
        assert client.money == pytest.approx(client.purse.spent.money)


@pytest.mark.parametrize("usage", [None, "much", {"prompt_tokens": -5, "completion_tokens": 1}, {"total_tokens": 9}])
async def test_usage_that_is_not_reported_is_estimated(usage: Any) -> None:
    async with asking(lambda _: completion("fine", usage=usage)) as (client, _, _):
        await ask(client)
        assert client.usage.estimated
        assert 10 < client.usage.tokens < 60


async def test_a_budget_is_never_overdrawn_by_requests_at_once() -> None:
    settings = {"thought_tokens": 100, "answer_tokens": 100, "requests_at_once": 8}
    budget = Budget(game_tokens=1000, process_tokens=2000)
    async with asking(lambda _: FINE, budget=budget, **settings) as (client, server, _):

        async def tried(account: str) -> str:
            try:
                await ask(client, account)
            except EngineError as error:
                return error.code
            return "fine"

        said = await asyncio.gather(*(tried("one") for _ in range(20)))
        assert set(said) == {"fine", "engine/budget"}
        assert client.purse.spent.tokens == 120 * said.count("fine") <= 1000
        said = [await tried("one") for _ in range(10)]
        assert said[-1] == "engine/budget"
        assert client.purse.spent.tokens <= 1000
        assert await tried("two") == "fine", "another match has its own"
        said = [await tried(f"match {n}") for n in range(30)]
        assert said[-1] == "engine/budget"
        assert client.purse.spent.tokens <= 2000
        assert len(server.asked) == client.purse.spent.tokens // 120


async def test_money_is_a_limit_too() -> None:
    async with asking(
        lambda _: FINE, budget=Budget(process_money=0.001), price_out=1.0, thought_tokens=0, answer_tokens=500
    ) as (client, server, _):
        raised = None
        while raised is None and len(server.asked) < 100:
            try:
                await ask(client)
            except EngineError as error:
                raised = error
        assert raised is not None
        assert raised.code == "engine/budget"
        assert "process_money" in raised.message
        assert client.purse.spent.money <= 0.001


async def test_failed_requests_cost_nothing_and_broken_ones_in_full() -> None:
    async with asking(lambda _: error(500), attempts=2) as (client, _, _):
        await failure(client)
        assert client.usage.tokens == 0
    async with asking(lambda _: CutBody(), attempts=2, thought_tokens=100, answer_tokens=100) as (client, _, _):
        await failure(client)
        assert client.usage.written == 2 * 200


async def test_a_prompt_that_does_not_fit_is_not_sent() -> None:
    async with asking(lambda _: FINE, context_tokens=1024, thought_tokens=900, answer_tokens=200) as (
        client,
        server,
        _,
    ):
        assert (await failure(client)).code == "engine/context_full"
        assert server.asked == []


# -- what has to be installed ----------------------------------------------------------------------------------------


def test_a_missing_library_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(OptionError, match=r"social-arena\[openai\]"):
        ChatClient("a", Endpoint(base_url="http://x/v1", model="m"))


def test_the_library_is_loaded_when_a_chat_model_sits_down_and_not_before() -> None:
    code = "import sys, agents.chat.source, agents.chat.structured; assert not {'httpx', 'torch'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- the key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [f"Incorrect API key provided: {KEY}.", f"bad key {KEY[:9]}***{KEY[-4:]}", f"{KEY}\n{KEY}", json.dumps({"k": KEY})],
)
@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_the_key_goes_into_one_header_and_nowhere_else(
    said: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    for bad in (error(status, said), Sent(said, status)):
        async with asking(in_turn(bad), key=KEY, attempts=2) as (client, server, _):
            raised = await failure(client)
            assert server.keys[0] == f"Bearer {KEY}"
            assert KEY not in json.dumps(server.asked)
            for text in (str(raised), repr(raised), repr(client.endpoint), caplog.text, raised.message):
                assert KEY[:9] not in text
