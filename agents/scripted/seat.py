"""What a scripted player has seen and concluded: its view, what was said, and its beliefs, kept between events."""

from __future__ import annotations

from agents.scripted.belief import Belief, Eyes, believe
from agents.scripted.ledger import Ledger
from arena.games.core import Event
from arena.games.werewolf.reading import read
from arena.games.werewolf.statements import Accuse, Attack, Plan, Result, Statement, Trust, VoteFor
from arena.games.werewolf.types import Role, Side
from arena.games.werewolf.view import SeatView


class Seat:
    """Fed by ``see``; everything else is derived from what was seen and changes nothing."""

    def __init__(self) -> None:
        self.view = SeatView()
        self.ledger = Ledger()
        self._beliefs: dict[Eyes, Belief] = {}
        self._attacked: list[tuple[int, int]] = []

    def see(self, event: Event) -> None:
        self.view.see(event)
        if event.kind == "attacked":
            self._attacked.append((self.view.day, event.data["target"]))
        self._beliefs.clear()

    @property
    def me(self) -> int:
        assert self.view.me is not None, "a player has been dealt a card"
        return self.view.me

    @property
    def is_wolf(self) -> bool:
        """Whether this seat plays for the werewolves. The possessed knows no fellows, and none knows them."""
        return self.view.role is not None and self.view.role.side is Side.WEREWOLVES

    @property
    def face(self) -> Eyes:
        """The eyes that this seat speaks and votes with."""
        return Eyes.VILLAGER if self.is_wolf else Eyes.OWN

    def belief(self, eyes: Eyes) -> Belief:
        known = self._beliefs.get(eyes)
        if known is None:
            known = self._beliefs[eyes] = believe(self.view, self.ledger, eyes)
        return known

    def others(self) -> list[int]:
        """The other living seats."""
        return [s for s in self.view.living() if s != self.me]

    def targets(self) -> list[int]:
        """Whom this seat may name in public: a werewolf spares its fellows."""
        return [s for s in self.others() if s not in self.view.fellows]

    def even_odds(self) -> float:
        """The chance of a living other being a werewolf, were nothing known."""
        dead_wolves = sum(d.shown in (Side.WEREWOLVES, Role.WEREWOLF) for d in self.view.deaths)
        return (self.view.cast["werewolf"] - dead_wolves) / max(1, len(self.others()))

    def today(self) -> list[tuple[int, Statement]]:
        self.ledger.follow(self.view)
        return list(self.ledger.today(self.view.day))

    def callers(self) -> dict[int, set[int]]:
        """Who speaks against whom today: target → speakers."""
        out: dict[int, set[int]] = {}
        for speaker, statement in self.today():
            match statement:
                case Accuse(t) | VoteFor(t) | Result(t, Side.WEREWOLVES):
                    out.setdefault(t, set()).add(speaker)
        return out

    def i_said(self, kind: type[Statement], target: int) -> bool:
        """Whether I have said so about ``target`` today."""
        return any(
            s == self.me and isinstance(x, kind) and getattr(x, "target", None) == target for s, x in self.today()
        )

    def claims(self) -> dict[int, dict[int, Side]]:
        """Who claims to be the seer, with their results."""
        self.ledger.follow(self.view)
        return self.ledger.claims

    def cards(self) -> dict[int, Role]:
        """Who claims to be witch, hunter or medium."""
        self.ledger.follow(self.view)
        return self.ledger.cards

    def news(self) -> list[tuple[int, Side]]:
        """What I, the medium, have learnt and nobody else can know: neither was it shown nor have I told it."""
        self.ledger.follow(self.view)
        shown = {d.seat for d in self.view.deaths if d.shown}
        told = self.ledger.sensed.get(self.me, {})
        return [(t, role.seen) for t, role in self.view.sensed.items() if t not in shown and t not in told]

    def pressed(self) -> int:
        """How many speak against me today."""
        return len(self.callers().get(self.me, set()) - {self.me})

    def spoken_today(self) -> int:
        """How often I have spoken to the village today."""
        return sum(m.day == self.view.day and m.seat == self.me and not m.to_pack for m in self.view.talk)

    def rivals(self) -> list[int]:
        """The living others who claim to be the seer, the most believed first."""
        seer = self.belief(self.face).seer
        return sorted((s for s in self.claims() if s != self.me and self.view.alive[s]), key=lambda s: -seer[s])

    def hunted_tonight(self) -> list[tuple[int, int]]:
        """(speaker, target) of the werewolves' talk tonight, in order."""
        return [
            (said.seat, x.target)
            for said in self.view.talk
            if said.to_pack and said.day == self.view.day
            for x in read(said.text, said.seat, self.view.names)
            if isinstance(x, Attack)
        ]

    def doctor_may_live(self) -> bool:
        """Whether no doctor has been shown dead."""
        return all(d.shown != Role.DOCTOR for d in self.view.deaths)

    def seer_is_settled(self) -> bool:
        """Whether nobody would believe another seer any more."""
        return max(self.belief(Eyes.VILLAGER).seer, default=0.0) > 0.85

    def survivors(self) -> set[int]:
        """Whom we, the werewolves, attacked in vain last night."""
        return {s for day, s in self._attacked if day == self.view.day - 1 and self.view.alive[s]}

    def planned_claim(self) -> bool:
        """Whether I told the pack that I will claim to be the seer."""
        plan, names = Plan(self.me, Role.SEER), self.view.names
        return any(m.to_pack and m.seat == self.me and plan in read(m.text, m.seat, names) for m in self.view.talk)

    def reasons(self, target: int) -> list[tuple[str, int]]:
        """Why ``target`` is suspicious, as (intention, whom it also names), from what everybody has seen."""
        view, wolf = self.view, self.belief(self.face).wolf
        good = {d.seat for d in view.deaths if wolf[d.seat] < 0.02}
        bad = {d.seat for d in view.deaths if wolf[d.seat] > 0.98}
        out: list[tuple[str, int]] = []
        for ballots in view.votes.values():
            voted = ballots.get(target)
            if voted in good and voted is not None:
                out.append(("accuse_vote", voted))
        self.ledger.follow(view)
        for _, speaker, statement in self.ledger.statements:
            if speaker != target:
                continue
            match statement:
                case Accuse(t) if t in good:
                    out.append(("accuse_words", t))
                case Trust(t) if t in bad:
                    out.append(("accuse_shield", t))
        return out
