"""Signs that a run goes wrong, and what is done about them: reward hacking shows in manners before it shows in wins.

Each update is compared with the first of the run and with bounds. Two updates with an alarm in a row take the policy
back to where it was last known to be well, at half the learning rate; when that happens again the run stops there.
Figures and weights that are no numbers do so at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Final

from training.figures import UpdateFigures
from training.learner import Learner, Snapshot

ROLL_BACK_LR: Final = 0.5
"""What the learning rate is multiplied by after the first rollback."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is still well. Shares of the run's first update, or plain limits.

    Args:
        talk_entropy, choice_entropy, talk_tokens: the lowest and the highest share of the first update's.
        kl_reference: the most, in nats a token.
        garbled, repeated: the most, as a share of the messages above the first update's.
        gradient_norm: the most, in medians of the recent ones.
        explained: the least explained variance of the critic.
        lopsided: the most that any side may get on average, in wins.
    """

    talk_entropy: tuple[float, float] = (0.4, 2.0)
    choice_entropy: tuple[float, float] = (0.2, 2.0)
    talk_tokens: tuple[float, float] = (0.5, 2.0)
    kl_reference: float = 0.6
    garbled: float = 0.1
    repeated: float = 0.15
    gradient_norm: float = 10.0
    explained: float = -0.25
    lopsided: float = 0.97


@dataclass(frozen=True, slots=True)
class Alarm:
    """``name`` is that of the figure in ``UpdateFigures``, or ``weights``; ``bound`` is what should not be crossed."""

    name: str
    value: float
    bound: float

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return f"{self.name} not a finite number"
        way = "over" if self.value > self.bound else "under"
        return f"{self.name} {self.value:.3g} ({way} {self.bound:.3g})"


class Verdict(StrEnum):
    GO_ON = "go on"
    ROLL_BACK = "roll back"
    STOP = "stop"


def alarms(now: UpdateFigures, first: UpdateFigures, norms: Sequence[float], bounds: Bounds) -> list[Alarm]:
    """What is wrong with an update. ``norms`` are the gradient norms of recent updates."""
    found: list[Alarm] = []

    def above(name: str, bound: float) -> None:
        if not getattr(now, name) <= bound:  # a NaN is never within
            found.append(Alarm(name, getattr(now, name), bound))

    def below(name: str, bound: float) -> None:
        if not getattr(now, name) >= bound:
            found.append(Alarm(name, getattr(now, name), bound))

    for name in ("talk_entropy", "choice_entropy", "talk_tokens"):
        (low, high), begun = getattr(bounds, name), getattr(first, name)
        below(name, low * begun)
        above(name, high * begun if begun else math.inf)
    for name in ("garbled", "repeated"):
        above(name, getattr(first, name) + getattr(bounds, name))
    above("kl_reference", bounds.kl_reference)
    above("lopsided", bounds.lopsided)
    above("gradient_norm", bounds.gradient_norm * median(norms) if len(norms) > 2 else math.inf)
    below("explained", bounds.explained)
    return found


@dataclass(slots=True)
class Watch:
    """Looks at each update of a run and keeps what to go back to.

    An update's figures speak of the policy before it, so a state counts as well when the update after it raised no
    alarm. Two copies of the weights and of the optimiser's state are held in memory.
    """

    learner: Learner
    bounds: Bounds = field(default_factory=Bounds)
    raised: list[tuple[int, Alarm]] = field(default_factory=list)
    """All alarms of the run, with the number of their update in it, from 0."""
    rollbacks: int = 0
    _updates: int = 0
    _first: UpdateFigures | None = None
    _norms: deque[float] = field(default_factory=lambda: deque(maxlen=20))
    _in_a_row: int = 0
    _well: Snapshot = field(init=False)
    _newest: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self._well = self._newest = self.learner.snapshot()

    @property
    def doubtful(self) -> bool:
        """Whether the newest update raised an alarm that is not settled yet."""
        return self._in_a_row > 0

    def after(self, figures: UpdateFigures) -> Verdict:
        """Judge an update that was just made. ``ROLL_BACK`` and ``STOP`` have put the learner back already."""
        first = self._first or figures
        found = alarms(figures, first, tuple(self._norms), self.bounds)
        if not self.learner.finite:
            found.append(Alarm("weights", math.nan, math.inf))
        self.raised.extend((self._updates, alarm) for alarm in found)
        self._updates += 1
        if not found:
            self._first = first
            self._norms.append(figures.gradient_norm)
            self._in_a_row = 0
            self._well, self._newest = self._newest, self.learner.snapshot()
            return Verdict.GO_ON
        self._in_a_row += 1
        broken = not all(math.isfinite(alarm.value) for alarm in found)
        if self._in_a_row < 2 and not broken:
            return Verdict.GO_ON
        self.rollbacks += 1
        self._in_a_row = 0
        self.learner.restore(self._well, lr_factor=ROLL_BACK_LR if self.rollbacks == 1 else 1.0)
        self._newest = self._well
        return Verdict.ROLL_BACK if self.rollbacks == 1 else Verdict.STOP
