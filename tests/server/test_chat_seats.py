"""Chat models in a room with a person: what they think is logged; no stream, metric or replay that was not asked for
thoughts shows it."""

from __future__ import annotations

import asyncio
import io
import json
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from sqlalchemy import Engine
from websockets.asyncio.client import connect as open_socket

from agents.chat.settings import Endpoint, EndpointBook
from agents.chat.source import ChatMinds
from agents.registry import Minds
from arena.cli.replay import replay
from arena.client.client import connect
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.protocol.server_messages import MatchEnded, TurnOpened
from tests.fakes.chat_server import Body, Move, chat_server, completion, good_answer
from tests.fakes.servers import running, some_answer

THOUGHT = "CANARY-THOUGHT"
KEY = "sk-canary-0a61be9d"


def thinks(body: Body) -> Move:
    answer = {**good_answer(body), "thought": f"{THOUGHT} in the object"}
    return completion(f"<think>{THOUGHT} in tags</think>{json.dumps(answer)}", reasoning_content=f"{THOUGHT} apart")


def holds(folder: Path, what: bytes) -> bool:
    """Whether a file of the database has these bytes."""
    files = [p for p in folder.rglob("arena.db*") if p.is_file()]
    assert files
    return any(what in file.read_bytes() for file in files)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_thoughts_and_keys_stay_where_they_belong(
    writer: LogWriter, engine: Engine, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    heard: list[str] = []
    async with chat_server(thinks) as chat_endpoint:
        endpoint = Endpoint(base_url=chat_endpoint.url, model="m", key_env="K", requests_at_once=8)
        minds = Minds(None, chat=ChatMinds(EndpointBook({"fake": endpoint}), {"K": KEY}))
        async with running(writer, minds) as server, open_socket(server.url, compression=None) as watching:
            async with connect(server.url, "Ann") as arena:
                fills = ["open", *["openai:fake"] * 6]
                options = {"first_night_kill": False}
                room = await arena.create("werewolf", options=options, fills=fills)
                await watching.send('{"type":"hello","name":"Bob"}')
                await watching.send(json.dumps({"type": "watch_room", "room": room.room}))
                await arena.join(room.room)
                async for message in arena:
                    heard.append(message.model_dump_json())
                    match message:
                        case TurnOpened():
                            await arena.take_turn(message.room, message.turn_id, **some_answer(message))
                        case MatchEnded():
                            break
                        case _:
                            pass
            async for raw in watching:
                heard.append(str(raw))
                if '"match_ended"' in str(raw):
                    break
            address = server.url.replace("ws://", "http://")
            for page in ("/metrics", "/healthz", "/readyz"):
                got = await asyncio.to_thread(urllib.request.urlopen, address + page)
                heard.append(got.read().decode())
            match_id = room.room
        await minds.stop()
        assert set(chat_endpoint.keys) == {f"Bearer {KEY}"}
        asked = [m["content"] for body in chat_endpoint.asked for m in body["messages"]]
    assert len(heard) > 40
    for seat in (None, "0", "1"):
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            replay(match_id, seat, model="none", db=database_url, as_json=True)
        heard.append(out.getvalue())
    stored = load_match(engine, match_id)
    thoughts = [d.act.thought for d in stored.decisions if d.mind == "openai:fake"]
    assert len(thoughts) > 10
    for thought in thoughts:
        assert thought == f"{THOUGHT} apart {THOUGHT} in tags {THOUGHT} in the object"
    for text in (*heard, *asked, caplog.text):
        assert THOUGHT not in text
        assert KEY not in text
    await asyncio.to_thread(writer.close)
    assert not holds(tmp_path, KEY.encode())
    assert holds(tmp_path, THOUGHT.encode())
