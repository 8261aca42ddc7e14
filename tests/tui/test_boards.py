"""The ladder and the training runs: what is kept of them, and every way about their screens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from arena.client.happenings import ConnectionLost
from arena.protocol.ladder_rows import LadderMeeting
from arena.protocol.server_messages import CheckpointPromoted, LadderListed, RunsListed, Welcomed
from tests.fakes.arena import FakeArena
from tests.tui.conftest import MovableClock
from tests.tui.test_store import HOSTILE
from tests.tui.test_table import press, text_of
from tui import boards, canned_boards, store
from tui.app import ArenaApp
from tui.canned_boards import IDS, RUN
from tui.messages import Received
from tui.plot import Plot, span, ticks
from tui.screens.ladder import LadderScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.question import QuestionScreen
from tui.screens.training import TrainingScreen
from tui.screenshots import settle
from tui.state import World
from tui.widgets.checkpoint_list import CheckpointList
from tui.widgets.figure_grid import figures
from tui.widgets.rating_list import RatingList
from tui.widgets.score_matrix import ScoreMatrix
from tui.widgets.too_small import TooSmall

Make = Callable[..., ArenaApp]
MEAN = ("\x1b[2J\x1b]0;x\x07", "[bold red]x[/bold red]", "[@click=app.quit]x", "\u202egnp.live", "a\u200bb", "🐺" * 90)


@pytest.fixture
def arena() -> FakeArena:
    """A server of which I am the operator."""
    arena = FakeArena()
    arena.welcome = arena.welcome.model_copy(update={"operator": True})
    return arena


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_answers_are_kept_and_take_the_notice_away() -> None:
    world = replace(World(), board_notice="x")
    for message in (canned_boards.ladder(), canned_boards.runs()):
        assert store.receive(world, message, 0.0).board_notice == ""
    assert store.receive(world, canned_boards.ladder(), 0.0).ladder == canned_boards.ladder()
    assert store.receive(world, canned_boards.runs(), 0.0).training == canned_boards.runs()
    promoted = store.receive(World(), CheckpointPromoted(checkpoint="ab\x1bc"), 0.0)
    assert promoted.checkpoint == "abc"
    assert promoted.promotion.startswith("abc is live.")
    welcomed = store.receive(World(), Welcomed(server="a", games=["kuhn"], live_checkpoint=None, operator=True), 0.0)
    assert (welcomed.operator, welcomed.games) == (True, ("kuhn",))


def mean_ladder(text: str) -> LadderListed:
    ladder = canned_boards.ladder()
    side = ladder.rows[0].sides[0].model_copy(update={"side": text})
    mean = ladder.rows[0].model_copy(
        update={
            "player": f"checkpoint:{text}", "run": text, "labels": [text] * 50, "sides": [side],
            "rating": float("inf"), "low": float("-inf"), "high": float("nan"),
        }
    )  # fmt: skip
    met = LadderMeeting(player=f"checkpoint:{text}", other="random", games=0, points=-3.0)
    return ladder.model_copy(update={"game": None, "rows": [mean, *ladder.rows[1:]], "meetings": [met]})


def mean_runs(text: str) -> RunsListed:
    told = canned_boards.runs()
    assert told.shown is not None
    trial = told.shown.trials[0].model_copy(update={"champion": text, "verdict": text, "checkpoint": text})
    against = told.shown.checkpoints[0].against[0].model_copy(update={"opponent": text, "games": 0})
    checkpoint = told.shown.checkpoints[0].model_copy(
        update={"checkpoint": text, "labels": [text], "trial": trial, "against": [against], "rating": float("inf")}
    )
    alarm = told.shown.alarms[0].model_copy(update={"text": text, "done": text})
    shown = told.shown.model_copy(
        update={
            "run": text, "checkpoints": [checkpoint], "alarms": [alarm], "trials": [trial],
            "series": {f"wins/{text}": [float("inf"), 1e300, None], text: [1.0], "kl_reference": [float("nan")]},
        }
    )  # fmt: skip
    info = told.runs[0].model_copy(update={"run": text, "game": text, "why": text, "state": "ended", "planned": 0})
    return told.model_copy(update={"runs": [info], "shown": shown, "live": text, "before": text})


@pytest.mark.parametrize("text", [*MEAN, *HOSTILE])
def test_what_is_shown_is_clean_and_finite(text: str) -> None:
    world = store.receive(store.receive(World(), mean_ladder(text), 0.0), mean_runs(text), 0.0)
    assert world.ladder is not None
    row = world.ladder.rows[0]
    assert (row.rating, row.low, row.high) == (0.0, 0.0, 0.0)
    assert len(row.labels) <= 6
    told = world.training
    assert told is not None
    assert told.shown is not None
    assert told.shown.checkpoints[0].checkpoint == text, "an id is sent back as it came"
    assert all(v is None for v in told.shown.series["kl_reference"])
    said = [row.player, row.run or "", *row.labels, told.shown.alarms[0].text, told.runs[0].game, *told.shown.series]
    assert not any(ch in word for word in said for ch in "\x1b\x07\u202e\u200b")


def test_histories_scores_and_sides() -> None:
    ladder = canned_boards.ladder()
    assert [boards.short(row.player) for row in boards.histories(ladder)[RUN]] == list(IDS)
    assert boards.sides(ladder) == ["village", "werewolves"]
    assert {row.player for row in boards.fixed(ladder)} == {
        "scripted:careful",
        "scripted:sly",
        "scripted:bold",
        "random",
    }
    scores = boards.scores(ladder)
    for (a, b), (points, games) in scores.items():
        assert scores[b, a] == (games - points, games)
    assert boards.neighbour(["a", "b"], "b", 1) == "a"
    assert boards.neighbour(["a", "b"], "gone", 1) == "b"
    assert boards.neighbour([], None, 1) is None


# -- drawing ----------------------------------------------------------------------------------------------------------


def drawn(plot: Plot) -> list[str]:
    return [row.plain for row in plot.rows()]


def test_a_line_goes_from_corner_to_corner() -> None:
    plot = Plot(4, 2, (0, 1), (0, 1))
    plot.line([(0, 0), (1, 1)], "red")
    assert drawn(plot) == ["  ⡠⠊", "⡠⠊  "]
    alone = Plot(3, 1, (0, 2), (5, 5))
    alone.line([(0, 5), (1, None), (2, 5)], "red")
    assert [len(row) for row in drawn(alone)] == [3]
    assert drawn(alone)[0][1] == " ", "a gap stays one"


def test_marks_lie_over_lines_and_lines_over_intervals() -> None:
    plot = Plot(3, 3, (0, 2), (0, 2))
    plot.level(1, "x")
    plot.interval(1, 0, 2, "y")
    assert drawn(plot) == [" │ ", "┄│┄", " │ "]
    plot.line([(0, 1), (2, 1)], "z")
    plot.mark(2, 1, "●", "w")
    assert drawn(plot)[1][2] == "●"
    assert all("\u2800" < ch < "\u2900" for ch in drawn(plot)[1][:2])


@pytest.mark.parametrize("value", [-1e11, 0.0, 5.0, 1e11])
def test_what_lies_outside_is_drawn_at_the_edge(value: float) -> None:
    plot = Plot(2, 2, (0, 1), (0, 1))
    plot.line([(value, value), (0, 0)], "")
    plot.mark(value, value, "x", "")
    assert [len(row) for row in drawn(plot)] == [2, 2]


def test_scales() -> None:
    assert span([]) == (0.0, 1.0)
    assert span([3.0, None]) == (2.5, 3.5)
    assert span([1.0, 1.02], least=0.1) == pytest.approx((0.96, 1.06))
    assert list(ticks(-130, 270, 4)) == [-100, 0, 100, 200]
    assert list(ticks(0, 9_000, 3)) == [0, 5_000]
    assert not ticks(1, 1, 3)


def test_figures_say_what_an_alarm_named() -> None:
    told = canned_boards.runs().shown
    assert told is not None
    assert [f.name for f in figures(told)][:4] == ["wins", "return", "KL", "clipped"]
    assert not any(f.alarming for f in figures(told)), "that was sixteen updates ago"
    now = told.model_copy(update={"alarms": [told.alarms[0].model_copy(update={"update": 40})]})
    assert [f.name for f in figures(now) if f.alarming] == ["talk entropy", "garbled"]


# -- the ladder -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["key", "button", "palette"])
async def test_the_ladder_opens_from_the_lobby_and_escape_leads_back(
    make_app: Make, arena: FakeArena, way: str
) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await opened(app, pilot, way, "ladder", "r")
        assert isinstance(app.screen, LadderScreen)
        assert "ladder None" in arena.asked
        page = text_of(app)
        assert "2,860 rated matches · 12 players" in page
        assert "scripted:careful" in page
        assert "+171" in page
        await press(pilot, "escape")
        assert isinstance(app.screen, LobbyScreen)


async def opened(app: ArenaApp, pilot: Pilot[int], way: str, board: str, key: str) -> None:
    if way == "key":
        await press(pilot, key)
    elif way == "button":
        await pilot.click(f"#{board}")
        await settle(pilot)
    else:
        (command,) = [c for c in app.get_system_commands(app.screen) if c.title == f"{board}: Open"]
        command.callback()
        await settle(pilot)


async def test_views_sides_games_and_runs_by_keys(make_app: Make, arena: FakeArena) -> None:
    ladder = canned_boards.ladder()
    other = [row.model_copy(update={"run": "first-try"}) if row.rank == 7 else row for row in ladder.rows]
    arena.ladder_told = lambda game: ladder.model_copy(update={"game": game, "rows": other if game is None else []})
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "r", "down", "down")
        assert "scripted:careful  +139 Elo" in text_of(app)
        await press(pilot, "s")
        assert "As village" in text_of(app)
        assert "scripted:careful  +139 Elo" in text_of(app), "who was marked stays marked"
        await press(pilot, "s", "s")
        assert "All sides" in text_of(app)
        await press(pilot, "2")
        assert app.screen.query_one(ScoreMatrix).has_focus
        await press(pilot, "right")
        assert "7f20d8c6ab14 against scripted:careful  10 of 20 points (50%)" in text_of(app)
        await press(pilot, "down", "left")
        assert "c4418e07d9b3  matches with oneself are not rated" in text_of(app)
        await press(pilot, "left")
        assert "have not met" in text_of(app)
        await press(pilot, "end")
        assert "random  matches with oneself" in text_of(app)
        await press(pilot, "home", "up", "left")
        await press(pilot, "3")
        assert f"Run {RUN}, 1 of 2 runs" in text_of(app)
        await press(pilot, "right")
        assert "Run first-try, 2 of 2 runs" in text_of(app)
        await press(pilot, "left", "left", "left")
        assert f"Run {RUN}, 1 of 2 runs" in text_of(app)
        assert "the best so far" not in text_of(app)
        await press(pilot, "1", "g")
        assert arena.asked[-1] == "ladder werewolf"
        assert "No rated matches yet." in text_of(app)
        assert "arena evaluate shipped scripted:careful" in text_of(app)
        await press(pilot, "g")
        assert arena.asked[-1] == "ladder None"
        assert "scripted:careful" in text_of(app)


async def test_the_ladder_by_mouse(make_app: Make, arena: FakeArena) -> None:
    app = make_app(arena)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        await pilot.click(RatingList, offset=(10, 4))
        await settle(pilot)
        assert "scripted:sly  +64 Elo" in text_of(app)
        await pilot.click("#to-matrix")
        await settle(pilot)
        matrix = app.screen.query_one(ScoreMatrix)
        await pilot.click(matrix, offset=(2 + matrix._gutter + 5 * 2 + 3, 2))
        await settle(pilot)
        assert matrix.at == (0, 2)
        await pilot.click(matrix, offset=(2 + matrix._gutter + 3, 4))
        assert matrix.at == (1, 0), "a cell is two rows high where there is room"
        matrix.action_move(100, 100)
        await pilot.click("#to-history")
        await settle(pilot)
        assert "games learnt from" in text_of(app)


@pytest.mark.parametrize("way", ["ratings", "head to head", "history"])
async def test_the_palette_has_the_views(make_app: Make, arena: FakeArena, way: str) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        (command,) = [c for c in app.get_system_commands(app.screen) if c.title == f"ladder: Show {way}"]
        command.callback()
        await settle(pilot)
        assert app.screen.query_one(".on", Button).label.plain.lower().endswith(way)
        (training,) = [c for c in app.get_system_commands(app.screen) if c.title == "training: Open"]
        training.callback()
        await settle(pilot)
        assert isinstance(app.screen, TrainingScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, LobbyScreen), "one board at a time"


async def test_a_refusal_stands_on_the_screen(make_app: Make, arena: FakeArena) -> None:
    arena.refuse_boards = ("server/not_read", "That cannot be read at the moment; try again later.\x1b[2J")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert "That cannot be read at the moment" in text_of(app)
        arena.refuse_boards = None
        assert isinstance(app.screen, LadderScreen)
        app.screen.ask()
        await settle(pilot)
        assert "That cannot be read" not in text_of(app)
        assert "scripted:careful" in text_of(app)


async def test_columns_are_named_in_their_places_after_a_late_answer(make_app: Make, arena: FakeArena) -> None:
    answer = asyncio.Event()

    async def ladder(game: str | None = None) -> LadderListed:
        await answer.wait()
        return canned_boards.ladder(game)

    arena.ladder = ladder  # type: ignore[method-assign]
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert "Asking the server" in text_of(app)
        answer.set()
        await settle(pilot)
        for width in (100, 70):
            await pilot.resize_terminal(width, 30)
            await settle(pilot)
            lines = text_of(app).splitlines()
            (head,) = [line for line in lines if "Player" in line]
            (row,) = [line for line in lines if "random" in line and "Elo" not in line]
            assert head.index("games") + 5 == row.index("480") + 3


async def test_only_the_newest_question_waits(make_app: Make, arena: FakeArena) -> None:
    go_on = asyncio.Event()
    told: list[str | None] = []

    async def runs(run: str | None = None) -> RunsListed:
        told.append(run)
        await go_on.wait()
        return canned_boards.runs(run)

    arena.runs = runs  # type: ignore[method-assign]
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        for run in ("a", "b", "c"):
            app.boards.ask(lambda link, run=run: link.runs(run))
        await settle(pilot)
        assert told == [None]
        go_on.set()
        await settle(pilot)
        assert told == [None, "c"]


# -- training ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["key", "button", "palette"])
async def test_training_opens_from_the_lobby(make_app: Make, arena: FakeArena, way: str) -> None:
    app = make_app(arena)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await opened(app, pilot, way, "training", "t")
        assert isinstance(app.screen, TrainingScreen)
        page = text_of(app)
        for words in (RUN, "40 of 60 updates", "19 min left", "KL", "garbled 0.173", "no worse 51%", "+149 Elo"):
            assert words in page
        await press(pilot, "q")
        assert isinstance(app.screen, LobbyScreen)


async def test_training_reads_itself_again(make_app: Make, arena: FakeArena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingScreen, "EVERY_S", 0.05)
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "down")
        async with asyncio.timeout(10):
            while arena.asked.count("runs None") < 4:
                await asyncio.sleep(0.02)
        marked = app.screen.query_one(CheckpointList).marked()
        assert marked is not None
        assert marked.checkpoint == IDS[-2], "who was marked stays marked"


async def test_runs_by_arrows(make_app: Make, arena: FakeArena) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert "n Next run" in text_of(app)
        await press(pilot, "right")
        assert arena.asked[-1] == "runs first-try"
        assert "all updates are made" in text_of(app)
        assert "None: the run behaves." in text_of(app)
        assert "No checkpoint yet." in text_of(app)
        await press(pilot, "left")
        assert arena.asked[-1] == f"runs {RUN}"
        await press(pilot, "n")
        assert arena.asked[-1] == "runs first-try"


@pytest.mark.parametrize("how", [("p",), ("enter",)])
async def test_a_checkpoint_is_made_live_after_a_question(make_app: Make, arena: FakeArena, how: tuple[str]) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "down", "down", *how)
        assert isinstance(app.screen, QuestionScreen)
        assert f"Checkpoint {IDS[4]} goes live, instead of {IDS[6]}." in text_of(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, TrainingScreen), "Enter is no"
        assert not any(a.startswith("promote") for a in arena.asked)
        await press(pilot, *how, "y")
        promoted = arena.asked.index(f"promote {IDS[4]}")
        assert arena.asked[promoted + 1] == "runs None", "and what is live now is asked for"
        assert f"{IDS[4]} is live." in text_of(app)
        assert app.world.checkpoint == IDS[4]
        await press(pilot, "down")
        assert f"{IDS[4]} is live." not in text_of(app), "read, and gone on"


async def test_a_roll_back_goes_to_what_was_live_before(make_app: Make, arena: FakeArena) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "b")
        assert f"Checkpoint {IDS[5]} goes live, instead of {IDS[6]}." in text_of(app)
        await press(pilot, "escape")
        assert not any(a.startswith("promote") for a in arena.asked)
        (command,) = [c for c in app.get_system_commands(app.screen) if c.title == "training: Roll back"]
        command.callback()
        await settle(pilot)
        await pilot.click("#yes")
        await settle(pilot)
        assert f"promote {IDS[5]}" in arena.asked


async def test_without_the_token_nothing_is_asked_of_the_server(make_app: Make) -> None:
    arena = FakeArena()
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        for key in ("p", "b", "enter"):
            await press(pilot, "t", key)
            assert isinstance(app.screen, TrainingScreen)
            assert "ARENA_OPERATOR_TOKEN" in text_of(app)
            await press(pilot, "escape")
    assert not any(a.startswith("promote") for a in arena.asked)


async def test_a_refused_promotion_is_told_and_stays(make_app: Make, arena: FakeArena) -> None:
    app = make_app(arena)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        arena.refuse_boards = ("checkpoint/not_promoted", "That checkpoint is not there, or not whole.")
        await press(pilot, "p", "y")
        assert "not there, or not whole" in text_of(app)
        arena.refuse_boards = None
        assert isinstance(app.screen, TrainingScreen)
        app.screen.ask()
        await settle(pilot)
        assert "not there, or not whole" in text_of(app), "the next reading does not take it away"


async def test_hidden_training_says_so(make_app: Make, arena: FakeArena) -> None:
    arena.refuse_boards = ("server/not_operator", "Only whoever runs this server may see its training.")
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert "may see its training" in text_of(app)


async def test_an_empty_server_says_what_to_do(make_app: Make, arena: FakeArena) -> None:
    arena.ladder_told, arena.runs_told = canned_boards.no_ladder, canned_boards.no_runs
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert "No rated matches yet." in text_of(app)
        await press(pilot, "1", "2", "3", "s", "left", "right", "escape", "t")
        assert "arena train --iterations 20" in text_of(app)
        await press(pilot, "p", "b", "left", "right", "enter", "escape")
        assert isinstance(app.screen, LobbyScreen)


async def test_a_lost_connection_is_told(make_app: Make, arena: FakeArena, clock: MovableClock) -> None:
    app = make_app(arena)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        app.post_message(Received(ConnectionLost("gone", 1, 3.0)))
        await settle(pilot)
        asked = len(arena.asked)
        assert "Connection lost. Trying again in 3 s" in text_of(app)
        assert isinstance(app.screen, TrainingScreen)
        app.screen.ask()
        await settle(pilot)
        assert len(arena.asked) == asked, "nobody is there to be asked"
        assert RUN in text_of(app), "what was read stays"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 60)], ids=str)
@pytest.mark.parametrize("text", [*MEAN, *HOSTILE])
async def test_hostile_names_are_harmless(make_app: Make, arena: FakeArena, text: str, size: tuple[int, int]) -> None:
    arena.ladder_told, arena.runs_told = lambda _: mean_ladder(text), lambda _: mean_runs(text)
    app = make_app(arena)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        for key in ("s", "s", "2", "end", "3", "right"):
            await press(pilot, key)
            assert_harmless(app)
        await press(pilot, "escape", "t")
        assert_harmless(app)
        await press(pilot, "p")
        assert_harmless(app)
        await press(pilot, "y")
        assert f"promote {text}" in arena.asked, "sent back as it came"
        assert_harmless(app)
        assert app.is_running


def assert_harmless(app: ArenaApp) -> None:
    page = text_of(app)
    assert not any(ch in page for ch in "\x1b\x07\u202e\u200b\x9b")
    assert max(len(line) for line in page.splitlines()) <= app.size.width


async def test_a_terminal_that_is_too_small(make_app: Make, arena: FakeArena) -> None:
    app = make_app(arena)
    async with app.run_test(size=(50, 12)) as pilot:
        await settle(pilot)
        for key in ("r", "t"):
            await press(pilot, key)
            assert app.screen.query_one(TooSmall).display
            await press(pilot, "escape")
