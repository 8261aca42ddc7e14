"""What the server says, as facts in the past tense.

``EventHappened.seq`` counts the events of this seat's own stream from 0 without gaps: a room-wide number would tell a
seat that something happened elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from arena.protocol.client_messages import PROTOCOL_VERSION
from arena.protocol.ladder_rows import LadderMeeting, LadderRow
from arena.protocol.match_rows import MatchPlace, PastMatch
from arena.protocol.recording import RecordingHead, RecordingPortion
from arena.protocol.training_rows import RunInfo, RunShown


class ServerMessage(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Welcomed(ServerMessage):
    type: Literal["welcomed"] = "welcomed"
    protocol: int = PROTOCOL_VERSION
    server: str
    games: list[str]
    live_checkpoint: str | None
    operator: bool = False
    """Whether this connection may do what only whoever runs the server may."""


class SeatInfo(BaseModel):
    """One seat as everybody may see it. ``mind`` is ``person``, ``model``, ``script``, ``remote`` or ``open``, and
    ``hidden`` for every seat of a blind room until its end."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    seat: int
    name: str | None
    """The seat's name in the game; null before the match has started."""
    mind: str


class RoomInfo(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    room: str
    game: str
    status: Literal["waiting", "playing", "over"]
    seats: list[SeatInfo]
    options: dict[str, Any]
    phase: str = ""
    """Where the match stands in the game's own public words, such as ``Day 2``."""
    age_s: float = 0.0
    code: str = ""
    """A short word with which people find the room."""
    private: bool = False
    blind: bool = False
    """Nobody is told which seats people hold."""
    dead_talk: bool = False
    """Those who are out of the game may talk among themselves."""
    show_all_after_s: float | None = None
    """Spectators may follow everything this much later; null: only after the end."""
    night_s: float = 0.0
    """A night lasts at least this long, whoever has something to do in it."""


class RoomsListed(ServerMessage):
    type: Literal["rooms_listed"] = "rooms_listed"
    rooms: list[RoomInfo]


class RoomCreated(ServerMessage):
    type: Literal["room_created"] = "room_created"
    room: RoomInfo


class RoomJoined(ServerMessage):
    """A seat was taken, or taken up again (``seat`` null: watching).

    ``resume_token`` is the secret with which this person, and nobody else, can come back to the seat. ``since`` is the
    number of the first event that follows: 0 means the whole stream, and a client forgets what it had.
    """

    type: Literal["room_joined"] = "room_joined"
    room: RoomInfo
    seat: int | None
    resume_token: str | None = Field(repr=False)
    since: int = 0


class SeatChanged(ServerMessage):
    """Another kind of mind sits in a seat now."""

    type: Literal["seat_changed"] = "seat_changed"
    room: str
    seat: SeatInfo


class SeatLost(ServerMessage):
    """This connection no longer holds its seat in the room: another one came with the seat's secret."""

    type: Literal["seat_lost"] = "seat_lost"
    room: str
    reason: Literal["taken_elsewhere"] = "taken_elsewhere"


class EventHappened(ServerMessage):
    """One event of this seat's stream. ``line`` is the game's own sentence for it (empty for bookkeeping)."""

    type: Literal["event_happened"] = "event_happened"
    room: str
    seq: int
    kind: str
    data: dict[str, Any]
    public: bool
    line: str


class TurnOpened(ServerMessage):
    """It is this seat's turn. ``deadline_s`` is in seconds since the Unix epoch, ``remaining_s`` what is left at
    sending."""

    type: Literal["turn_opened"] = "turn_opened"
    room: str
    turn_id: str
    kind: str
    question: str
    choices: list[str]
    text_limit: int
    may_pass: bool
    deadline_s: float | None
    remaining_s: float | None


class TurnWarned(ServerMessage):
    """The time of a turn is almost up."""

    type: Literal["turn_warned"] = "turn_warned"
    room: str
    turn_id: str
    remaining_s: float


class TurnClosed(ServerMessage):
    """A turn is over for this seat's person: ``acted`` (accepted), ``timed_out`` (passed at the deadline), ``ended``
    (the game went on without it), ``handed_over`` (a stand-in plays now)."""

    type: Literal["turn_closed"] = "turn_closed"
    room: str
    turn_id: str
    reason: Literal["acted", "timed_out", "ended", "handed_over"]


class ActAccepted(ServerMessage):
    """The act is applied and durable."""

    type: Literal["act_accepted"] = "act_accepted"
    room: str
    turn_id: str
    act_id: str


class Refused(ServerMessage):
    """A message was not obeyed; nothing changed. ``code`` is one of ``arena.protocol.codes``."""

    type: Literal["refused"] = "refused"
    code: str
    message: str
    act_id: str | None = None


class MatchEnded(ServerMessage):
    type: Literal["match_ended"] = "match_ended"
    room: str
    winner: str
    reason: str
    sides: list[str]
    returns: list[float]


class MatchesListed(ServerMessage):
    """Matches that are over, the last ended first, at most so many as the server likes; whether there are ``more``
    below. ``before`` is where the list was asked to begin."""

    type: Literal["matches_listed"] = "matches_listed"
    before: MatchPlace | None
    matches: list[PastMatch]
    more: bool


class RecordingBegun(ServerMessage):
    """The answer to ``read_recording``; so many ``portions`` follow."""

    type: Literal["recording_begun"] = "recording_begun"
    room: str
    head: RecordingHead
    portions: int


class RecordingWentOn(ServerMessage):
    """A portion of a recording, in order. The lists of all of them behind each other are the recording's."""

    type: Literal["recording_went_on"] = "recording_went_on"
    room: str
    portion: RecordingPortion


class MatchRated(ServerMessage):
    """What this seat's person thinks of the match is stored."""

    type: Literal["match_rated"] = "match_rated"
    room: str
    stars: int


class LadderListed(ServerMessage):
    """The ladder, at most so many players as the server likes. ``games`` are all rated ones, ``left_out`` the players
    at the bottom that are not listed. ``meetings`` are among the first of those that are; history is the ``rows`` of
    one ``run`` by ``trained``."""

    type: Literal["ladder_listed"] = "ladder_listed"
    game: str | None
    games: int
    rows: list[LadderRow]
    left_out: int = 0
    meetings: list[LadderMeeting]


class RunsListed(ServerMessage):
    """The training runs that the server sees, newest first, and more of one of them."""

    type: Literal["runs_listed"] = "runs_listed"
    runs: list[RunInfo]
    shown: RunShown | None
    live: str | None
    """The checkpoint that is live now."""
    before: str | None
    """The one that was live before it, to which a roll-back goes."""


class CheckpointPromoted(ServerMessage):
    """The checkpoint is live: rooms play with it as soon as it is loaded."""

    type: Literal["checkpoint_promoted"] = "checkpoint_promoted"
    checkpoint: str


AnyServerMessage = Annotated[
    Welcomed
    | RoomsListed
    | RoomCreated
    | RoomJoined
    | SeatChanged
    | SeatLost
    | EventHappened
    | TurnOpened
    | TurnWarned
    | TurnClosed
    | ActAccepted
    | Refused
    | MatchEnded
    | MatchesListed
    | RecordingBegun
    | RecordingWentOn
    | MatchRated
    | LadderListed
    | RunsListed
    | CheckpointPromoted,
    Field(discriminator="type"),
]
SERVER_MESSAGE: TypeAdapter[AnyServerMessage] = TypeAdapter(AnyServerMessage)
