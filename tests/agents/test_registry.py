"""The watch that follows the registry of checkpoints, and fillings that name a checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database

import agents.registry
from agents.checkpoints import read_checkpoint
from agents.models import register
from agents.registry import Minds, open_minds
from agents.runner import Lineup, no_log, play_matches
from arena.errors import CheckpointError, UnknownName
from arena.games.werewolf import Werewolf


class NamedEngine:
    """Becomes whatever folder it is given, but for those that it refuses."""

    codec: Any = None

    def __init__(self, live: str) -> None:
        self.live_version = live
        self.tried: list[str] = []

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def decide(self, request: Any) -> Any: ...

    def forget(self, match_id: str, policy: str) -> None: ...

    async def reload(self, source: Any) -> str:
        self.tried.append(Path(source).name)
        if "bad" in str(source):
            raise CheckpointError("refused")
        self.live_version = Path(source).name
        return self.live_version


def make_live(database: Database, folder: Path, name: str) -> None:
    manifest = read_checkpoint(folder)
    renamed = type(manifest)(**{f: getattr(manifest, f) for f in manifest.__slots__} | {"id": name})
    register(database, renamed, Path(f"/checkpoints/{name}"), 1.0, live=True)


@asynccontextmanager
async def watching(engine: NamedEngine, database: Database, seen: str | None = None) -> AsyncIterator[None]:
    minds = Minds(engine, database, seen=seen)
    await minds.start()
    try:
        yield
    finally:
        await minds.stop()


async def test_what_becomes_live_is_loaded_and_what_is_refused_is_tried_once(
    engine: Database, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents.registry, "WATCH_S", 0.01)
    loaded = NamedEngine("chosen")
    make_live(engine, tiny_checkpoint, "old")
    async with watching(loaded, engine, seen="old"), asyncio.timeout(20):
        await asyncio.sleep(0.1)
        assert loaded.tried == []  # it was live before somebody chose another model
        for name, expected in (("new", "new"), ("bad", "new"), ("newer", "newer"), ("old", "old")):
            make_live(engine, tiny_checkpoint, name)
            while name not in loaded.tried:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert loaded.live_version == expected
    assert loaded.tried == ["new", "bad", "newer", "old"]


async def test_a_registered_checkpoint_fills_a_seat_and_a_folder_does_not(
    engine: Database, tiny_checkpoint: Path, second_checkpoint: Path
) -> None:
    minds = open_minds(str(tiny_checkpoint), engine)
    await minds.start()
    try:
        register(engine, read_checkpoint(second_checkpoint), second_checkpoint, 0.0, live=False)
        game, fill = Werewolf(), f"checkpoint:{read_checkpoint(second_checkpoint).id}"
        lineup = Lineup(1, (fill,) * 3 + ("self",) * 4)
        options = game.options({"max_days": 1, "talk_rounds": 0})
        names = {name: minds.mind(name, "werewolf") for name in (fill, "self")}
        matches = play_matches(game, options, [lineup], names, no_log, purpose="room")
        (played,) = [match async for match in matches]
        ids = [read_checkpoint(c).id for c in (second_checkpoint, tiny_checkpoint)]
        assert {d.mind for d in played.decisions} <= {f"checkpoint:{i}" for i in ids}
        assert all(d.mind == f"checkpoint:{ids[d.seat >= 3]}" for d in played.decisions)
        with pytest.raises(UnknownName):
            minds.mind("checkpoint:nope", "werewolf")
        with pytest.raises(UnknownName):
            minds.mind(f"checkpoint:{second_checkpoint}", "werewolf")  # the name may be a stranger's
    finally:
        await minds.stop()
