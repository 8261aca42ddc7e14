"""A canned scenario, for screenshots and tests: a hand-written one, in which the others do a little of everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from arena.games.core import Act, Turn
from arena.games.scenario.rules import ScenarioGame
from arena.games.scenario.state import Deed, ScenarioOptions, State
from tui.canned_match import CannedMatch

SCENARIO: Final = "car-pool"
STORY: Final = (Deed.SPEAK, Deed.PROPOSE, Deed.GESTURE, Deed.WHISPER, Deed.SPEAK, Deed.DO, Deed.ACCEPT, Deed.WAIT)
"""What the others do, one after the other, as far as they may."""
SAID: Final = {
    Deed.SPEAK: (
        "Let us begin with what each of us needs, and not with what each of us can do without.",
        "I can give way on that, if you give way on the other thing.",
        "That is more than I had hoped for. One thing is missing.",
    ),
    Deed.GESTURE: ("leans back and looks at the clock above the door", "nods slowly"),
    Deed.DO: ("draws three columns on the back of an envelope",),
    Deed.WHISPER: ("Between us: I would take the second best. Do not tell the others.",),
}


class CannedScenario(CannedMatch[ScenarioOptions, State]):
    """Anything but the scenario itself may be asked for in ``options``."""

    def __init__(self, me: int | None = 0, seed: int = 3, options: Mapping[str, Any] | None = None) -> None:
        self.done, self.spoken = 0, dict.fromkeys(SAID, 0)
        self.asked = dict(options or {"scenario": SCENARIO})
        super().__init__(ScenarioGame(), me, seed, self.asked, mind="script")

    def another(self, me: int | None, seed: int) -> CannedScenario:
        return CannedScenario(me, seed, self.asked)

    def drawn(self, turn: Turn) -> Act:
        if turn.kind == "deed":
            deed = STORY[self.done % len(STORY)]
            self.done += 1
            return Act(choice=str(deed) if deed in turn.choices else str(Deed.SPEAK))
        if turn.choices:
            return Act(choice=self.chance.pick(f"{turn.id}/{turn.seat}", turn.choices))
        deed = Deed(turn.kind)
        said = SAID[deed]
        text = said[self.spoken[deed] % len(said)]
        self.spoken[deed] += 1
        return Act(text=text[: turn.text_limit])
