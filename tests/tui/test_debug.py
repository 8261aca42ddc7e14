"""The connection's screen: what it says, what it never says, and copying it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.client.client import Disconnected
from arena.client.happenings import ConnectionLost
from arena.protocol.client_messages import ResumeSeat
from arena.protocol.server_messages import EventHappened, Welcomed
from tests.fakes.arena import FakeArena
from tui.app import ArenaApp
from tui.messages import Received
from tui.screens.debug import DebugScreen
from tui.screenshots import settle

Make = Callable[..., ArenaApp]
HOSTILE = "[bold red]\x1b[2J\u202e" + "x" * 5_000


def shown(app: ArenaApp, id: str) -> str:
    return str(app.screen.query_one(f"#{id}").render())


async def test_it_tells_of_the_connection_and_no_secret(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = FakeArena()
    arena.trace.note("sent", ResumeSeat(room="r", token="hush-hush"))
    arena.trace.note("heard", EventHappened(room="r", seq=0, kind="said", data={}, public=True, line=HOSTILE))
    app = make_app(arena)
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("f12")
        await settle(pilot)
        assert isinstance(app.screen, DebugScreen)
        facts = shown(app, "facts")
        assert all(
            word in facts for word in ("connected", "12.3 ms", arena.url, "tiny-12", "Textual", "1 there, 1 here")
        )
        lines = shown(app, "lines")
        assert "resume_seat" in lines
        assert "[bold red]" in lines, "no markup is obeyed"
        await pilot.press("c")
        await pilot.click("#copy")
        assert len(copied) == 2
        assert "resume_seat" in copied[0]
        for text in (facts, lines, *copied):
            assert "hush-hush" not in text
            assert not set(text) & set("\x1b\u202e")
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, DebugScreen)


async def test_a_lost_connection_and_a_hostile_server(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = FakeArena()

    async def lost() -> float:
        raise Disconnected("gone")

    monkeypatch.setattr(arena, "round_trip_s", lost)
    arena.welcome = Welcomed(server=HOSTILE, games=[], live_checkpoint=HOSTILE)
    app = make_app(arena)
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        await pilot.press("f12")
        app.post_message(Received(ConnectionLost("the cable", 3, 2.0)))
        await settle(pilot)
        facts = shown(app, "facts")
        assert "lost, attempt 3: the cable" in facts
        assert "Round trip  none" in facts
        assert not set(facts) & set("\x1b\u202e")
        await pilot.press("f12")
        await settle(pilot)
        assert not isinstance(app.screen, DebugScreen)
