"""The key paths at the table, driven by keys and mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from arena.protocol.server_messages import EventHappened, TurnOpened
from tests.fakes.arena import FakeArena
from tests.tui.test_store import HOSTILE
from tui.app import ArenaApp
from tui.canned_match import ROOM
from tui.screens.end import EndScreen
from tui.screens.help import HelpScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.new_game import NewGameScreen
from tui.screens.question import QuestionScreen
from tui.screens.table import TableScreen
from tui.screenshots import settle
from tui.widgets.chat import Chat
from tui.widgets.chat_line import ChatLine
from tui.widgets.choices import Choices
from tui.widgets.draft import Draft
from tui.widgets.pick import Pick
from tui.widgets.private_panel import PrivatePanel
from tui.widgets.seat_list import SeatList
from tui.widgets.too_small import TooSmall
from tui.widgets.turn_panel import TurnPanel
from tui.widgets.vote_matrix import VoteMatrix

Make = Callable[..., ArenaApp]


def text_of(app: ArenaApp) -> str:
    """What stands on the screen, row by row."""
    width = app.size.width
    rows = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text[:width].rstrip() for strip in rows)


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def type_(pilot: Pilot[int], text: str) -> None:
    await press(pilot, *("space" if c == " " else "full_stop" if c == "." else c for c in text))


async def test_a_whole_game_by_keys(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        await press(pilot, "q")
        assert isinstance(app.screen, TableScreen)
        for _ in range(40):
            if not isinstance(app.screen, TableScreen):
                break
            table = app.world.table
            assert table is not None
            assert table.my_turn
            assert table.turn is not None
            if table.turn.choices:
                await press(pilot, "1")
            else:
                await type_(pilot, "I doubt Finn")
                await press(pilot, "enter")
        assert isinstance(app.screen, EndScreen)
        page = text_of(app)
        assert "Ada" in page
        assert "seer" in page
        assert "werewolf" in page
        assert app.screen.query_one("#again", Button).has_focus
    assert ("day1.talk1", "I doubt Finn", None) in arena.acts


async def test_a_choice_by_number_is_shown_and_sent(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Whom do you look at tonight?" in text_of(app)
        assert "Your turn" in str(app.screen.query_one(TurnPanel).border_title)
        arena.hold = True
        await press(pilot, "2")
        assert "You chose Cleo." in text_of(app)
        arena.release()
        await settle(pilot)
    assert arena.acts[0] == ("night1.check", "", "Cleo")


async def test_a_choice_by_arrows(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "right", "right", "left", "enter")
    assert arena.acts[0][2] == "Cleo"


async def test_a_choice_by_mouse(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        choices = app.screen.query_one(Choices)
        await pilot.click(choices, offset=(choices._cell_width() + 3, 0))
        await settle(pilot)
    assert arena.acts[0][2] == "Cleo"


@pytest.mark.parametrize(
    ("turn", "key"), [("night1", "0"), ("night1", "ctrl+n"), ("day1.talk", "ctrl+n"), ("day1.vote", "0")]
)
async def test_passing_has_its_own_key(make_app: Make, turn: str, key: str) -> None:
    arena = FakeArena()
    arena.skip_to(turn)
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, key)
    assert arena.acts[0][1:] == ("", None)


async def test_enter_on_an_empty_draft_sends_nothing(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert "Ctrl+N" in text_of(app)
    assert arena.acts == []


async def test_a_draft_from_before_my_turn_stays(make_app: Make) -> None:
    arena = FakeArena(seed=6)
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        arena.hold = True
        await type_(pilot, "first")
        await press(pilot, "enter")
        arena.release(lambda m: m.type == "turn_closed")
        await settle(pilot)
        draft = app.screen.query_one(Draft)
        assert draft.text == ""
        await type_(pilot, "later words")
        await press(pilot, "enter")
        assert "not your turn yet" in text_of(app)
        arena.release()  # the vote opens
        await settle(pilot)
        assert app.world.table is not None
        assert app.world.table.turn is not None
        assert app.world.table.turn.kind == "vote"
        assert draft.has_focus, "the focus stays with what is being typed"
        await type_(pilot, "1")
        assert draft.text == "later words1"
        assert len(arena.acts) == 1
        await press(pilot, "tab") if not app.screen.query_one(Choices).has_focus else None
        if not app.screen.query_one(Choices).has_focus:
            await press(pilot, "shift+tab")
        await press(pilot, "1")
        assert arena.acts[1][0] == "day1.vote"
        assert draft.text == "later words1"


async def test_a_refused_act_is_told_beside_the_input_and_nothing_is_lost(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    arena.refuse_next = ("act/not_stored", "x")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await type_(pilot, "hear me")
        await press(pilot, "enter")
        assert "could not save that" in text_of(app)
        assert app.screen.query_one(Draft).text == "hear me"
        await press(pilot, "enter")
        assert [a[1] for a in arena.acts] == ["hear me", "hear me"]
        assert "could not save that" not in text_of(app)


async def test_too_long_a_text_is_not_sent(make_app: Make) -> None:
    arena = FakeArena(options={"text_limit": 20})
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.screen.query_one(Draft).text = "x" * 25
        await press(pilot, "enter")
        assert "Too long by 5 characters" in text_of(app)
    assert arena.acts == []


async def test_my_turn_rings_once(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    rung: list[int] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert len(rung) == 1
        await type_(pilot, "2")
        assert len(rung) == 2


async def test_the_time_runs_down(make_app: Make, clock) -> None:
    app = make_app(FakeArena(), room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "0:45" in text_of(app)
        clock.now_s = 40.0
        app._tick()
        await settle(pilot)
        assert "0:05" in text_of(app)
        assert app.screen.query_one(TurnPanel).has_class("hurry")


async def test_the_dead_see_that_they_are_dead_and_watch_on(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        arena.hold = True
        await settle(pilot)
        died = EventHappened(
            room=ROOM,
            seq=90,
            kind="killed",
            data={"seat": 0, "shown": "seer"},
            public=True,
            line="Ada was killed: the seer.",
        )
        arena.hold = False
        arena.put(died)
        await settle(pilot)
        # The canned game leaves my turn open, which a server closes: even so the dead are asked nothing.
        page = text_of(app)
        assert "You are dead" in page
        assert "Ada was killed" in page


async def test_votes_appear_as_a_matrix(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("night2")
    app = make_app(arena)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        matrix = app.screen.query_one(VoteMatrix)
        assert matrix.display
        assert "Day 1" in matrix.render().plain


async def test_help_and_back_keep_the_draft(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await type_(pilot, "so far")
        await press(pilot, "f1")
        assert isinstance(app.screen, HelpScreen)
        assert "The point" in text_of(app)
        await press(pilot, "escape")
        assert app.screen.query_one(Draft).text == "so far"


async def test_the_palette_speaks_in_groups(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        titles = [c.title for c in app.get_system_commands(app.screen)]
        assert "game: Leave" in titles
        assert all(": " in t for t in titles)
        await press(pilot, "ctrl+p")
        await type_(pilot, "light")
        await pilot.pause(0.3)
        await press(pilot, "enter")
        await settle(pilot)
        assert app.theme == "arena-light"


async def test_leaving_a_game_asks_and_gives_the_seat_up(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+q")
        assert isinstance(app.screen, QuestionScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, TableScreen)
        assert not arena.left
        await press(pilot, "ctrl+q", "y")
        assert arena.left
    assert app.return_code == 0


async def test_play_again_and_lobby_from_the_end(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("never")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, TableScreen)
        await press(pilot, "enter")
        assert isinstance(app.screen, EndScreen)
        await press(pilot, "l")
        assert isinstance(app.screen, LobbyScreen)
        assert app.world.table is None


async def test_watching_shows_no_input(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, watch=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, EndScreen)
        await press(pilot, "escape")
        assert not app.screen.query_one(Draft).display


async def test_a_lost_connection_is_told(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        arena.close()
        await settle(pilot)
        assert "no connection" in text_of(app)


async def test_a_terminal_too_small_says_so(make_app: Make) -> None:
    app = make_app(FakeArena(), room=ROOM)
    async with app.run_test(size=(59, 16)) as pilot:
        await settle(pilot)
        page = text_of(app)
        assert "too small" in page
        assert "Whom" not in page
        await pilot.resize_terminal(60, 16)
        await settle(pilot)
        assert not app.screen.query_one(TooSmall).display
        assert "Whom do you look at" in text_of(app)


@pytest.mark.parametrize("size", [(60, 16), (120, 36)])
async def test_hostile_text_is_shown_as_text(make_app: Make, size: tuple[int, int]) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for i, text in enumerate(HOSTILE):
            arena.put(
                EventHappened(
                    room=ROOM, seq=100 + i, kind="said", data={"seat": 1, "text": text}, public=True, line=text
                )
            )
        arena.put(
            EventHappened(
                room=ROOM, seq=200, kind="pack_said", data={"seat": 2, "text": HOSTILE[4]}, public=False, line=""
            ),
            EventHappened(
                room=ROOM, seq=201, kind="started", public=True, line=HOSTILE[4],
                data={"names": [HOSTILE[4], HOSTILE[0], "‮x", *HOSTILE[5:9]], "options": {}, "cast": {}},
            ),
            TurnOpened(
                room=ROOM, turn_id="evil", kind="vote", question=HOSTILE[4], choices=[HOSTILE[4], HOSTILE[1]],
                text_limit=0, may_pass=True, deadline_s=None, remaining_s=None,
            ),
        )  # fmt: skip
        await settle(pilot)
        page = text_of(app)
        assert not any(ord(c) < 32 and c != "\n" for c in page)
        assert "‮" not in page
        assert "[/] [bold] [TODO] x" in app.screen.query_one(TurnPanel).table.turn.question  # type: ignore[union-attr]
        assert "[/] [bold] [TODO] x" in page
        for widget in (SeatList, PrivatePanel, Chat):
            assert app.screen.query_one(widget).is_mounted
        assert len(app.screen.query(ChatLine)) > len(HOSTILE)
        await press(pilot, "1")
    assert arena.acts[-1][2] == HOSTILE[4], "the choice goes back as it came"


async def test_a_pasted_escape_never_reaches_the_draft(make_app: Make) -> None:
    from textual import events

    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.screen.query_one(Draft).post_message(events.Paste("a\x1b]52;c;x\x07b\nc"))
        await settle(pilot)
        assert app.screen.query_one(Draft).text == "a]52;c;xb c"


async def test_options_given_on_the_command_line_open_a_game(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, options={"talk_rounds": 3})
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "q")
        assert arena.created == [{"talk_rounds": 3}]
        assert arena.asked == [f"join {ROOM}"]


async def test_a_new_game_with_chosen_options(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        screen = app.screen
        assert isinstance(screen, NewGameScreen)
        for name, times in (("discussion", 1), ("talk_rounds", 1), ("people", 2), ("private", 1), ("fill", 2)):
            screen.query_one(f"#{name}", Pick).focus()
            await press(pilot, *["right"] * times)
        screen.query_one("#show_all_after_s", Pick).focus()
        await press(pilot, "left")
        assert "at once" in text_of(app)
        await press(pilot, "ctrl+o")
        assert arena.created == [{"talk_rounds": 2, "discussion": "parallel"}]
        (terms,) = arena.terms
        assert sorted(terms.pop("fills")) == ["open"] * 3 + ["scripted:bold"] * 4
        assert terms == {"private": True, "show_all_after_s": 0.0}
        assert app.world.mine == ROOM


async def test_a_tick_before_the_widgets_are_there_is_harmless(make_app: Make) -> None:
    app = make_app(FakeArena(), room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = TableScreen(app.world, 0.0)
        screen.tick(app.world, 1.0)
        screen.hear(app.world, 1.0)
