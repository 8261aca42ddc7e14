"""Matches as files: what is read back is what was stored, and nobody is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.db.exports import PERSON, read_matches, write_matches
from arena.db.repo import StoredMatch, iter_matches
from arena.db.writer import LogWriter
from arena.decision import Decision, ThoughtRecord, TokenRecord, TrunkRecord
from arena.errors import UserError
from arena.rooms.effects import Append
from tests.fakes.minds import public_act
from tests.rooms.play import play, werewolf_room

FORMS = ("x.jsonl", "x.parquet")


def with_tokens(match: StoredMatch) -> StoredMatch:
    """The match as if a model had made its decisions, once with a thought before."""
    record = TokenRecord(
        "v1", "tok", "p1", 7, (1, 2), (3,), (-0.1234567890123,), ((3,), (4, 5)), (0.75, 0.25), 0.7,
        thought=ThoughtRecord((9,), (8, 8), (-1.0, -2.5)),
    )  # fmt: skip

    def made(n: int, decision: Decision) -> Decision:
        kinds = (None, record, replace(record, thought=None, options=(), choice_probs=(), trunk_limit=50, epoch=1))
        return replace(decision, tokens=kinds[n % 3], fallback="talk/asked_again" if n % 5 == 0 else None)

    decisions = tuple(made(n, d) for n, d in enumerate(match.decisions))
    return replace(match, decisions=decisions, trunks=(TrunkRecord("tok", "p1", (5, 6, 7, 8), (0, 2), 50),))


@pytest.fixture
def stored(engine: Engine, writer: LogWriter) -> list[StoredMatch]:
    for seed in range(3):
        room = werewolf_room(seed, people=(2,) if seed else ())
        room.match_id = f"m{seed}"
        for effect in play(room, public_act):
            if isinstance(effect, Append):
                writer.append(effect.rows).result(60)
    return [with_tokens(match) for match in iter_matches(engine)]


def nameless(match: StoredMatch) -> StoredMatch:
    seats = (replace(s, person=PERSON, train=True) if s.person is not None else s for s in match.seats)
    return replace(match, seats=tuple(seats))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", FORMS)
def test_what_is_read_is_what_was_written(name: str, stored: list[StoredMatch], tmp_path: Path) -> None:
    (path := tmp_path / "out" / name).parent.mkdir()
    assert write_matches(path, stored) == 3
    assert list(read_matches(path)) == [nameless(match) for match in stored]
    assert b"person 2" not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", FORMS)
def test_datasets_reads_it(
    name: str, stored: list[StoredMatch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    path = tmp_path / name
    write_matches(path, stored)
    form = "json" if name.endswith("jsonl") else "parquet"
    rows = datasets.load_dataset(form, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows["match_id"] == [match.id for match in stored]
    row = rows[1]
    assert [d["turn_id"] for d in row["decisions"]] == [d.turn_id for d in stored[1].decisions]
    assert row["decisions"][1]["tokens"]["sampled"] == [3]
    assert json.loads(row["events"][0]["data"])["names"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", FORMS)
def test_a_write_that_fails_leaves_nothing(name: str, stored: list[StoredMatch], tmp_path: Path) -> None:
    def broken() -> Iterator[StoredMatch]:
        yield stored[0]
        raise OSError(28, "No space left on device")

    (folder := tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        write_matches(folder / name, broken())
    assert not list(folder.iterdir())


def test_what_is_no_export_is_refused_with_the_place(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.jsonl", '{"version": 2}', "no export of this version: match 1, version"),
        ("b.jsonl", "not json", "match 1"),
        ("c.parquet", "not parquet", "no export"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(UserError, match=said):
            list(read_matches(tmp_path / name))
    with pytest.raises(UserError, match=r"ends in \.jsonl or \.parquet"):
        list(read_matches(tmp_path / "d.csv"))
    with pytest.raises(UserError, match="cannot be read: No such file"):
        list(read_matches(tmp_path / "none.jsonl"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_match_that_is_broken_is_named(stored: list[StoredMatch], tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_matches(path, stored)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace('"winner"', '"looser"'), lines[2]]))
    read = read_matches(path)
    assert next(read).id == "m0"
    with pytest.raises(UserError, match="match 2"):
        next(read)
