"""``arena selfplay`` and ``arena evaluate`` with a chat model, up to the ladder."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arena.cli.main import main
from tests.fakes.chat_server import Body, Move, chat_server, completion, plays_well

KEY = "sk-canary-90ab"


@contextmanager
def endpoint(behaviour: Callable[[Body], Move] = plays_well) -> Iterator[str]:
    """The fake endpoint in a loop and thread of its own, for commands that bring their own loop; its address."""
    ready, url, loops = threading.Event(), [], []

    async def serve() -> None:
        async with chat_server(behaviour) as server:
            url.append(server.url)
            loops.append((asyncio.get_running_loop(), stop := asyncio.Event()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    try:
        yield url[0]
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], str]:
    """Writes the endpoints' file and gives the database's URL."""
    file = tmp_path / "endpoints.toml"
    monkeypatch.setenv("ARENA_ENDPOINTS", str(file))
    monkeypatch.setenv("FAKE_KEY", KEY)

    def write(url: str, budget: str) -> str:
        file.write_text(
            f'[budget]\n{budget}\n[endpoints.fake]\nbase_url = "{url}"\nmodel = "m"\nkey_env = "FAKE_KEY"\n'
        )
        return f"sqlite:///{tmp_path / 'arena.db'}"

    return write


def run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert KEY not in captured.out + captured.err
    return captured.out


def test_selfplay_evaluate_and_the_ladder(setup: Callable[[str, str], str], capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint() as url:
        db = setup(url, "")
        selfplay = ["selfplay", "--model", "openai:fake", "--games", "2", "--db", db, "--option", "max_days=1"]
        run(*selfplay, "--json")
        report = json.loads(printed(capsys))
        assert (report["games"], report["fallbacks"], report["tokens"]) == (2, 0, 0)
        (answers,) = report["chat"]
        assert answers["mind"] == "openai:fake"
        assert answers["clean"] == report["decisions"]
        run(*selfplay)
        assert "openai:fake: " in printed(capsys)
        run("evaluate", "openai:fake", "random", "--games", "1", "--db", db, "--json")
        report = json.loads(printed(capsys))
        assert report["a"] == "openai:fake"
        assert report["rated"]
        assert report["chat"][0]["clean"] > 0
        run("leaderboard", "--db", db, "--json")
        assert "openai:fake" in printed(capsys)


def test_an_evaluation_ends_with_its_budget(
    setup: Callable[[str, str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint() as url:
        db = setup(url, "process_tokens = 9000")
        with pytest.raises(SystemExit):
            main(["evaluate", "openai:fake", "random", "--games", "50", "--at-once", "1", "--db", db])
    assert "budget for chat models is spent" in capsys.readouterr().err


def test_an_endpoint_that_cannot_be_asked_is_found_before_the_first_match(
    setup: Callable[[str, str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint(lambda _: completion("x")) as url:
        db = setup(url.replace("/v1", "").rsplit(":", 1)[0] + ":1/v1", "")
        for command in (["evaluate", "openai:fake", "random"], ["selfplay", "--model", "openai:fake"]):
            with pytest.raises(SystemExit):
                main([*command, "--games", "1", "--db", db])
            assert "'fake' cannot be reached" in capsys.readouterr().err
