"""What goes live, what it took over from, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

import agents.models
from agents.checkpoints import read_checkpoint
from agents.models import before_live, known_checkpoints, promote, promote_known, register, roll_back
from arena.errors import CheckpointError, UnknownName, UserError
from tests.fakes.checkpoints import copied


@pytest.fixture
def ids(
    engine: Engine, tmp_path: Path, tiny_checkpoint: Path, second_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """The packaged one and another, which is registered and not live."""
    monkeypatch.setattr(agents.models, "_MODELS", tmp_path / "models")
    copied(tiny_checkpoint, tmp_path / "models" / "shipped")
    folder = copied(second_checkpoint, tmp_path / "second")
    register(engine, read_checkpoint(folder), folder, 1.0, live=False)
    return read_checkpoint(tiny_checkpoint).id, read_checkpoint(second_checkpoint).id


def live(engine: Engine) -> str | None:
    return next((c.id for c in known_checkpoints(engine) if c.live), None)


def test_there_and_back_and_there_again(engine: Engine, ids: tuple[str, str]) -> None:
    shipped, second = ids
    assert before_live(known_checkpoints(engine)) is None
    with pytest.raises(UserError, match="--promote"):
        roll_back(engine, 2.0)
    assert promote_known(engine, second, 2.0).live
    assert before_live(known_checkpoints(engine)) == shipped
    assert roll_back(engine, 3.0).id == shipped
    assert live(engine) == shipped
    assert before_live(known_checkpoints(engine)) is None, "going back is no step forward"
    promote(engine, second[:5], 4.0)
    promote(engine, second, 5.0)  # what is live already took over from nobody new
    assert before_live(known_checkpoints(engine)) == shipped


def test_an_id_from_anybody_is_no_path_and_no_name(
    engine: Engine, ids: tuple[str, str], second_checkpoint: Path
) -> None:
    for wanted in ("shipped", "live", ids[1][:6], str(second_checkpoint), "../second", ""):
        with pytest.raises(UnknownName) as refused:
            promote_known(engine, wanted, 2.0)
        assert str(second_checkpoint) not in refused.value.message


def test_a_damaged_one_stays_out(engine: Engine, ids: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "second" / "config.json").write_text("{}")
    with pytest.raises(CheckpointError):
        promote_known(engine, ids[1], 2.0)
    assert live(engine) == ids[0]
