"""A very long talk: it comes in at once, keys have their turn, and every line of it can be read."""

from __future__ import annotations

import pytest

from arena.games.core import Event
from arena.games.werewolf.view import SeatView, view
from tui.app import ArenaApp
from tui.canned_link import CannedLink
from tui.screens.table import TableScreen
from tui.screenshots import at_table, event, settle
from tui.widgets.chat import MOST, PORTION, Chat
from tui.widgets.chat_line import ChatLine

SAID = 700


def poured(app: ArenaApp) -> None:
    link = app.link
    assert isinstance(link, CannedLink)
    link.put(*(event(1_000 + n, "said", n % 7, f"word {n}", True, text=f"word {n}") for n in range(SAID)))


def lines(app: ArenaApp) -> list[str]:
    return [line.line.text for line in app.screen.query_one(Chat).query_children(ChatLine)]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_newest_are_drawn_and_all_can_be_scrolled_to(size: tuple[int, int]) -> None:
    app, prepare = at_table("day2.talk")
    async with app.run_test(size=size) as pilot:
        await prepare(pilot)
        assert isinstance(app.screen, TableScreen)
        first = lines(app)[0]
        poured(app)
        await settle(pilot)
        await settle(pilot)
        chat = app.screen.query_one(Chat)
        assert lines(app)[-1] == f"word {SAID - 1}"
        assert len(lines(app)) <= MOST + PORTION
        assert chat.is_vertical_scroll_end
        for _ in range(400):
            if lines(app)[0] == first and chat.scroll_y == 0:
                break
            await pilot.press("pageup")
            await pilot.pause()
        shown = lines(app)
        assert shown[0] == first
        assert shown[-SAID:] == [f"word {n}" for n in range(SAID)], "in their order, and each once"
        before = chat.scroll_y
        link = app.link
        assert isinstance(link, CannedLink)
        link.put(event(9_000, "said", 1, "one more", True, text="one more"))
        await settle(pilot)
        assert lines(app)[-1] == "one more"
        assert chat.scroll_y == before, "who reads older talk is not torn away"


async def test_what_is_typed_meanwhile_is_kept() -> None:
    app, prepare = at_table("day2.talk")
    async with app.run_test(size=(80, 24)) as pilot:
        await prepare(pilot)
        poured(app)
        for key in "finn":
            await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, TableScreen)
        assert app.screen.turn.query_one("#draft").text == "finn"  # type: ignore[attr-defined]


def test_a_view_one_event_further_is_the_view_of_all_events() -> None:
    app, _ = at_table(None)
    link = app.link
    assert isinstance(link, CannedLink)
    seen: list[Event] = []
    folded = SeatView()
    while not link.queue.empty():
        message = link.queue.get_nowait()
        if getattr(message, "kind", None) and hasattr(message, "data"):
            seen.append(Event(message.kind, message.data))  # type: ignore[union-attr]
            before, known = folded, view(seen[:-1])
            folded = folded.after(seen[-1])
            assert before == known, "it stays as it was"
            assert folded == view(seen)
    assert folded.roles
