"""Real server processes that start at once: a parent imports everything, and each server is a fork of it.

    python -m tests.fakes.server_process        then a line of JSON on standard input for each server to start

For each line the parent prints the child's process id; the child prints ``serving`` when it listens, and is killed from
outside. Seats that no person plays answer after a few milliseconds with drawn legal acts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from arena.db.engine import open_database
from arena.db.lease import hold_lease
from arena.db.open_matches import open_matches, waiting_rooms
from arena.db.writer import LogWriter
from arena.rooms.terms import Terms
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits
from tests.fakes.minds import FakeMinds, RandomMind


class ServerProcess:
    """Starts one server after the other on the same port and database, and kills them with signal 9."""

    def __init__(self, port: int, url: str) -> None:
        self.kills = 0
        self._asked = {"port": port, "url": url}
        self._child: int | None = None
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.server_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Returns when the server listens."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(self._asked) + "\n")
        self._parent.stdin.flush()
        self._child = int(self._parent.stdout.readline())
        assert self._parent.stdout.readline() == "serving\n", "the server did not start"

    def kill(self) -> None:
        assert self._child is not None
        os.kill(self._child, signal.SIGKILL)
        self._child = None
        self.kills += 1

    def close(self) -> None:
        if self._child is not None:
            self.kill()
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(timeout=30)


async def _serve(port: int, url: str) -> None:
    engine = open_database(url)
    while True:
        try:
            lease = hold_lease(engine)
            break
        except Exception:  # the killed one's connection may live a moment longer
            await asyncio.sleep(0.01)
    writer = LogWriter(engine, lease=lease)
    limits = Limits(rooms=10_000, rooms_per_connection=100, rates={})
    settings = ServerSettings(port=port, limits=limits, terms=Terms(grace_s=20.0))
    server = ArenaServer(FakeMinds(RandomMind(delay_s=0.003)), writer, settings)
    await server.start(open_matches(engine, ended_after=time.time() - 60), waiting_rooms(engine))
    _say("serving")
    await asyncio.Event().wait()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    children: list[int] = []
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        for child in children:
            os.waitpid(child, 0)
        if (child := os.fork()) == 0:
            asyncio.run(_serve(**asked))
        children = [child]
        _say(str(child))


if __name__ == "__main__":
    main()
