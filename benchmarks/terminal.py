"""The terminal program in a pseudo-terminal: how soon it is there, and how soon a key is seen while much happens.

python -m benchmarks.terminal [--quick] [--json]

The start of ``arena play``, against a server on this machine: until something is to be seen, and until the lobby has
answered a key that was pressed as soon as it stood there. Beside it the floor: the same of a program of Textual's with
two buttons and nothing else, in turns with ours. Echo: from a key typed into the draft to its letter on the screen,
while 2,000 messages arrive at once at the same table; only keys that are typed before the last of them is drawn count.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from benchmarks.report import arguments, report

ROWS, COLUMNS = 30, 100
EVENTS: Final = 2_000
BURSTS: Final = 8
KEY_EVERY_S: Final = 0.05
FIRST_LETTER: Final = 0x100
"""Letters that nothing else on the screen has: each key typed is seen once."""
LAST: Final = "The last of them was"
RIGHT: Final = b"\x1b[C"
FLOOR: Final = """
from textual.app import App
from textual.widgets import Button
class Floor(App):
    BINDINGS = [("right", "app.focus_next", "Next")]
    def compose(self):
        yield Button("Play now")
        yield Button("New game")
Floor().run()
"""
"""What any program of Textual's costs: importing it, and drawing two buttons."""


@dataclass(slots=True)
class Program:
    """A program in a pseudo-terminal, and all that it has written."""

    process: subprocess.Popen[bytes]
    terminal: int
    began_s: float
    written: bytes = b""

    def read(self, for_s: float) -> None:
        if select.select([self.terminal], [], [], for_s)[0]:
            self.written += os.read(self.terminal, 1 << 16)

    def until(self, wanted: str, for_s: float = 120.0) -> float:
        """When it was written, on the clock of ``began_s``."""
        sought = wanted.encode()
        while sought not in self.written:
            assert time.perf_counter() - self.began_s < for_s, self.written[-2_000:]
            self.read(0.5)
        return time.perf_counter()

    def listen(self, for_s: float) -> None:
        """Read what comes for a while."""
        until_s = time.perf_counter() + for_s
        while (left_s := until_s - time.perf_counter()) > 0:
            self.read(left_s)

    def answers(self, key: bytes, wanted: str) -> float:
        """When ``wanted`` was written once more, after the key."""
        self.written = b""
        os.write(self.terminal, key)
        return self.until(wanted)

    def end(self) -> float:
        """The CPU seconds that it took."""
        self.process.terminate()
        _, _, used = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        os.close(self.terminal)
        return used.ru_utime + used.ru_stime


def started(command: list[str], **more: str) -> Program:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **more}
    began_s = time.perf_counter()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    return Program(process, ours, began_s)


@contextmanager
def server(folder: str) -> Iterator[str]:
    """The address of a server without a model."""
    command = [sys.executable, "-m", "arena.cli.main", "serve", "--model", "none", "--rooms", "0", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--db", f"sqlite:///{folder}/arena.db"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        yield next(found[0] for line in process.stdout if (found := re.search(r"ws://[\d.]+:\d+", line)))
    finally:
        process.terminate()
        process.wait()


def start(times: int) -> dict[str, Any]:
    """Ours and the floor in turns, so that both meet the same load."""
    seen, ready, cpu = [], [], []
    floor_ready, floor_cpu = [], []
    with tempfile.TemporaryDirectory() as folder, server(folder) as url:
        play = [sys.executable, "-m", "arena.cli.main", "play", "--url", url, "--name", "Robin", "--no-train"]
        for _ in range(times):
            program = started(play, XDG_STATE_HOME=folder)
            seen.append(program.until("Social Arena") - program.began_s)
            program.until("Training (t)")
            ready.append(program.answers(RIGHT, "New game") - program.began_s)
            cpu.append(program.end())
            program = started([sys.executable, "-c", FLOOR])
            program.until("New game")
            floor_ready.append(program.answers(RIGHT, "New game") - program.began_s)
            floor_cpu.append(program.end())
    return {
        **_least_and_median("first thing seen", seen),
        **_least_and_median("lobby has answered a key", ready),
        **_least_and_median("the same, CPU", cpu),
        **_least_and_median("empty Textual program has answered a key", floor_ready),
        **_least_and_median("the same of it, CPU", floor_cpu),
    }


def _least_and_median(what: str, took_s: list[float]) -> dict[str, Any]:
    return {
        f"{what}, ms: least": round(1000 * min(took_s)),
        f"{what}, ms: median": round(1000 * statistics.median(took_s)),
    }


def echo() -> dict[str, Any]:
    program = started([sys.executable, "-m", "benchmarks.terminal", "--app"])
    program.until("Your turn")
    took: list[float] = []
    drawn: list[float] = []
    for burst in range(BURSTS):
        time.sleep(1.0)
        program.read(0.1)
        os.kill(program.process.pid, signal.SIGUSR1)
        poured_s, last = time.perf_counter(), f"{LAST} {burst}".encode()
        program.written = b""
        while last not in program.written:
            letter = chr(FIRST_LETTER + len(took))
            typed_s = time.perf_counter()
            os.write(program.terminal, letter.encode())
            took.append(program.until(letter) - typed_s)
            program.listen(KEY_EVERY_S - took[-1])
        drawn.append(time.perf_counter() - poured_s)
    cpu_s = program.end()
    ranked = sorted(took)
    return {
        "keys typed in bursts": len(took),
        "echo, ms: median": round(1000 * statistics.median(took), 1),
        "echo, ms: p95": round(1000 * ranked[int(0.95 * len(took))], 1),
        "echo, ms: longest": round(1000 * ranked[-1], 1),
        f"{EVENTS} messages drawn after, s: median": round(statistics.median(drawn), 2),
        "CPU s in all": round(cpu_s, 2),
    }


def app() -> None:
    """The screens over a canned game, at my turn to speak; SIGUSR1 pours the messages."""
    from arena.games.core import Act, Turn
    from tui.app import ArenaApp
    from tui.canned import CannedGame
    from tui.canned_link import CannedLink
    from tui.screenshots import event

    def answer(turn: Turn) -> Act | None:
        return None if turn.kind == "talk" else Act(choice=turn.choices[0]) if turn.choices else Act(text="I listen.")

    link = CannedLink(CannedGame(0, 3))
    told = list(link.game.play(answer))
    link.put(*told)

    bursts = count()

    def pour() -> None:
        burst = next(bursts)
        for n in range(EVENTS):
            last = n == EVENTS - 1
            words = f"{LAST} {burst}" if last else f"Word number {n}, said by somebody who has a lot to say today."
            link.put(event(1_000 + EVENTS * burst + n, "said", n % 7, words, True, text=words))

    async def run(ready: Callable[[], None]) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, ready)
        await ArenaApp(link, "Robin").run_async()

    asyncio.run(run(pour))


def main() -> None:
    if "--app" in sys.argv:
        app()
        return
    wanted = arguments(__doc__)
    report({**start(3 if wanted.quick else 10), **echo()}, wanted.json)


if __name__ == "__main__":
    main()
