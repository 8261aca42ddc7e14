"""Reads the streams of one match's seats into token rows, in the layout that the game asks for.

    shared   row e: epoch e of the public trunk; what a seat alone knows stands in its branches
    apart    row s + S·e: epoch e of all that seat s has seen, its own secrets among it (``Game.apart``); a branch is
             the question only

Live play, probes, polls and lessons read with this, so that a prompt is the same wherever it is made.

Letters: S seats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from agents.llm.prompt import Codec, Place, SeatReader, Trunk
from arena.games.core import Event, Game


class Read(NamedTuple):
    """Where a seat stands. ``place`` is behind ``place.length`` tokens of row ``place.epoch``, which is ``row``."""

    reader: SeatReader
    place: Place
    row: list[int]


class MatchReader:
    """One match, as the minds of one codec read it."""

    def __init__(self, codec: Codec, game: Game[Any, Any], limit: int | None = None) -> None:
        self.limit = limit
        self._codec = codec
        self._game = game
        self._readers: dict[int, SeatReader] = {}
        self._trunks: dict[int, Trunk] = {}
        """By seat; one that all share under 0."""
        self._seats = 0

    def read_on(self, seat: int, events: Sequence[Event]) -> Read:
        """Read on in a seat's whole stream so far, which begins with the opening."""
        if not self._seats:
            self._seats = len(events[0].data["names"])
            self._apart = self._game.apart(self._seats)
        reader = self._readers.get(seat)
        if reader is None:
            reader = self._readers[seat] = SeatReader(self._game, apart=self._apart)
        trunk = self._trunk(seat)
        reader.read_on(self._codec, trunk, events)
        epoch, length = trunk.places[reader.lines]
        return Read(reader, Place(self._row(seat, epoch), length), trunk.epochs[epoch])

    def rows(self) -> dict[int, list[int]]:
        """All rows so far, by their number."""
        if not self._seats:
            return {}
        return {
            self._row(seat, epoch): tokens
            for seat, trunk in self._trunks.items()
            for epoch, tokens in enumerate(trunk.epochs)
        }

    def over(self) -> set[int]:
        """The rows that are full: nobody will stand in them any more."""
        return {
            self._row(seat, epoch) for seat, trunk in self._trunks.items() for epoch in range(len(trunk.epochs) - 1)
        }

    def _trunk(self, seat: int) -> Trunk:
        whose = seat if self._apart else 0
        trunk = self._trunks.get(whose)
        if trunk is None:
            trunk = self._trunks[whose] = Trunk.open(self._codec, self.limit)
        return trunk

    def _row(self, seat: int, epoch: int) -> int:
        return seat + self._seats * epoch if self._apart else epoch
