"""What one seat (or a spectator) knows, folded from the events that it may see.

Scripted minds, the terminal and replays read this; none of them ever holds the server's state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from arena.games.core import Event
from arena.games.werewolf.types import Phase, Role, Side


@dataclass(frozen=True, slots=True)
class Said:
    """One message. ``to_pack`` marks the werewolves' private talk; ``place`` counts all messages that the seat
    heard."""

    day: int
    seat: int
    text: str
    to_pack: bool
    place: int


@dataclass(frozen=True, slots=True)
class Death:
    day: int
    seat: int
    cause: str
    """``killed`` or ``exiled``."""
    shown: str | None
    """The role or side that the village learnt, if any."""


@dataclass(slots=True)
class SeatView:
    """Folded by ``see``; ``me`` is None for a spectator."""

    me: int | None = None
    names: tuple[str, ...] = ()
    cast: dict[str, int] = field(default_factory=dict)
    role: Role | None = None
    fellows: tuple[int, ...] = ()
    phase: Phase = Phase.SETUP
    day: int = 0
    order: tuple[int, ...] = ()
    alive: list[bool] = field(default_factory=list)
    talk: list[Said] = field(default_factory=list)
    votes: dict[int, dict[int, int | None]] = field(default_factory=dict)
    """Day → voter → target (None: nobody)."""
    deaths: list[Death] = field(default_factory=list)
    checks: dict[int, Side] = field(default_factory=dict)
    """What I, the seer, saw."""
    protected: list[int] = field(default_factory=list)
    winner: Side | None = None
    roles: tuple[Role, ...] = ()
    """Everybody's role, once the match is over."""

    def see(self, event: Event) -> None:
        d = event.data
        match event.kind:
            case "started":
                self.names, self.cast = tuple(d["names"]), dict(d["cast"])
                self.alive = [True] * len(self.names)
            case "dealt":
                self.me, self.role, self.fellows = d["seat"], Role(d["role"]), tuple(d["fellows"])
            case "night":
                self.phase, self.day = Phase.NIGHT, d["day"]
            case "day":
                self.phase, self.order = Phase.TALK, tuple(d["order"])
            case "vote":
                self.phase = Phase.VOTE
            case "said" | "pack_said":
                self.talk.append(Said(self.day, d["seat"], d["text"], event.kind == "pack_said", len(self.talk)))
            case "checked" if d["target"] is not None:
                self.checks[d["target"]] = Side(d["side"])
            case "protected" if d["target"] is not None:
                self.protected.append(d["target"])
            case "votes":
                self.votes[d["day"]] = dict(d["ballots"])
            case "killed" | "exiled":
                self.alive[d["seat"]] = False
                self.deaths.append(Death(self.day, d["seat"], event.kind, d["shown"]))
            case "ended":
                self.phase, self.winner = Phase.OVER, Side(d["winner"])
                self.roles = tuple(Role(r) for r in d["roles"])
            case _:
                pass

    def living(self) -> list[int]:
        return [s for s, a in enumerate(self.alive) if a]


def view(events: Iterable[Event]) -> SeatView:
    """The view after these events, which must be one seat's visible ones (``arena.games.core.visible``)."""
    out = SeatView()
    for event in events:
        out.see(event)
    return out
