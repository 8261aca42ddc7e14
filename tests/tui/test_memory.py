"""What is kept from one start to the next, and who may read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.protocol.server_messages import RoomInfo
from tui.memory import FORGET_AFTER_S, Memory, seats_in


def room(name: str, code: str = "KRTWN") -> RoomInfo:
    return RoomInfo(room=name, game="werewolf", status="playing", seats=[], options={}, code=code)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory("ws://here/", tmp_path / "state")


def test_a_seat_is_kept_for_its_owner_alone(memory: Memory) -> None:
    memory.keep(room("a"), "secret")
    (file,) = memory.folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert memory.folder.stat().st_mode & 0o777 == 0o700
    seat = memory.seat()
    assert seat is not None
    assert (seat.room, seat.token) == ("a", "secret")
    assert "secret" not in repr(seat)
    memory.forget("a")
    assert memory.seat() is None
    assert list(memory.folder.iterdir()) == []


def test_seats_are_found_by_room_code_and_server(memory: Memory) -> None:
    memory.keep(room("a", "BBBBB"), "1")
    memory.keep(room("b", "CCCCC"), "2")
    found = [memory.seat(name) for name in ("a", "bbbbb", "b", "nowhere")]
    assert [s and s.token for s in found] == ["1", "1", "2", None]
    assert Memory("ws://elsewhere", memory.folder).seat() is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"url": 1}', "\x00"])
def test_a_broken_file_is_as_good_as_none(memory: Memory, content: str) -> None:
    memory.folder.mkdir()
    (memory.folder / "seat-x.json").write_text(content)
    (memory.folder / "answers.json").write_text(content)
    assert memory.seat() is None
    assert memory.train is None


def test_an_old_seat_is_forgotten(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.keep(room("a"), "secret")
    seat = memory.seat()
    assert seat is not None
    monkeypatch.setattr("time.time", lambda: seat.kept_at_s + FORGET_AFTER_S + 1)
    assert memory.seat() is None
    assert list(memory.folder.iterdir()) == []


def test_a_seat_whose_match_is_over_is_kept_but_not_gone_back_to(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.memory.PLAYED_KEPT", 2)
    for n, name in enumerate("abc"):
        monkeypatch.setattr("time.time", lambda at=n: 1_000.0 + at)
        memory.keep(room(name), f"secret {name}")
        memory.over(name)
    assert memory.seat() is None
    assert [(s.room, s.token) for s in seats_in(memory.folder, memory.url)] == [("c", "secret c"), ("b", "secret b")]
    assert seats_in(memory.folder, "ws://elsewhere") == []
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in memory.folder.iterdir())
    memory.over("nowhere")
    assert len(seats_in(memory.folder)) == 2


def test_the_answer_about_training_is_remembered(memory: Memory) -> None:
    assert memory.train is None
    memory.train = True
    assert Memory("ws://elsewhere", memory.folder).train is True


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory("ws://here", tmp_path / "file" / "state")
    memory.keep(room("a"), "secret")
    memory.forget("a")
    memory.train = False
    assert (memory.seat(), memory.train) == (None, False)
