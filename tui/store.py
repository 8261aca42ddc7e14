"""Server messages to screen state: pure functions, no terminal, no clock of their own.

Every text that comes from outside passes ``clean_text`` here, once, so that no widget can forget it. The only exception
are a turn's choices, which are sent back as they came and are cleaned where they are shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.games.core import EVERYONE, Event, only
from arena.protocol import codes
from arena.protocol import server_messages as said
from arena.protocol.text import clean_text
from tui import boards, words
from tui.lines import Line, LineKind
from tui.state import Answer, Connection, Lost, OpenTurn, Table, World

TEXT_LIMIT: Final = 2000
"""The most characters shown of one text, which is also the most that a game allows."""
NAME_LIMIT: Final = 12
EARLY_LIMIT: Final = 2000
AMONG_DEAD: Final = "dead_talk"
"""Stands for a turn where one of the dead speaks, who has none."""


def receive(world: World, message: Happening, now_s: float) -> World:
    """The world after one more message. ``now_s`` is this machine's monotonic clock."""
    match message:
        case ConnectionLost():
            lost = Lost(clean_text(message.why, 200), message.attempt, now_s + message.retry_in_s)
            return replace(world, connection=Connection.LOST, lost=lost, mine="")
        case ConnectionBack():
            return replace(world, connection=Connection.CONNECTED, lost=None)
        case SeatGone():
            return _gone(world, message.room, words.gone(message.code, clean_text(message.message, 300)))
        case said.Welcomed():
            return replace(
                world,
                connection=Connection.CONNECTED,
                server=clean_text(message.server, 40),
                checkpoint=clean_text(message.live_checkpoint or "", 40),
                operator=message.operator,
                games=tuple(clean_text(game, 40) for game in message.games),
            )
        case said.RoomsListed():
            return replace(world, rooms=tuple(map(_clean_room, message.rooms)))
        case said.LadderListed():
            return replace(world, ladder=boards.clean_ladder(message), board_notice="")
        case said.RunsListed():
            return replace(world, training=boards.clean_runs(message), board_notice="")
        case said.MatchesListed():
            return replace(world, past=boards.clean_matches(message), board_notice="")
        case said.CheckpointPromoted():
            live = clean_text(message.checkpoint, 40)
            return replace(world, checkpoint=live, promotion=words.promoted(live))
        case said.RoomJoined():
            return _joined(world, message, now_s)
        case said.Refused() if not _about_my_act(world.table, message):
            return _refused_otherwise(world, message)
        case said.SeatLost() if world.table is not None and world.table.room.room == message.room:
            return replace(world, table=None, notice=words.WENT_ELSEWHERE)
        case _ if world.table is None or getattr(message, "room", world.table.room.room) != world.table.room.room:
            return replace(world, early=(*world.early, message)[-EARLY_LIMIT:]) if world.joining else world
        case _:
            return replace(world, table=_at_table(world.table, message, now_s))


def ended(world: World, why: str) -> World:
    """There will be no further connection."""
    return replace(world, connection=Connection.ENDED, lost=None, notice=clean_text(why, 300))


def joining(world: World) -> World:
    """I have asked for a seat, and the reply has not come."""
    return replace(world, joining=True, early=(), notice="")


def sent(table: Table, act_id: str, text: str, choice: str | None) -> Table:
    """I answered the open turn; the answer is not accepted yet."""
    assert table.turn is not None, "an answer needs an open turn"
    return replace(table, answer=Answer(table.turn.turn_id, act_id, text, choice), notice="")


def sent_among_dead(table: Table, act_id: str, text: str) -> Table:
    """I spoke to the others who are out of the game."""
    return replace(table, answer=Answer(AMONG_DEAD, act_id, text, None), notice="")


def noticed(table: Table, notice: str) -> Table:
    """Something to say next to the input."""
    return replace(table, notice=notice)


def refused(table: Table, act_id: str, code: str, message: str) -> Table:
    """My act was not obeyed: the turn is open again, with the reason beside it."""
    if table.answer is None or table.answer.act_id != act_id:
        return table
    return replace(table, answer=None, notice=words.refusal(code, clean_text(message, 300)))


def accepted(table: Table, act_id: str) -> Table:
    if table.answer is None or table.answer.act_id != act_id:
        return table
    return replace(table, answer=replace(table.answer, accepted=True), notice="")


# -- one message at the table ------------------------------------------------------------------------------------


def _joined(world: World, message: said.RoomJoined, now_s: float) -> World:
    """Sit down; what the room said before the reply came is taken now. Where the stream goes on just after what is
    known, that is kept; the turns that are open are told anew in any case."""
    room, table = _clean_room(message.room), world.table
    seats, everything = tuple(room.seats), world.everything and message.seat is None
    if table is None or table.room.room != room.room or table.me != message.seat:
        table = Table(room=room, me=message.seat, seats=seats, everything=everything)
    elif message.since == table.seen:
        people = {s.seat for s in seats if s.mind == "person"}
        table = replace(
            table, room=room, seats=seats, stand_ins=table.stand_ins - people, turn=None, warned=False, away=False
        )
    else:
        table = Table(
            room=room, me=message.seat, seats=seats, seen=message.since, told=table.told + 1,
            answer=table.answer, notice=table.notice, everything=everything,
        )  # fmt: skip
    early = world.early
    world = replace(world, table=table, joining=False, early=(), notice="")
    for each in early:
        world = receive(world, each, now_s)
    return world


def _at_table(table: Table, message: said.AnyServerMessage, now_s: float) -> Table:
    match message:
        case said.SeatChanged():
            return _seat_changed(table, message.seat)
        case said.EventHappened():
            return _event(table, message)
        case said.TurnOpened():
            ends_at_s = None if message.remaining_s is None else now_s + message.remaining_s
            turn = OpenTurn(
                message.turn_id,
                message.kind,
                clean_text(message.question, 200),
                tuple(message.choices),
                message.text_limit,
                message.may_pass,
                ends_at_s,
            )
            again = table.turn is not None and table.turn.turn_id == turn.turn_id
            warned, notice = (table.warned, table.notice) if again else (False, "")
            return replace(table, turn=turn, warned=warned, notice=notice, away=False)
        case said.TurnWarned() if table.turn is not None and table.turn.turn_id == message.turn_id:
            turn = replace(table.turn, ends_at_s=now_s + message.remaining_s)
            return replace(table, turn=turn, warned=True)
        case said.TurnClosed() if table.turn is not None and table.turn.turn_id == message.turn_id:
            late = words.TOO_LATE if message.reason == "timed_out" else table.notice
            away = table.away or message.reason == "handed_over"
            return replace(table, turn=None, warned=False, notice=late, away=away)
        case said.ActAccepted():
            return accepted(table, message.act_id)
        case said.Refused() if message.act_id is not None:
            return refused(table, message.act_id, message.code, message.message)
        case said.MatchEnded():
            return replace(table, ended=message, turn=None)
        case said.MatchRated():
            return replace(table, stars=message.stars, notice="")
        case _:
            return table


def _seat_changed(table: Table, seat: said.SeatInfo) -> Table:
    seat = _clean_seat(seat)
    before = table.mind(seat.seat)
    seats = tuple(seat if s.seat == seat.seat else s for s in table.seats)
    was_stand_in, mine = seat.seat in table.stand_ins, seat.seat == table.me
    stand_ins = table.stand_ins - {seat.seat}
    if table.started and (mine or before == "person") and seat.mind != "person":
        stand_ins |= {seat.seat}
    table = replace(table, seats=seats, stand_ins=stand_ins)
    if mine:
        away = table.started and not table.over and seat.mind != "person"
        table = replace(table, away=away, notice=table.notice if away else "")
    if not table.started or table.over or before in (seat.mind, ""):
        return table
    text = words.seat_changed(table, seat, was_stand_in)
    return replace(table, lines=(*table.lines, Line(LineKind.FACT, text)))


def _gone(world: World, room: str, why: str) -> World:
    """The room cannot be gone on with: what was seen of it stays, and the lobby is offered."""
    if world.table is None or world.table.room.room != room:
        return world
    return replace(world, table=replace(world.table, gone=why, turn=None, away=False))


def _refused_otherwise(world: World, message: said.Refused) -> World:
    """Something was refused that is no act of mine."""
    notice = _refusal(message)
    if world.table is not None and message.code == codes.ROOM_FAILED:
        return _gone(world, world.table.room.room, notice)
    table = None if world.table is None else noticed(world.table, notice)
    return replace(world, table=table, notice=notice)


def _event(table: Table, message: said.EventHappened) -> Table:
    if message.seq < table.seen:
        return table
    audience = EVERYONE if message.public else only(*(() if table.me is None else (table.me,)))
    event = Event(message.kind, cleaned(message.data), audience)
    line = clean_text(message.line, TEXT_LIMIT)
    table = replace(table, seen=message.seq + 1)
    if table.me is None and not message.public:
        return _secret(table, event, line)
    events = (*table.events, event)
    before, folded = table.view, table.face.seen(table, event)
    table = replace(table, events=events, view=folded)
    if table.me is not None and before.alive and before.alive[table.me] and not folded.alive[table.me]:
        table = replace(table, turn=None)  # what the dying may still do is asked after their death
    return replace(
        table,
        lines=(*table.lines, *table.face.lines(table, event, line)),
        notes=(*table.notes, *table.face.notes(table, event, line)),
    )


def _secret(table: Table, event: Event, line: str) -> Table:
    """What only some seats saw, for a spectator who sees everything: shown, but no part of anybody's view."""
    cards = table.cards
    if event.kind == "dealt" and "role" in event.data:
        cards = (*cards, (event.data["seat"], str(event.data["role"])))
    return replace(table, cards=cards, lines=(*table.lines, *table.face.secret(event, line)))


# -- the door for text -------------------------------------------------------------------------------------------


def cleaned(value: Any) -> Any:
    """Plain JSON with every text in it cleaned; names are among them, so they are kept short."""
    match value:
        case str():
            return clean_text(value, TEXT_LIMIT)
        case list():
            return [cleaned(v) for v in value]
        case dict():
            return {k: [clean_text(n, NAME_LIMIT) for n in v] if k == "names" else cleaned(v) for k, v in value.items()}
        case _:
            return value


def _clean_seat(seat: said.SeatInfo) -> said.SeatInfo:
    name = None if seat.name is None else clean_text(seat.name, NAME_LIMIT)
    return seat.model_copy(update={"name": name, "mind": clean_text(seat.mind, NAME_LIMIT)})


def _clean_room(room: said.RoomInfo) -> said.RoomInfo:
    """``room.room`` stays as it is: it is sent back."""
    return room.model_copy(
        update={
            "game": clean_text(room.game, 20),
            "phase": clean_text(room.phase, 20),
            "code": clean_text(room.code, 20),
            "options": cleaned(room.options),
            "seats": [_clean_seat(s) for s in room.seats],
        }
    )


def _about_my_act(table: Table | None, message: said.Refused) -> bool:
    return table is not None and table.answer is not None and message.act_id == table.answer.act_id


def _refusal(message: said.Refused) -> str:
    return words.refusal(message.code, clean_text(message.message, 300))
