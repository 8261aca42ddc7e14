"""A match of Werewolf with chosen cards, driven by short words: for tests of single rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arena.games.chance import Chance
from arena.games.core import PASS, Act, Event, Outcome, Turn, begin, step
from arena.games.werewolf import Werewolf
from arena.games.werewolf.rules import deal
from arena.games.werewolf.types import Role, State

W, V, S, D, H, M = Role.WEREWOLF, Role.VILLAGER, Role.SEER, Role.DOCTOR, Role.HUNTER, Role.MEDIUM
T, P = Role.WITCH, Role.POSSESSED
GAME = Werewolf()

Answer = int | str | None | Mapping[int, int | str | None]
"""What to choose, by everybody or by seat; None passes."""


class Village:
    """``roles[seat]`` are dealt. Without talk, unless ``talk_rounds`` or ``discussion`` says otherwise."""

    def __init__(self, *roles: Role, seed: int = 0, game: Werewolf = GAME, **options: Any) -> None:
        self.game = game
        cast = {str(r): roles.count(r) for r in roles}
        parsed = game.options({"cast": cast, "talk_rounds": 0, **options})
        self.chance = Chance(seed)
        started = game.opening(parsed, self.chance)[0]
        self.state: State
        self.state, events = begin(game, parsed, self.chance, (started, *deal(roles)))
        self.events: list[Event] = list(events)
        self.asked: list[Turn] = []
        """Every turn that was answered."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.game.turns(self.state)

    @property
    def outcome(self) -> Outcome | None:
        return self.game.outcome(self.state)

    def open(self, kind: str) -> dict[int, Turn]:
        return {t.seat: t for t in self.turns if t.kind == kind}

    def act(self, turn: Turn, answer: int | str | None, text: str = "") -> list[Event]:
        choice = self.state.names[answer] if isinstance(answer, int) else answer
        self.asked.append(turn)
        act = PASS if choice is None and not text else Act(text, choice)
        self.state, events = step(self.game, self.state, turn, act, self.chance)
        self.events += events
        return list(events)

    def go(self, until: str = "", **answers: Answer) -> list[Event]:
        """Answer open turns by their kind, passing what is not named or not possible, until a new turn of kind
        ``until`` is open (or the match is over)."""
        start, old = len(self.events), {(t.seat, t.id) for t in self.turns}
        while turns := self.turns:
            if any(t.kind == until and (t.seat, t.id) not in old for t in turns):
                break
            turn, answer = turns[0], answers.get(turns[0].kind)
            one = answer.get(turn.seat) if isinstance(answer, Mapping) else answer
            cannot = isinstance(one, int) and self.state.names[one] not in turn.choices
            self.act(turn, None if cannot else one)
        return self.events[start:]

    def told(self, seat: int | None, *kinds: str) -> list[Event]:
        """What a seat (None: everybody) was told, of these kinds."""
        return [e for e in self.events if e.kind in kinds and (seat is None or seat in e.audience)]

    def dead(self) -> list[int]:
        return [s for s, alive in enumerate(self.state.alive) if not alive]
