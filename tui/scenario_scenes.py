"""Pictures of a social scenario, for ``tui.screenshots``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from textual.pilot import Pilot

from arena.games.core import Act, Turn
from tui.app import ArenaApp
from tui.canned_link import CannedLink
from tui.canned_scenario import CannedScenario
from tui.screens.new_game import NewGameScreen

if TYPE_CHECKING:
    from tui.screenshots import Scene

MINE: Final[Mapping[str, tuple[str, ...]]] = {
    "speak": (
        "Good morning. Before we count: who needs what, and how much?",
        "Then I can live with most of it.",
    ),
    "gesture": ("smiles at both of them",),
    "whisper": ("I know why you are in a hurry.",),
}
DEEDS: Final = ("speak", "whisper", "speak")


def answers(until: str | None) -> Callable[[Turn], Act | None]:
    """Plays my turns up to the one whose id begins with ``until``; proposes where that is asked for."""
    deeds = list(DEEDS)
    said = {kind: list(texts) for kind, texts in MINE.items()}

    def answer(turn: Turn) -> Act | None:
        if until is not None and turn.id.startswith(until):
            return None
        if turn.kind == "deed":
            if until is not None and "term" in until and turn.id.split(".")[0] == until.split(".")[0]:
                return Act(choice="propose")
            wanted = deeds.pop(0) if deeds else "accept"
            return Act(choice=wanted if wanted in turn.choices else "speak")
        if turn.kind == "whom":
            return Act(choice="enough" if "enough" in turn.choices else turn.choices[0])
        if turn.choices:
            return Act(choice=turn.choices[0])
        texts = said.get(turn.kind, [])
        return Act(text=texts.pop(0) if texts else "I see.")

    return answer


def scenario(until: str | None, *keys: str, theme: str, me: int | None = 0, **options: Any) -> Scene:
    """The table of a scenario at my turn ``until``, or at the end; then some keys."""
    from tui.screenshots import StillClock, settle

    link = CannedLink(CannedScenario(me, options=options or None))
    link.put(*link.game.play(answers(until)))

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return ArenaApp(link, "Robin", clock=StillClock(), theme=theme), prepare


def new_scenario(theme: str) -> Scene:
    """The dialog, at a hand-written one for three."""
    from tui.screenshots import StillClock, settle

    app = ArenaApp(CannedLink(), "Robin", clock=StillClock(), theme=theme)

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        app.push_screen(NewGameScreen("scenario"))
        await settle(pilot)
        await pilot.press("down", "left", "down", "right", "down", "right", "right")
        await settle(pilot)

    return app, prepare


SCENES: Final[dict[str, Callable[[str], Scene]]] = {
    "scenario": lambda theme: scenario("turn9.deed", theme=theme),
    "scenario-terms": lambda theme: scenario("turn9.term2", theme=theme),
    "scenario-accept": lambda theme: scenario("turn9.deed", "a", theme=theme),
    "scenario-pot": lambda theme: scenario("give", theme=theme, family="pot", seats=4),
    "scenario-guess": lambda theme: scenario("guess", theme=theme, family="bargain"),
    "scenario-watching": lambda theme: scenario(None, "escape", theme=theme, me=None),
    "scenario-card": lambda theme: scenario("turn9.deed", "f2", theme=theme),
    "scenario-eight": lambda theme: scenario(None, theme=theme, family="coalition", seats=8),
    "scenario-end": lambda theme: scenario(None, theme=theme),
    "scenario-new": lambda theme: new_scenario(theme),
}
