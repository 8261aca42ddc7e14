"""The same runs on the real log: what the simulated disk keeps and gives back is what the real one does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.db.engine import open_database
from arena.db.open_matches import open_matches, waiting_rooms
from arena.db.repo import broken_links, load_match
from arena.db.writer import LogWriter
from arena.journal import Batch, LogRow, MatchStarted, RoomWaiting
from tests.simulation.checks import digest
from tests.simulation.storage import Disk
from tests.simulation.world import World
from tests.soak import count


class RealDisk(Disk):
    """Stores what the simulated disk stores, waits until it is committed, and gives back what it finds there."""

    def __init__(self, world: World, engine: Engine, writer: LogWriter) -> None:
        super().__init__(world._written)
        self.restored = self.waited = 0
        self._engine = engine
        self._writer = writer

    def commit(self, batches: Sequence[Batch]) -> None:
        for stored in [self._writer.append(batch) for batch in batches if batch]:
            stored.result()
        super().commit(batches)

    def open_matches(self, ended_after: float) -> Iterator[tuple[LogRow, ...]]:
        found = {_id(rows): rows for rows in open_matches(self._engine, ended_after)}
        expected = {_id(rows): rows for rows in super().open_matches(ended_after)}
        assert found == expected
        self.restored += len(found)
        return iter([found[match_id] for match_id in expected])

    def waiting_rooms(self) -> list[RoomWaiting]:
        found = waiting_rooms(self._engine)
        assert found == super().waiting_rooms()
        self.waited += len(found)
        return found


class OnSqlite(World):
    def __init__(self, seed: int, engine: Engine, writer: LogWriter) -> None:
        super().__init__(seed)
        self.disk = RealDisk(self, engine, writer)


def _id(rows: Sequence[LogRow]) -> str:
    return next(row.match_id for row in rows if isinstance(row, MatchStarted))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_real_log_does_as_the_simulated_one(tmp_path: Path, database_url: str) -> None:
    restored = waited = 0
    for seed in range(count(20, 1_000)):
        engine = open_database(f"sqlite:///{tmp_path / f'{seed}.db'}")
        writer = LogWriter(engine)
        world = OnSqlite(seed, engine, writer)
        try:
            assert world.run() == World(seed).run(), f"seed {seed}"
            for match_id, match in world.disk.matches.items():
                stored = load_match(engine, match_id)
                assert digest(stored.events) == digest(row.event for row in match.events)
                assert broken_links(engine, match_id) == []
            restored += world.disk.restored
            waited += world.disk.waited
        finally:
            writer.close()
            engine.dispose()
    assert restored > 5
    assert waited > 2
