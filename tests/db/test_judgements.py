"""What judges made of matches: stored, read, replaced, and without a forgotten person's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from arena.db.forget import forget
from arena.db.judgements import StoredScore, scores_of, write_scores
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from tests.db.test_forget import everything
from tests.fakes.scene import events, said, store

CANARY = "xylophone"


def scores(match_id: str = "s1", seat: int = 0, **parts: object) -> list[StoredScore]:
    goal = StoredScore(match_id, "openai:a", "judge/1", seat, "goal", 7, "Sold it.", None, 5.0)
    secret = replace(goal, dimension="secret", score=None, reasoning="", failure="judge/absent: There is none.")
    return [replace(s, **parts) for s in (goal, secret)]  # type: ignore[arg-type]


def failed(**parts: object) -> list[StoredScore]:
    return scores(score=None, reasoning="", failure="engine/refused: No.", **parts)


def test_what_is_read_is_what_was_written(engine: Engine, writer: LogWriter) -> None:
    store(writer)
    store(writer, "s2", at=3.0)
    other = scores(judge="openai:b")
    assert write_scores(engine, [*scores(), *scores(seat=1), *other, *scores("s2")]) == 4
    assert scores_of(engine, "s1") == [*scores(), *scores(seat=1), *other]
    assert scores_of(engine, "s1", "openai:b") == other
    assert scores_of(engine, "s1", "openai:b", "judge/2") == []
    assert scores_of(engine, "s2") == scores("s2")
    assert scores_of(engine, "s") == []
    assert write_scores(engine, []) == 0


def test_a_new_scoring_takes_the_place_of_the_old_one_whole(engine: Engine, writer: LogWriter) -> None:
    store(writer)
    write_scores(engine, [*scores(), *scores(seat=1)])
    anew = [replace(scores()[0], score=3, created_at=6.0)]
    write_scores(engine, anew)
    assert scores_of(engine, "s1") == [*anew, *scores(seat=1)]
    later = scores(prompt_version="judge/2")
    write_scores(engine, later)
    assert scores_of(engine, "s1", prompt_version="judge/1") == [*anew, *scores(seat=1)]


def test_a_failure_never_replaces_scores(engine: Engine, writer: LogWriter) -> None:
    store(writer)
    assert write_scores(engine, failed()) == 1
    assert scores_of(engine, "s1") == failed()
    write_scores(engine, failed(created_at=6.0))
    assert scores_of(engine, "s1") == failed(created_at=6.0)
    write_scores(engine, scores())
    assert write_scores(engine, failed()) == 0
    assert scores_of(engine, "s1") == scores()


def test_a_row_has_a_score_or_a_reason() -> None:
    with pytest.raises(AssertionError):
        replace(scores()[0], score=None)
    with pytest.raises(AssertionError):
        replace(scores()[0], failure="x")


def test_only_matches_are_judged(engine: Engine) -> None:
    with pytest.raises(IntegrityError):
        write_scores(engine, scores("nowhere"))


def test_no_word_of_a_forgotten_person_is_left(engine: Engine, writer: LogWriter) -> None:
    talk = (said(0, f"I own a {CANARY}."), said(1, "So?"))
    store(writer, "s1", events(talk), people=("person 0", "person 1"))
    store(writer, "s2", events(talk), people=(None, "person 1"), at=3.0)
    for match_id in ("s1", "s2"):
        quoted = scores(match_id, seat=1, reasoning=f"Heard of the {CANARY}.")
        endpoint = replace(scores(match_id)[0], score=None, failure=f'engine/refused: No: "{CANARY}".', reasoning="")
        write_scores(engine, [*quoted, endpoint])
    before = scores_of(engine, "s1")
    other = everything(engine, "s2")
    forget(engine, "person 0")
    assert CANARY not in everything(engine, "s1")
    assert everything(engine, "s2") == other
    after = scores_of(engine, "s1")
    assert [(s.seat, s.dimension, s.score) for s in after] == [(s.seat, s.dimension, s.score) for s in before]
    assert [s.reasoning for s in after] == [""] * 3
    assert [s.failure for s in after] == ["engine/refused", None, "judge/absent"]
    assert load_match(engine, "s1").outcome is not None
