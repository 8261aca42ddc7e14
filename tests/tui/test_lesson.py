"""The game that teaches: offered once, opened with scripts and time, with advice above each turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arena.games.core import Act, Turn
from arena.games.registry import GAMES, game_by_name
from tests.fakes.arena import FakeArena, quiet
from tests.fakes.servers import running
from tui import store
from tui.app import ArenaApp
from tui.canned import CannedGame
from tui.canned_match import ROOM
from tui.canned_scenario import CannedScenario
from tui.faces.registry import face_of
from tui.faces.werewolf_hints import LESSON
from tui.memory import Memory
from tui.messages import Learn
from tui.screens.lobby import LobbyScreen
from tui.screens.question import QuestionScreen
from tui.screens.table import TableScreen
from tui.screenshots import settle
from tui.state import World

Make = Callable[..., ArenaApp]


def question(app: ArenaApp) -> str:
    assert isinstance(app.screen, QuestionScreen), app.screen
    return app.screen.asked


def hint(app: ArenaApp) -> str:
    shown = app.screen.query_one("#hint")
    return str(shown.render()) if shown.display else ""


async def test_it_is_offered_at_the_first_start_and_never_again(make_app: Make, tmp_path: Path) -> None:
    app = make_app(FakeArena(), memory=Memory("ws://here", tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert question(app) == "Learn by playing?"
        await pilot.press("n")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
    app = make_app(FakeArena(), memory=Memory("ws://here", tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)


@pytest.mark.parametrize("wish", [{"room": ROOM}, {"watch": ROOM}, {"resume": True}])
async def test_who_comes_for_something_is_not_asked(make_app: Make, tmp_path: Path, wish: dict[str, object]) -> None:
    memory = Memory("ws://here", tmp_path)
    app = make_app(FakeArena(), memory=memory, **wish)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert not (isinstance(app.screen, QuestionScreen) and app.screen.asked == "Learn by playing?")
    assert "room" in wish or memory.newcomer, "another start may ask"


def test_who_has_answered_anything_is_no_newcomer(tmp_path: Path) -> None:
    memory = Memory("ws://here", tmp_path)
    assert memory.newcomer
    memory.train = True
    assert not memory.newcomer
    memory.newcomer = False
    assert Memory("ws://here", tmp_path).train is True, "one answer leaves the other"


async def test_it_is_played_with_scripts_time_and_advice(make_app: Make, tmp_path: Path) -> None:
    arena = FakeArena()
    app = make_app(arena, memory=Memory("ws://here", tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click("#yes")
        await settle(pilot)
        assert question(app) == "One question, asked only once"
        await pilot.press("n")
        await settle(pilot)
        assert isinstance(app.screen, TableScreen)
        assert arena.created == [dict(LESSON.options)]
        assert arena.terms == [{"fills": list(LESSON.fills), "private": True, "night_s": 0.0}]
        assert "Nobody has spoken yet" in hint(app)
        await pilot.press("f4")
        await settle(pilot)
        await pilot.click("#hints", offset=(26, 0))
        await pilot.press("escape")
        await settle(pilot)
        assert app.settings.hints == "never"
        assert hint(app) == ""
        arena.skip_to("never")
        await settle(pilot)
        arena.game = CannedGame(0, 6)
        await pilot.press("a")
        await settle(pilot)
        assert len(arena.created) == 1, "after the lesson comes a game with others"


async def test_there_is_no_advice_in_other_games_unless_it_is_wanted(make_app: Make, tmp_path: Path) -> None:
    memory = Memory("ws://here", tmp_path)
    memory.train = False
    app = make_app(FakeArena(), memory=memory, room=ROOM)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert hint(app) == ""
        await pilot.press("f4")
        await settle(pilot)
        await pilot.click("#hints", offset=(14, 0))
        await pilot.press("escape")
        await settle(pilot)
        assert app.settings.hints == "always"
        assert hint(app).startswith("Hint: ")


async def test_it_is_in_the_palette(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "help: Learn by playing" in [c.title for c in app.get_system_commands(app.screen)]
        app.post_message(Learn())
        await settle(pilot)
        assert arena.created


@pytest.mark.parametrize("game", sorted(g for g in GAMES if face_of(g).lesson is not None))
async def test_a_real_server_opens_the_lesson(game: str, writer) -> None:  # type: ignore[no-untyped-def]
    from arena.client.client import connect

    lesson = face_of(game).lesson
    assert lesson is not None
    rules = game_by_name(game)
    assert rules.seat_count(rules.options(lesson.options)) == len(lesson.fills)
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(game, lesson.options, fills=["open", *["self"] * (len(lesson.fills) - 1)], night_s=0.0)
        assert made.status == "waiting"


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_turn_of_mine_has_its_advice(seed: int) -> None:
    """In whole games, whatever I am; each fits into two rows of the narrowest table."""
    seen: set[str] = set()
    for game in (CannedGame(seed % 7, seed, spare_me=True), CannedScenario(0)):
        world = World(lesson=ROOM)
        arena = FakeArena(game=game)

        def answer(turn: Turn) -> Act:
            return quiet(turn)

        arena.skip_to("never", answer)
        world = store.joining(world)
        while not arena.queue.empty():
            message = arena.queue.get_nowait()
            assert message is not None
            world = store.receive(world, message, 0.0)
            table = world.table
            if table is not None and table.my_turn and table.turn is not None and table.turn.kind != "accept":
                told = table.face.hint(table)
                assert told, table.turn.kind
                assert len(told) <= 95
                seen.add(table.turn.kind)
    assert len(seen) >= 4
