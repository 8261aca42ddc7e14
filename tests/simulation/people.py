"""People (or programs) who play over the raw protocol, each with their habits: they answer late, wrongly, several times
or never, lose their connection, come back, and check all that they are told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from arena.protocol import codes
from tests.simulation.network import Wire
from tests.simulation.scenario import Habits

if TYPE_CHECKING:
    from tests.simulation.world import World

Message = dict[str, Any]
_GIVES_UP_AFTER: Final = 400
"""Attempts to get back in, after which something must be wrong."""


@dataclass(slots=True)
class Sent:
    """An act that was sent at least once. ``good``: it fits its turn."""

    message: Message
    good: bool
    acknowledged: bool = False
    refused: str | None = None


class Person:
    """``stream`` is what this person was told, over all connections; ``done`` when they want nothing any more."""

    def __init__(self, n: int, world: World, habits: Habits, random: Random) -> None:
        self.n = n
        self.name = f"person-{n}"
        self.habits = habits
        self.stream: list[tuple[str, Any]] = []
        self.everything = False
        self.sent: dict[str, Sent] = {}
        self.turns_seen: set[str] = set()
        self.room: str | None = None
        self._asked_for: str | None = None
        self.seat: int | None = None
        self.token: str | None = None
        self.outcome: Message | None = None
        self.left = False
        self.done = False
        self._world = world
        self._random = random
        self._wire: Wire | None = None
        self._cursor = 0
        self._tries = 0
        self._connections = 0
        self._watches = not habits.seated
        self._holds = False
        self._asks_elsewhere = False
        self._open: dict[str, Message] = {}

    # -- connections ---------------------------------------------------------------------------------------------

    def connect(self) -> None:
        if self.done:
            return
        self._tries += 1
        if self._tries > _GIVES_UP_AFTER:
            self._world.blame(f"{self.name} does not get back in")
            return
        self._connections += 1
        wire: Wire

        def heard(raw: bytes, stamp: int) -> None:
            self._hear(wire, raw, stamp)

        def closed(code: int) -> None:
            self._world.counts[f"closed with {code}"] += 1
            if wire is self._wire:
                self._world.trace(self.name, "lost the connection", code)
                self._wire = None
                self._holds = False
                self._later(self._pause(), self.connect)

        opened = self._world.open_wire(f"{self.n}/{self._connections}", heard, closed)
        if opened is None:
            self._later(self._pause(), self.connect)
            return
        wire = opened
        self._asks_elsewhere = self._wire is not None and not self._holds
        self._wire = wire
        self._holds = False
        if self._connections > 1:
            self._world.counts["reconnects"] += 1
        self._say({"type": "hello", "protocol": 1, "name": self.name})

    def _pause(self) -> float:
        return self._random.choice((0.05, 0.5, 3.0)) * (0.5 + self._random.random())

    def _drop(self) -> None:
        """The connection breaks; each end finds out when it does, or half of it much later."""
        wire = self._wire
        if wire is None:
            return
        self._world.counts["drops"] += 1
        found_s = self._random.choice((0.0, 0.05, 30.0))
        if found_s > 1.0:
            self._world.counts["half-dead connections"] += 1
        self._world.trace(self.name, "drops", f"the server finds out in {found_s} s")
        wire.cut(found_s, 1e9)
        self._wire = None
        self._holds = False
        if self.stream and self._random.random() < self.habits.vanish:
            self._world.trace(self.name, "is gone for good", "")
            self.done = True
            return
        self._later(self._pause(), self.connect)

    def hang_up(self) -> None:
        self.done = True
        if self._wire is not None:
            self._wire.hang_up()
            self._wire = None

    def _say(self, message: Message) -> None:
        if self._wire is not None:
            self._say_over(self._wire, message)

    def _say_over(self, wire: Wire, message: Message) -> None:
        raw = json.dumps(message)
        self._world.sent(self.name, raw)
        wire.say(raw)

    def _later(self, seconds: float, what: Callable[..., None], *args: Any) -> None:
        self._world.loop.call_later(seconds, what, *args)

    # -- what is heard -------------------------------------------------------------------------------------------

    def _hear(self, wire: Wire, raw: bytes, stamp: int) -> None:
        self._world.heard(self.name, raw)
        message = json.loads(raw)
        if wire is not self._wire:
            if message["type"] == "seat_lost":
                self._world.counts["seats taken elsewhere"] += 1
            elif message["type"] in ("act_accepted", "refused"):
                self._answered(message, stamp)
            return
        match message["type"]:
            case "welcomed":
                self._enter()
            case "room_created":
                self._world.shown_created(self, message["room"], stamp)
                self._world.room = message["room"]["room"]
                self._enter()
            case "rooms_listed":
                for room in message["rooms"]:
                    self._world.shown_room(self.name, room, stamp)
                    self._world.room = room["room"]
            case "room_joined":
                self._joined(message, stamp)
            case "event_happened":
                self._event(message, stamp)
            case "turn_opened":
                self._turn(message)
            case "turn_closed":
                self._open.pop(message["turn_id"], None)
            case "act_accepted":
                self._answered(message, stamp)
            case "refused":
                self._refused(message, stamp)
            case "seat_changed":
                self._seat_changed(message)
            case "seat_lost":
                # Two connections keep no order: what an older one still asked for may come in after what this one did.
                self._world.expect(self._asks_elsewhere, f"{self.name} lost the seat to nobody")
                self._asks_elsewhere = self._holds = False
                wire.hang_up()
                self._wire = None
                self._later(self._pause(), self.connect)
            case "match_ended":
                self._ended(message, stamp)
        if self._wire is wire and not self.done and self._holds:
            self._misbehave(wire)

    def _enter(self) -> None:
        """Find the way to a seat, or to look on."""
        world = self._world
        if self.room is not None and self.token is not None and not self._watches:
            self._say({"type": "resume_seat", "room": self.room, "token": self.token, "since": len(self.stream)})
            return
        self._asked_for = room = self.room or world.room
        if room is None:
            if world.scenario.selfplay:
                self._say({"type": "list_rooms"})
            elif world.creator is self:
                self._say(world.create_room())
                return
            self._later(0.3 + self._random.random(), self._enter_again, self._wire)
            return
        if self._watches:
            self.everything = self.habits.everything and self.left is False and world.shows_everything(room)
            self._say({"type": "watch_room", "room": room, "everything": self.everything})
        else:
            self.everything = False  # it may have watched before
            self._say({"type": "join_room", "room": room, "blind": True, "train": self._random.random() < 0.5})

    def _enter_again(self, wire: Wire | None) -> None:
        if wire is self._wire and wire is not None:
            self._enter()

    def _joined(self, message: Message, stamp: int) -> None:
        self._tries = 0
        self.room = message["room"]["room"]
        self._world.shown_room(self.name, message["room"], stamp)
        if message["seat"] is None:
            self._cursor = 0
            self._holds = True
            return
        self._world.shown_seat(self, message, stamp)
        self._world.expect(self.seat in (None, message["seat"]) or not self.stream, f"{self.name} was moved")
        self.seat, self.token = message["seat"], message["resume_token"]
        since = message["since"]
        self._world.expect(since in (0, len(self.stream)), f"{self.name}: the stream goes on at {since}")
        self._cursor = since
        self._open.clear()
        self._holds = True
        for act_id, sent in self.sent.items():
            if not sent.acknowledged and sent.refused is None:
                self._later(self._random.random() * 0.2, self._repeat, act_id)

    def _event(self, message: Message, stamp: int) -> None:
        shown = (message["kind"], message["data"])
        n = self._cursor
        if message["seq"] != n:
            self._world.blame(f"{self.name}: event {message['seq']} came where {n} was due")
            return
        if n < len(self.stream):
            self._world.expect(self.stream[n] == shown, f"{self.name}: event {n} is another one than before")
        else:
            self.stream.append(shown)
        self._cursor += 1
        self._world.shown_event(self, n, message, stamp)

    def _ended(self, message: Message, stamp: int) -> None:
        self._world.shown_end(self, message, stamp)
        self.outcome = message
        acknowledged = [a for a, s in self.sent.items() if s.acknowledged]
        if acknowledged and not self.left:  # a match that is over still knows its acts
            self._repeat(self._random.choice(acknowledged))
            self._strange(self._random.choice(acknowledged))
        self._later(self._random.random() * 3.0, self.hang_up)

    def _seat_changed(self, message: Message) -> None:
        if message["seat"]["seat"] == self.seat and not self._watches and message["seat"]["mind"] != "person":
            self._later(self._random.random() * 5.0, self._take_back)

    def _take_back(self) -> None:
        if self._holds and not self._watches and not self.done:
            self._world.counts["seats taken back"] += 1
            self._say({"type": "take_seat_back", "room": self.room})

    # -- acts ----------------------------------------------------------------------------------------------------

    def _turn(self, turn: Message) -> None:
        random, habits = self._random, self.habits
        self._world.expect(turn["turn_id"] not in self.sent_turns(), f"{self.name}: {turn['turn_id']} is open again")
        self.turns_seen.add(turn["turn_id"])
        self._open[turn["turn_id"]] = turn
        if random.random() < habits.never:
            self._world.counts["turns not answered"] += 1
            return
        delay = random.expovariate(1.0) * habits.haste_s
        if random.random() < habits.late:
            self._world.counts["late answers"] += 1
            delay += turn["remaining_s"] or 0.0
        if random.random() < habits.illegal:
            self._later(delay * random.random(), self._act, turn, False)
        self._later(delay, self._act, turn, True)

    def sent_turns(self) -> set[str]:
        """The turns that are answered for good."""
        return {s.message["turn_id"] for s in self.sent.values() if s.acknowledged and "turn_id" in s.message}

    def _act(self, turn: Message, good: bool) -> None:
        if self._wire is None or not self._holds or self._watches or self.done:
            return
        random = self._random
        act_id = f"a{len(self.sent)}"
        message: Message = {"type": "take_turn", "room": self.room, "turn_id": turn["turn_id"], "act_id": act_id}
        if good:
            if turn["choices"]:
                message["choice"] = random.choice(turn["choices"])
            if turn["text_limit"]:
                message["text"] = f"I say {random.randrange(1000)}."
        else:
            self._world.counts["illegal acts"] += 1
            message |= random.choice(
                (
                    {"choice": "nobody at all"},
                    {"text": "x" * (turn["text_limit"] + 1)},
                    {"turn_id": "day99.vote", "choice": "Ada"},
                )
            )
        self.sent[act_id] = Sent(message, good)
        self._say(message)
        if not good:
            return
        if random.random() < self.habits.repeat:
            for _ in range(random.randrange(1, 5)):
                self._later(random.expovariate(1.0), self._repeat, act_id)
        if random.random() < self.habits.drop * 5:
            self._later(random.random() * 0.1, self._drop)

    def _repeat(self, act_id: str) -> None:
        """The same act once more, over whatever connection there is now."""
        if self._wire is not None and self._holds and not self._watches and not self.done:
            self._world.counts["repeated acts"] += 1
            self._say(self.sent[act_id].message)

    def _strange(self, act_id: str) -> None:
        """An id that counts already, with other content: nobody may take it."""
        sent = self.sent[act_id]
        if self._wire is None or not self._holds or self._watches:
            return
        self._world.counts["ids used again"] += 1
        self._say(sent.message | {"text": f"Another {self._random.randrange(1000)}."})

    def _answered(self, message: Message, stamp: int) -> None:
        act_id = message["act_id"]
        if act_id is None:
            return
        sent = self.sent[act_id]
        if message["type"] == "act_accepted":
            self._world.expect(sent.good, f"{self.name}: {act_id} is illegal, and was taken")
            self._world.shown_acceptance(self, act_id, sent.message, stamp)
            if not sent.acknowledged:
                sent.acknowledged = True
                self._world.counts[f"accepted {sent.message['type']}"] += 1
                if self._random.random() < self.habits.reuse:
                    self._later(self._random.random() * 2.0, self._strange, act_id)
            return
        code = message["code"]
        self._world.counts[f"refused {code}"] += 1
        if sent.good and code == codes.UNKNOWN_TURN and sent.message["type"] == "take_turn":
            self._world.blame(f"{self.name}: a turn that was opened is unknown: {sent.message['turn_id']}")
        if sent.acknowledged:
            fitting = (codes.ACT_ID_REUSED, codes.NOT_SEATED, codes.UNKNOWN_ROOM)
            self._world.expect(code in fitting, f"{self.name}: {act_id} was taken, and then refused with {code}")
        elif code == codes.HANDED_OVER:
            self._later(self._random.random(), self._take_back)
            self._later(1.0 + self._random.random(), self._repeat, act_id)
        elif code != codes.NOT_SEATED:
            sent.refused = code

    def _refused(self, message: Message, stamp: int) -> None:
        if message["act_id"] is not None:
            self._answered(message, stamp)
            return
        code = message["code"]
        self._world.counts[f"refused {code}"] += 1
        match code:
            case codes.UNKNOWN_ROOM | codes.BAD_TOKEN:
                if self.room is not None and self.token is not None and not self._watches:
                    self._world.shown_no_seat(self, self.room, self.token, code)
                self._lost_way(code)
            case codes.ROOM_FULL | codes.SEAT_TAKEN | codes.NOT_SEATED:
                # The seat was given to this person, who never heard of it; or it was given up.
                self._watches = True
                self._begin_anew()
                self._later(0.5, self._enter_again, self._wire)
                self._later(5.0, self._look_for_seat, self._wire)
            case codes.BAD_ROOM | codes.ROOM_NOT_STORED:
                self._later(1.0, self._enter_again, self._wire)
            case codes.STOPPING:
                self._later(1.0, self._enter_again, self._wire)
            case _:
                self._world.blame(f"{self.name} was refused with {code}: {message['message']}")

    def _lost_way(self, code: str) -> None:
        """The room, or the seat in it, is no more: because nothing had begun, or because all is over."""
        if self.stream and not self.left:
            forgotten = code == codes.UNKNOWN_ROOM and self._world.is_over(self.room)
            self._world.expect(forgotten, f"{self.name} knows {len(self.stream)} events of a room, and gets {code}")
            self.hang_up()
            return
        if self._world.is_over(self._world.room):
            self.hang_up()
            return
        asked = self._asked_for
        if code == codes.UNKNOWN_ROOM and self._world.room == asked and not self._world.has_begun(asked):
            self._world.room = None
        self.room = None
        self._begin_anew()
        self._later(0.3 * (1 + self.n), self._enter_again, self._wire)

    def _look_for_seat(self, wire: Wire | None) -> None:
        """Whoever wanted a seat and watches a room that waits: its seats may be free by now."""
        if wire is None or wire is not self._wire or self.stream or self._world.has_begun(self.room):
            return
        self._watches = False
        wire.hang_up()
        self._wire = None
        self._holds = False
        self._later(self._pause(), self.connect)

    def _begin_anew(self) -> None:
        self.seat = self.token = None
        self.stream = []
        self._holds = False

    # -- mischief ------------------------------------------------------------------------------------------------

    def _misbehave(self, wire: Wire) -> None:
        random, habits = self._random, self.habits
        luck = random.random()
        if luck < habits.drop:
            self._drop()
        elif luck < habits.drop + habits.second and self.token is not None and not self._watches:
            self._world.counts["second connections"] += 1
            self.connect()
            for turn_id in self._open:  # what this person was about to send, over the old connection
                for sent in self.sent.values():
                    if sent.message.get("turn_id") == turn_id:
                        self._say_over(wire, sent.message)
            if self._wire is not wire:
                self._later(random.random() * 10.0, wire.hang_up)
        elif random.random() < habits.chat and self.seat is not None and not self._watches:
            act_id = f"d{len(self.sent)}"
            message = {"type": "talk_among_dead", "room": self.room, "act_id": act_id, "text": f"Boo {act_id}."}
            self.sent[act_id] = Sent(message, True)
            self._say(message)
        elif random.random() < habits.leave and not self.left and self.stream:
            self._world.counts["people who leave"] += 1
            self._world.trace(self.name, "leaves", "")
            self._say({"type": "leave_room", "room": self.room})
            self.left = True
            self.hang_up()
