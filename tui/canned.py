"""A canned game of Werewolf, for screenshots and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from arena.games.core import Act, Event, Turn
from arena.games.werewolf import Werewolf
from arena.games.werewolf.rules import deal
from arena.games.werewolf.types import Role, State, WerewolfOptions
from tui.canned_match import CannedMatch

NAMES: Final = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia")
ROLES: Final = (
    Role.SEER,
    Role.VILLAGER,
    Role.WEREWOLF,
    Role.DOCTOR,
    Role.VILLAGER,
    Role.WEREWOLF,
    Role.VILLAGER,
)
TALK: Final = (
    "Nothing about this night surprises me. Somebody here is enjoying it, and I would like to hear {a} first.",
    "{a} was quick to accuse. Quick people are often afraid of being asked.",
    "I have no proof, so I listen: {a} and {b} defend each other a little too well.",
    "Let us not vote at random. If nobody has a reason, I go with {a}.",
    "I am a plain villager and I say so. {a}, what did you do last night?",
    "You all look at {a}. Look at {b} instead, who has not said one useful thing.",
    "I agree with that.",
    "The loudest of us is never the wolf; the one who repeats what was said is. That is {b}.",
    "I trust {a} more than yesterday. Please do not split the vote.",
)
PACK: Final = (
    "Let us take {a}: nobody would suspect me of that.",
    "Fine. By day I accuse you a little, so that we look like strangers. Do not overdo it.",
)


class CannedGame(CannedMatch[WerewolfOptions, State]):
    """A village of a fixed deal in the classic cast, where I am spared if so wished."""

    def __init__(
        self,
        me: int | None = 0,
        seed: int = 7,
        options: Mapping[str, Any] | None = None,
        mind: str = "model",
        spare_me: bool = True,
        dead_talk: bool = False,
    ) -> None:
        self.spare_me, self.spoken = spare_me, 0
        super().__init__(Werewolf(), me, seed, options, mind=mind, dead_talk=dead_talk)

    def opening(self) -> tuple[Event, ...]:
        opening = super().opening()
        if self.options.seats == len(NAMES) and self.options.cast is None:
            started = Event("started", {**opening[0].data, "names": list(NAMES)})
            opening = (started, *deal(ROLES))
        return opening

    def phase(self) -> str:
        return f"{'Night' if self.state.phase == 'night' else 'Day'} {self.state.day}"

    def another(self, me: int | None, seed: int) -> CannedGame:
        return CannedGame(me, seed)

    def drawn(self, turn: Turn) -> Act:
        key = f"{turn.id}/{turn.seat}"
        if turn.choices:
            return Act(choice=self._choice(turn, key))
        others = [n for s, n in enumerate(self.state.names) if self.state.alive[s] and s != turn.seat]
        a, b = self.chance.shuffled(f"named/{key}", others)[:2]
        if turn.kind == "pack_talk":
            text = PACK[self.state.pack_heard % len(PACK)]
        else:
            text = TALK[self.spoken % len(TALK)]
            self.spoken += 1
        return Act(text=text.format(a=a, b=b)[: turn.text_limit])

    def _choice(self, turn: Turn, key: str) -> str:
        """A drawn choice, but never me at night, and never a werewolf by a werewolf: a picture needs both alive."""
        choices: list[str] = list(turn.choices)
        state = self.state
        names = state.names
        if turn.kind == "kill" and self.me is not None and self.spare_me and len(choices) > 1:
            choices = [c for c in choices if c != names[self.me]]
        if turn.kind == "vote" and state.roles[turn.seat] is Role.WEREWOLF:
            choices = [c for c in choices if state.roles[names.index(c)] is not Role.WEREWOLF] or choices
        if turn.kind == "vote" and self.me is not None and len(choices) > 1:
            choices = [c for c in choices if c != names[self.me]]
        return self.chance.pick(f"choice/{key}", choices[:3] if turn.kind == "vote" else choices)
