"""The table of a recorded match as it was at any moment, made by the same store as the table of a running one."""

from __future__ import annotations

from arena.protocol import server_messages as said
from arena.protocol.recording import Recording
from arena.replay.turns import seen_by
from tui import store
from tui.state import Table, World


class ReplayTable:
    """What ``eyes`` saw of the match. Moments that were asked for once are remembered, so that going back costs
    nothing."""

    def __init__(self, recording: Recording, eyes: int | None, told: int = 0) -> None:
        """``told`` tells one from another: see ``Table.told``."""
        self._recording = recording
        self._numbers = seen_by(recording, eyes)
        seats = [said.SeatInfo(seat=n, name=s.name, mind=s.mind) for n, s in enumerate(recording.seats)]
        room = said.RoomInfo(
            room=recording.id, game=recording.game, status="over", seats=seats, options=recording.options
        )
        everything = eyes is None
        self._tables = [Table(room=room, me=eyes, seats=tuple(seats), everything=everything, told=told)]

    def after(self, events: int) -> Table:
        """When so many events of the match had happened."""
        wanted = sum(1 for n in self._numbers if n < events)
        while len(self._tables) <= wanted:
            self._tables.append(self._next())
        table = self._tables[wanted]
        if events < len(self._recording.events) or self._recording.outcome is None:
            return table
        outcome = self._recording.outcome
        return self._heard(
            table,
            said.MatchEnded(
                room=self._recording.id,
                winner=outcome.winner,
                reason=outcome.reason,
                sides=list(outcome.sides),
                returns=list(outcome.returns),
            ),
        )

    def _next(self) -> Table:
        """One event more."""
        seq = len(self._tables) - 1
        event = self._recording.events[self._numbers[seq]]
        return self._heard(
            self._tables[-1],
            said.EventHappened(
                room=self._recording.id,
                seq=seq,
                kind=event.kind,
                data=event.data,
                public=event.audience is None,
                line=event.line,
            ),
        )

    def _heard(self, table: Table, message: said.AnyServerMessage) -> Table:
        heard = store.receive(World(table=table), message, 0.0).table
        assert heard is not None, "a match that is over is not left"
        return heard
