"""A chat endpoint on a real socket of this machine that answers as it is told to, badly where a test wants it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A whole HTTP answer."""

    body: bytes | str | Body
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else as_bytes(self.body)


@dataclass(frozen=True)
class CutBody:
    """Half of an answer, and the connection is gone."""


@dataclass(frozen=True)
class NoAnswer:
    """The connection is closed without a word."""


@dataclass(frozen=True)
class Silence:
    """Nothing at all, for as long as the client stays."""


@dataclass(frozen=True)
class Endless:
    """A body without an end."""


Move = Sent | CutBody | NoAnswer | Silence | Endless


def as_bytes(body: str | Body) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def completion(content: str | None, *, finish: str = "stop", usage: Any = "counted", **message: Any) -> Sent:
    """A chat completion with this content. Other parts of the message (``reasoning_content``, ``refusal``) by name."""
    body: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake-1",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
    }
    if usage == "counted":
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    if usage is not None:
        body["usage"] = usage
    return Sent(body)


def error(status: int, message: str = "no", headers: Mapping[str, str] | None = None, **parts: Any) -> Sent:
    return Sent({"error": {"message": message, **parts}}, status, headers or {})


def asked_for(body: Body) -> tuple[list[str], int]:
    """(choices, text limit) that a seat's prompt asks for; the limit is 0 where it asks for no words."""
    question = next(m["content"] for m in body["messages"] if m["role"] == "user").rsplit("\nYou are ", 1)[-1]
    choices = re.search(r"^Choices: (.*)$", question, re.MULTILINE)
    limit = re.search(r"at most (\d+) characters", question)
    return ([] if choices is None else choices[1].split(", ")), (0 if limit is None else int(limit[1]))


def good_answer(body: Body) -> Body:
    """A legal answer that depends on the prompt alone."""
    choices, limit = asked_for(body)
    digest = hashlib.sha256(json.dumps(body["messages"]).encode()).digest()
    answer: Body = {"thought": f"I think of {digest.hex()[:6]}."}
    if limit:
        answer["text"] = f"I say {digest.hex()[:8]}."
    if choices:
        answer["choice"] = choices[digest[0] % len(choices)]
    return answer


def plays_well(body: Body) -> Move:
    return completion(json.dumps(good_answer(body)))


@dataclass
class ChatServer:
    """``behaviour`` gives the answer to each request; ``asked`` and ``keys`` hold what came."""

    behaviour: Callable[[Body], Move]
    url: str = ""
    asked: list[Body] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away from a ``Silence`` or ``Endless``."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = {k.lower(): v for k, v in re.findall(r"^([^:\r\n]+): *([^\r\n]*)", head, re.MULTILINE)}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            self.asked.append(body)
            self.keys.append(headers.get("authorization"))
            self.paths.append(head.split(" ")[1])
            await self._answer(self.behaviour(body), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            self.at_once -= 1
            writer.close()

    async def _answer(self, move: Move, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match move:
            case Sent(status=status, headers=more):
                content = move.encoded()
                lines = [f"{k}: {v}" for k, v in more.items()]
                head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}", "Connection: close", *lines]
                writer.write("\r\n".join([*head, "", ""]).encode() + content)
                await writer.drain()
            case CutBody():
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"choices": [{"mess')
                await writer.drain()
            case NoAnswer():
                pass
            case Silence():
                await reader.read()  # comes back when the client has gone
                self.gone.set()
            case Endless():
                writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"choices": [{"m\r\n')
                while True:
                    writer.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
                    await writer.drain()


@asynccontextmanager
async def chat_server(behaviour: Callable[[Body], Move] = plays_well) -> AsyncIterator[ChatServer]:
    server = ChatServer(behaviour)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()


def in_turn(*moves: Move) -> Callable[[Body], Move]:
    """These answers one after the other; the last one for good."""
    left = list(moves)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
