"""What a client may say, as imperatives. Strict: unknown fields and coerced types are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from arena.protocol.match_rows import MatchPlace

PROTOCOL_VERSION = 1


class ClientMessage(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Hello(ClientMessage):
    """The first message of a connection. ``name`` is the person's handle; it is never shown to models."""

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL_VERSION
    name: str = Field(min_length=1, max_length=40)
    client: str = Field(default="", max_length=80)
    token: str | None = Field(default=None, max_length=200, repr=False)
    """The server's access token, where it asks for one."""
    operator_token: str | None = Field(default=None, max_length=200, repr=False)
    """The token of whoever runs the server: with it, checkpoints may be made live from here."""


class ListRooms(ClientMessage):
    type: Literal["list_rooms"] = "list_rooms"


class CreateRoom(ClientMessage):
    """Open a room. ``fills`` has one entry a seat: ``open`` waits for a person, anything else names a mind (``self``,
    ``checkpoint:ID``, ``scripted:NAME``, ``random``, ``openai:NAME``). A missing ``fills`` opens one seat and
    fills the others with ``self`` (or with scripts on a server without a model)."""

    type: Literal["create_room"] = "create_room"
    game: str = Field(default="werewolf", max_length=40)
    options: dict[str, Any] = Field(default_factory=dict)
    fills: list[str] | None = Field(default=None, max_length=32)
    seed: int | None = None
    """A chosen seed makes the match repeatable; only for rooms that are not rated."""
    private: bool = False
    """Keep the room out of every list: whoever has its code may join."""
    blind: bool = False
    """Tell nobody which seats people hold, until the end."""
    dead_talk: bool = False
    """Let those who are out of the game talk among themselves."""
    show_all_after_s: float | None = Field(default=None, ge=0, le=86_400)
    """Let spectators follow everything, secrets too, this much later; null: only after the end."""
    grace_s: float | None = Field(default=None, ge=0, le=3_600)
    """How long a seat waits for a person whose connection broke; null: as the server likes it."""
    missed_turns: int | None = Field(default=None, ge=1, le=100)
    """After so many turns missed in a row a stand-in plays; null: as the server likes it."""
    night_s: float | None = Field(default=None, ge=0, le=3_600)
    """With two or more people (or blind), a night lasts at least this long, so that its length does not tell who had
    something to do; null: as the server likes it."""


class JoinRoom(ClientMessage):
    """Take an open seat: in the room of this id or code, or (``room`` null) in any that waits, or in a new one."""

    type: Literal["join_room"] = "join_room"
    room: str | None = Field(default=None, max_length=64)
    seat: int | None = Field(default=None, ge=0, le=63)
    game: str = Field(default="werewolf", max_length=40)
    train: bool = False
    """Whether this person lets the match be used for training."""
    blind: bool = False
    """Agreed: nobody is told which seats people hold. Needed to join a blind room."""


class StartRoom(ClientMessage):
    """Begin now: minds take the seats that are still open. Only for whoever opened the room."""

    type: Literal["start_room"] = "start_room"
    room: str = Field(max_length=64)


class ResumeSeat(ClientMessage):
    """Come back to a seat with its secret, on this connection from now on. ``since`` is the number of the first event
    that is missing."""

    type: Literal["resume_seat"] = "resume_seat"
    room: str = Field(max_length=64)
    token: str = Field(max_length=128, repr=False)
    since: int = Field(default=0, ge=0, le=2**31)


class TakeSeatBack(ClientMessage):
    """Play again where a stand-in took over because turns were missed."""

    type: Literal["take_seat_back"] = "take_seat_back"
    room: str = Field(max_length=64)


class WatchRoom(ClientMessage):
    """Follow a room's public events, or (``everything``) the secret ones too, where and when the room shows them."""

    type: Literal["watch_room"] = "watch_room"
    room: str = Field(max_length=64)
    everything: bool = False


class TakeTurn(ClientMessage):
    """Answer a turn. ``act_id`` is the client's own id of this act: sent twice, it is applied once."""

    type: Literal["take_turn"] = "take_turn"
    room: str = Field(max_length=64)
    turn_id: str = Field(max_length=80)
    act_id: str = Field(min_length=1, max_length=64)
    text: str = Field(default="", max_length=8000)
    choice: str | None = Field(default=None, max_length=200)


class TalkAmongDead(ClientMessage):
    """Say something to the others who are out of the game, where the room allows it."""

    type: Literal["talk_among_dead"] = "talk_among_dead"
    room: str = Field(max_length=64)
    act_id: str = Field(min_length=1, max_length=64)
    text: str = Field(max_length=8000)


class LeaveRoom(ClientMessage):
    """Give the seat up for good, its fill plays on; or stop watching."""

    type: Literal["leave_room"] = "leave_room"
    room: str = Field(max_length=64)


class ReadRecording(ClientMessage):
    """Read a match that is over, secrets, thoughts and all. Of a private room only for who sat in it or watched it:
    on this connection, or (``token``) with the secret of a seat."""

    type: Literal["read_recording"] = "read_recording"
    room: str = Field(max_length=64)
    token: str | None = Field(default=None, max_length=128, repr=False)


class ListMatches(ClientMessage):
    """Ask for the matches that are over and may be read, the last ended first. ``secrets`` are those of seats, by room:
    private matches are listed for who sat in them or watched them on this connection, or brings one."""

    type: Literal["list_matches"] = "list_matches"
    before: MatchPlace | None = None
    """Only what stands below this place in the list."""
    secrets: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=128)]] = Field(
        default_factory=dict, max_length=64, repr=False
    )


class RateMatch(ClientMessage):
    """Say how good a match was that this client's person played to the end, 1 to 5 stars: on the connection that has
    the seat, or (``token``) with its secret. Said again, the last one counts."""

    type: Literal["rate_match"] = "rate_match"
    room: str = Field(max_length=64)
    stars: int = Field(ge=1, le=5)
    token: str | None = Field(default=None, max_length=128, repr=False)


class ListLadder(ClientMessage):
    """Ask for the ladder: of one game, or (null) of all rated matches."""

    type: Literal["list_ladder"] = "list_ladder"
    game: str | None = Field(default=None, max_length=40)


class ListRuns(ClientMessage):
    """Ask how training goes. ``run`` is the one to be told more of; null, or one that is not there: the newest."""

    type: Literal["list_runs"] = "list_runs"
    run: str | None = Field(default=None, max_length=80)


class PromoteCheckpoint(ClientMessage):
    """Make a checkpoint live, by its whole id. Only for whoever runs the server."""

    type: Literal["promote_checkpoint"] = "promote_checkpoint"
    checkpoint: str = Field(min_length=1, max_length=80)


AnyClientMessage = Annotated[
    Hello
    | ListRooms
    | CreateRoom
    | JoinRoom
    | StartRoom
    | ResumeSeat
    | TakeSeatBack
    | WatchRoom
    | TakeTurn
    | TalkAmongDead
    | LeaveRoom
    | ListMatches
    | ReadRecording
    | RateMatch
    | ListLadder
    | ListRuns
    | PromoteCheckpoint,
    Field(discriminator="type"),
]
CLIENT_MESSAGE: TypeAdapter[AnyClientMessage] = TypeAdapter(AnyClientMessage)
