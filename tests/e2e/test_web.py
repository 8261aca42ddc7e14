"""``arena play --web``: the screens behind a page of this machine, by the page's own websocket, and for nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyte
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from arena.errors import UserError
from tests.e2e.terminal import ARENA, COLUMNS, ROOT, ROWS, Server
from tui import web
from tui.wish import Wish

pytest.importorskip("textual_serve")
BLANK_BYTES = 9_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def page(server: Server, tmp_path: Path) -> Iterator[str]:
    """The address of a page, as HOST:PORT."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    play = ["play", "--web", "--url", server.url, "--web-port", str(port), "--name", "$(touch x) Ro'bin"]
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "ARENA_TOKEN": "hush-hush"}
    log = tmp_path / "page.log"
    with log.open("wb") as output:
        program = subprocess.Popen([*ARENA, *play], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            if "The game is at" in log.read_text():
                break
            assert program.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(20)


def processes() -> list[str]:
    """What everybody on this machine can read of every program."""
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()


class Browser:
    """Speaks the page's protocol, and draws what it is sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)

    async def wait_for(self, text: str, for_s: float = 60.0) -> str:
        async with asyncio.timeout(for_s):
            while text not in (shown := "\n".join(self.screen.display)):
                data = await self.socket.recv()
                if isinstance(data, bytes):
                    self.stream.feed(data)
        return shown

    async def press(self, keys: str) -> None:
        await self.socket.send(json.dumps(["stdin", keys]))


@asynccontextmanager
async def browser(page: str, origin: str | None = None) -> AsyncIterator[Browser]:
    address = f"ws://{page}/ws?width={COLUMNS}&height={ROWS}"
    async with connect(address, origin=origin or f"http://{page}", proxy=None, max_size=None) as socket:  # type: ignore[arg-type]
        yield Browser(socket)


def read(page: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(f"http://{page}{path}", headers=headers), timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except HTTPError as error:
        return error.code, dict(error.headers), ""


async def test_the_game_is_played_in_a_page(page: str, tmp_path: Path) -> None:
    async with browser(page) as here:
        assert "$(touch x) Ro'bin" in await here.wait_for("Social Arena"), "the name is no command"
        await here.wait_for("Learn by playing?")  # nothing is remembered here
        await here.press("n")
        await here.press("q")
        await here.wait_for("One question, asked only once")
        await here.press("n")
        await here.wait_for("Only you see this")
        await here.press("\x11")
        await here.wait_for("Leave the game?")
        mine = [c for c in processes() if page.rpartition(":")[2] in c or "Ro'bin" in c]
        assert mine
        assert not any("hush-hush" in c for c in mine), "the token stands in no list of processes"


async def test_the_page_is_for_itself_alone(page: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with browser(page, origin="http://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    assert read(page, "/", Host="evil.example")[0] == 403
    status, headers, text = read(page, "/")
    assert status == 200
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "hush-hush" not in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
async def test_a_browser_draws_it(page: str, tmp_path: Path) -> None:
    """Until then the page shows a few shapes; the lobby needs three times as many bytes."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1000,640", "--remote-debugging-port=0", "--remote-allow-origins=*", f"http://{page}/",
    ]  # fmt: skip
    env = {**os.environ, "HOME": str(tmp_path)}
    log = tmp_path / "chromium.log"
    with log.open("wb") as output:
        chromium = subprocess.Popen(command, stdout=output, stderr=output, env=env)  # noqa: ASYNC220
    try:
        picture = b""
        async with asyncio.timeout(120):
            while not (found := re.search(r"ws://127\.0\.0\.1:(\d+)/devtools", log.read_text(errors="replace"))):
                await asyncio.sleep(0.2)
            listed = await asyncio.to_thread(read, f"127.0.0.1:{found[1]}", "/json")
            (tab,) = [t for t in json.loads(listed[2]) if t["type"] == "page"]
            async with connect(tab["webSocketDebuggerUrl"], proxy=None, max_size=None) as tools:
                while len(picture) < 2 * BLANK_BYTES:
                    await asyncio.sleep(0.5)
                    await tools.send(json.dumps({"id": 1, "method": "Page.captureScreenshot"}))
                    picture = b64decode(json.loads(await tools.recv())["result"]["data"])
        (tmp_path / "page.png").write_bytes(picture)
    finally:
        chromium.terminate()
        chromium.wait(20)


def test_what_the_program_behind_a_page_is_called_with() -> None:
    wish = Wish("-R", None, True, False, True, "scenario", {"scenario": "a b", "turns": 3})
    program = web.arguments("ws://here", "--plain; $(x)", wish, train=False, theme="light")
    assert shlex.split(shlex.join(program)) == list(program)
    assert program[:4] == (sys.executable, "-m", "arena.cli.main", "play")
    assert program[4:] == (
        "--url=ws://here", "--name=--plain; $(x)", "--room=-R", "--game=scenario", "--theme=light",
        "--everything", "--blind", "--no-train", '--option=scenario="a b"', "--option=turns=3",
    )  # fmt: skip


def test_a_game_of_ones_own_is_the_same_behind_a_page() -> None:
    wish = Wish(people=2, others="-x", terms={"private": True, "night_s": 45}, learn=True)
    program = web.arguments("ws://here", "Ann", wish)
    assert program[6:] == (
        "--game=werewolf", "--people=2", "--others=-x", "--learn", "--term=private=true", "--term=night_s=45",
    )  # fmt: skip


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    with pytest.raises(UserError, match=re.escape("pip install 'social-arena[web]'")):
        web.serve(["x"])
