"""Only what is in sight is drawn; what comes back into sight shows what it missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.protocol.server_messages import RoomsListed
from tests.fakes.arena import FakeArena
from tests.tui.test_table import press, text_of
from tui.app import ArenaApp
from tui.canned_link import sample_rooms
from tui.screens.end import EndScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.table import TableScreen
from tui.screenshots import settle


async def test_a_lobby_under_a_table_rests_and_is_fresh_when_it_is_back(
    make_app: Callable[..., ArenaApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    for kind in (LobbyScreen, TableScreen):
        hear = kind.hear
        monkeypatch.setattr(
            kind, "hear", lambda self, *now, hear=hear: (heard.append(type(self).__name__), hear(self, *now))
        )
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "q")
        heard.clear()
        arena.skip_to("day1.vote")
        await settle(pilot)
        assert set(heard) == {"TableScreen"}
        await press(pilot, "f1")
        heard.clear()
        app.hear(RoomsListed(rooms=[]))
        await settle(pilot)
        assert set(heard) == {"TableScreen"}, "it shows through from below the help"
        await press(pilot, "escape")
        arena.skip_to("never")
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        app.hear(RoomsListed(rooms=[sample_rooms()[0]]))
        await press(pilot, "l")
        assert isinstance(app.screen, LobbyScreen)
        assert sample_rooms()[0].code in text_of(app)
