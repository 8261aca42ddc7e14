"""Opponents that do not learn: in a share of a run's matches one side is theirs, and only the other is trained.

Self-play alone meets nobody but the present policy, and can drift to where that one is and forget the others. The
league is the model that the run began with, checkpoints of the run, and players named by the user, such as scripts. Who
plays which side is drawn by how much there is to learn from it: p (1 − p), with p the learner's share of the points
there, is most where a meeting is open and nothing where it is settled either way (learnability, which follows the true
regret of a curriculum better than its usual estimates: Rutherford et al. 2024, https://arxiv.org/abs/2408.15099).

Their decisions are masked as those of another version. Before the first update the model that the run began with is
the learner itself, and so it is learnt from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine as Database

from agents.models import known_checkpoints
from agents.runner import Lineup, Played
from arena.games.chance import Chance
from arena.games.core import Game, fold

LEARNER: Final = "self"
"""The filling of the seats that are trained."""

FADE: Final = 0.7
"""What an iteration's matches count for one iteration later: the learner is another by then."""

_FILE: Final = "league.json"


@dataclass(frozen=True, slots=True)
class LeaguePlan:
    """``share`` of the matches are against others: the model that the run began with, at most ``past`` of the run's
    checkpoints, evenly chosen, and ``opponents``, named as for ``agents.players``."""

    share: float = 0.0
    opponents: tuple[str, ...] = ()
    past: int = 3


@dataclass(slots=True)
class Record:
    """Matches and points of the learner, older ones faded. A win is a point, any return its place between −1 and 1."""

    matches: float = 0.0
    points: float = 0.0

    @property
    def open(self) -> float:
        """p (1 − p), with one point won and one lost beforehand."""
        p = (self.points + 1.0) / (self.matches + 2.0)
        return p * (1.0 - p)


@dataclass(slots=True)
class League:
    """Draws who plays, and keeps what became of it: ``records`` by "SIDE against OPPONENT". ``began`` names the model
    that the run began with."""

    plan: LeaguePlan
    game: Game[Any, Any]
    options: Any
    began: str
    records: dict[str, Record] = field(default_factory=dict)

    def names(self, database: Database, run: str) -> list[str]:
        """Who belongs to it now, by names that ``agents.players`` knows."""
        own = sorted((c for c in known_checkpoints(database) if c.run == run), key=lambda c: c.games)
        return [self.began, *(own[n].id for n in _evenly(len(own), self.plan.past)), *self.plan.opponents]

    def lineup(self, deal: str, opponents: Sequence[str]) -> Lineup:
        """The match of this deal: of the learner alone, or against one of the ``opponents`` (ids of players). The same
        deal gives the same match for as long as the records stay."""
        luck = random.Random(f"league/{deal}")
        seats = self.game.seat_count(self.options)
        if not opponents or luck.random() >= self.plan.share:
            return Lineup(deal, (LEARNER,) * seats)
        sides = self._sides(deal)
        meetings = [(side, opponent) for opponent in opponents for side in sorted(set(sides))]
        weights = [self.records.get(_named(*meeting), Record()).open for meeting in meetings]
        side, opponent = luck.choices(meetings, weights)[0]
        fills = tuple(LEARNER if own == side else opponent for own in sides)
        return Lineup(deal, fills, label=_named(side, opponent))

    def _sides(self, deal: str) -> Sequence[str]:
        """By seat. Where each seat has a goal of its own, every other one makes a side."""
        if self.game.scored:
            return tuple(("even", "odd")[seat % 2] for seat in range(self.game.seat_count(self.options)))
        return self.game.sides(fold(self.game, self.game.opening(self.options, Chance(deal))))

    def saw(self, matches: Sequence[Played]) -> None:
        """An iteration's matches; those of the learner alone count for nothing here."""
        for record in self.records.values():
            record.matches *= FADE
            record.points *= FADE
        for match in matches:
            if not match.lineup.label:
                continue
            own = [r for r, fill in zip(match.outcome.returns, match.lineup.fills, strict=True) if fill == LEARNER]
            record = self.records.setdefault(match.lineup.label, Record())
            record.matches += 1.0
            record.points += (sum(own) / len(own) + 1.0) / 2.0

    def shares(self) -> dict[str, float]:
        """The learner's share of the points by meeting, of those that took place lately."""
        return {name: r.points / r.matches for name, r in sorted(self.records.items()) if r.matches >= 1.0}

    def save(self, folder: Path, checkpoint: str) -> None:
        rows = {name: [r.matches, r.points] for name, r in self.records.items()}
        draft = folder / f".{_FILE}"
        draft.write_text(json.dumps({"checkpoint": checkpoint, "began": self.began, "records": rows}))
        draft.rename(folder / _FILE)

    def load(self, folder: Path, checkpoint: str) -> None:
        """Go on from ``save``; nothing changes where the folder belongs to another checkpoint."""
        try:
            notes: Mapping[str, Any] = json.loads((folder / _FILE).read_text())
        except (OSError, ValueError):
            return
        if notes["checkpoint"] == checkpoint:
            self.began = notes["began"]
            self.records = {name: Record(*of) for name, of in notes["records"].items()}


def _named(side: str, opponent: str) -> str:
    return f"{side} against {opponent}"


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of 0 … count − 1, the last among them."""
    taken = min(count, most)
    return [(n + 1) * count // taken - 1 for n in range(taken)]
