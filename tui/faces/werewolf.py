"""Werewolf as it is shown: nights and days, roles, deaths, votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from arena.games.core import Event
from arena.games.werewolf import marks
from arena.games.werewolf.types import Phase, Role, Side
from arena.games.werewolf.view import SeatView, view
from tui.faces import werewolf_hints, werewolf_moments
from tui.faces.face import Face, Jump
from tui.faces.werewolf_words import ALL_SEEING, CLASSIC, RULES, SLEEPERS, intro
from tui.lesson import Lesson
from tui.lines import Line, LineKind, Note
from tui.moments import Moment, decisive

if TYPE_CHECKING:
    from arena.protocol.server_messages import RoomInfo
    from tui.faces.look import Look
    from tui.state import Table

PITCH: Final = (
    "Some in the village are werewolves. Talk, lie, find them out.\nOne language model plays all the other seats."
)
_WHY: Final = {
    "wolves_dead": "Every werewolf was found.",
    "wolves_equal": "There are as many werewolves as others, so nobody can stop them.",
    "out_of_days": "The village ran out of days.",
    "nobody_left": "Nobody is left, and no werewolf either.",
}


class WerewolfFace(Face):
    has_dead: ClassVar[bool] = True
    jumps: ClassVar[tuple[Jump, ...]] = (
        Jump("d", marks.DEATH, "Death", "†"),
        Jump("v", marks.VOTE, "Vote", "▪"),
        Jump("x", marks.LIE, "Lie", "!"),
    )

    @property
    def pitch(self) -> str:
        return PITCH

    def talk_title(self, table: Table) -> str:
        return "The village"

    def in_list(self, room: RoomInfo) -> str:
        return f"{room.options.get('talk_rounds', 1)}× {room.options.get('discussion', 'rounds')}"

    @property
    def look(self) -> Look:
        from tui.faces.werewolf_look import WerewolfLook

        return WerewolfLook(self)

    # -- what is told ------------------------------------------------------------------------------------------------

    def view(self, me: int | None, events: Sequence[Event]) -> SeatView:
        return view(events)

    def seen(self, table: Table, event: Event) -> SeatView:
        return table.view.after(event)

    def lines(self, table: Table, event: Event, line: str) -> tuple[Line, ...]:
        d, v = event.data, table.view
        match event.kind:
            case "started" if table.me is None:
                opening = (ALL_SEEING,) if table.everything else intro(v)
                return (Line(LineKind.FACT, line), *(Line(LineKind.INTRO, t) for t in opening))
            case "started":
                return (Line(LineKind.FACT, line),)
            case "dealt":
                return (Line(LineKind.INTRO, "\n".join(intro(v)), d["seat"]),)
            case "night":
                return (Line(LineKind.PHASE, f"Night {d['day']}"),)
            case "day":
                return (Line(LineKind.PHASE, f"Day {d['day']}"),)
            case "election":
                return (Line(LineKind.PHASE, "Election of a mayor"),)
            case "vote":
                return (Line(LineKind.PHASE, f"Vote of day {d['day']}"),)
            case "said":
                return (Line(LineKind.TALK, d["text"], d["seat"]),)
            case "dead_said":
                return (Line(LineKind.GHOST, d["text"], d["seat"]),)
            case "votes" if "ballots" in d:
                return (Line(LineKind.VOTES, line, ballots=tuple((s, t) for s, t in d["ballots"])),)
            case "killed" | "exiled" | "shot":
                return (Line(LineKind.DEATH, line, d["seat"]),)
            case "ended":
                return (Line(LineKind.END, line),)
            case _ if event.audience.is_public and line:
                return (Line(LineKind.FACT, line),)
            case _:
                return ()

    def notes(self, table: Table, event: Event, line: str) -> tuple[Note, ...]:
        d, v = event.data, table.view
        when = f"{'Night' if v.phase is Phase.NIGHT else 'Day'} {v.day}"
        match event.kind:
            case "dealt" | "ballot" | "nominee" | "bid" | "prepared" | "dead_said":
                return ()
            case "pack_said":
                return (Note(when, d["text"], d["seat"]),)
            case "hunted":
                target = "nobody" if d["target"] is None else v.names[d["target"]]
                return (Note(when, f"You chose {target}."),)
            case "checked":
                return (Note(when, line, alarming=d["side"] == "werewolves"),)
            case "sensed":
                return (Note(when, line, alarming=d["role"] == "werewolf"),)
            case _ if not event.audience.is_public and line:
                return (Note(when, line),)
            case _:
                return ()

    def secret(self, event: Event, line: str) -> tuple[Line, ...]:
        if event.kind not in ("pack_said", "dead_said"):
            return super().secret(event, line)
        if not event.data["text"]:
            return ()
        to = "werewolves" if event.kind == "pack_said" else "dead"
        return (Line(LineKind.SECRET, f"(to the {to}) {event.data['text']}", event.data["seat"]),)

    # -- the table ---------------------------------------------------------------------------------------------------

    def acting(self, table: Table) -> frozenset[int]:
        """At night nobody may know."""
        v = table.view
        match v.phase:
            case Phase.TALK if table.parallel:
                return frozenset(v.living())
            case Phase.TALK if table.discussion == "open":
                return frozenset(v.living() if v.floor is None else (v.floor,))
            case Phase.TALK if v.order:
                return frozenset({v.order[table.heard_today() % len(v.order)]})
            case Phase.VOTE | Phase.ELECTION:
                return frozenset(v.living())
            case _:
                return frozenset()

    def known(self, table: Table, seat: int) -> str:
        """Its role, its side, or nothing."""
        v = table.view
        if v.roles:
            return str(v.roles[seat])
        if card := dict(table.cards).get(seat):
            return card
        if seat == v.me and v.role is not None:
            return str(v.role)
        if seat in v.sensed:
            return str(v.sensed[seat])
        for death in v.deaths:
            if death.seat == seat and death.shown:
                return "village" if death.shown == Side.VILLAGE else death.shown.replace("werewolves", "werewolf")
        if seat in v.fellows:
            return str(Role.WEREWOLF)
        if seat in v.checks:
            return "werewolf" if v.checks[seat] is Side.WEREWOLVES else "no werewolf"
        return ""

    def before(self) -> str:
        return "Your role is dealt when all seats are taken."

    def meanwhile(self, table: Table) -> str:
        v = table.view
        acting = sorted(self.acting(table))
        match v.phase:
            case Phase.NIGHT if v.me is not None and v.role in SLEEPERS and not table.dead:
                return "You sleep. The others choose in secret."
            case Phase.NIGHT if v.cast.keys() <= CLASSIC:
                return "Night: werewolves, seer and doctor choose in secret."
            case Phase.NIGHT:
                return "Night: whoever has something to do chooses in secret."
            case Phase.TALK if table.bidding:
                return "Everybody says in secret how much they want to speak next."
            case Phase.TALK if table.parallel:
                return "Everybody is writing; all messages appear together."
            case Phase.TALK if acting == [v.me] and not table.dead:
                return "It is about to be your turn."
            case Phase.TALK if acting:
                return f"{table.name(acting[0])} is speaking."
            case Phase.DAWN | Phase.DUSK:
                return "The dying have the last word."
            case Phase.ELECTION:
                return "The village is electing a mayor; the votes appear together."
            case Phase.VOTE:
                return "The village is voting; the votes appear together."
            case Phase.OVER:
                return "The game is over."
            case _:
                return "The game is about to begin."

    # -- for newcomers -----------------------------------------------------------------------------------------------

    @property
    def lesson(self) -> Lesson | None:
        return werewolf_hints.LESSON

    def hint(self, table: Table) -> str:
        return werewolf_hints.hint(table)

    # -- the end -----------------------------------------------------------------------------------------------------

    def winner(self, table: Table) -> str:
        winner = str(table.view.winner or (table.ended.winner if table.ended else ""))
        if winner == "village":
            return "The village wins"
        return "The werewolves win" if winner == "werewolves" else "The game is over"

    def why(self, table: Table) -> str:
        reason = table.ended.reason if table.ended else ""
        for event in table.events:
            if event.kind == "ended":
                reason = str(event.data.get("reason", reason))
        return _WHY.get(reason, "")

    def won(self, table: Table) -> bool | None:
        v = table.view
        return None if v.me is None or v.role is None or v.winner is None else v.role.side is v.winner

    def moments(self, table: Table) -> tuple[Moment, ...]:
        roles = table.view.roles
        return decisive(werewolf_moments.moments(roles, table.events)) if roles else ()

    def fate(self, table: Table, seat: int) -> str:
        """How a seat left the game, or that it lived."""
        for death in table.view.deaths:
            if death.seat == seat:
                how = {"killed": "killed, night", "exiled": "voted out, day"}.get(death.cause, f"{death.cause}, day")
                return f"{how} {death.day}"
        return "survived"

    # -- help --------------------------------------------------------------------------------------------------------

    def rules(self, events: Sequence[Event]) -> tuple[tuple[str, str], ...]:
        return RULES
