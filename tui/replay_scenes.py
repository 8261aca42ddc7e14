"""Pictures of the replay, for ``tui.screenshots``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from textual.app import App
from textual.pilot import Pilot

from tui import replay
from tui.canned import CannedGame
from tui.canned_match import CannedMatch
from tui.canned_recording import recorded
from tui.canned_scenario import CannedScenario
from tui.replay import Replay
from tui.replay_app import ReplayApp

ReplayScene = tuple[App[Any], Callable[[Pilot[int]], Awaitable[None]]]


def opened(match: CannedMatch[Any, Any], *, beliefs: bool = True) -> Replay:
    """The replay of the whole match, played to its end."""
    for _ in match.run():
        pass
    return replay.opened(recorded(match, beliefs=beliefs))


def scene(at: Replay, *keys: str, theme: str) -> ReplayScene:
    """The screen after some keys."""
    from tui.screenshots import settle

    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return ReplayApp(at, theme=theme), prepare


def village(*keys: str, theme: str, **options: Any) -> ReplayScene:
    return scene(opened(CannedGame(None, 3, options)), *keys, theme=theme)


SCENES: Final[dict[str, Callable[[str], ReplayScene]]] = {
    "replay": lambda theme: village("v", "v", *["left"] * 4, theme=theme),
    "replay-map": lambda theme: village("s", "m", theme=theme),
    "replay-eyes": lambda theme: village("v", "v", "left", "1", theme=theme),
    "replay-end": lambda theme: village("end", theme=theme),
    "replay-sixteen": lambda theme: village("d", "d", "s", theme=theme, seats=16),
    "replay-scenario": lambda theme: scene(opened(CannedScenario(None)), "o", "right", theme=theme),
    "replay-keys": lambda theme: village("f1", theme=theme),
}
