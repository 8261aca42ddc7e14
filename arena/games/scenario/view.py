"""What one seat (or a spectator) knows of a scenario, folded from the events that it may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from arena.games.core import Event, Json
from arena.games.scenario.state import Order, Stage
from arena.games.scenario.talk import DEEDS


@dataclass(frozen=True, slots=True)
class OnTable:
    """The offer that can be accepted: whose it is, the option of each issue, and who would have it."""

    by: int
    terms: tuple[str, ...]
    agreed: tuple[int, ...]


@dataclass(slots=True)
class ScenarioView:
    """Folded by ``see``. ``started`` and ``card`` hold what those events told; ``card`` stays empty for spectators."""

    started: Mapping[str, Json] = field(default_factory=dict)
    card: Mapping[str, Json] = field(default_factory=dict)
    stage: Stage = Stage.SETUP
    taken: int = 0
    last: int | None = None
    floor: int | None = None
    gone: tuple[int, ...] = ()
    offer: OnTable | None = None
    deal: tuple[str, ...] | None = None
    pledges: dict[int, int] = field(default_factory=dict)
    drafted: tuple[str, ...] = ()
    """The terms that I have named so far in the proposal that I am making."""
    whispering: tuple[str, ...] = ()
    """Whom I am about to whisper to."""
    why: str = ""
    """Why the talk ended."""
    ending: Mapping[str, Json] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.started.get("names", ()))

    @property
    def me(self) -> int | None:
        return self.card.get("seat")

    @property
    def order(self) -> Order:
        return Order(self.started.get("options", {}).get("order", Order.ROUND))

    @property
    def turns(self) -> int:
        """How many are taken at most."""
        return self.started.get("options", {}).get("turns", 0)

    @property
    def issues(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.started.get("issues", ()))

    def present(self) -> tuple[int, ...]:
        return tuple(s for s in range(len(self.names)) if s not in self.gone)

    def acting(self) -> frozenset[int]:
        """The seats that are known to have the turn."""
        if self.stage is not Stage.TALK:
            return frozenset(self.present()) if self.stage in (Stage.GIVING, Stage.GUESSING) else frozenset()
        if self.order is Order.ROUND and self.names:
            begin = self.started["first"] if self.last is None else self.last + 1
            around = ((begin + n) % len(self.names) for n in range(len(self.names)))
            return frozenset([next((s for s in around if s not in self.gone), begin)])
        if self.order is Order.OPEN and self.floor is not None:
            return frozenset({self.floor})
        return frozenset(self.present())

    def worth(self, terms: Sequence[str]) -> int | None:
        """What these options, of the first issues as many as there are, are worth to me; None where I cannot know."""
        rows = self.card.get("worths")
        if not rows:
            return None
        return sum(dict(options).get(term, 0) for (_, options), term in zip(rows, terms, strict=False))

    def see(self, event: Event) -> None:
        d = event.data
        if event.kind in DEEDS:
            self._deed(event.kind, d)
        match event.kind:
            case "started":
                self.started, self.stage = d, Stage.TALK
            case "card":
                self.card = d
            case "floor":
                self.floor = d["seat"]
            case "silence" | "round_over":
                self.taken += 1
            case "intends":
                self.drafted = self.whispering = ()
            case "drafted":
                self.drafted = (*self.drafted, d["term"])
            case "named":
                self.whispering = (*self.whispering, d["name"])
            case "held":
                self.drafted = self.whispering = ()
            case "talk_over":
                self.stage = Stage.GIVING if self.started.get("giving") else Stage.GUESSING
                self.why, self.deal = d["reason"], None if d["deal"] is None else tuple(d["deal"]["terms"])
            case "shared_out":
                self.stage = Stage.GUESSING
            case "ended":
                self.stage, self.ending, self.why = Stage.OVER, d, d["reason"]
            case _:
                pass

    def _deed(self, kind: str, d: Mapping[str, Json]) -> None:
        seat: int = d["seat"]
        self.last, self.floor = seat, None
        self.taken += self.order is not Order.PARALLEL
        if seat == self.me:
            self.drafted = self.whispering = ()
        match kind:
            case "proposed":
                self.offer = OnTable(seat, tuple(d["terms"]), (seat,))
            case "accepted" if self.offer is not None:
                self.offer = OnTable(self.offer.by, self.offer.terms, (*self.offer.agreed, seat))
            case "pledged":
                self.pledges[seat] = d["amount"]
            case "left":
                self.gone = (*self.gone, seat)
                if self.offer is not None and self.offer.by == seat:
                    self.offer = None
                elif self.offer is not None:
                    agreed = tuple(s for s in self.offer.agreed if s != seat)
                    self.offer = OnTable(self.offer.by, self.offer.terms, agreed)
            case _:
                pass


def view(events: Iterable[Event]) -> ScenarioView:
    """The view after these events, which must be one seat's visible ones."""
    out = ScenarioView()
    for event in events:
        out.see(event)
    return out
