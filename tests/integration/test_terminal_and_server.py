"""The terminal against the real server, in one process: its screens and its plain lines."""

from __future__ import annotations

import asyncio

from arena.client.reconnecting import reconnecting
from arena.db.writer import LogWriter
from tests.fakes.servers import running
from tui.app import ArenaApp
from tui.plain import play
from tui.screens.end import EndScreen
from tui.screens.table import TableScreen
from tui.widgets.choices import Choices
from tui.wish import Wish


async def test_a_plain_game_to_its_end(writer: LogWriter) -> None:
    out: list[str] = []
    typed: asyncio.Queue[str | None] = asyncio.Queue()
    for line in ("1", "Good morning.", "1", None):
        typed.put_nowait(line)
    async with running(writer) as server, reconnecting(server.url, "Zoë") as arena:
        code = await asyncio.wait_for(
            play(arena, wish=Wish(options={"talk_rounds": 1}), typed=typed, write=out.append), 30
        )
    assert code == 0
    assert out[0].endswith("The dead show their role.")
    assert any(line in ("You won.", "You lost.") for line in out)


async def test_a_game_on_the_screens_to_its_end(writer: LogWriter) -> None:
    async with running(writer) as server, reconnecting(server.url, "Zoë") as arena:
        app = ArenaApp(arena, "Zoë")
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0.2)
            await pilot.press("q")
            for _ in range(400):
                await pilot.pause(0.02)
                if isinstance(app.screen, EndScreen):
                    break
                table = app.world.table
                if isinstance(app.screen, TableScreen) and table is not None and table.my_turn:
                    if app.screen.query_one(Choices).has_focus:
                        await pilot.press("1")
                    else:
                        await pilot.press("h", "i", "enter")
            assert isinstance(app.screen, EndScreen)
            assert app.world.table is not None
            assert app.world.table.notice == ""
