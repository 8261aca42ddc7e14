"""The ladder: who plays best and how sure that is, who met whom, and how training runs went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Footer, Static

from arena.protocol.ladder_rows import LadderRow
from tui import boards
from tui.boards import short
from tui.messages import AskLadder
from tui.screens.board import BoardScreen
from tui.state import World
from tui.widgets.rating_list import RatingList, standings
from tui.widgets.run_history import RunHistory
from tui.widgets.score_matrix import ScoreMatrix
from tui.widgets.too_small import TooSmall

VIEWS = {"ratings": "Ratings", "matrix": "Head to head", "history": "History"}
EMPTY = (
    "No rated matches yet.\n\nPlay some on the server's machine with:\narena evaluate shipped scripted:careful\n\n"
    "Games with people, and of one model with itself, are not rated."
)


class LadderScreen(BoardScreen):
    """Three views of one reading; the side and the game can be changed."""

    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('ratings')", "Ratings", id="ladder.ratings", show=False),
        Binding("2", "view('matrix')", "Head to head", id="ladder.matrix", show=False),
        Binding("3", "view('history')", "History", id="ladder.history", show=False),
        Binding("s", "side", "Side", id="ladder.side"),
        Binding("g", "game", "Game", id="ladder.game"),
        Binding("n", "run(1)", "Next run", id="ladder.next-run"),
        Binding("left", "run(-1)", show=False),
        Binding("right", "run(1)", show=False),
    ]

    def __init__(self, world: World, now_s: float) -> None:
        super().__init__(world, now_s)
        self.view = "ratings"
        self.game: str | None = None if world.ladder is None else world.ladder.game
        self.side: str | None = None
        self.run: str | None = None

    def compose(self) -> ComposeResult:
        yield TooSmall()
        with Vertical(id="body"):
            with Horizontal(id="head"):
                yield Static(Content.styled("Ladder", "bold $accent"), id="brand")
                yield Static(id="summary")
            with Horizontal(id="tabs"):
                for n, (view, title) in enumerate(VIEWS.items(), start=1):
                    yield Button(f"{n} {title}", id=f"to-{view}", action=f"screen.view('{view}')")
            with Vertical(id="ratings", classes="panel"):
                yield Static(id="columns")
                yield RatingList(id="rows")
            yield ScoreMatrix(id="matrix", classes="panel")
            yield RunHistory(id="history", classes="panel")
            yield Static(id="empty")
            yield Static(id="detail")
            yield Static(id="board-notice")
        yield Footer(show_command_palette=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self) -> None:
        ladder = self.world.ladder
        here = ladder if ladder is not None and ladder.game == self.game else None
        self.set_class(here is None or not here.rows, "empty")
        self.query_one("#empty").display = self.has_class("empty")
        self.query_one("#empty", Static).update(Content("Asking the server…" if here is None else EMPTY))
        for view in VIEWS:
            self.set_class(view == self.view, f"-{view}")
            self.query_one(f"#to-{view}").set_class(view == self.view, "on")
        self.query_one("#summary", Static).update(self._summary())
        if here is None:
            return
        if self.side not in boards.sides(here):
            self.side = None
        ratings = self.query_one("#ratings")
        ratings.border_title = Content("All sides" if self.side is None else f"As {self.side}, within that side")
        rows = self.query_one(RatingList)
        rows.show(standings(here.rows, self.side))
        matrix = self.query_one(ScoreMatrix)
        met = {m.player for m in here.meetings} | {m.other for m in here.meetings}
        matrix.border_title = Content("Share of the points of each row against each column")
        matrix.show([row for row in here.rows if row.player in met], boards.scores(here))
        self._draw_history()
        self._draw_detail()
        self.refresh_bindings()

    def _draw_history(self) -> None:
        assert self.world.ladder is not None, "drawn with a ladder only"
        runs = boards.histories(self.world.ladder)
        if self.run not in runs:
            self.run = next(iter(runs), None)
        history = self.query_one(RunHistory)
        place = f", {list(runs).index(self.run) + 1} of {len(runs)} runs" if self.run and len(runs) > 1 else ""
        history.border_title = Content("History" if self.run is None else f"Run {self.run}{place}")
        history.border_subtitle = Content("● checkpoint  ◆ live  │ 95 % interval") if self.run else ""
        history.show(runs[self.run] if self.run is not None else (), boards.fixed(self.world.ladder))

    def _summary(self) -> Content:
        ladder = self.world.ladder
        game = self.game or "all games"
        if ladder is None or ladder.game != self.game:
            return Content.styled(game, "$faint")
        left = f" · {ladder.left_out:,} more below" if ladder.left_out else ""
        players = len(ladder.rows)
        text = f"{ladder.games:,} rated matches · {players} {'player' if players == 1 else 'players'}{left}"
        return Content.assemble((game, "bold"), (f" · {text}", "$faint"))

    def _draw_detail(self) -> None:
        ladder = self.world.ladder
        assert ladder is not None, "drawn with a ladder only"
        detail = self.query_one("#detail", Static)
        marked, pair = self.query_one(RatingList).marked(), self.query_one(ScoreMatrix).pair
        match self.view:
            case "ratings" if marked is not None:
                detail.update(_of_player(marked.row))
            case "matrix" if pair is not None:
                detail.update(_of_pair(*pair, boards.scores(ladder).get((pair[0].player, pair[1].player))))
            case "history" if self.run is not None:
                detail.update(_of_run(boards.histories(ladder)[self.run]))
            case _:
                detail.update(Content(""))

    # -- what is asked for --------------------------------------------------------------------------------------

    def ask(self) -> None:
        self.post_message(AskLadder(self.game))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "run":
            ladder = self.world.ladder
            return self.view == "history" and ladder is not None and len(boards.histories(ladder)) > 1
        return action != "side" or (self.view == "ratings" and not self.has_class("empty"))

    def action_view(self, view: str) -> None:
        self.view = view
        self.draw()
        focus = {"ratings": "#rows", "matrix": "#matrix"}.get(view)
        self.set_focus(None if focus is None else self.query_one(focus))

    def action_side(self) -> None:
        """All sides, then each by itself."""
        if self.world.ladder is not None:
            self.side = boards.neighbour([None, *boards.sides(self.world.ladder)], self.side, 1)
            self.draw()

    def action_game(self) -> None:
        """All games together, then each that this server has."""
        self.game = boards.neighbour([None, *self.world.games], self.game, 1)
        self.draw()
        self.ask()

    def action_run(self, step: int) -> None:
        if self.world.ladder is not None:
            self.run = boards.neighbour(list(boards.histories(self.world.ladder)), self.run, step)
            self.draw()

    def on_rating_list_drawn(self, event: RatingList.Drawn) -> None:
        event.stop()
        self.query_one("#columns", Static).update(self.query_one(RatingList).head)

    def on_option_list_option_highlighted(self, event: RatingList.OptionHighlighted) -> None:
        event.stop()
        if self.world.ladder is not None:
            self._draw_detail()

    def on_score_matrix_marked(self, event: ScoreMatrix.Marked) -> None:
        event.stop()
        if self.world.ladder is not None:
            self._draw_detail()

    def commands(self) -> Iterator[SystemCommand]:
        yield SystemCommand("ladder: Show ratings", "With their intervals", lambda: self.action_view("ratings"))
        yield SystemCommand("ladder: Show head to head", "Who met whom", lambda: self.action_view("matrix"))
        yield SystemCommand("ladder: Show history", "How a training run went", lambda: self.action_view("history"))
        yield SystemCommand("ladder: Other side", "Ratings of one side by themselves", self.action_side)
        yield SystemCommand("ladder: Other game", "Only the matches of one game", self.action_game)


def _of_player(row: LadderRow) -> Content:
    made = "" if row.run is None else f" · run {row.run} after {row.trained or 0:,} games"
    won = "".join(f" · {f.side} {f.won / max(1, f.games):.0%} of {f.games:,}" for f in row.sides)
    span = f"{row.low:+.0f} to {row.high:+.0f}"
    return Content.assemble(
        (short(row.player), "bold"), f"  {row.rating:+.0f} Elo", (f" ({span}){won}{made}", "$faint")
    )


def _of_pair(row: LadderRow, other: LadderRow, score: boards.Score | None) -> Content:
    if row is other:
        return Content.assemble((short(row.player), "bold"), ("  matches with oneself are not rated", "$faint"))
    names = Content.assemble((short(row.player), "bold"), (" against ", "$faint"), (short(other.player), "bold"))
    if score is None:
        return names + Content.styled("  have not met", "$faint")
    points, games = score
    return names + Content(f"  {points:g} of {games:,} points ({points / max(1, games):.0%})")


def _of_run(rows: Sequence[LadderRow]) -> Content:
    best, last = max(rows, key=lambda row: row.rating), rows[-1]
    text = Content.assemble(
        ("newest ", "$faint"), (short(last.player), "bold"), f"  {last.rating:+.0f} Elo",
        (f" ({last.low:+.0f} to {last.high:+.0f})", "$faint"),
    )  # fmt: skip
    if best is last:
        return text + Content.styled(", the best so far", "$faint")
    return text + Content.assemble((" · best ", "$faint"), (short(best.player), "bold"), f"  {best.rating:+.0f}")
