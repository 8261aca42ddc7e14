"""A social scenario as it is shown: the card, the offer, deeds that are not words, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from arena.games.core import Event
from arena.games.scenario import marks
from arena.games.scenario.state import ENOUGH, Deed, Order, Stage
from arena.games.scenario.view import ScenarioView, view
from arena.protocol.text import clean_text
from tui.faces import scenario_hints, scenario_moments, scenario_words
from tui.faces.face import Face, Heed, Jump, Offered
from tui.lesson import Lesson
from tui.lines import Line, LineKind, Note
from tui.moments import Moment, decisive

if TYPE_CHECKING:
    from arena.protocol.server_messages import RoomInfo
    from tui.faces.look import Look
    from tui.state import OpenTurn, Table

KEYS: Final = {
    Deed.SPEAK: "s",
    Deed.GESTURE: "g",
    Deed.DO: "d",
    Deed.WHISPER: "w",
    Deed.PROPOSE: "p",
    Deed.ACCEPT: "a",
    Deed.PLEDGE: "p",
    Deed.LEAVE: "l",
    Deed.WAIT: "t",
}
"""Nobody proposes and pledges in the same scenario; waiting leaves its letter to whispering."""
_HOW: Final = {"gestured": "gesture:", "did": "deed:"}


class ScenarioFace(Face):
    broad: ClassVar[bool] = True
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("s g d w", "speak, gesture, do, whisper"),
        ("p a l t", "propose (promise), accept, leave, wait"),
        ("F2", "your whole card"),
    )

    step: ClassVar[str] = "Step"
    jumps: ClassVar[tuple[Jump, ...]] = (
        Jump("o", marks.OFFER, "Offer", "○"),
        Jump("a", marks.AGREEMENT, "Agreement", "✓"),
        Jump("g", marks.LEAVING, "Leaving", "✗"),
        Jump("x", marks.SECRET, "Secret", "!"),
    )

    def talk_title(self, table: Table) -> str:
        return clean_text(str(view(table.events).started.get("title", self.title)), 40)

    def in_list(self, room: RoomInfo) -> str:
        what = str(room.options.get("scenario") or room.options.get("family", "any"))
        return self.title if what == "any" else f"{self.title}: {what}"

    @property
    def look(self) -> Look:
        from tui.faces.scenario_look import ScenarioLook

        return ScenarioLook(self)

    # -- what is told ------------------------------------------------------------------------------------------------

    def lines(self, table: Table, event: Event, line: str) -> tuple[Line, ...]:
        d, v = event.data, view(table.events)
        seat: int | None = d.get("seat")
        match event.kind:
            case "started":
                title = str(d.get("title") or self.title)
                keys = "" if table.room.status == "over" else "\nF1 tells the rules, F2 shows your whole card."
                return (Line(LineKind.INTRO, f"{title}\n{line}{keys}"),)
            case "gestured" | "did":
                return (Line(LineKind.SHOWN, d["text"], seat, how=_HOW[event.kind]),)
            case "whispered" if table.me is not None and table.me in (seat, *d["to"]):
                return ()  # the words follow
            case "whispered":
                return (Line(LineKind.SHOWN, "", seat, how=f"whispered to {self._names(table, d['to'])}"),)
            case "heard":
                return (Line(LineKind.WHISPER, d["text"], seat, how=f"whispered to {self._names(table, d['to'])}:"),)
            case "proposed":
                worth = v.worth(d["terms"])
                aside = "" if worth is None else f"worth {worth} to you"
                return (Line(LineKind.OFFER, scenario_words.terms(v, d["terms"]), seat, how="offered", aside=aside),)
            case "pledged":
                return (Line(LineKind.OFFER, f"{d['amount']} coins", seat, how="promised"),)
            case "accepted":
                return (Line(LineKind.YES, "agreed to the offer", seat),)
            case "left":
                return (Line(LineKind.GONE, "left the table", seat),)
            case "round_over":
                return (Line(LineKind.PHASE, f"Round {d['round']} is over"),)
            case "talk_over":
                return (Line(LineKind.PHASE, "The talk is over"), Line(LineKind.FACT, line))
            case "ended":
                return (Line(LineKind.END, f"{self._over(v)}. Enter shows what came of it."),)
            case _:
                return super().lines(table, event, line)

    def notes(self, table: Table, event: Event, line: str) -> tuple[Note, ...]:
        """Cards and whispers stand elsewhere."""
        return () if event.kind in ("card", "heard") else super().notes(table, event, line)

    def secret(self, event: Event, line: str) -> tuple[Line, ...]:
        if event.kind != "heard":
            return super().secret(event, line)
        return (Line(LineKind.SECRET, f"(whispered) {event.data['text']}", event.data["seat"]),)

    def _names(self, table: Table, seats: Sequence[int]) -> str:
        return scenario_words.and_(["you" if s == table.me else table.name(s) for s in seats])

    # -- the table ---------------------------------------------------------------------------------------------------

    def acting(self, table: Table) -> frozenset[int]:
        return frozenset() if table.over else view(table.events).acting()

    def known(self, table: Table, seat: int) -> str:
        v = view(table.events)
        if (goal := scenario_words.reached(v, seat)) is not None:
            return f"{goal:.0f} of 10"
        if seat in v.gone:
            return "left"
        if v.offer is not None and seat in v.offer.agreed and v.stage is Stage.TALK:
            return "offers" if seat == v.offer.by else "agrees"
        people = v.started.get("people", [])
        return str(people[seat][1]) if seat < len(people) else ""

    def before(self) -> str:
        return "You are told who you are, and what you want, when all seats are taken."

    def meanwhile(self, table: Table) -> str:
        v = view(table.events)
        acting = sorted(self.acting(table))
        if table.over:
            return "The game is over."
        if table.me in v.gone:
            return "You have left the table. You may watch on."
        match v.stage:
            case Stage.GIVING:
                return "Everybody puts coins into the pot, unseen."
            case Stage.GUESSING:
                return "The others are guessing."
            case _ if v.order is Order.PARALLEL:
                return "Everybody acts at once; what they do is seen when the last has acted."
            case _ if v.order is Order.OPEN and v.floor is None:
                return "Everybody says in secret how much they want to act next."
            case _ if acting == [table.me]:
                return "It is about to be your turn."
            case _ if acting:
                return f"It is {table.name(acting[0])}'s turn."
            case _:
                return super().meanwhile(table)

    # -- the turn ----------------------------------------------------------------------------------------------------

    def offered(self, table: Table, turn: OpenTurn) -> Offered:
        v = view(table.events)
        match turn.kind:
            case "deed":
                return Offered(str(Deed.WAIT), keys={str(d): k for d, k in KEYS.items()})
            case "whom":
                return Offered(keys={ENOUGH: "0"}, asides={ENOUGH: "nobody more"})
            case "term":
                rows = v.card.get("worths") or ()
                at = len(v.drafted)
                worths = dict(rows[at][1]) if at < len(rows) else {}
                return Offered(
                    asides={c: f"{w:+d}" for c in turn.choices if (w := worths.get(clean_text(c))) is not None}
                )
            case "guess":
                return Offered("none", turn.may_pass)
            case _:
                return super().offered(table, turn)

    def question(self, table: Table, turn: OpenTurn) -> str:
        v = view(table.events)
        worth = v.worth(v.drafted) if v.drafted else None
        match turn.kind:
            case "term" if worth is not None:
                chosen = ", ".join(v.drafted)
                return f"{turn.question} So far {chosen}: {worth} to you; no agreement {v.card.get('walk')}."
            case "whisper" if v.whispering:
                return f"What do you whisper to {scenario_words.and_([n for n in v.whispering if n != ENOUGH])}?"
            case "whom" if v.whispering:
                return f"Whom do you whisper to, besides {scenario_words.and_(v.whispering)}?"
            case _:
                return turn.question

    def said(self, turn: OpenTurn) -> str | None:
        return str(Deed.SPEAK) if turn.kind == "deed" and Deed.SPEAK in turn.choices else None

    def heed(self, table: Table, choice: str) -> Heed | None:
        v = view(table.events)
        if table.turn is None or table.turn.kind != "deed":
            return None
        without = f" Without agreement you have {v.card['walk']}." if v.card.get("walk") is not None else ""
        if choice == Deed.ACCEPT and v.offer is not None:
            worth = v.worth(v.offer.terms)
            mine = "" if worth is None else f" It is worth {worth} to you."
            text = f"{scenario_words.terms(v, v.offer.terms)}.{mine}{without} You cannot take it back."
            return Heed("Accept the offer?", text, "Accept")
        if choice == Deed.LEAVE:
            return Heed("Leave the table?", f"You cannot come back, and say nothing more.{without}", "Leave", "Stay")
        return None

    def reminder(self, table: Table, turn: OpenTurn) -> tuple[str, ...]:
        v = view(table.events)
        if turn.kind != "deed" or v.offer is None:
            return ()
        agreed = scenario_words.and_([table.name(s) for s in v.offer.agreed])
        worth = v.worth(v.offer.terms)
        mine = "" if worth is None else f", worth {worth} to you ({v.card.get('walk')} without agreement)"
        return (f"On the table: {scenario_words.terms(v, v.offer.terms)}{mine}. Agreed: {agreed}.",)

    # -- for newcomers -----------------------------------------------------------------------------------------------

    @property
    def lesson(self) -> Lesson | None:
        return scenario_hints.LESSON

    def hint(self, table: Table) -> str:
        return scenario_hints.hint(table)

    # -- the end -----------------------------------------------------------------------------------------------------

    def _over(self, v: ScenarioView) -> str:
        over = scenario_words.OVER.get(v.why, "The game is over")
        return over if v.deal is None else f"{over}: {scenario_words.terms(v, v.deal)}"

    def winner(self, table: Table) -> str:
        return self._over(view(table.events))

    def why(self, table: Table) -> str:
        v = view(table.events)
        goal = scenario_words.reached(v, table.me)
        if goal is not None:
            return f"You reached {goal:.0f} of 10 of your goal."
        return "You see below what each of them wanted."

    def won(self, table: Table) -> bool | None:
        """Nobody wins: everybody comes as near to a goal of their own as they can."""
        return None

    def moments(self, table: Table) -> tuple[Moment, ...]:
        return decisive(scenario_moments.moments(table.events)) if table.over else ()

    def result_lines(self, table: Table) -> tuple[str, ...]:
        return tuple(scenario_words.told_result(table, view(table.events)))

    def reading(self, table: Table) -> tuple[str, ...]:
        v = view(table.events)
        return tuple(scenario_words.told_card(v)) if v.card else ()
