"""Training as it goes: how far a run is, its figures, its alarms, and its checkpoints to make live or take back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Static

from arena.protocol.text import clean_text
from arena.protocol.training_rows import CheckpointRow, RunInfo
from tui import boards, words
from tui.messages import AskRuns, Promote
from tui.screens.board import BoardScreen
from tui.screens.question import QuestionScreen
from tui.state import World
from tui.widgets.alarm_list import AlarmList
from tui.widgets.checkpoint_list import CheckpointList
from tui.widgets.figure_grid import FigureGrid
from tui.widgets.too_small import TooSmall

EMPTY = (
    "No training runs yet.\n\nBegin one on the server's machine with:\narena train --iterations 20\n\n"
    "Runs elsewhere are shown by: arena serve --runs FOLDER"
)
BAR = 9
"""Columns of the progress, and three times as many where there is room."""
STATES = {"running": "$success", "ended": "$faint", "silent": "$error"}


class TrainingScreen(BoardScreen):
    """One run at a time; reads it again every few seconds."""

    EVERY_S = 3.0
    AUTO_FOCUS = "#checkpoints"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "promote", "Make live", id="training.promote"),
        Binding("b", "roll_back", "Roll back", id="training.roll-back"),
        Binding("n", "run(1)", "Next run", id="training.next-run"),
        Binding("left", "run(-1)", show=False),
        Binding("right", "run(1)", show=False),
    ]

    def __init__(self, world: World, now_s: float) -> None:
        super().__init__(world, now_s)
        self.run: str | None = None
        self._marked, self._read = "", ""
        """The checkpoint that was marked last, and what was said of a promotion until then."""

    def compose(self) -> ComposeResult:
        yield TooSmall()
        with Vertical(id="body"):
            with Horizontal(id="head"):
                yield Static(Content.styled("Training", "bold $accent"), id="brand")
                yield Static(id="summary")
            yield Static(id="progress")
            yield FigureGrid(id="figures", classes="panel")
            with Horizontal(id="lists"):
                yield CheckpointList(id="checkpoints", classes="panel")
                yield AlarmList(id="alarms", classes="panel")
            yield Static(id="empty")
            yield Static(id="detail")
            yield Static(id="board-notice")
        yield Footer(show_command_palette=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self) -> None:
        told = self.world.training
        shown, info = (None, None) if told is None else (told.shown, boards.shown_info(told))
        self.set_class(shown is None, "empty")
        self.query_one("#empty").display = shown is None
        unread = "" if self.world.board_notice else "Asking the server…"
        self.query_one("#empty", Static).update(Content(unread if told is None else EMPTY))
        self.query_one("#summary", Static).update(self._summary(info))
        if shown is None or info is None:
            return
        bar = BAR * (3 if self.app.size.width >= 100 else 1)
        self.query_one("#progress", Static).update(_progress(info, bar))
        self.query_one(FigureGrid).show(shown)
        checkpoints = self.query_one(CheckpointList)
        checkpoints.border_title = Content("Checkpoints")
        checkpoints.show(shown.checkpoints)
        self.query_one(AlarmList).show(shown)
        self._draw_detail()
        self.refresh_bindings()

    def _summary(self, info: RunInfo | None) -> Content:
        told = self.world.training
        if told is None or info is None:
            return Content("")
        place = [r.run for r in told.runs].index(info.run) + 1
        of = f" · run {place} of {len(told.runs)}" if len(told.runs) > 1 else ""
        live = f" · live {clean_text(told.live, 40)}" if told.live else ""
        game = f" · {info.game}" if info.game else ""
        return Content.assemble((clean_text(info.run, 60), "bold"), (f"{game}{of}{live}", "$faint"))

    def _draw_detail(self) -> None:
        detail = self.query_one("#detail", Static)
        if not self.world.promotion:
            self._read = ""
        elif self.world.promotion != self._read:
            detail.update(Content.styled(self.world.promotion, "bold $accent"))
            return
        marked = self.query_one(CheckpointList).marked()
        detail.update(Content.styled("No checkpoint yet.", "$faint") if marked is None else _of_checkpoint(marked))

    # -- what is asked for --------------------------------------------------------------------------------------

    def ask(self) -> None:
        self.post_message(AskRuns(self.run))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        told = self.world.training
        match action:
            case "run":
                return told is not None and len(told.runs) > 1
            case "promote":
                return told is not None and told.shown is not None and bool(told.shown.checkpoints)
            case "roll_back":
                return told is not None and told.before is not None
            case _:
                return True

    def action_run(self, step: int) -> None:
        told = self.world.training
        if told is not None and told.shown is not None:
            self.run = boards.neighbour([r.run for r in told.runs], told.shown.run, step)
            self.ask()

    def action_promote(self) -> None:
        marked = self.query_one(CheckpointList).marked()
        if marked is not None and self._may():
            self._confirm(marked.checkpoint, "Make it live?", "Make live")

    def action_roll_back(self) -> None:
        told = self.world.training
        if told is not None and told.before is not None and self._may():
            self._confirm(told.before, "Roll back?", "Roll back")

    def _may(self) -> bool:
        """Whether I came with the operator's token; says so where not."""
        if not self.world.operator:
            self.query_one("#detail", Static).update(Content.styled(words.NO_OPERATOR, "bold $error"))
        return self.world.operator

    def _confirm(self, checkpoint: str, title: str, yes: str) -> None:
        told = self.world.training
        live = told.live if told is not None else None
        now = f", instead of {clean_text(live, 40)}" if live else ""
        text = (
            f"Checkpoint {clean_text(checkpoint, 40)} goes live{now}. Rooms go on, and play with it as soon as it is "
            "loaded. No trial is played."
        )

        def answered(sure: bool | None) -> None:
            if sure:
                self.post_message(Promote(checkpoint, self.run))

        self.app.push_screen(QuestionScreen(title, text, yes, "No"), answered)

    def on_option_list_option_highlighted(self, event: CheckpointList.OptionHighlighted) -> None:
        """Whoever goes on to another checkpoint has read what was said of a promotion."""
        event.stop()
        marked = self.query_one(CheckpointList).marked()
        if marked is not None and marked.checkpoint != self._marked:
            self._marked, self._read = marked.checkpoint, self.world.promotion
        self._draw_detail()

    def on_option_list_option_selected(self, event: CheckpointList.OptionSelected) -> None:
        """Enter or a second click on a checkpoint."""
        event.stop()
        self.action_promote()

    def commands(self) -> Iterator[SystemCommand]:
        if self.check_action("promote", ()):
            yield SystemCommand("training: Make live", "The marked checkpoint", self.action_promote)
        if self.check_action("roll_back", ()):
            yield SystemCommand("training: Roll back", "To what was live before", self.action_roll_back)
        if self.check_action("run", ()):
            yield SystemCommand("training: Next run", "Another run on this server", lambda: self.action_run(1))


def _progress(info: RunInfo, width: int) -> Content:
    """How far the run is, in one line."""
    state = Content.styled(info.state, f"bold {STATES[info.state]}")
    bar = Content("")
    if info.planned:
        done = min(width, round(width * info.updates / info.planned))
        bar = Content.assemble(" ", ("━" * done, "$accent"), ("━" * (width - done), "$line"))
    of = "" if info.planned is None else f" of {info.planned:,}"
    parts = [f"  {info.updates:,}{of} updates", f"{info.trained:,} games"]
    if info.left_s is not None and info.state == "running":
        parts.append(f"{words.span(info.left_s)} left")
    ago = f"{words.span(info.age_s)} ago"
    parts.append(f"{info.why}, {ago}" if info.why else ago)
    return state + bar + Content(" · ".join(parts))


def _of_checkpoint(c: CheckpointRow) -> Content:
    parts = [Content.styled(clean_text(c.checkpoint, 40), "bold")]
    if c.rating is not None and c.low is not None and c.high is not None:
        parts.append(Content(f"{c.rating:+.0f} Elo ({c.low:+.0f} to {c.high:+.0f})"))
    parts += [Content(f"{a.points / max(1, a.games):.0%} of {a.games:,} against {a.opponent}") for a in c.against]
    if c.trial is not None:
        t = c.trial
        parts.append(
            Content(f"trial: {t.verdict}, {t.score:.0%} of {t.deals} deals against {boards.short(t.champion)}")
        )
    if len(parts) == 1:
        parts.append(Content.styled("unrated and not tried: play it with arena evaluate", "$faint"))
    return Content.styled(" · ", "$faint").join(parts)
