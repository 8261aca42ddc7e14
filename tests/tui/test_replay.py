"""The replay: its steps as pure functions, then by keys and mouse, and with hostile text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from arena.client.client import RequestRefused
from arena.errors import UserError
from arena.games.core import visible
from arena.protocol.recording import Recording
from tests.fakes.arena import FakeArena
from tests.tui.test_store import HOSTILE
from tests.tui.test_table import Make, press, text_of
from tui import replay as steps
from tui.app import ArenaApp
from tui.canned import CannedGame
from tui.canned_match import ROOM
from tui.canned_recording import recorded
from tui.canned_scenario import CannedScenario
from tui.replay import Replay, opened
from tui.replay_app import ReplayApp
from tui.replay_table import ReplayTable
from tui.screens.end import EndScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen
from tui.screens.replay_keys import ReplayKeys
from tui.screenshots import settle
from tui.widgets.chat_line import ChatLine
from tui.widgets.eyes import Eyes
from tui.widgets.heat_map import HeatMap, map_rows, short_names
from tui.widgets.private_panel import PrivatePanel
from tui.widgets.room_list import RoomList
from tui.widgets.this_turn import turn_rows
from tui.widgets.timeline import Timeline


def recording(seed: int = 3, *, beliefs: bool = True, **options: Any) -> Recording:
    match = CannedGame(None, seed, options)
    for _ in match.run():
        pass
    return recorded(match, beliefs=beliefs)


CANNED = recording()
LIES = recording(seed=6)


def plain(rows: Any) -> str:
    return "\n".join(row.plain for row in rows)


# -- steps -------------------------------------------------------------------------------------------------------------


def test_turns_go_to_both_ends_and_no_further() -> None:
    at = opened(CANNED)
    assert at.position.startswith("Turn 1 of ")
    assert steps.moved(at, -1) == at
    last = steps.moved(at, 10_000)
    assert last.at == len(last.turns) - 1
    assert last.seen == len(CANNED.events)
    assert last.phase == "Over"
    assert steps.moved(steps.moved(at, 3), -3) == at


def test_phases_begin_where_they_begin() -> None:
    at = opened(CANNED)
    there = []
    while (after := steps.to_phase(at, 1)) != at:
        at = after
        there.append(at.phase)
    assert there[:4] == ["Night 1", "Day 1", "Day 1, vote", "Night 2"]
    back = steps.to_phase(steps.moved(at, -1), -1)
    assert back.at < at.at
    assert steps.to_phase(opened(CANNED), -1).at == 0


def test_marks_are_gone_through_forwards_and_backwards() -> None:
    at = opened(LIES)
    for kind in ("death", "vote", "lie"):
        places = sorted({m.event for m in LIES.marks if m.kind == kind})
        assert places, f"the canned match has a {kind}"
        one = at
        for place in places:
            one = steps.to_mark(one, kind, 1)
            assert place in range(one.turn.start, one.turn.end)
            assert kind in {m.kind for m in one.marks_here()}
        assert steps.to_mark(one, kind, 1) == one, "there is no further one"
        for place in reversed(places[:-1]):
            one = steps.to_mark(one, kind, -1)
            assert place in range(one.turn.start, one.turn.end)


def test_other_eyes_stay_at_the_moment() -> None:
    at = steps.to_mark(opened(CANNED), "vote", 1)
    for seat in range(7):
        one = steps.through(at, seat)
        assert one.turn.start <= at.turn.start
        assert {t.decision.seat for t in one.turns if t.decision} <= {seat}
        assert not any(m.secret and m.seat != seat for m in one.marks)
    assert steps.through(steps.through(at, 3), None).turns == at.turns
    assert steps.through(at, 99) == at
    seen = [at := steps.through_next(at)][0]
    assert seen.eyes == 0
    assert steps.through_next(steps.through(at, 6)).eyes is None
    assert steps.through_next(steps.through(at, None), -1).eyes == 6


def test_the_message_that_moved_most() -> None:
    at = steps.to_most(opened(CANNED))
    assert at.most is not None
    assert at.turn.start <= at.most.event < at.turn.end
    assert CANNED.events[at.most.event].kind == "said"
    without = opened(CANNED.model_copy(update={"beliefs": ()}))
    assert steps.to_most(without) == without


@pytest.mark.parametrize(
    "broken",
    [
        {"events": ()},
        {"seats": CANNED.seats[:3]},
        {"decisions": CANNED.decisions[::-1]},
        {"decisions": (CANNED.decisions[0].model_copy(update={"own": 10**9}),)},
        {"decisions": (CANNED.decisions[0].model_copy(update={"seat": -1}),)},
        {"marks": (CANNED.marks[0].model_copy(update={"event": -1}),)},
        {"beliefs": (CANNED.beliefs[0].model_copy(update={"seat": 70}),)},
        {"phases": (CANNED.phases[0].model_copy(update={"event": 10**9}),)},
    ],
)
def test_what_does_not_fit_together_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        opened(CANNED.model_copy(update=broken))


# -- what is shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: CannedGame(None, 3), lambda: CannedScenario(None)])
def test_a_seat_sees_its_own_stream_and_nothing_else(make: Any) -> None:
    """What the screen has of a seat's eyes is made from exactly what ``visible`` gives that seat."""
    match = make()
    for _ in match.run():
        pass
    whole = recorded(match, beliefs=True)
    for seat in range(len(whole.seats)):
        table = ReplayTable(whole, seat).after(len(whole.events))
        told = list(visible([e.event for e in whole.events], seat))
        assert [(e.kind, e.audience.is_public) for e in table.events] == [(e.kind, e.audience.is_public) for e in told]
        assert table.seen == len(told)


def test_hidden_from_a_seat_nothing_changes_what_its_eyes_see() -> None:
    """Two matches that differ in what others thought, chose and whispered look the same through these eyes."""

    def pages(whole: Recording, seat: int) -> list[str]:
        at = steps.with_map(steps.through(opened(whole), seat), True)
        tables = ReplayTable(at.recording, seat)
        shown = []
        for n in range(len(at.turns)):
            here = steps.to(at, n)
            table = tables.after(here.seen)
            shown.append(f"{here.position}\n{plain(turn_rows(here, 40))}\n{plain(map_rows(here, 60))}")
            shown += [f"{line}" for line in table.lines] + [f"{note}" for note in table.notes]
        return shown

    seat = 3
    changed = CANNED.model_copy(
        update={
            "events": tuple(
                e
                if e.audience is None or seat in e.audience
                else e.model_copy(update={"line": "SECRET", "data": {**e.data, "text": "SECRET", "target": 6}})
                for e in CANNED.events
            ),
            "decisions": tuple(
                d
                if d.seat == seat
                else d.model_copy(update={"thought": "SECRET", "text": "SECRET", "choice": "SECRET"})
                for d in CANNED.decisions
            ),
            "beliefs": tuple(
                b.model_copy(update={"true": ()} if b.seat == seat else {"true": (), "of": dict.fromkeys(b.of, 0.9)})
                for b in CANNED.beliefs
            ),
            "marks": tuple(
                m if not m.secret or m.seat == seat else m.model_copy(update={"says": "SECRET"}) for m in CANNED.marks
            ),
        }
    )
    assert pages(changed, seat) == pages(CANNED, seat)
    assert "SECRET" in "".join(pages(changed, 2)), "for others it is another match"


def test_going_back_shows_what_was_there() -> None:
    tables = ReplayTable(CANNED, None)
    forwards = [tables.after(n) for n in range(len(CANNED.events) + 1)]
    assert [tables.after(n) for n in reversed(range(len(CANNED.events) + 1))] == forwards[::-1]
    assert forwards[-1].over
    assert not forwards[3].over


def test_options_stand_with_their_probabilities() -> None:
    at = opened(CANNED)
    vote = next(n for n, t in enumerate(at.turns) if t.decision and t.decision.kind == "vote")
    here = steps.to(at, vote)
    assert here.decision is not None
    page = plain(turn_rows(here, 40))
    for option in here.decision.options:
        assert f"{100 * (option.probability or 0):.0f} %" in page
    assert f"▸ {here.decision.choice}" in page
    assert here.decision.thought is not None
    assert here.decision.thought[:20] in page


def test_the_map_can_be_read_without_colour() -> None:
    at = steps.to_mark(opened(CANNED), "vote", 1)
    page = plain(map_rows(at, 70))
    assert "◆Cleo" in page
    assert "◆Finn" in page
    found = next(b for b in CANNED.beliefs if b.seen == max(b.seen for b in CANNED.beliefs if b.seen <= at.seen))
    row = next(line for line in page.splitlines() if line.startswith(CANNED.names[found.seat]))
    assert [int(n) for n in row.split()[1:] if n != "·"] == [round(100 * p) for p in found.of.values()]
    mine = plain(map_rows(steps.through(at, 1), 70))
    assert "◆" not in mine, "a seat does not know the truth"
    assert not any(line.startswith("Ada ") for line in mine.splitlines()[1:3])
    assert "arena replay" in plain(map_rows(opened(recording(beliefs=False)), 70))


# -- keys and mouse ----------------------------------------------------------------------------------------------------


def screen_of(pilot: Pilot[Any]) -> ReplayScreen:
    assert isinstance(pilot.app.screen, ReplayScreen)
    return pilot.app.screen


def at_of(pilot: Pilot[Any]) -> Replay:
    return screen_of(pilot).replay


async def test_every_key() -> None:
    app = ReplayApp(opened(LIES))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)  # type: ignore[arg-type]
        for forth, back in (("right", "left"), ("l", "h"), ("pagedown", "pageup"), ("end", "home")):
            await press(pilot, forth)
            assert at_of(pilot).at > 0
            await press(pilot, back)
            assert at_of(pilot).at == 0
        for key, kind in (("d", "death"), ("v", "vote"), ("x", "lie")):
            await press(pilot, "home", key)
            assert kind in {m.kind for m in at_of(pilot).marks_here()}
            await press(pilot, "end", key.upper())
            assert kind in {m.kind for m in at_of(pilot).marks_here()}
        await press(pilot, "s")
        assert app.screen.query_one("#suspicion").display
        assert "in percent" in text_of(app)  # type: ignore[arg-type]
        await press(pilot, "m")
        assert at_of(pilot) == steps.to_most(at_of(pilot))
        assert "Beliefs moved" in text_of(app)  # type: ignore[arg-type]
        await press(pilot, "4")
        assert at_of(pilot).eyes == 3
        assert "through Dan" in text_of(app)  # type: ignore[arg-type]
        assert "Only Dan saw this" in text_of(app)  # type: ignore[arg-type]
        await press(pilot, "tab")
        assert at_of(pilot).eyes == 4
        await press(pilot, "shift+tab", "0")
        assert at_of(pilot).eyes is None
        assert not app.screen.query_one(PrivatePanel).display
        await press(pilot, "f1")
        assert isinstance(app.screen, ReplayKeys)
        assert "the next lie" in text_of(app)  # type: ignore[arg-type]
        await press(pilot, "escape", "s", "escape")
    assert app.return_code == 0


async def test_the_talk_grows_and_shrinks_with_the_turns() -> None:
    app = ReplayApp(opened(CANNED))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)  # type: ignore[arg-type]

        def lines() -> list[Any]:
            return [w.line for w in app.screen.query(ChatLine)]

        table = ReplayTable(CANNED, None)
        for key in ("end", "left", "left", "v", "D", "home", "pagedown", "right", "2", "end", "left", "0"):
            await press(pilot, key)
            at = at_of(pilot)
            wanted = table if at.eyes is None else ReplayTable(CANNED, at.eyes)
            assert lines() == list(wanted.after(at.seen).lines), key
        for _ in range(6):
            await pilot.press("left")
        await press(pilot, "right")
        assert lines() == list(table.after(at_of(pilot).seen).lines), "also when keys come faster than it is drawn"


async def test_the_mouse_goes_everywhere() -> None:
    app = ReplayApp(opened(LIES))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)  # type: ignore[arg-type]
        width = app.screen.query_one(Timeline).content_size.width
        await pilot.click(Timeline, offset=(width, 0))
        await settle(pilot)  # type: ignore[arg-type]
        assert at_of(pilot).at == len(at_of(pilot).turns) - 1
        await pilot.click(Timeline, offset=(1, 0))
        await settle(pilot)  # type: ignore[arg-type]
        assert at_of(pilot).at == 0
        await pilot.click(Eyes, offset=(4, 2))  # below who sees everything
        await settle(pilot)  # type: ignore[arg-type]
        assert at_of(pilot).eyes == 1
        await pilot.click(Eyes, offset=(4, 0))
        await settle(pilot)  # type: ignore[arg-type]
        assert at_of(pilot).eyes is None
        for wanted in ("Death", "Vote", "Lie", "Beliefs", "Mover"):
            row = text_of(app).splitlines()[-1]  # type: ignore[arg-type]
            await press(pilot, "home")
            before = at_of(pilot)
            await pilot.click(offset=(row.index(wanted), 29))
            await settle(pilot)  # type: ignore[arg-type]
            assert at_of(pilot) != before, wanted


def poisoned(whole: Recording) -> Recording:
    """Every text that a recording has, hostile in turn."""
    poison = iter(HOSTILE * 1_000)

    def text(_: str) -> str:
        return next(poison)

    def of(entry: Any, *names: str, **more: Any) -> Any:
        return entry.model_copy(update={**{name: text("") for name in names}, **more})

    def event(entry: Any) -> Any:
        data = {**entry.data, "text": text("")} if "text" in entry.data else entry.data
        return of(entry, "line", data=data)

    return of(
        whole,
        events=tuple(map(event, whole.events)),
        decisions=tuple(
            of(
                d,
                *("thought", "mind", "kind", "by", "fallback", "question", "text"),
                options=tuple(of(o, "choice") for o in d.options),
            )
            for d in whole.decisions
        ),
        marks=tuple(of(m, "says", secret=True) for m in whole.marks),
        phases=tuple(of(p, "name") for p in whole.phases),
        beliefs=tuple(of(b, of={text(""): 0.4, text(""): 0.6}, true=(text(""),)) for b in whole.beliefs),
    )


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)])
async def test_hostile_text_is_shown_as_text(size: tuple[int, int]) -> None:
    app = ReplayApp(opened(poisoned(CANNED)))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)  # type: ignore[arg-type]
        pages = []
        for key in ("s", "v", "right", "right", "m", "3", "end", "left", "0", "D", *["left"] * 12):
            await press(pilot, key)
            pages.append(text_of(app))  # type: ignore[arg-type]
            assert not any(ord(c) < 32 and c != "\n" for c in pages[-1])
            assert "\u202e" not in pages[-1]
        assert any("[TODO]" in page for page in pages)


async def test_a_game_that_is_not_known_is_shown_by_its_lines() -> None:
    strange = CANNED.model_copy(update={"game": "chess", "marks": (), "beliefs": (), "believed": ""})
    app = ReplayApp(opened(strange))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)  # type: ignore[arg-type]
        await press(pilot, "end", "2", "s", "x", "d")
        assert "chess" in text_of(app) or "Turn" in text_of(app)  # type: ignore[arg-type]


# -- from the end of a match -------------------------------------------------------------------------------------------


async def played(make_app: Make, arena: FakeArena, pilot: Pilot[Any]) -> None:
    await settle(pilot)
    await press(pilot, "q")
    arena.skip_to("never")
    await settle(pilot)
    assert isinstance(pilot.app.screen, EndScreen)


@pytest.mark.parametrize("by", ["key", "button", "palette"])
async def test_the_end_opens_the_replay(make_app: Make, by: str) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await played(make_app, arena, pilot)
        if by == "key":
            await press(pilot, "r")
        elif by == "button":
            await pilot.click("#replay")
            await settle(pilot)
        else:
            await press(pilot, "escape")
            (command,) = [c for c in app.get_system_commands(app.screen) if c.title == "game: Replay"]
            command.callback()
            await settle(pilot)
        assert at_of(pilot).recording.id == ROOM
        assert at_of(pilot).decision is None
        await press(pilot, "f1")
        assert isinstance(app.screen, ReplayKeys)
        await press(pilot, "f1", "escape")
        assert not isinstance(app.screen, ReplayScreen)
        if isinstance(app.screen, EndScreen):
            assert not app.screen.query_one("#end-notice").display


async def test_what_the_server_refuses_is_said_at_the_end(make_app: Make) -> None:
    class Forgetful(FakeArena):
        async def recording(self, room: str) -> Recording:
            raise RequestRefused("There is no [bold]such[/] match.\x1b[2J", code="room/unknown")

    arena = Forgetful()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await played(make_app, arena, pilot)
        await press(pilot, "r")
        assert isinstance(app.screen, EndScreen)
        assert "gone" in text_of(app)
        assert app.screen.query_one("#again", Button).has_focus


async def test_the_map_widget_is_there(make_app: Make) -> None:
    app = ReplayApp(steps.with_map(opened(CANNED), True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)  # type: ignore[arg-type]
        assert app.screen.query_one(HeatMap).replay is not None


async def test_a_replay_that_comes_late_takes_nobody_from_the_lobby(make_app: Make) -> None:
    told = asyncio.Event()

    class Slow(FakeArena):
        async def recording(self, room: str) -> Recording:
            await told.wait()
            return await super().recording(room)

    arena = Slow()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await played(make_app, arena, pilot)
        await press(pilot, "r", "l")
        assert isinstance(app.screen, LobbyScreen)
        told.set()
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)


def test_sixteen_seats_fit_into_eighty_columns() -> None:
    at = steps.to_mark(opened(recording(seats=16)), "death", 1)
    width = 44
    rows = map_rows(at, width)
    heads = rows[0].plain.removeprefix("tens").split(), rows[1].plain.removeprefix("of %").split()
    there = [a + b for a, b in zip(*heads, strict=True)]
    names = at.recording.names
    assert there == [short for name, short in short_names(names).items() if short in there]
    assert len(there) >= 14
    assert all(row.cell_length <= width for row in rows)
    assert "left out" not in plain(rows)


def test_short_names_differ() -> None:
    assert short_names(["Jonas", "Jo", "Joy", "J"]) == {"Jonas": "Jo", "Jo": "J1", "Joy": "Jy", "J": "J2"}


async def enter_what_is_over(app: ArenaApp, pilot: Pilot[int]) -> None:
    """In the lobby's list of games."""
    await settle(pilot)
    rooms = app.screen.query_one(RoomList)
    rooms.focus()
    rooms.highlighted = next(n for n, room in enumerate(rooms.rooms) if room.status == "over")
    await press(pilot, "enter")


async def test_a_match_that_is_over_is_read_from_the_lobby(make_app: Make) -> None:
    app = make_app(FakeArena())
    async with app.run_test(size=(100, 30)) as pilot:
        await enter_what_is_over(app, pilot)
        assert isinstance(app.screen, ReplayScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, LobbyScreen)


async def test_the_lobby_says_why_a_match_cannot_be_read(make_app: Make) -> None:
    class Strict(FakeArena):
        async def recording(self, room: str) -> Recording:
            raise RequestRefused("Only who was there may read it.", code="room/private")

    app = make_app(Strict())
    async with app.run_test(size=(100, 30)) as pilot:
        await enter_what_is_over(app, pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert [n.message for n in app._notifications] == ["Only who was there may read it."]
