from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from arena.db.check import check_log
from arena.db.engine import WRITES
from arena.db.writer import LogWriter
from arena.rooms.effects import Append
from tests.fakes.minds import public_act
from tests.rooms.play import play, werewolf_room


@pytest.fixture
def played(engine: Engine, writer: LogWriter) -> Engine:
    """A database with one finished match ``m``."""
    for effect in play(werewolf_room(4, people=(2,)), public_act):
        if isinstance(effect, Append):
            writer.append(effect.rows).result(60)
    return engine


def faults(engine: Engine) -> tuple[str, ...]:
    (match,) = check_log(engine)
    assert match.match_id == "m"
    return match.faults


def test_what_was_written_is_sound(played: Engine) -> None:
    assert faults(played) == ()


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("UPDATE events SET data = '{}' WHERE seq = 3", "events do not fit the chain: 3"),
        ("DELETE FROM events WHERE seq = 3", "events do not fit the chain: 4"),
        ("DELETE FROM events WHERE seq > 5", "the stored outcome is"),
        ("DELETE FROM decisions WHERE n = 1", "decisions are missing"),
        ("UPDATE matches SET winner = 'nobody'", "the stored outcome is nobody"),
        ("UPDATE matches SET game = 'chess'", "There is no game 'chess'"),
        ("DELETE FROM events", "the stored outcome is"),
        ("UPDATE matches SET status = 'over', sides = '[]'", "the stored outcome is"),
    ],
)
def test_damage_is_found(played: Engine, damage: str, fault: str) -> None:
    with played.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text(damage))
    assert any(f.startswith(fault) for f in faults(played))
