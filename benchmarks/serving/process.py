"""A server in a process of its own, so that what it costs can be told from what its clients cost."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import resource
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from arena.garbage import calm_collector

Serving = Callable[[], AbstractAsyncContextManager[str]]
"""Starts a server on a free port and gives its URL; must survive pickling."""

_STATM: Final = Path("/proc/self/statm")


class ServerProcess:
    """One server. ``uvloop`` runs it on that event loop instead of asyncio's own."""

    def __init__(self, serving: Serving, *, uvloop: bool = False) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process: Any = spawn.Process(target=_run, args=(theirs, serving, uvloop), daemon=True)
        self._process.start()
        theirs.close()
        self.url: str = self._pipe.recv()
        self.pid: int = self._process.pid

    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far."""
        return self._ask("cpu")

    def resident_bytes(self) -> int:
        """Memory that it holds, after a garbage collection."""
        return int(self._ask("memory"))

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(30)

    def kill(self) -> None:
        """As a power cut would end it."""
        self._process.kill()
        self._process.join()

    def _ask(self, what: str) -> float:
        self._pipe.send(what)
        return self._pipe.recv()


def _run(pipe: Connection, serving: Serving, uvloop: bool) -> None:
    with calm_collector():  # every server here, the bare one too
        if uvloop:
            import uvloop as fast  # pyright: ignore[reportMissingImports]

            fast.run(_serve(pipe, serving))
        else:
            asyncio.run(_serve(pipe, serving))


async def _serve(pipe: Connection, serving: Serving) -> None:
    stop = asyncio.Event()

    def answer() -> None:
        try:
            asked = pipe.recv()
        except EOFError:
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            stop.set()
            return
        pipe.send(time.process_time() if asked == "cpu" else _resident_bytes())

    async with serving() as url:
        asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
        pipe.send(url)
        await stop.wait()


def _resident_bytes() -> float:
    gc.collect()
    if _STATM.exists():
        return float(_STATM.read_text().split()[1]) * resource.getpagesize()
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
