"""What the screens do when the connection, the seat or the match is lost, and on the way into a room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from arena.client.happenings import ConnectionBack, ConnectionLost, SeatGone
from arena.protocol.server_messages import (
    EventHappened,
    RoomJoined,
    SeatChanged,
    SeatInfo,
    SeatLost,
    TurnClosed,
    TurnWarned,
)
from tests.fakes.arena import FakeArena
from tests.tui.test_table import press, text_of, type_
from tui.app import ArenaApp
from tui.canned import CannedGame
from tui.canned_match import ROOM
from tui.memory import KeptSeat, NothingRemembered
from tui.screens.lobby import LobbyScreen
from tui.screens.question import QuestionScreen
from tui.screens.table import TableScreen
from tui.screenshots import settle
from tui.state import Connection
from tui.widgets.draft import Draft

Make = Callable[..., ArenaApp]


class Remembers(NothingRemembered):
    """A memory that was left by an earlier start."""

    def __init__(self, train: bool | None = False, seat: KeptSeat | None = None) -> None:
        self.train, self.kept = train, seat

    def seat(self, room: str | None = None) -> KeptSeat | None:
        return self.kept if self.kept and room in (None, self.kept.room, self.kept.code) else None


SEAT = KeptSeat("ws://x", ROOM, "KRTWN", "secret", 0.0)


def me_as(mind: str) -> SeatChanged:
    return SeatChanged(room=ROOM, seat=SeatInfo(seat=0, name="Ada", mind=mind))


async def put(pilot: Pilot[int], arena: FakeArena, *happenings: object) -> None:
    arena.put(*happenings)  # type: ignore[arg-type]
    await settle(pilot)


async def test_the_table_and_the_draft_stay_through_an_outage(make_app: Make, clock) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await type_(pilot, "half a")
        await put(pilot, arena, ConnectionLost("gone", 1, 4.0))
        assert "Connection lost. Trying again in 4 s (attempt 1)" in text_of(app)
        clock.now_s = 3.0
        app._tick()
        await type_(pilot, " thought")
        page = text_of(app)
        assert "Trying again in 1 s" in page
        assert "half a thought" in page
        table = app.world.table
        assert table is not None
        assert table.turn is not None
        back = RoomJoined(room=table.room, seat=0, resume_token="x", since=table.seen)
        missed = EventHappened(
            room=ROOM, seq=table.seen, kind="said", data={"seat": 1, "text": "I was here"}, public=True, line="x"
        )
        assert arena.game.opened is not None
        opened = arena.game._open(arena.game.opened)
        assert opened.turn_id == table.turn.turn_id
        await put(pilot, arena, back, missed, opened, ConnectionBack())
        page = text_of(app)
        assert "Connection lost" not in page
        assert "I was here" in page
        assert "Your turn" in page
        assert app.screen.query_one(Draft).text == "half a thought"
        await press(pilot, "enter")
        assert arena.acts[-1][1] == "half a thought"


async def test_no_further_attempt_says_why(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        arena.close()
        await settle(pilot)
        assert app.world.connection is Connection.ENDED
        assert "The connection is closed. Ctrl+Q leaves." in text_of(app)
        await press(pilot, "ctrl+q")
    assert app.return_code == 0


async def test_a_stand_in_in_my_seat_is_unmistakable_and_one_key_ends_it(make_app: Make) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await type_(pilot, "wait")
        assert "Take my seat back" not in text_of(app)
        table = app.world.table
        assert table is not None
        assert table.turn is not None
        closed = TurnClosed(room=ROOM, turn_id=table.turn.turn_id, reason="handed_over")
        await put(pilot, arena, closed, me_as("model"))
        page = text_of(app)
        assert "A stand-in plays for you. Ctrl+T takes your seat back." in page
        assert "stand-in" in page
        await press(pilot, "enter")
        assert arena.acts == []
        await press(pilot, "ctrl+t")
        assert arena.asked == [f"take back {ROOM}"]
        await put(pilot, arena, me_as("person"))
        page = text_of(app)
        assert "You play your seat again." in page
        assert "Ctrl+T" not in page
        assert app.screen.query_one(Draft).text == "wait"


async def test_a_warning_rings_and_leaves_the_draft_alone(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    arena = FakeArena()
    arena.skip_to("day1.talk")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await type_(pilot, "so")
        rung: list[int] = []
        monkeypatch.setattr(app, "bell", lambda: rung.append(1))
        assert app.world.table is not None
        assert app.world.table.turn is not None
        warned = TurnWarned(room=ROOM, turn_id=app.world.table.turn.turn_id, remaining_s=25.0)
        await put(pilot, arena, warned, warned)
        assert len(rung) == 1
        assert app.screen.query_one("#turn").has_class("hurry")
        assert "0:25" in text_of(app)
        await type_(pilot, " far")
        assert app.screen.query_one(Draft).text == "so far"


async def test_a_match_that_is_gone_offers_the_lobby(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await put(pilot, arena, ConnectionLost("gone", 1, 0.1), SeatGone(ROOM, "room/unknown", "x"), ConnectionBack())
        assert isinstance(app.screen, TableScreen)
        assert "The server no longer has this match. Enter goes to the lobby." in text_of(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, LobbyScreen)


async def test_another_window_leads_to_the_lobby(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await put(pilot, arena, SeatLost(room=ROOM))
        assert isinstance(app.screen, LobbyScreen)
        assert "You went on in another window" in text_of(app)
    assert not arena.left, "the seat is the other window's"


async def test_the_dead_talk_where_the_room_allows_it(make_app: Make) -> None:
    arena = FakeArena()
    arena.game = CannedGame(0, 6, dead_talk=True)
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        killed = {"seat": 0, "shown": "seer"}
        await put(pilot, arena, EventHappened(room=ROOM, seq=90, kind="killed", data=killed, public=True, line="x"))
        page = text_of(app)
        assert "You are dead" in page
        assert "Only the dead read this" in page
        app.screen.query_one(Draft).focus()
        await type_(pilot, "boo")
        await press(pilot, "enter")
        assert arena.asked[-1] == "to the dead: boo"
        assert app.screen.query_one(Draft).text == ""


async def test_training_is_asked_once_and_sent(make_app: Make) -> None:
    memory = Remembers(train=None)
    arena = FakeArena()
    app = make_app(arena, memory=memory)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "q")
        assert isinstance(app.screen, QuestionScreen)
        assert "used for training?" in text_of(app)
        assert arena.asked == []
        await press(pilot, "y")
        assert memory.train is True
        assert arena.asked == ["join None train"]


async def test_a_blind_room_asks_for_agreement(make_app: Make) -> None:
    arena = FakeArena()
    arena.blind = True
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j")
        await type_(pilot, "krtwn")
        await press(pilot, "enter")
        assert "nobody is told" in " ".join(text_of(app).split())
        await press(pilot, "y")
        assert isinstance(app.screen, TableScreen)
    assert arena.asked == ["join krtwn", "join krtwn blind"]


async def test_no_to_a_blind_room_stays_in_the_lobby(make_app: Make) -> None:
    arena = FakeArena()
    arena.blind = True
    app = make_app(arena, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        assert isinstance(app.screen, LobbyScreen)
        assert not app.world.joining
    assert arena.asked == [f"join {ROOM}"]


async def test_a_kept_seat_is_offered(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena, memory=Remembers(seat=SEAT))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Go back to your match?" in text_of(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, TableScreen)
    assert arena.asked == [f"resume {ROOM} secret"]


@pytest.mark.parametrize("wish", [{"resume": True}, {"room": "KRTWN"}])
async def test_a_kept_seat_is_taken_where_it_is_asked_for(make_app: Make, wish: dict[str, object]) -> None:
    arena = FakeArena()
    app = make_app(arena, memory=Remembers(seat=SEAT), **wish)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
    assert arena.asked == [f"resume {ROOM} secret"]


async def test_nothing_to_go_back_to_is_said(make_app: Make) -> None:
    app = make_app(FakeArena(), resume=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "There is no match to go back to" in text_of(app)


async def test_the_maker_of_a_waiting_room_tells_its_code_and_begins(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        arena.hold = True
        await press(pilot, "n", "ctrl+o")
        page = text_of(app)
        assert "Tell others this code:  KRTWN" in page
        assert "arena play --room KRTWN" in page
        assert "Begin now" in page
        await press(pilot, "ctrl+g")
        assert arena.asked[-1] == f"begin {ROOM}"
        arena.release()
        await settle(pilot)
        page = text_of(app)
        assert "Begin now" not in page
        assert "Whom do you look at tonight?" in page


async def test_watching_everything_is_asked_of_the_server(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        assert app.world.everything
        assert arena.asked[0] == "watch room-wqxvr everything"
