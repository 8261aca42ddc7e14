"""A server of its own process, and the game in a pseudo-terminal beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).resolve().parents[2]
ARENA = [sys.executable, "-m", "arena.cli.main"]
COLUMNS, ROWS = 100, 30


class Server:
    """``arena serve`` without a model. A killed one can be started again, on the same port and database."""

    def __init__(self, folder: Path) -> None:
        self.database = f"sqlite:///{folder / 'arena.db'}"
        self.url = ""
        self._log = folder / "server.log"
        self.start()

    def start(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        serve = ["serve", "--model", "none", "--port", port, "--rooms", "0", "--db", self.database]
        with self._log.open("wb") as output:
            self.process = subprocess.Popen([*ARENA, *serve], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        for _ in range(600):
            if found := re.search(r"ws://127\.0\.0\.1:\d+", self._log.read_text()):
                self.url = found[0]
                return
            assert self.process.poll() is None, self._log.read_text()
            time.sleep(0.1)
        raise AssertionError(f"no server within a minute: {self._log.read_text()}")

    def kill(self) -> None:
        """As ``kill -9``."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Terminal:
    """A pseudo-terminal with the game in it, and the screen that a person would see. ``written`` is all that came, also
    what was gone again before anybody looked."""

    def __init__(self, *arguments: str) -> None:
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            ARENA[0], [*ARENA[1:], *arguments], cwd=str(ROOT), env=env, dimensions=(ROWS, COLUMNS), timeout=5
        )
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""

    def look(self, for_s: float = 0.2) -> str:
        """What stands on the screen after a little while."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            try:
                came = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
            self.written += came
            self.stream.feed(came)
        return "\n".join(self.screen.display)

    def wait_for(self, text: str, for_s: float = 60.0) -> str:
        return self.wait_until(lambda page: text in page, for_s)

    def wait_until(self, wanted: Callable[[str], bool], for_s: float = 60.0) -> str:
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            if wanted(page := self.look()):
                return page
        raise AssertionError(f"it never came:\n{self.look()}")
