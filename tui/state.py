"""What the screens show, as frozen values. ``tui.store`` makes them; widgets only read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from arena.games.core import Event
from arena.games.werewolf.types import Phase
from arena.games.werewolf.view import SeatView
from arena.protocol.server_messages import (
    AnyServerMessage,
    LadderListed,
    MatchEnded,
    MatchesListed,
    RoomInfo,
    RunsListed,
    SeatInfo,
)
from tui.faces.face import Face
from tui.faces.registry import face_of
from tui.lines import Line, Note


class Connection(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    """Tried again and again; see ``World.lost``."""
    ENDED = "ended"
    """There will be no further attempt."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Why there is no connection, and when the next attempt comes, on this machine's monotonic clock."""

    why: str
    attempt: int
    retry_at_s: float


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that waits for me. ``choices`` are sent back as they came; ``ends_at_s`` is on this machine's own
    monotonic clock, because the server's wall clock may differ from ours."""

    turn_id: str
    kind: str
    question: str
    choices: tuple[str, ...]
    text_limit: int
    may_pass: bool
    ends_at_s: float | None

    def left_s(self, now_s: float) -> float | None:
        return None if self.ends_at_s is None else max(0.0, self.ends_at_s - now_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """What I sent for the last turn; ``accepted`` once the server has stored it."""

    turn_id: str
    act_id: str
    text: str
    choice: str | None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One match as one seat (``me``) or a spectator (``me`` is None) sees it."""

    room: RoomInfo
    me: int | None
    seats: tuple[SeatInfo, ...]
    events: tuple[Event, ...] = ()
    seen: int = 0
    """The number of the next event; a lower one was seen already (after a reconnect)."""
    told: int = 0
    """How often the stream began anew: what was drawn of it before is of no use then."""
    everything: bool = False
    """A spectator who sees the secrets too."""
    cards: tuple[tuple[int, str], ...] = ()
    """(seat, role), as a spectator who sees everything learnt them."""
    view: SeatView = field(default_factory=SeatView)
    lines: tuple[Line, ...] = ()
    notes: tuple[Note, ...] = ()
    turn: OpenTurn | None = None
    answer: Answer | None = None
    notice: str = ""
    """The server's last word to me about my act: a refusal, or that time is up."""
    warned: bool = False
    """The server has said that the time of my turn is almost up."""
    away: bool = False
    """A stand-in plays my seat until I take it back."""
    stand_ins: frozenset[int] = frozenset()
    """The seats of people for whom somebody else plays at the moment."""
    gone: str = ""
    """Why this match cannot be gone on with here; empty as long as it can."""
    ended: MatchEnded | None = None
    stars: int = 0
    """How good I said that this match was, 1 to 5; 0 for nothing."""

    @property
    def face(self) -> Face:
        """How this game is shown."""
        return face_of(self.room.game)

    @property
    def started(self) -> bool:
        return bool(self.view.names)

    @property
    def over(self) -> bool:
        return self.ended is not None or self.view.phase is Phase.OVER

    @property
    def dead(self) -> bool:
        return self.me is not None and self.started and not self.over and not self.view.alive[self.me]

    @property
    def playing(self) -> bool:
        """Whether leaving now would give up a seat in a running game."""
        return self.me is not None and not self.over and not self.gone

    @property
    def may_speak_among_dead(self) -> bool:
        return self.dead and self.room.dead_talk and not self.away and not self.gone

    @property
    def my_turn(self) -> bool:
        answered = self.answer is not None and self.turn is not None and self.answer.turn_id == self.turn.turn_id
        return self.turn is not None and not answered and not self.away

    def name(self, seat: int | None) -> str:
        if seat is None:
            return "nobody"
        return self.view.names[seat] if seat < len(self.view.names) else f"Seat {seat + 1}"

    def count(self) -> int:
        return max(len(self.seats), len(self.view.names))

    def mind(self, seat: int) -> str:
        return next((s.mind for s in self.seats if s.seat == seat), "")

    def speaking(self) -> frozenset[int]:
        """The seats whose public turn it is; at night nobody may know."""
        return self.face.acting(self)

    @property
    def discussion(self) -> str:
        return str(self.options.get("discussion", "rounds"))

    @property
    def parallel(self) -> bool:
        return self.discussion == "parallel"

    @property
    def bidding(self) -> bool:
        """Whether everybody says how much they want to speak (``open``)."""
        return self.options.get("discussion") == "open" and self.view.phase is Phase.TALK and self.view.floor is None

    @property
    def options(self) -> dict[str, object]:
        """The match's own options: those of the room are only what was asked for."""
        for event in self.events:
            if event.kind == "started" and isinstance(event.data.get("options"), dict):
                return event.data["options"]
        return self.room.options

    def heard_today(self) -> int:
        return sum(1 for said in self.view.talk if said.day == self.view.day and not said.to_pack)

    def known_role(self, seat: int) -> str:
        """What I know of a seat; empty for nothing."""
        return self.face.known(self, seat)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the terminal knows."""

    connection: Connection = Connection.CONNECTING
    lost: Lost | None = None
    server: str = ""
    games: tuple[str, ...] = ()
    checkpoint: str = ""
    rooms: tuple[RoomInfo, ...] | None = None
    """None until the server has listed them."""
    table: Table | None = None
    joining: bool = False
    """A seat is asked for: keep what comes from rooms that are not known yet."""
    early: tuple[AnyServerMessage, ...] = ()
    everything: bool = False
    """The secrets of the next table that is watched are shown too."""
    ladder: LadderListed | None = None
    training: RunsListed | None = None
    """None until the server has told of them."""
    past: MatchesListed | None = None
    """The page of games that are over that was listed last."""
    board_notice: str = ""
    """Why the ladder, the training or the list of past games cannot be read at the moment."""
    promotion: str = ""
    """What came of making a checkpoint live."""
    operator: bool = False
    """I may make checkpoints live."""
    mine: str = ""
    """The room that I opened: I may begin its match before all have come."""
    notice: str = ""
    lesson: str = ""
    """The room of the game that teaches."""
    hints: str = "first"
    """When advice is given, as ``tui.settings`` has it."""

    @property
    def hint(self) -> str:
        """The advice for now; empty where none is wanted."""
        if self.table is None or not (self.hints == "always" or (self.hints == "first" and self.taught)):
            return ""
        return self.table.face.hint(self.table)

    @property
    def taught(self) -> bool:
        """Whether this is the game that teaches."""
        return self.table is not None and self.table.room.room == self.lesson
