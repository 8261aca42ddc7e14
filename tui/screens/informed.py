"""What the app knows of its screens, so that it need not import those that nobody has opened."""

from __future__ import annotations

from tui.state import World


class Informed:
    """A screen that hears what the app hears. Times are on this machine's monotonic clock."""

    at_table: bool = False
    """Whether this is where a match is played: its end opens above it."""

    def hear(self, world: World, now_s: float) -> None:
        """The world has changed."""

    def tick(self, world: World, now_s: float) -> None:
        """A second has passed."""

    def closes(self, action: str) -> bool:
        """Whether the app's ``action`` makes no sense while this is open."""
        return False
