"""Play again: by the same rules where the room was mine, and any seat otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from arena.client.client import RequestRefused
from arena.protocol.server_messages import RoomInfo
from tests.fakes.arena import FakeArena
from tui.app import ArenaApp
from tui.canned import CannedGame
from tui.house_rules import NewGameChoice
from tui.messages import Join, LeaveTable, NewGame
from tui.screens.end import EndScreen
from tui.screens.lobby import LobbyScreen
from tui.screenshots import settle

Make = Callable[..., ArenaApp]
MINE = NewGameChoice(
    "werewolf", {"talk_rounds": 2, "reveal": "side"}, ("open", *["scripted:sly"] * 6), {"private": True, "night_s": 0.0}
)


async def to_the_end(pilot: Pilot[int], arena: FakeArena) -> None:
    arena.skip_to("never")
    await settle(pilot)
    assert isinstance(pilot.app.screen, EndScreen)
    arena.game = CannedGame(0, 6)  # what the next room plays


async def test_with_the_game_options_fills_and_terms_of_the_dialog(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.post_message(NewGame(MINE))
        await settle(pilot)
        await to_the_end(pilot, arena)
        await pilot.press("a")
        await settle(pilot)
        assert arena.created == [dict(MINE.options)] * 2
        assert arena.terms == [{**MINE.terms, "fills": list(MINE.fills or ())}] * 2


async def test_with_the_options_of_the_command_line(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, options={"talk_rounds": 3})
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        await to_the_end(pilot, arena)
        await pilot.press("a")
        await settle(pilot)
        assert arena.created == [{"talk_rounds": 3}] * 2


async def test_any_seat_after_a_game_in_somebody_elses_room(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.post_message(NewGame(MINE))
        await settle(pilot)
        app.post_message(LeaveTable())
        await settle(pilot)
        arena.game = CannedGame(0, 6)
        app.opened = ("another room", MINE)
        app.post_message(Join("KRTWN"))
        await settle(pilot)
        await to_the_end(pilot, arena)
        await pilot.press("a")
        await settle(pilot)
        assert len(arena.created) == 1
        assert arena.asked[-1] == "join None"


class Choosy(FakeArena):
    async def create(self, *args: Any, **kwargs: Any) -> RoomInfo:
        raise RequestRefused("There is no scenario 'x'. Near it: y.", code="room/bad_request")


async def test_what_the_server_refuses_of_the_options_is_told_in_the_lobby(make_app: Make) -> None:
    app = make_app(Choosy(), game="scenario", options={"scenario": "x"})
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert "There is no scenario 'x'" in str(app.screen.query_one("#lobby-notice").render())
