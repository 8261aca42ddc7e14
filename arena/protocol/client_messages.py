"""What a client may say, as imperatives. Strict: unknown fields and coerced types are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

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


class ListRooms(ClientMessage):
    type: Literal["list_rooms"] = "list_rooms"


class CreateRoom(ClientMessage):
    """Open a room. ``fills`` has one entry a seat: ``open`` waits for a person, anything else names a mind (``self``,
    ``checkpoint:ID``, ``scripted:NAME``, ``random``). A missing ``fills`` opens one seat and fills the others with
    ``self`` (or with scripts on a server without a model)."""

    type: Literal["create_room"] = "create_room"
    game: str = Field(default="werewolf", max_length=40)
    options: dict[str, Any] = Field(default_factory=dict)
    fills: list[str] | None = Field(default=None, max_length=32)
    seed: int | None = None
    """A chosen seed makes the match repeatable; only for rooms that are not rated."""


class JoinRoom(ClientMessage):
    """Take an open seat: in the named room, or (``room`` null) in any that waits, or in a new one."""

    type: Literal["join_room"] = "join_room"
    room: str | None = Field(default=None, max_length=64)
    seat: int | None = Field(default=None, ge=0, le=63)
    game: str = Field(default="werewolf", max_length=40)
    train: bool = False
    """Whether this person's acts may be used for training."""


class WatchRoom(ClientMessage):
    """Follow a room's public events."""

    type: Literal["watch_room"] = "watch_room"
    room: str = Field(max_length=64)


class TakeTurn(ClientMessage):
    """Answer a turn. ``act_id`` is the client's own id of this act: sent twice, it is applied once."""

    type: Literal["take_turn"] = "take_turn"
    room: str = Field(max_length=64)
    turn_id: str = Field(max_length=80)
    act_id: str = Field(min_length=1, max_length=64)
    text: str = Field(default="", max_length=8000)
    choice: str | None = Field(default=None, max_length=200)


class LeaveRoom(ClientMessage):
    """Give the seat up; its fill plays on."""

    type: Literal["leave_room"] = "leave_room"
    room: str = Field(max_length=64)


AnyClientMessage = Annotated[
    Hello | ListRooms | CreateRoom | JoinRoom | WatchRoom | TakeTurn | LeaveRoom,
    Field(discriminator="type"),
]
CLIENT_MESSAGE: TypeAdapter[AnyClientMessage] = TypeAdapter(AnyClientMessage)
