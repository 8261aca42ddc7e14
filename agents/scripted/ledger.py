"""What has been said and voted in public, read once and kept as statements, claims and pairwise evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.scripted.likelihood import ACCUSED, CALLED, DOUBTED, TRUSTED, VOTED, Pair
from arena.games.werewolf.reading import read
from arena.games.werewolf.statements import Accuse, Agree, Claim, Doubt, Result, Sensed, Statement, Trust, VoteFor
from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import SeatView


@dataclass(slots=True)
class Ledger:
    """What has been said in public, read once. Grows with the view; one ledger goes with one view."""

    place: int = 0
    statements: list[tuple[int, int, Statement]] = field(default_factory=list)
    """(day, speaker, statement), in order."""
    claims: dict[int, dict[int, Side]] = field(default_factory=dict)
    """Who claims to be the seer, with the results they reported."""
    claim_day: dict[int, int] = field(default_factory=dict)
    cards: dict[int, Role] = field(default_factory=dict)
    """Who claims to be witch, hunter or medium."""
    sensed: dict[int, dict[int, Side]] = field(default_factory=dict)
    """Who claims to be the medium, with what they say of the exiled."""
    pairs: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    """(speaker, target) → the sum of its ``Pair``s."""
    seen: set[tuple[int, type[Statement], int]] = field(default_factory=set)
    votes: int = 0

    def follow(self, view: SeatView) -> None:
        """Take in what the view has heard since the last time."""
        for said in view.talk[self.place :]:
            if said.to_pack or not said.text:
                continue
            for statement in read(said.text, said.seat, view.names):
                self.statements.append((said.day, said.seat, statement))
                self._weigh(said.day, said.seat, statement)
        self.place = len(view.talk)
        if len(view.votes) > self.votes:
            for day in sorted(view.votes)[self.votes :]:
                for voter, target in view.votes[day].items():
                    if target is not None:
                        self._pair(voter, target, VOTED)
            self.votes = len(view.votes)

    def today(self, day: int) -> Iterable[tuple[int, Statement]]:
        """(speaker, statement) of one day."""
        return ((s, statement) for d, s, statement in self.statements if d == day)

    def _weigh(self, day: int, speaker: int, statement: Statement) -> None:
        match statement:
            case Claim(Role.SEER):
                self.claims.setdefault(speaker, {})
                self.claim_day.setdefault(speaker, day)
                return
            case Result(target, side):
                self.claims.setdefault(speaker, {})[target] = side
                self.claim_day.setdefault(speaker, day)
                return
            case Claim(Role.WITCH | Role.HUNTER | Role.MEDIUM as card):
                self.cards[speaker] = card
                return
            case Sensed(target, side):
                self.sensed.setdefault(speaker, {})[target] = side
                return
            case Accuse():
                pair = ACCUSED
            case VoteFor():
                pair = CALLED
            case Doubt():
                pair = DOUBTED
            case Trust() | Agree():
                pair = TRUSTED
            case _:
                return
        key = (speaker, type(statement), statement.target)
        if key not in self.seen and speaker != statement.target:
            self.seen.add(key)
            self._pair(speaker, statement.target, pair)

    def _pair(self, speaker: int, target: int, pair: Pair) -> None:
        total = self.pairs.setdefault((speaker, target), [0.0, 0.0, 0.0])
        for i, value in enumerate(pair):
            total[i] += value
