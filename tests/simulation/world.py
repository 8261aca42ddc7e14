"""One simulated run: servers one after the other on one disk, people, the network between them, and what must hold.

The servers are the real ones (``ArenaServer`` with its lobby, room tasks and connections); what stands around them, the
time, the network, the disk, the minds and the people, is simulated and drawn from the seed. A server is killed by
taking its sockets and its log away and then cancelling all its tasks: whatever they still do reaches nobody.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random
from typing import Any, Final

from arena.games.registry import game_by_name
from arena.rooms.terms import Terms
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits
from arena.server.lobby_room import hashed
from tests.simulation.checks import check_match, check_nights
from tests.simulation.minds import Foreign, SimulatedMinds, Versions
from tests.simulation.network import Wire
from tests.simulation.people import Message, Person
from tests.simulation.scenario import GAME, MIND_S, Scenario, scenario
from tests.simulation.storage import EVERYTHING, Disk, DiskWriter, StoredMatch
from tests.simulation.virtual_time import VirtualClock, VirtualLoop

GATHERING_S: Final = 600.0
"""How long people may take to find each other in a room, beside the time that the match takes."""
SELFPLAY_MATCHES: Final = 3

_life: ContextVar[Life | None] = ContextVar("life", default=None)


class Life:
    """One server process, from its start to its end. ``tasks`` are all that were made in it."""

    def __init__(self, world: World, n: int) -> None:
        random = Random(f"{world.seed}/server/{n}")
        plan = world.scenario
        self.n = n
        self.world = world
        self.alive = True
        self.began_at = 0.0
        self.kept: dict[tuple[str, str], float] = {}
        self.listening = True
        self.draining = False
        self.tasks: list[asyncio.Task[Any]] = []
        self.wires: list[Wire] = []
        self.clock = VirtualClock(world.loop, random.uniform(0.0, 1e5), random.choice((0.0, random.uniform(-2.0, 9.0))))
        self.writer = DiskWriter(world.disk, world.loop, Random(f"{world.seed}/disk/{n}"), plan.pace)
        minds = SimulatedMinds(plan.minds, Random(f"{world.seed}/minds/{n}"), world.counts, world.versions)
        limits = Limits(mind_s=MIND_S, send_queue_messages=6 if plan.narrow else 5_000)
        settings = ServerSettings(
            limits=limits,
            terms=Terms(warning_s=3.0),
            selfplay_rooms=plan.selfplay,
            selfplay_options=plan.options,
            selfplay_per_minute=30.0,
        )
        draws = Random(f"{world.seed}/secrets/{n}")
        self.server = ArenaServer(minds, self.writer, settings, self.clock, lambda: world.versions.name, draws)  # type: ignore[arg-type]
        self._ended_after = self.clock.wall_s() - limits.linger_s

    def begin(self) -> None:
        with self._living():
            waiting = self.world.disk.waiting_rooms()
            self.server.restore(self.world.disk.open_matches(self._ended_after), waiting)
            self.server.begin()
        self.began_at = self.world.loop.now
        self.kept = {(row.match_id, seat.token_hash): row.terms["grace_s"] for row in waiting for seat in row.seats}
        self.world.counts["rooms that waited over a restart"] += len(waiting)
        self.world.counts["seats that waited over a restart"] += len(self.kept)

    def still_waits(self, room: str, token: str) -> bool:
        """Whether this is the secret of a seat that waited when the server started, and must not be free yet."""
        grace_s = self.kept.get((room, hashed(token)))
        return grace_s is not None and self.world.loop.now - self.began_at <= grace_s

    def accept(self, wire: Wire) -> None:
        self.wires.append(wire)
        with self._living():
            self.world.loop.create_task(self.server.talk(wire.server))  # type: ignore[arg-type]

    @contextmanager
    def _living(self) -> Iterator[None]:
        """Tasks that are made here, and by these, belong to this server."""
        token = _life.set(self)
        try:
            yield
        finally:
            _life.reset(token)

    def kill(self) -> None:
        self.alive = False
        self.writer.crash()
        random = self.world.network
        for wire in self.wires:
            wire.cut(0.0, random.choice((0.0, 0.1, 2.0)))
            wire.server.is_open = False
        for task in self.tasks:
            task.cancel()

    async def drain(self, seconds: float) -> None:
        self.draining = True
        await self.server.drain(seconds)
        self.listening = False
        await self.server.stop()
        self.writer.close()
        await asyncio.sleep(5.0)  # the last words reach the clients
        self.alive = False
        for wire in self.wires:
            wire.cut(0.0, 0.0)
        await asyncio.sleep(0.1)

    def ends(self, end: Coroutine[Any, Any, None]) -> None:
        with self._living():
            self.draining = True
            self.world.loop.create_task(end)

    def leftovers(self) -> list[str]:
        return [str(task.get_coro()) for task in self.tasks if not task.done()]

    def accidents(self) -> list[BaseException]:
        done = [task for task in self.tasks if task.done() and not task.cancelled()]
        return [error for task in done if (error := task.exception()) is not None]


class World:
    def __init__(self, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.scenario: Scenario = scenario(seed)
        self.loop = VirtualLoop()
        self.counts: Counter[str] = Counter()
        self.versions = Versions()
        self.network = Random(f"{seed}/network")
        self.disk = Disk(self._written)
        self.room: str | None = None
        self.faults: list[str] = []
        self.hash = hashlib.sha256()
        self._tell = trace
        self._life: Life | None = None
        self._lives = 0
        self._stops = list(self.scenario.stops)
        self._ending = False
        self.people = [
            Person(n, self, habits, Random(f"{seed}/person/{n}")) for n, habits in enumerate(self.scenario.people)
        ]

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Play it; the hash over all that was sent and stored.

        Raises:
            AssertionError: something that must hold does not.
        """
        asyncio.set_event_loop(self.loop)
        self.loop.set_task_factory(self._made_task)
        self.loop.set_exception_handler(lambda _, context: self.blame(f"unhandled: {context}"))
        watcher = _Errors(self)
        logger = logging.getLogger("arena")
        propagate, level = logger.propagate, logger.level
        logger.addHandler(watcher)
        logger.propagate = False
        logger.setLevel(logging.ERROR)
        try:
            self.loop.run_until_complete(self._play())
            self._check()
        finally:
            logger.removeHandler(watcher)
            logger.propagate = propagate
            logger.setLevel(level)
            self.loop.close()
            asyncio.set_event_loop(None)
        if self.faults:
            raise AssertionError("; ".join(self.faults[:5]))
        for row in (row for match in self.disk.matches.values() for row in match.rows()):
            self.hash.update(repr(row).encode())
        return self.hash.hexdigest()

    async def _play(self) -> None:
        self._start()
        for n, person in enumerate(self.people):
            self.loop.call_later(0.01 * n, person.connect)
        self._reload()
        while not self._finished() and not self.faults:
            if self.loop.now > self.bound_s:
                self.blame(f"it is not over after {self.loop.now:.0f} s: {self._what_is_left()}")
                break
            await asyncio.sleep(1.0)
        self._ending = True
        for person in self.people:
            person.hang_up()
        await asyncio.sleep(1.0)
        while (life := self._life) is None or life.draining:
            await asyncio.sleep(1.0)
        await life.drain(0.0)
        self._after(life)

    @property
    def bound_s(self) -> float:
        """A generous bound of the time that everything takes."""
        plan, game = self.scenario, game_by_name(GAME)
        options = game.options(plan.options)
        budget = max(plan.options["talk_budget_s"], plan.options["choice_budget_s"])
        matches = SELFPLAY_MATCHES + plan.selfplay if plan.selfplay else 1
        stops = sum(stop.after_s + stop.down_s + (stop.drain_s or 0.0) + 60.0 for stop in plan.stops)
        storage = (plan.pace.outage_s if plan.pace.outage else 1.0) * len(plan.stops) + 60.0
        return GATHERING_S + matches * game.max_acts(options) * (budget + MIND_S) + stops + storage

    def _finished(self) -> bool:
        matches = self.disk.matches.values()
        if self.scenario.selfplay:
            return sum(m.ended is not None for m in matches) >= SELFPLAY_MATCHES
        return bool(matches) and all(m.ended for m in matches) and all(p.done for p in self.people)

    def _what_is_left(self) -> str:
        matches = [m.started.match_id for m in self.disk.matches.values() if m.ended is None]
        return f"matches {matches}, people {[p.name for p in self.people if not p.done]}"

    # -- servers -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        life = Life(self, self._lives)
        life.begin()
        self._lives += 1
        self._life = life
        self.trace("server", f"{life.n} starts", f"{len(life.server.lobby.rooms)} rooms")

    def _written(self, commit: int) -> None:
        if self._stops and commit >= self._stops[0].commit and self._life is not None and self._life.alive:
            stop = self._stops.pop(0)
            life = self._life
            if stop.drain_s is None:
                self.loop.call_later(stop.after_s, self._kill, life, stop.down_s)
            else:
                self.loop.call_later(stop.after_s, self._drain, life, stop.drain_s, stop.down_s)

    def _kill(self, life: Life, down_s: float) -> None:
        if life is not self._life or self._ending:
            return
        self.counts["kills"] += 1
        self.trace("server", f"{life.n} is killed", f"down for {down_s} s")
        self._life = None
        life.kill()
        self.loop.call_later(down_s, self._again, life)

    def _drain(self, life: Life, drain_s: float, down_s: float) -> None:
        if life is not self._life or life.draining or self._ending:
            return
        self.counts["drains"] += 1
        self.trace("server", f"{life.n} is drained", f"within {drain_s} s")

        async def drain() -> None:
            await life.drain(drain_s)
            if life is self._life:
                self._life = None
                self.loop.call_later(down_s, self._again, life)

        life.ends(drain())

    def _again(self, life: Life) -> None:
        self._after(life)
        self._start()

    def _after(self, life: Life) -> None:
        self.counts["games finished"] += life.server.status.games_finished
        for what in life.leftovers():
            self.blame(f"server {life.n} left a task behind: {what}")
        for error in life.accidents():
            self.blame(f"a task of server {life.n} failed: {error!r}")
        self.counts["batches lost"] += life.writer.lost
        self.counts["commits without an answer"] += life.writer.unanswered
        self.counts["outages"] += life.writer.outages
        self.counts["stalls"] += sum(wire.stalls for wire in life.wires)

    def _reload(self) -> None:
        if not self._ending:
            self.versions.live += 1
            self.loop.call_later(self.network.expovariate(1.0) * self.scenario.minds.reload_s + 0.1, self._reload)

    def _made_task(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any] | Generator[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=loop, **more)
        life = _life.get()
        if life is not None:
            life.tasks.append(task)
            if not life.alive:
                task.cancel()
        return task

    # -- for people ----------------------------------------------------------------------------------------------

    def open_wire(
        self, name: str, on_message: Callable[[bytes, int], None], on_closed: Callable[[int], None]
    ) -> Wire | None:
        """A connection to the server; None while there is none."""
        life = self._life
        if life is None or not life.listening:
            return None
        wire = Wire(
            self.loop,
            Random(f"{self.seed}/wire/{name}"),
            self.scenario.weather,
            lambda: self.disk.commits,
            on_message,
            on_closed,
        )
        life.accept(wire)
        return wire

    @property
    def creator(self) -> Person | None:
        """Whoever is to open the room."""
        return next((p for p in self.people if not p.done), None)

    def create_room(self) -> Message:
        plan = self.scenario
        return {"type": "create_room", "options": plan.options, "fills": list(plan.fills), **plan.terms}

    def is_over(self, room: str | None) -> bool:
        match = self.disk.matches.get(room or "")
        return match is not None and match.ended is not None

    def has_begun(self, room: str | None) -> bool:
        return room in self.disk.matches

    def shows_everything(self, room: str) -> bool:
        return not self.scenario.selfplay and self.scenario.terms["show_all_after_s"] is not None

    # -- what must hold ------------------------------------------------------------------------------------------

    def expect(self, holds: bool, fault: str) -> None:
        if not holds:
            self.blame(fault)

    def blame(self, fault: str) -> None:
        self.trace("FAULT", fault, "")
        self.faults.append(f"at {self.loop.now:.3f} s: {fault}")

    def shown_event(self, person: Person, n: int, message: Message, stamp: int) -> None:
        stream = self._stream(person, message["room"])
        if n >= len(stream) or stream[n][0] > stamp:
            self.blame(f"{person.name} saw event {n} before it was durable")
            return
        event = stream[n][1]
        same = (event.kind, event.data, event.audience.is_public) == (
            message["kind"],
            message["data"],
            message["public"],
        )
        self.expect(same, f"{person.name} saw another event {n} than the log has")

    def shown_end(self, person: Person, message: Message, stamp: int) -> None:
        match = self.disk.matches.get(message["room"])
        if match is None or match.ended is None or match.ended_in > stamp:
            self.blame(f"{person.name} heard of an end that is not durable")
            return
        outcome = match.ended.outcome
        told = (message["winner"], message["reason"], tuple(message["sides"]), tuple(message["returns"]))
        self.expect(
            told == (outcome.winner, outcome.reason, outcome.sides, outcome.returns), f"{person.name}: another outcome"
        )
        stream = self._stream(person, message["room"])
        known = len(stream) if person.left else len(person.stream)
        self.expect(known == len(stream), f"{person.name} knows {known} of {len(stream)} events at the end")

    def shown_acceptance(self, person: Person, act_id: str, sent: Message, stamp: int) -> None:
        match = self.disk.matches[sent["room"]]
        commit, row = match.acts.get((person.seat, act_id), (stamp + 1, None))  # type: ignore[arg-type]
        self.expect(commit <= stamp, f"{person.name}: {act_id} was acknowledged before it was durable")
        if row is not None:
            act = row.decision.act
            same = (act.text, act.choice) == (sent.get("text", ""), sent.get("choice"))
            self.expect(same, f"{person.name}: {act_id} is stored with other content")

    def shown_room(self, name: str, room: Message, stamp: int) -> None:
        match = self.disk.matches.get(room["room"])
        if room["status"] == "waiting":
            first: dict[int | None, int] = {}
            for (other, seat, _), commit in self.disk.promised.items():
                if other == room["room"]:
                    first[seat] = min(commit, first.get(seat, commit))
            seen = [None, *(seat["seat"] for seat in room["seats"] if seat["mind"] == "person")]
            durable = all(first.get(seat, stamp + 1) <= stamp for seat in seen)
            self.expect(durable, f"{name} saw a waiting room, or a seat taken in it, before that was durable")
        if room["phase"]:
            durable = match is not None and match.phases.get(room["phase"], stamp + 1) <= stamp
            self.expect(durable, f"{name} saw the phase {room['phase']!r} before it was durable")

    def shown_created(self, person: Person, room: Message, stamp: int) -> None:
        commit = self.disk.promised.get((room["room"], None, ""), stamp + 1)
        self.expect(commit <= stamp, f"{person.name} was told of a room before it was durable")

    def shown_seat(self, person: Person, message: Message, stamp: int) -> None:
        room, seat, token = message["room"]["room"], message["seat"], hashed(message["resume_token"])
        commit = self.disk.promised.get((room, seat, token), stamp + 1)
        self.expect(commit <= stamp, f"{person.name} was given a seat before that was durable")
        life = self._life
        if message["room"]["status"] == "waiting" and life is not None and (room, token) in life.kept:
            self.counts["waiting seats taken back after a restart"] += 1

    def shown_no_seat(self, person: Person, room: str, token: str, code: str) -> None:
        """A secret was refused, or the room that it is for is unknown."""
        life = self._life
        if life is not None and not self.has_begun(room):
            self.expect(not life.still_waits(room, token), f"{person.name}'s waiting seat was lost: {code}")

    def _stream(self, person: Person, room: str) -> list[Any]:
        match: StoredMatch | None = self.disk.matches.get(room)
        if match is None:
            return []
        return match.streams.get(EVERYTHING if person.everything else person.seat, [])

    def _check(self) -> None:
        for match in self.disk.matches.values():
            self.counts["matches"] += 1
            self.counts["events"] += len(match.events)
            self.counts["decisions"] += len(match.decisions)
            self.counts["seats handed over"] += len(match.handovers)
            if match.ended is None and self.scenario.selfplay:
                continue
            try:
                check_match(match, self.versions.asked)
                if not self.scenario.stops:  # the next server's wall clock says something else
                    check_nights(match)
            except AssertionError as error:
                self.blame(f"match {match.started.match_id}: {error}")
        for person in self.people:
            for act_id, sent in person.sent.items():
                refused = sent.message["type"] == "take_turn" and (sent.refused is not None or not sent.good)
                if refused and person.seat is not None and person.room in self.disk.matches:
                    stored = (person.seat, act_id) in self.disk.matches[person.room].acts
                    self.expect(not stored, f"{person.name}: {act_id} was refused, and is stored")

    # -- telling -------------------------------------------------------------------------------------------------

    def sent(self, name: str, raw: str) -> None:
        self.counts["messages of people"] += 1
        self.hash.update(raw.encode())
        if self._tell is not None:
            self.trace(name, "→", raw)

    def heard(self, name: str, raw: bytes) -> None:
        self.counts["messages of the server"] += 1
        self.hash.update(raw)
        if self._tell is not None:
            self.trace(name, "←", raw.decode())

    def trace(self, who: str, what: str, more: object) -> None:
        if self._tell is not None:
            self._tell(f"{self.loop.now:10.3f} {who:10} {what} {more}")


class _Errors(logging.Handler):
    """Whatever is logged as an error is one, but for what foreign code raised."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None and isinstance(record.exc_info[1], Foreign):
            return
        self._world.blame(f"logged: {record.getMessage()} {record.exc_info and record.exc_info[1]!r}")
