"""Which message moved beliefs most."""

from __future__ import annotations

from arena.protocol.recording import RecordedBelief, RecordedEvent, RecordedSeat, Recording
from arena.replay.suspicion import beliefs_at, moved_most, movements


def said(seat: int, text: str) -> RecordedEvent:
    return RecordedEvent(kind="said", data={"seat": seat, "text": text}, audience=None, line=text)


def fact(line: str) -> RecordedEvent:
    return RecordedEvent(kind="day", data={}, audience=None, line=line)


def believed(seen: int, seat: int, **of: float) -> RecordedBelief:
    return RecordedBelief(seen=seen, seat=seat, of=of, true=("Ben",))


RECORDING = Recording(
    id="m",
    game="werewolf",
    options={},
    seats=tuple(RecordedSeat(name=n, mind="model") for n in ("Ada", "Ben", "Cleo")),
    outcome=None,
    events=(fact("Day 1."), said(0, "It is Ben."), said(1, "No."), fact("Cleo died."), said(0, "I told you.")),
    beliefs=(
        believed(1, 0, Ben=0.5, Cleo=0.5),
        believed(1, 2, Ada=0.5, Ben=0.5),
        believed(2, 0, Ben=0.6, Cleo=0.4),
        believed(2, 2, Ada=0.1, Ben=0.9),
        believed(3, 0, Ben=0.6, Cleo=0.4),
        believed(3, 2, Ada=0.2, Ben=0.8),
        believed(4, 0, Ben=1.0),
        believed(5, 0, Ben=1.0),
    ),
)


def test_every_public_moment_with_two_beliefs_is_compared() -> None:
    moved = movements(RECORDING)
    assert [m.event for m in moved] == [1, 2, 4]
    assert [round(m.total, 6) for m in moved] == [0.5, 0.1, 0.0]
    assert (moved[0].most.seat, moved[0].most.of) == (2, "Ada")
    assert round(moved[0].most.size, 6) == 0.4


def test_a_death_is_nobodys_words() -> None:
    assert all(m.event != 3 for m in movements(RECORDING))


def test_the_message_that_moved_most() -> None:
    most = moved_most(RECORDING)
    assert most is not None
    assert most.event == 1
    mine = moved_most(RECORDING, eyes=0)
    assert mine is not None
    assert (mine.event, mine.most.seat) == (1, 0)
    assert moved_most(RECORDING.model_copy(update={"beliefs": ()})) is None


def test_what_was_believed_last() -> None:
    assert beliefs_at(RECORDING, 0) == {}
    assert sorted(beliefs_at(RECORDING, 3)) == [0, 2]
    assert beliefs_at(RECORDING, 3)[2].of == {"Ada": 0.2, "Ben": 0.8}
    assert sorted(beliefs_at(RECORDING, 5)) == [0]
