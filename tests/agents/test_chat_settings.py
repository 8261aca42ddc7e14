"""Endpoints from the file and the environment, whom they seat, and where a key may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from agents.chat.mind import ChatMind
from agents.chat.settings import Endpoint, EndpointBook, key_of, load_book
from agents.chat.source import ChatMinds
from agents.players import open_players, resolve
from agents.registry import Minds, open_minds
from arena.errors import EngineError, OptionError, UnknownName
from tests.fakes.chat_server import chat_server, error, in_turn

KEY = "sk-canary-51d0"
FILE = """
[budget]
game_tokens = 1000
process_money = 2.5

[endpoints.local]
base_url = "http://127.0.0.1:11434/v1/"
model = "qwen3:8b"

[endpoints.hosted]
base_url = "https://api.example/v1/chat/completions"
model = "large"
key_env = "EXAMPLE_KEY"
price_in = 0.25
price_out = 2
extra = { reasoning_effort = "low" }
"""


def book_of(tmp_path: Path, text: str = FILE, **environ: str) -> EndpointBook:
    file = tmp_path / "endpoints.toml"
    file.write_text(text)
    return load_book({"ARENA_ENDPOINTS": str(file), **environ})


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Without any settings of the machine that the test runs on."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ARENA_ENDPOINTS", "ARENA_OPENAI_BASE_URL", "ARENA_OPENAI_MODEL", "ARENA_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_file_and_the_environment(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    assert book.names == ("local", "hosted")
    assert book.endpoint("local").base_url == "http://127.0.0.1:11434/v1"
    assert book.endpoint("hosted").base_url == "https://api.example/v1"
    assert (book.budget.game_tokens, book.budget.process_money) == (1000, 2.5)
    with pytest.raises(UnknownName, match="ARENA_OPENAI_BASE_URL"):
        book.endpoint("other")
    book = book_of(
        tmp_path, ARENA_OPENAI_BASE_URL="http://127.0.0.1:8080", ARENA_OPENAI_MODEL="gemma", ARENA_OPENAI_TURN_S="7.5",
        ARENA_OPENAI_ASK_FOR_THOUGHT="false", ARENA_BUDGET_GAME_TOKENS="5", ARENA_OPENAI_API_KEY=KEY,
    )  # fmt: skip
    assert book.names == ("local", "hosted", "gemma")
    other = book.endpoint("meta/llama:70b")
    assert (other.model, other.turn_s, other.ask_for_thought) == ("meta/llama:70b", 7.5, False)
    assert other.key_env == "ARENA_OPENAI_API_KEY"
    assert book.budget.game_tokens == 5
    assert KEY not in repr(book)


def test_nothing_set_is_an_empty_book(environment: pytest.MonkeyPatch) -> None:
    assert load_book({}).names == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[endpoints.a", "cannot be read"),
        ("[endpoint.a]", "'endpoint'"),
        ("endpoints = 3", "is a table"),
        ("[endpoints.a]", "base_url"),
        ('[endpoints.a]\nbase_url = "ftp://x"', "looks like http"),
        ('[endpoints.a]\nbase_url = "http://[x"', "looks like http"),
        ('[endpoints.a]\nbase_url = "http://x:99999"', "looks like http"),
        (f'[endpoints.a]\nbase_url = "http://me:{KEY}@x/v1"', "key_env"),
        (f'[endpoints.a]\nbase_url = "http://x/v1?key={KEY}"', "key_env"),
        (f'[endpoints.a]\nbase_url = "http://x/v1"\napi_key = "{KEY}"', "key_env"),
        (f'[endpoints.a]\nbase_url = "http://x/v1"\nkey_env = "{KEY}"', "key_env"),
        (f'[endpoints.a]\nbase_url = "http://x/v1"\nextra = {{ api_key = "{KEY}" }}', "key_env"),
        ('[endpoints.a]\nbase_url = "http://x/v1"\nextra = { messages = [] }', "messages"),
        ('[endpoints.a]\nbase_url = "http://x/v1"\nturn_s = 0', "turn_s"),
        ('[endpoints.a]\nbase_url = "http://x/v1"\nturns = 0', "turns"),
        ("[budget]\ngame_tokens = -1", "game_tokens"),
    ],
)
def test_mistakes_in_the_file_are_explained_without_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OptionError) as raised:
        book_of(tmp_path, text)
    assert says in raised.value.message
    assert KEY not in raised.value.message


def test_a_file_that_the_environment_names_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        load_book({"ARENA_ENDPOINTS": str(tmp_path / "gone.toml")})


@pytest.mark.parametrize("environ", [{}, {"K": ""}, {"K": f"{KEY}\u00e9"}, {"K": f"{KEY} {KEY}"}, {"K": f"{KEY}\x07"}])
def test_a_key_that_cannot_be_sent(environ: Mapping[str, str]) -> None:
    endpoint = Endpoint(base_url="http://x/v1", model="m", key_env="K")
    with pytest.raises(OptionError) as raised:
        key_of("a", endpoint, environ)
    assert "K" in raised.value.message
    assert KEY not in raised.value.message
    assert key_of("a", endpoint, {"K": f"{KEY}\n"}) == KEY


async def test_strangers_seat_what_was_set_up_and_operators_any_model(
    environment: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = book_of(tmp_path, ARENA_OPENAI_BASE_URL="http://127.0.0.1:8080")
    chat = ChatMinds(book, {})
    minds = Minds(None, chat=chat)
    mind = minds.mind("openai:local", "werewolf")
    assert isinstance(mind, ChatMind)
    assert minds.mind("openai:local", "werewolf") is mind
    for name in ("openai:dear-model", "openai:", "openai", "openai:../local"):
        with pytest.raises(UnknownName):
            minds.mind(name, "werewolf")
    with pytest.raises(UnknownName) as raised:
        minds.mind("openai:hosted", "werewolf")
    assert "EXAMPLE_KEY" not in raised.value.message, "a stranger learns nothing of the settings"
    assert "EXAMPLE_KEY" in caplog.text
    chat.open("dear-model")
    assert isinstance(minds.mind("openai:dear-model", "werewolf"), ChatMind)
    with pytest.raises(UnknownName):
        Minds(None).mind("openai:local", "werewolf")
    await minds.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_players_and_models_by_name(
    environment: pytest.MonkeyPatch, engine: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnknownName, match=r"models\.md"):
        open_minds("openai:small", engine)
    async with chat_server() as server:
        environment.setenv("ARENA_OPENAI_BASE_URL", server.url)
        environment.setenv("ARENA_OPENAI_API_KEY", KEY)
        assert resolve("openai:small", engine, "werewolf") == ("openai:small", None)
        async with open_players(["openai:small", "scripted:careful", "openai:small"], engine, "werewolf") as players:
            assert [p.id for p in players] == ["openai:small", "scripted:careful", "openai:small"]
            assert players[0] is players[2]
            assert isinstance(players[0].mind, ChatMind)
            assert server.keys == [f"Bearer {KEY}"], "it was asked for a word, to see whether it can be"
        minds = open_minds("openai:small", engine)
        assert isinstance(minds.mind("self", "werewolf"), ChatMind)
        assert minds.mind("self", "werewolf") is minds.mind("openai:small", "werewolf")
        await minds.start()
        await minds.stop()
        server.behaviour = in_turn(error(401, f"wrong key {KEY}"))
        with pytest.raises(EngineError, match="refuses the key") as raised:
            async with open_players(["openai:small", "random"], engine, "werewolf"):
                pass
        assert KEY not in raised.value.message
    assert KEY not in caplog.text
