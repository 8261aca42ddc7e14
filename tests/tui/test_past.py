"""The games that are over: the list by keys and mouse, its pages, and the way into a replay and back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from arena.client.client import RequestRefused
from arena.protocol.match_rows import MatchPlace, PastMatch
from arena.protocol.recording import Recording
from arena.protocol.server_messages import MatchesListed
from tests.fakes.arena import FakeArena
from tests.tui.test_boards import MEAN, opened
from tests.tui.test_store import HOSTILE
from tests.tui.test_table import Make, press, text_of
from tui import canned_past, store
from tui.screens.end import EndScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.past import PastScreen
from tui.screens.replay import ReplayScreen
from tui.screenshots import settle
from tui.state import World
from tui.widgets.past_list import PastList

OVER = canned_past.matches().matches


def page_of(app: Any) -> list[PastMatch]:
    assert isinstance(app.screen, PastScreen)
    return list(app.screen.query_one(PastList).matches)


@pytest.mark.parametrize("way", ["key", "button", "palette"])
async def test_the_list_opens_from_the_lobby_and_escape_leads_back(make_app: Make, way: str) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        if way == "palette":
            (command,) = [c for c in app.get_system_commands(app.screen) if c.title == "past games: Open"]
            command.callback()
            await settle(pilot)
        else:
            await opened(app, pilot, way, "past", "p")
        assert isinstance(app.screen, PastScreen)
        assert "matches None" in arena.asked
        shown = text_of(app)
        assert f"{OVER[0].code}  7 min   Werewolf        village" in shown
        assert "no werewolf left · Werewolf · 7 models" in shown
        await press(pilot, "escape")
        assert isinstance(app.screen, LobbyScreen)


async def test_pages_of_older_and_newer_games(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "n")
        assert page_of(app) == OVER
        assert "page 1, more below" in text_of(app)
        await press(pilot, "down", "o")
        assert arena.asked[-1] == f"matches {OVER[-1].place}"
        assert len(page_of(app)) == canned_past.OVER - canned_past.PAGE
        assert "page 2" in text_of(app)
        asked = len(arena.asked)
        await press(pilot, "o")
        assert len(arena.asked) == asked, "there is nothing older"
        await press(pilot, "down")
        assert app.screen.query_one(PastList).marked() == page_of(app)[1], "the arrows go on"
        await press(pilot, "n")
        assert page_of(app) == OVER
        for title in ("past games: Older", "past games: Newer"):
            (command,) = [c for c in app.get_system_commands(app.screen) if c.title == title]
            command.callback()
            await settle(pilot)
        assert page_of(app) == OVER


async def test_a_page_that_was_left_is_not_shown_as_another_one(make_app: Make) -> None:
    """The answer for the first page comes when the second is looked at."""
    gate = asyncio.Event()

    class Slow(FakeArena):
        async def matches(self, before: MatchPlace | None = None) -> MatchesListed:
            if before is not None:
                await gate.wait()
            return await super().matches(before)

    app = make_app(Slow())
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "o")
        assert page_of(app) == []
        assert "Asking the server" in text_of(app)
        await press(pilot, "r", "enter")
        assert isinstance(app.screen, PastScreen)
        gate.set()
        await settle(pilot)
        assert len(page_of(app)) == canned_past.OVER - canned_past.PAGE


@pytest.mark.parametrize("by", ["r", "enter", "mouse", "palette"])
async def test_a_game_opens_as_a_replay(make_app: Make, by: str) -> None:
    read = []

    class Reading(FakeArena):
        async def recording(self, room: str) -> Recording:
            read.append(room)
            return await super().recording(room)

    app = make_app(Reading())
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "down", "down")
        assert "Social scenario · 2" in text_of(app) or "1 person" in text_of(app)
        if by == "mouse":
            await pilot.click(PastList, offset=(5, 2))
            await settle(pilot)
        elif by == "palette":
            (command,) = [c for c in app.get_system_commands(app.screen) if c.title == "past games: Replay"]
            command.callback()
            await settle(pilot)
        else:
            await press(pilot, by)
        assert read == [OVER[2].match]
        assert isinstance(app.screen, ReplayScreen)
        await press(pilot, "v", "s", "escape")
        assert isinstance(app.screen, PastScreen)
        assert app.screen.query_one(PastList).marked() == OVER[2]
        assert "Reading the match" not in text_of(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, LobbyScreen)


async def test_what_the_server_refuses_is_said_in_the_list(make_app: Make) -> None:
    class Forgetful(FakeArena):
        async def recording(self, room: str) -> Recording:
            raise RequestRefused("There is no such match \x1b[2Jthat you were in.", code="room/bad_request")

    arena = Forgetful()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "r")
        assert isinstance(app.screen, PastScreen)
        assert "There is no such match that you were in." in text_of(app).replace("[2J", "")
        await press(pilot, "down")
        assert "There is no such match" not in text_of(app)
        arena.refuse_boards = ("server/not_read", "They cannot be read just now; try again later.")
        app.screen.ask()
        await settle(pilot)
        assert "They cannot be read just now" in text_of(app)


async def test_who_has_gone_on_is_not_taken_into_a_replay(make_app: Make) -> None:
    gate = asyncio.Event()

    class Slow(FakeArena):
        async def recording(self, room: str) -> Recording:
            await gate.wait()
            return await super().recording(room)

    app = make_app(Slow())
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "r")
        assert "Reading the match" in text_of(app)
        await press(pilot, "escape")
        gate.set()
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)


async def test_after_a_game_the_list_is_read_anew(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "escape", "q")
        arena.skip_to("never")
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        await press(pilot, "l", "p")
        assert arena.asked.count("matches None") == 2


async def test_an_empty_list_says_so(make_app: Make) -> None:
    arena = FakeArena()
    arena.matches_told = canned_past.no_matches
    app = make_app(arena)
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "r", "o", "n", "enter")
        assert isinstance(app.screen, PastScreen)
        assert "No game is over yet" in text_of(app)


@pytest.mark.parametrize("text", [*MEAN, *HOSTILE])
async def test_what_is_shown_is_clean_and_finite(make_app: Make, text: str) -> None:
    mean = OVER[0].model_copy(
        update={
            **dict.fromkeys(("match", "game", "code", "winner", "reason"), text),
            "minds": [text] * 500, "age_s": float("inf"), "lasted_s": float("nan"), "seat": 10**9,
        }
    )  # fmt: skip
    told = MatchesListed(before=None, matches=[mean], more=False)
    (kept,) = (store.receive(World(), told, 0.0).past or told).matches
    assert kept.match == text, "an id is sent back as it came"
    assert (kept.age_s, kept.lasted_s, len(kept.minds)) == (0.0, 0.0, 64)
    arena = FakeArena()
    arena.matches_told = lambda before: told
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        shown = text_of(app)
        assert not any(ord(c) < 32 and c != "\n" for c in shown)
        assert "\u202e" not in shown
