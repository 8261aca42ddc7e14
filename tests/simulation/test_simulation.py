"""Whole matches from a seed, with whatever can happen to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from arena.rooms import room as rooms
from arena.rooms.acts import AcceptedActs
from arena.rooms.history import History
from arena.rooms.room import Room
from arena.server.lobby import Lobby
from arena.server.outbox import Outbox
from arena.server.room_task import RoomTask
from arena.server.waiting import WaitingLog
from tests.simulation.run import simulate
from tests.soak import count

PARTS = count(4, 100)
SEEDS = count(1_000, 100_000) // PARTS

KINDS = (
    "kills", "drains", "batches lost", "commits without an answer", "outages", "stalls",
    "rooms that waited over a restart", "seats that waited over a restart", "waiting seats taken back after a restart",
    "drops", "half-dead connections", "reconnects", "second connections", "seats taken elsewhere", "closed with 4400",
    "closed with 4401",
    "repeated acts", "ids used again", "refused act/id_reused", "illegal acts", "refused act/stale_turn",
    "late answers", "turns not answered", "people who leave", "seats handed over", "seats taken back",
    "refused act/handed_over", "accepted take_turn", "accepted talk_among_dead", "late minds", "failing minds",
    "illegal minds", "stubborn minds", "reloads in mid-turn",
)  # fmt: skip
"""What must really have happened in every part."""


@pytest.mark.parametrize("part", range(PARTS))
def test_matches_survive_everything(part: int) -> None:
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        try:
            simulate(seed, counts)
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, f"{len(failures)} of {SEEDS} seeds failed\n" + "\n".join(failures[:5])
    assert [kind for kind in KINDS if not counts[kind]] == []
    assert counts["games finished"] >= 0.9 * SEEDS


def test_a_seed_is_the_same_run_each_time() -> None:
    """In this process, and in others whose sets and dictionaries of strings are ordered otherwise."""
    seeds = range(240, 240 + count(40, 1_000))
    first = [f"seed {seed}: {simulate(seed)}" for seed in seeds]
    assert [f"seed {seed}: {simulate(seed)}" for seed in seeds] == first
    assert len(set(first)) == len(seeds)
    for hash_seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-m", "tests.simulation.run", "--seed", *map(str, seeds)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line for line in ran.stdout.splitlines() if not line.startswith("#")] == first


def _said_at_once(patch: pytest.MonkeyPatch) -> None:
    release = Outbox.release
    patch.setattr(Outbox, "release", lambda self, stored: release(self, None))


def _waiting_rooms_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lobby, "restore_waiting", lambda *_: None)


def _seats_free_at_restarts(patch: pytest.MonkeyPatch) -> None:
    restore = Lobby.restore_waiting
    patch.setattr(Lobby, "restore_waiting", lambda self, row: restore(self, replace(row, seats=())))


def _seats_given_before_they_are_stored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WaitingLog, "_put", lambda self, said: [who.send(what) for who, what in said])


def _ids_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AcceptedActs, "repeats", lambda *_: False)


def _ids_lost_at_restarts(patch: pytest.MonkeyPatch) -> None:
    past_of = rooms.past_of
    patch.setattr(rooms, "past_of", lambda rows: replace(past_of(rows), accepted={}))


def _an_event_skipped_on_return(patch: pytest.MonkeyPatch) -> None:
    told = Room.told
    patch.setattr(Room, "told", lambda self, seat, since=0: islice(told(self, seat, since), since > 0, None))


def _all_shown_to_all(patch: pytest.MonkeyPatch) -> None:
    append = History.append

    def shown(self: History, event: Any, at: float) -> None:
        append(self, event, at)
        if not event.audience.is_public:
            for seat, stream in enumerate(self._streams):
                if seat not in event.audience:
                    stream.append(event)

    patch.setattr(History, "append", shown)


def _the_phase_told_early(patch: pytest.MonkeyPatch) -> None:
    def front(self: RoomTask, rows: Any) -> Any:
        self.front = replace(self.front, phase=self.room.phase)
        return self.front

    patch.setattr(RoomTask, "_front", front)


def _no_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Room, "next_deadline", lambda self: None)


def _nights_cut_short(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Room, "_rest", lambda self, now: None)


def _acts_stored_twice(patch: pytest.MonkeyPatch) -> None:
    inner = Room._effects

    def effects(self: Room, rows: Any, events: Any, now: float, **more: Any) -> Any:
        if more.get("accepted") is not None and len(self.history.events) % 5 == 0:
            rows = [*rows, replace(rows[0], n=rows[0].n + 1)]
        return inner(self, rows, events, now, **more)

    patch.setattr(Room, "_effects", effects)


@pytest.mark.parametrize(
    "sabotage",
    [
        _said_at_once,
        _waiting_rooms_lost,
        _seats_free_at_restarts,
        _seats_given_before_they_are_stored,
        _ids_not_kept,
        _ids_lost_at_restarts,
        _an_event_skipped_on_return,
        _all_shown_to_all,
        _the_phase_told_early,
        _no_clock,
        _nights_cut_short,
        _acts_stored_twice,
    ],
)
def test_sabotage_is_found(sabotage: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(monkeypatch)
    seed = -1
    with pytest.raises(AssertionError) as found:
        for seed in range(150):
            simulate(seed)
    assert f"python -m tests.simulation.run --seed {seed} -v" in str(found.value)
