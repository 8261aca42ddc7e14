"""Asking one chat endpoint: in line, within a deadline and a budget, in the form that it understands.

    async with client.session("match 7") as session:        # waits for its place in the line; then the deadline runs
        reply = await session.ask(messages, schema)
        reply = await session.ask([*messages, …], schema)    # once more, within the same deadline

Every failure is an ``EngineError`` with a code: ``engine/unreachable``, ``engine/refused``, ``engine/rate_limited``,
``engine/unreadable``, ``engine/context_full``, ``engine/budget``, ``engine/deadline``, ``engine/stopped``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from agents.chat.budget import Amount, Purse, estimated_tokens
from agents.chat.dialect import Dialect, Message
from agents.chat.settings import Endpoint
from agents.chat.transport import CONTEXT_FULL, STOPPED, UNREADABLE, Failed, Transport
from agents.chat.wire import Reply, Unreadable, Usage, read_completion
from arena.errors import EngineError

DEADLINE: Final = "engine/deadline"


class ChatClient:
    """One endpoint's line, dialect and connections. ``usage`` counts what its answers took.

    Args:
        name: what people call it.
        endpoint: with its model set.
        key: for the Authorization header; see ``agents.chat.settings.key_of``.
        purse: pays for it, together with other clients of the process.

    Raises:
        OptionError: the HTTP library is not installed.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        key: str | None = None,
        purse: Purse | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draws: Random | None = None,
    ) -> None:
        assert endpoint.model, "an endpoint is asked for one model"
        self.name = name
        self.endpoint = endpoint
        self.purse = Purse() if purse is None else purse
        self.dialect = Dialect()
        self.usage = Usage(0, 0)
        self._line = asyncio.Semaphore(endpoint.requests_at_once)
        self._closed = False
        self._transport = Transport(
            name,
            endpoint.base_url,
            key,
            connections=endpoint.requests_at_once,
            attempts=endpoint.attempts,
            sleep=sleep,
            draws=draws,
        )

    @property
    def money(self) -> float:
        """What ``usage`` comes to at the endpoint's prices."""
        return self._price(self.usage).money

    async def close(self) -> None:
        self._closed = True
        await self._transport.close()

    @asynccontextmanager
    async def session(self, account: str) -> AsyncIterator[Session]:
        """A place among the ``requests_at_once``. What is done with it ends after ``turn_s`` seconds.

        Raises:
            EngineError: ``engine/deadline`` when the time is up, and what ``Session.ask`` raises.
        """
        async with self._line:
            if self._closed:
                raise EngineError("The chat client has stopped.", code=STOPPED)
            time_limit = asyncio.timeout(self.endpoint.turn_s)
            try:
                async with time_limit:
                    deadline = time_limit.when()
                    assert deadline is not None
                    yield Session(self, account, deadline)
            except TimeoutError as error:
                if not time_limit.expired():
                    raise
                message = f"The endpoint {self.name!r} gave no answer within {self.endpoint.turn_s:g} s."
                raise EngineError(message, code=DEADLINE) from error

    async def _asked(
        self,
        account: str,
        deadline: float,
        messages: Sequence[Message],
        schema: Mapping[str, Any] | None,
        temperature: float | None,
        max_tokens: int,
    ) -> Reply:
        read = estimated_tokens(m["content"] for m in messages)
        room = self.endpoint.context_tokens
        if room is not None and read + max_tokens > room:
            raise EngineError(
                f"The prompt is about {read} tokens, which leaves less than {max_tokens} of {room} for the answer.",
                code=CONTEXT_FULL,
            )
        dialect = self.dialect
        while True:
            body = dialect.body(self.endpoint, messages, schema, max_tokens, temperature)
            try:
                reply = await self._paid(account, Usage(read, max_tokens, estimated=True), body, deadline)
            except Failed as failure:
                refusal = failure.answered
                other = refusal and dialect.after_refusal(refusal.status, refusal.said, body)
                if other is None:
                    raise
                dialect = other
            else:
                if dialect != self.dialect:  # remembered only now: what is refused in any form was not about the form
                    self.dialect = dialect
                return replace(reply, temperature=body.get("temperature"))

    async def _paid(self, account: str, most: Usage, body: Mapping[str, Any], deadline: float) -> Reply:
        """One request with its repetitions, with ``most`` held back for it while it runs."""
        held = self._price(most)
        self.purse.hold(account, held)
        took = most  # of a request that is cancelled or breaks off nobody knows what it took
        try:
            posted = await self._transport.post(body, deadline)
            took = _times(most, posted.wasted + 1)
            try:
                reply = read_completion(posted.body)
            except Unreadable as error:
                message = f"The endpoint {self.name!r} sent no chat completion ({error})."
                raise EngineError(message, code=UNREADABLE) from error
            usage = reply.usage or _estimated(most, reply)
            took = _sum(_times(most, posted.wasted), usage)
            return replace(reply, usage=usage)
        except Failed as failure:
            took = _times(most, failure.wasted)
            raise
        finally:
            self.purse.settle(account, held, self._price(took))
            self.usage = _sum(self.usage, took)

    def _price(self, usage: Usage) -> Amount:
        e = self.endpoint
        return Amount(usage.tokens, (usage.read * e.price_in + usage.written * e.price_out) / 1e6)


@dataclass(frozen=True, slots=True)
class Session:
    """The right to ask until ``deadline`` (on the loop's clock)."""

    client: ChatClient
    account: str
    deadline: float

    async def ask(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any] | None = None,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> Reply:
        """One answer.

        Args:
            schema: the JSON schema that the answer is to have; left to the prompt's words where the endpoint knows no
                structured output.
            temperature: the endpoint's own setting where None.
            max_tokens: by default what the endpoint's settings allow for thought and answer.

        Raises:
            EngineError: there is none; the code says why.
        """
        e = self.client.endpoint
        return await self.client._asked(
            self.account,
            self.deadline,
            messages,
            schema,
            e.temperature if temperature is None else temperature,
            e.thought_tokens + e.answer_tokens if max_tokens is None else max_tokens,
        )


def _times(usage: Usage, n: int) -> Usage:
    return Usage(n * usage.read, n * usage.written, estimated=n > 0)


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(a.read + b.read, a.written + b.written, a.estimated or b.estimated)


def _estimated(most: Usage, reply: Reply) -> Usage:
    return Usage(most.read, min(most.written, estimated_tokens((reply.content, reply.thought))), estimated=True)
