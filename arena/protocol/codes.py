"""The codes of refusals and the close codes of connections. They are stable; programs match on them.

Close codes below 4500 invite the client to reconnect, those from 4500 on do not.
"""

from __future__ import annotations

from typing import Final

MALFORMED: Final = "message/malformed"
TOO_LARGE: Final = "message/too_large"
TOO_FAST: Final = "message/too_fast"
HELLO_FIRST: Final = "hello/first"
WRONG_PROTOCOL: Final = "hello/wrong_protocol"
UNKNOWN_ROOM: Final = "room/unknown"
ROOM_FULL: Final = "room/full"
SEAT_TAKEN: Final = "room/seat_taken"
BAD_ROOM: Final = "room/bad_request"
TOO_MANY_ROOMS: Final = "room/too_many"
ROOM_FAILED: Final = "room/failed"
NOT_SEATED: Final = "act/not_seated"
UNKNOWN_TURN: Final = "act/unknown_turn"
STALE_TURN: Final = "act/stale_turn"
ACT_ID_REUSED: Final = "act/id_reused"
NOT_STORED: Final = "act/not_stored"
HANDED_OVER: Final = "act/handed_over"
NOT_DEAD: Final = "act/not_among_the_dead"
BAD_TOKEN: Final = "seat/bad_token"
BLIND: Final = "room/blind"
NOT_YOURS: Final = "room/not_yours"
STOPPING: Final = "server/stopping"
TAKEN_ELSEWHERE: Final = "seat/taken_elsewhere"

CLOSE_SERVER_STOPPING: Final = 4400
CLOSE_SLOW_READER: Final = 4401
CLOSE_PROTOCOL_ERROR: Final = 4500
CLOSE_NO_HELLO: Final = 4501
