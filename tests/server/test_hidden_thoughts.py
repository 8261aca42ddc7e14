"""Thoughts are stored, and are in no stream: not of a seat, nor a spectator, nor one who may see everything. Only the
recording of a match that is over has them (``test_recordings``)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from arena.client.client import connect
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.rooms.minds import Answer, Request
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import play_to_end, running

CANARY = "Quokka"


class ThinkingMind(RandomMind):
    async def decide(self, request: Request) -> Answer:
        answer = await super().decide(request)
        return replace(answer, act=replace(answer.act, thought=f"{CANARY} {request.turn.id}"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_thought_goes_over_no_socket(engine: Engine, writer: LogWriter) -> None:
    async with (
        running(writer, FakeMinds(ThinkingMind())) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Eve") as eve,
    ):
        made = await ann.create(fills=["open", *["self"] * 6])
        await eve.watch(made.room)
        await ann.join(made.room)
        async with asyncio.timeout(300):
            told = [*(await play_to_end(ann)), *(await play_to_end(eve))]
            await eve.leave(made.room)
            await eve.watch(made.room, everything=True)
            told += await play_to_end(eve)
    assert CANARY not in "".join(message.model_dump_json() for message in told)
    thoughts = [d.act.thought for d in load_match(engine, made.room).decisions if d.act.thought]
    assert thoughts
    assert all(thought.startswith(CANARY) for thought in thoughts)
