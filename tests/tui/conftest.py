"""The app under test, with a fake arena and a clock that stands still."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.arena import FakeArena
from tui.app import ArenaApp
from tui.memory import Remembered
from tui.screenshots import StillClock
from tui.wish import Wish


class MovableClock(StillClock):
    now_s = 0.0

    def monotonic_s(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def make_app(clock: MovableClock):
    def make(arena: FakeArena, *, memory: Remembered | None = None, **wish: Any) -> ArenaApp:
        return ArenaApp(arena, "Robin", clock=clock, memory=memory, wish=Wish(**wish))

    return make
