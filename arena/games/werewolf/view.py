"""What one seat (or a spectator) knows, folded from the events that it may see.

Scripted minds, the terminal and replays read this; none of them ever holds the server's state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

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
    """``killed``, ``exiled`` or ``shot``."""
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
    """Day → voter → target (None: nobody), of first votes; empty where ballots are secret."""
    mayor: int | None = None
    floor: int | None = None
    """Who speaks now, where the discussion is ``open``."""
    unsettled: bool = False
    """Somebody has died and the next day or night has not begun: the match may be decided already."""
    deaths: list[Death] = field(default_factory=list)
    checks: dict[int, Side] = field(default_factory=dict)
    """What I, the seer, saw."""
    sensed: dict[int, Role] = field(default_factory=dict)
    """What I, the medium, learnt of the exiled."""
    prey: int | None = None
    """Whom the werewolves attack tonight, as I, the witch, know."""
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
                self.phase, self.day, self.prey, self.unsettled = Phase.NIGHT, d["day"], None, False
            case "day":
                self.phase, self.order, self.unsettled = Phase.TALK, tuple(d["order"]), False
            case "floor":
                self.floor = d["seat"]
            case "election":
                self.phase = Phase.ELECTION
            case "vote":
                self.phase = Phase.VOTE
            case "said" | "pack_said":
                self.floor = None
                self.talk.append(Said(self.day, d["seat"], d["text"], event.kind == "pack_said", len(self.talk)))
            case "sensed":
                self.sensed[d["target"]] = Role(d["role"])
            case "checked" if d["target"] is not None:
                self.checks[d["target"]] = Side(d["side"])
            case "protected" if d["target"] is not None:
                self.protected.append(d["target"])
            case "warned":
                self.prey = d["target"]
            case "votes" if "ballots" in d and "round" not in d:
                self.votes[d["day"]] = dict(d["ballots"])
            case "mayor":
                self.mayor = d["seat"]
            case "no_mayor":
                self.mayor = None
            case "killed" | "exiled" | "shot":
                self.alive[d["seat"]], self.unsettled = False, True
                self.deaths.append(Death(self.day, d["seat"], event.kind, d["shown"]))
            case "ended":
                self.phase, self.winner = Phase.OVER, Side(d["winner"])
                self.roles = tuple(Role(r) for r in d["roles"])
            case _:
                pass

    def after(self, event: Event) -> SeatView:
        """The view after one more event; this one stays as it is."""
        votes = {day: dict(ballots) for day, ballots in self.votes.items()}
        lists = {name: list(getattr(self, name)) for name in ("alive", "talk", "deaths", "protected")}
        out = replace(self, votes=votes, checks=dict(self.checks), sensed=dict(self.sensed), **lists)
        out.see(event)
        return out

    def living(self) -> list[int]:
        return [s for s, a in enumerate(self.alive) if a]


def view(events: Iterable[Event]) -> SeatView:
    """The view after these events, which must be one seat's visible ones (``arena.games.core.visible``)."""
    out = SeatView()
    for event in events:
        out.see(event)
    return out
