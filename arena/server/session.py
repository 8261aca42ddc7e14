"""What one connected person says, turned into calls on the lobby; refusals go back with their code."""

from __future__ import annotations

from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.client_messages import (
    PROTOCOL_VERSION,
    AnyClientMessage,
    CreateRoom,
    Hello,
    JoinRoom,
    LeaveRoom,
    ListLadder,
    ListMatches,
    ListRooms,
    ListRuns,
    PromoteCheckpoint,
    RateMatch,
    ReadRecording,
    ResumeSeat,
    StartRoom,
    TakeSeatBack,
    TakeTurn,
    TalkAmongDead,
    WatchRoom,
)
from arena.protocol.server_messages import RoomsListed, Welcomed
from arena.protocol.text import clean_text
from arena.server.access import Access
from arena.server.boards import Boards
from arena.server.connection import Connection, act_id_of
from arena.server.lobby import Lobby
from arena.server.refusal import Refusal

_WHY_NOT = {
    codes.UNAUTHORISED: "This server needs an access token, and that is not it.",
    codes.TOO_MANY_GUESSES: "Too many wrong access tokens came from your address; wait some minutes.",
}
_NO_OPERATOR = {
    codes.UNAUTHORISED: "That is not the operator's token of this server. Leave it out to play.",
    codes.TOO_MANY_GUESSES: "Too many wrong tokens came from your address; wait some minutes.",
}


async def serve_connection(
    connection: Connection,
    lobby: Lobby,
    welcome: Welcomed,
    access: Access | None = None,
    boards: Boards | None = None,
) -> None:
    """Talk with one client until it goes."""
    hello = await connection.hello()
    if hello is None:
        return
    name = clean_text(hello.name, 40)
    if hello.protocol != PROTOCOL_VERSION:
        connection.refuse(
            codes.WRONG_PROTOCOL,
            f"This server speaks protocol {PROTOCOL_VERSION}. Use the same version of social-arena.",
        )
        connection.close(codes.CLOSE_PROTOCOL_ERROR, "wrong protocol")
        return
    if access is not None and (refused := await access.asked(connection.address, hello.token)) is not None:
        connection.refuse(refused, _WHY_NOT[refused])
        connection.close(codes.CLOSE_UNAUTHORISED, "no access")
        return
    if not name:
        connection.refuse(codes.MALFORMED, "name: there is nothing visible in it")
        connection.close(codes.CLOSE_PROTOCOL_ERROR, "no name")
        return
    if hello.operator_token is not None and access is not None and access.has_operator:
        refused = await access.operator_asked(connection.address, hello.operator_token)
        if refused is not None:
            connection.refuse(refused, _NO_OPERATOR[refused])
            connection.close(codes.CLOSE_UNAUTHORISED, "no operator")
            return
        connection.operator = True
    connection.name = name
    connection.send(welcome.model_copy(update={"operator": connection.operator}))
    try:
        async for message in connection.messages():
            try:
                if isinstance(message, ListLadder | ListRuns | PromoteCheckpoint):
                    if boards is None:
                        raise Refusal("This server does not know.", code=codes.NOT_READ)
                    boards.ask(connection, message)
                else:
                    obey(connection, lobby, message)
            except ArenaError as error:
                code = error.code if isinstance(error, Refusal) else codes.BAD_ROOM
                connection.refuse(code, error.message[:500], act_id_of(message))
    finally:
        if boards is not None:
            boards.drop(connection)
        lobby.drop(connection)


def obey(connection: Connection, lobby: Lobby, message: AnyClientMessage) -> None:
    """
    Raises:
        ArenaError: it cannot be done; nothing changed.
    """
    match message:
        case Hello():
            raise Refusal("You have said hello already.", code=codes.MALFORMED)
        case ListRooms():
            connection.send(RoomsListed(rooms=lobby.listing.rooms(connection)))
            return
        case ListMatches():
            lobby.past_matches.ask(connection, message)
            return
        case ReadRecording():
            lobby.recordings.ask(connection, message)
            return
        case CreateRoom():
            lobby.create(connection, message)
        case JoinRoom():
            lobby.join(connection, message)
        case StartRoom(room=room):
            lobby.begin(connection, room)
        case ResumeSeat():
            lobby.resume(connection, message)
        case TakeSeatBack(room=room):
            lobby.take_back(connection, room)
        case WatchRoom(room=room, everything=everything):
            lobby.watch(connection, room, everything)
        case TakeTurn() | TalkAmongDead():
            if act_id_of(message) is None:
                raise Refusal("act_id: only visible characters are allowed", code=codes.MALFORMED)
            lobby.act(connection, message)
        case LeaveRoom(room=room):
            lobby.leave(connection, room)
        case RateMatch():
            lobby.rate(connection, message)
    connection.changed()
