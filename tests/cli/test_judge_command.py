"""``arena judge`` from stored matches to stored scores, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from arena.db.forget import forget
from arena.db.judgements import scores_of
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.games.scenario.dimensions import Dimension
from tests.cli.test_chat_commands import KEY, endpoint
from tests.cli.test_commands import run
from tests.fakes.chat_server import Body, Move, completion, error
from tests.fakes.scene import events, judged_person, said, store

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Writes the endpoints' file."""
    file = tmp_path / "endpoints.toml"
    monkeypatch.setenv("ARENA_ENDPOINTS", str(file))
    monkeypatch.setenv("FAKE_KEY", KEY)

    def write(url: str) -> None:
        file.write_text(f'[endpoints.fake]\nbase_url = "{url}"\nmodel = "m"\nkey_env = "FAKE_KEY"\nattempts = 1\n')

    return write


def judges(body: Body) -> Move:
    """Ada has no believability that could be read; Cleo cannot be judged."""
    person = judged_person(body)
    if person == "Cleo":
        return error(400, "no")
    scores = {str(d): {"reasoning": f"On {person}.", "score": d.high} for d in Dimension}
    if person == "Ada":
        scores["believability"]["score"] = 99
    return completion(json.dumps(scores))


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    captured = capsys.readouterr()
    assert KEY not in captured.out + captured.err
    return captured.out, captured.err


def test_from_the_log_to_scores_and_back(
    setup: Callable[[str], None],
    engine: Engine,
    writer: LogWriter,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store(writer, "s1")
    store(writer, "s2", events(names=("Ben", "Cleo")), at=5.0)
    store(writer, "w1", game="werewolf", at=9.0)
    store(writer, "s3", status="playing", at=9.0)
    db = ["--db", database_url]
    with endpoint(judges) as url:
        setup(url)
        assert run("judge", "run", "s1", "--last", "1", "--model", "openai:fake", *db, "--json") == 0
        out, _ = printed(capsys)
        document = json.loads(out)
        assert [m["match"] for m in document["matches"]] == ["s1", "s2"]
        ada, ben = document["matches"][0]["seats"]
        assert (ada["name"], ada["overall"]) == ("Ada", None)
        believed = ada["scores"]["believability"]
        assert believed["score"] is None
        assert believed["missing"] == "judge/out_of_range: 99 is not within 0 to 10."
        assert ben["overall"] == pytest.approx(40 / 7)
        assert ben["scores"].keys() == set(Dimension)
        assert ben["scores"]["goal"] == {"score": 10, "reasoning": "On Ben.", "missing": None}
        assert [(f["match"], f["seat"]) for f in document["failures"]] == [("s2", 1)]
        assert document["tokens_read"] > 0
        assert run("judge", "run", "s1", "--model", "openai:fake", *db) == 0
        out, _ = printed(capsys)
        assert "missing: Ada, believability: judge/out_of_range: 99 is not within 0 to 10." in out
        assert "overall          missing      5.71" in out
        assert len(scores_of(engine, "s1")) == 2 * len(Dimension)
    assert run("judge", "show", "s2", *db) == 0
    out, _ = printed(capsys)
    assert "missing: Cleo, believability, commitment, compromise" in out
    assert "engine/refused: The endpoint 'fake' refused the request (HTTP 400: no)." in out
    assert run("judge", "show", "s2", *db, "--reasons") == 0
    assert "  Ben, goal: On Ben." in printed(capsys)[0]
    assert run("judge", "show", "s2", *db, "--json") == 0
    (found,) = json.loads(printed(capsys)[0])
    assert found["judge"] == "openai:fake"


def test_what_was_judged_is_not_judged_again_unless_asked(
    setup: Callable[[str], None], writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store(writer, "s1", events(names=("Ben", "Dan")))
    asked: list[str] = []

    def counts(body: Body) -> Move:
        asked.append(judged_person(body))
        return judges(body)

    command = ["judge", "run", "s1", "--model", "openai:fake", "--db", database_url]
    with endpoint(counts) as url:
        setup(url)
        for arguments, requests in ((command, 2), (command, 2), ([*command, "--again"], 4)):
            assert run(*arguments) == 0
            assert len(asked) == requests
            assert "5.71" in printed(capsys)[0]
    assert run(*command, "--again") == 1  # the endpoint is gone, the scores are not
    out, err = printed(capsys)
    assert "5.71" in out
    assert "Could not be judged: match s1, seat 0: engine/unreachable: " in err


def test_an_audit(
    setup: Callable[[str], None], writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(3):
        store(writer, f"s{n}", at=float(n))
    command = ["judge", "audit", "--last", "3", "--model", "openai:fake", "--db", database_url]
    with endpoint(lambda body: judges(body) if judged_person(body) != "Ada" else completion("x")) as url:
        setup(url)
        assert run(*command, "--json") == 0
        found = json.loads(printed(capsys)[0])
        assert found["matches"] == 3
        assert found["agreements"].keys() == {"again", "renamed", "reversed"}
        goal = found["agreements"]["again"]["goal"]
        assert (goal["pairs"], goal["missing"], goal["exact"], goal["kappa"]) == (3, 3, 1.0, None)
        assert found["failures"] == {"engine/unreadable": 9}
        assert run(*command) == 0
        out, _ = printed(capsys)
        assert "renamed" in out
        assert "missing: 9 seats: engine/unreadable" in out
    assert run("judge", "show", "s0", "--db", database_url) == 0
    assert "Nobody has judged s0" in printed(capsys)[1]


def test_clear_errors(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    writer: LogWriter,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable in ("ARENA_OPENAI_BASE_URL", "ARENA_OPENAI_MODEL", "ARENA_ENDPOINTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("agents.chat.settings.config_folder", lambda: tmp_path)
    store(writer, "s1")
    store(writer, "w1", game="werewolf")
    store(writer, "s2", status="playing")
    store(writer, "s3", status="abandoned")
    store(writer, "s4", people=("person 0", None), train=False)
    db = ["--db", database_url]
    for arguments, message in (
        (["run", "s1", "--model", "openai:fake"], "There is no chat endpoint 'fake'."),
        (["audit", "s1", "--model", "openai:fake"], "There is no chat endpoint 'fake'."),
        (["run", "s1", "--model", "live"], "name a model of a chat endpoint, as openai:NAME"),
        (["run", "--model", "openai:fake"], "Name matches, or say how many"),
        (["run", "w1", "--model", "openai:fake"], "w1 is of werewolf"),
        (["run", "s2", "--model", "openai:fake"], "s2 is still being played"),
        (["run", "s3", "--model", "openai:fake"], "s3 was abandoned"),
        (["run", "s4", "--model", "openai:fake"], "s4 somebody did not agree to training"),
        (["run", "s9", "--model", "openai:fake"], "There is no match 's9'"),
        (["show", "w1"], "w1 is of werewolf"),
    ):
        assert run("judge", *arguments, *db) == 2, arguments
        assert message in printed(capsys)[1]


def test_nothing_to_judge(
    setup: Callable[[str], None], writer: LogWriter, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store(writer, "s4", people=("person 0", None), train=False)
    setup("http://127.0.0.1:1/v1")
    assert run("judge", "run", "--last", "5", "--model", "openai:fake", "--db", database_url) == 2
    out, err = printed(capsys)
    assert out == ""
    assert "left out: 1 × a person did not agree to training" in err
    assert "There are no finished scenario matches to judge." in err


def test_words_forgotten_while_a_judge_reads_are_not_stored(
    setup: Callable[[str], None], engine: Engine, writer: LogWriter, database_url: str
) -> None:
    store(writer, "s1", events((said(0, "xylophone"),)), people=("person 0", None))

    def forgets(body: Body) -> Move:
        if any(seat.person for seat in load_match(engine, "s1").seats):
            forget(engine, "person 0")
        scores = {str(d): {"reasoning": "Said xylophone.", "score": d.high} for d in Dimension}
        return completion(json.dumps(scores))

    with endpoint(forgets) as url:
        setup(url)
        assert run("judge", "run", "s1", "--model", "openai:fake", "--db", database_url) == 0
    found = scores_of(engine, "s1")
    assert len(found) == 2 * len(Dimension)
    assert {s.reasoning for s in found} == {""}
