"""The codes of refusals and the close codes of connections. They are stable; programs match on them.

Close codes below 4500 invite the client to reconnect, those from 4500 on do not. ``docs/protocol.md`` lists them all.
"""

from __future__ import annotations

from typing import Final

MALFORMED: Final = "message/malformed"
TOO_FAST: Final = "message/too_fast"
HELLO_FIRST: Final = "hello/first"
WRONG_PROTOCOL: Final = "hello/wrong_protocol"
UNAUTHORISED: Final = "hello/unauthorised"
TOO_MANY_GUESSES: Final = "hello/too_many_guesses"
UNKNOWN_ROOM: Final = "room/unknown"
TOO_MANY_CODES: Final = "room/too_many_guesses"
ROOM_FULL: Final = "room/full"
SEAT_TAKEN: Final = "room/seat_taken"
BAD_ROOM: Final = "room/bad_request"
TOO_MANY_ROOMS: Final = "room/too_many"
ROOM_FAILED: Final = "room/failed"
NOT_SEATED: Final = "act/not_seated"
UNKNOWN_TURN: Final = "act/unknown_turn"
STALE_TURN: Final = "act/stale_turn"
ACT_ID_REUSED: Final = "act/id_reused"
NOT_OVER: Final = "room/not_over"
NOT_STORED: Final = "act/not_stored"
HANDED_OVER: Final = "act/handed_over"
NOT_DEAD: Final = "act/not_among_the_dead"
BAD_TOKEN: Final = "seat/bad_token"
BLIND: Final = "room/blind"
NOT_YOURS: Final = "room/not_yours"
ROOM_NOT_STORED: Final = "room/not_stored"
STOPPING: Final = "server/stopping"
TAKEN_ELSEWHERE: Final = "seat/taken_elsewhere"
# What the rules refuse (arena.games.core.checked):
CHOICE_MISSING: Final = "act/choice_missing"
CHOICE_UNKNOWN: Final = "act/choice_unknown"
CHOICE_NOT_ASKED: Final = "act/choice_not_asked"
TEXT_MISSING: Final = "act/text_missing"
TEXT_TOO_LONG: Final = "act/text_too_long"
TEXT_NOT_ASKED: Final = "act/text_not_asked"
ILLEGAL_ACT: Final = "act/illegal"
# Said over HTTP, before there is a websocket:
TOO_MANY_FROM_ADDRESS: Final = "connection/too_many_from_address"
TOO_MANY_CONNECTIONS: Final = "connection/too_many"

CLOSE_SERVER_STOPPING: Final = 4400
CLOSE_SLOW_READER: Final = 4401
CLOSE_IDLE: Final = 4410
CLOSE_PROTOCOL_ERROR: Final = 4500
CLOSE_NO_HELLO: Final = 4501
CLOSE_UNAUTHORISED: Final = 4510
CLOSE_TOO_FAST: Final = 4511
CLOSE_TOO_LARGE: Final = 1009
"""The websocket protocol's own."""

REFUSALS: Final[frozenset[str]] = frozenset(
    v for k, v in globals().copy().items() if k.isupper() and isinstance(v, str)
)
"""Every code that a refusal may have."""
CLOSES: Final[dict[int, str]] = {
    v: k.removeprefix("CLOSE_").lower() for k, v in globals().copy().items() if k.startswith("CLOSE_")
}
"""Every close code of ours with its name."""
