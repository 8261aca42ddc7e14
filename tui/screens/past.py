"""The games that are over, page by page; each opens as a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Static

from arena.protocol.match_rows import MatchPlace, PastMatch
from arena.protocol.server_messages import MatchesListed
from tui import words
from tui.faces.registry import face_of
from tui.messages import AskMatches, ReadReplay
from tui.screens.board import BoardScreen
from tui.state import World
from tui.widgets.past_list import HEAD, PastList
from tui.widgets.too_small import TooSmall

EMPTY = (
    "No game is over yet that you may look back at.\n\nPrivate ones are shown to those who sat in them or watched them."
)


class PastScreen(BoardScreen):
    """``places`` leads here: below which place of the whole list each page began, the newest page first."""

    AUTO_FOCUS = "#past"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "replay", "Replay", id="past.replay"),
        Binding("o", "older", "Older", id="past.older"),
        Binding("n", "newer", "Newer", id="past.newer"),
    ]

    def __init__(self, world: World, now_s: float) -> None:
        super().__init__(world, now_s)
        self.places: list[MatchPlace | None] = [None]
        self.said = ""

    def compose(self) -> ComposeResult:
        yield TooSmall()
        with Vertical(id="body"):
            with Horizontal(id="head"):
                yield Static(Content.styled("Past games", "bold $accent"), id="brand")
                yield Static(id="summary")
            with Vertical(id="games", classes="panel"):
                yield Static(HEAD, id="columns")
                yield PastList(id="past")
            yield Static(id="empty")
            yield Static(id="detail")
            yield Static(id="board-notice")
        yield Footer(show_command_palette=False)

    @property
    def here(self) -> MatchesListed | None:
        """The page that is looked at; None while it is asked for."""
        listed = self.world.past
        return listed if listed is not None and listed.before == self.places[-1] else None

    def draw(self) -> None:
        here = self.here
        matches = () if here is None else here.matches
        self.set_class(not matches, "empty")
        empty = self.query_one("#empty", Static)
        empty.display = not matches
        empty.update(Content("Asking the server…" if here is None else EMPTY))
        page = f"page {len(self.places)}, more below" if here is not None and here.more else f"page {len(self.places)}"
        self.query_one("#summary", Static).update(
            Content.styled(page if len(self.places) > 1 or (here is not None and here.more) else "", "$faint")
        )
        listed = self.query_one(PastList)
        listed.show(matches)
        if matches and self.focused is None:  # the list was away while there was nothing in it
            self.set_focus(listed)
        self._draw_detail()
        self.refresh_bindings()

    def _draw_detail(self) -> None:
        marked = self.query_one(PastList).marked()
        told = Content(self.said) if self.said or marked is None else _of_match(marked)
        self.query_one("#detail", Static).update(told)

    def say(self, notice: str) -> None:
        """A line below the list, until another game is marked."""
        self.said = notice
        self._draw_detail()

    def on_screen_resume(self) -> None:
        if self.drawn:
            self.say("")

    # -- what is asked for --------------------------------------------------------------------------------------

    def ask(self) -> None:
        self.post_message(AskMatches(self.places[-1]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self.here
        match action:
            case "older":
                return here is not None and here.more
            case "newer":
                return len(self.places) > 1
            case "replay":
                return here is not None and bool(here.matches)
            case _:
                return True

    def action_older(self) -> None:
        here = self.here
        if here is not None and here.more and here.matches:
            self._turn_to([*self.places, here.matches[-1].place])

    def action_newer(self) -> None:
        if len(self.places) > 1:
            self._turn_to(self.places[:-1])

    def _turn_to(self, places: list[MatchPlace | None]) -> None:
        self.places, self.said = places, ""
        self.draw()
        self.ask()

    def action_replay(self) -> None:
        match = self.query_one(PastList).marked()
        if match is not None:
            self.say("Reading the match …")
            self.post_message(ReadReplay(match.match))

    def on_option_list_option_selected(self, event: PastList.OptionSelected) -> None:
        event.stop()
        self.action_replay()

    def on_option_list_option_highlighted(self, event: PastList.OptionHighlighted) -> None:
        event.stop()
        self.say("")

    def commands(self) -> Iterator[SystemCommand]:
        yield SystemCommand("past games: Replay", "Turn by turn, with every secret", self.action_replay)
        yield SystemCommand("past games: Older", "The next page", self.action_older)
        yield SystemCommand("past games: Newer", "The page before", self.action_newer)


def _of_match(match: PastMatch) -> Content:
    kinds = {kind: match.minds.count(kind) for kind in dict.fromkeys(match.minds)}
    seats = ", ".join(
        words.people(n) if kind == "person" else f"{n} {kind}{'s' if n != 1 else ''}" for kind, n in kinds.items()
    )
    result = ", ".join(filter(None, (match.winner, match.reason.replace("_", " "))))
    mine = "" if match.seat is None else f" · yours was seat {match.seat + 1}"
    return Content.assemble(
        (match.code or match.match, "bold"),
        f"  {result}",
        (f" · {face_of(match.game).title} · {seats}{mine}", "$faint"),
    )
