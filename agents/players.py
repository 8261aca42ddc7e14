"""Players of rated matches: a name as people give it becomes a stable id and a mind whose weights never change
(those of a chat model are its provider's to keep).

shipped, social, base, live, an id or its beginning, a folder, a hub name   →  checkpoint:ID
scripted:NAME                                                       →  scripted:NAME
random                                                              →  random
openai:NAME                                                         →  openai:NAME
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine as Database

from agents.chat.source import ChatMinds, chat_name
from agents.checkpoints import MANIFEST, read_checkpoint
from agents.models import checkpoint_folder, games_taught, model_source
from agents.registry import Minds, engine_seed, first_on, vllm_engine
from agents.scripted.registry import script_by_name
from arena.errors import CheckpointError, OptionError
from arena.rooms.minds import Mind


@dataclass(frozen=True, slots=True)
class Player:
    """``id`` is what the log and the ladder call it."""

    id: str
    mind: Mind


@asynccontextmanager
async def open_players(
    names: Sequence[str], database: Database, game: str, *, seed: int | str = 0, engines: Sequence[str] = ()
) -> AsyncIterator[list[Player]]:
    """The players of a game by these names, in order; the same one twice is one object.

    Each checkpoint gets an engine of its own, so that two may have different tokenizers and decide side by side: the
    one in this process, or where there are ``engines`` (addresses of vLLM servers) the next of these.

    Raises:
        UnknownName: nothing has one of the names, or it cannot play the game.
        CheckpointError: one of them cannot be loaded.
        OptionError: the settings of the chat endpoints, or of a server, cannot be used.
        EngineError: a chat model or a server cannot be asked.
    """
    resolved = [resolve(name, database, game) for name in names]
    players: dict[str, Player] = {}
    servers = list(dict.fromkeys(engines))
    chat = ChatMinds()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(chat.close)
        for number, (player_id, source) in enumerate(resolved):
            if player_id in players:
                continue
            if (endpoint := chat_name(player_id)) is not None:
                players[player_id] = Player(player_id, chat.open(endpoint))
                continue
            if source is None:
                players[player_id] = Player(player_id, Minds(None, seed=seed).mind(player_id, game))
                continue
            if engines and not servers:
                raise OptionError("Each checkpoint that plays needs a vLLM server of its own: give --engine once more.")
            own_seed = f"{seed}/{number}"
            minds = (
                _served(servers.pop(0), source, own_seed, database) if engines else _local(source, own_seed, database)
            )
            await minds.start()
            stack.push_async_callback(minds.stop)
            players[player_id] = Player(player_id, minds.mind("live", game))
        await chat.check()
        yield [players[player_id] for player_id, _ in resolved]


def resolve(name: str, database: Database, game: str) -> tuple[str, str | Path | None]:
    """The stable id of a player, and where its weights lie (None for scripts and chat models).

    Raises:
        UnknownName: nothing has this name, or it is a script of another game.
        CheckpointError: the checkpoint is not whole.
    """
    kind, _, rest = name.partition(":")
    if name == "random" or kind == "scripted":
        script_by_name(rest or "random", game)
        return ("random" if rest in ("", "random") else name), None
    if chat_name(name) is not None:
        return name, None
    source = model_source(database, rest if kind == "checkpoint" else name)
    if (Path(source) / MANIFEST).exists():
        return f"checkpoint:{read_checkpoint(Path(source)).id}", source
    return f"checkpoint:{source}", source


def _local(source: str | Path, seed: int | str, database: Database) -> Minds:
    try:
        from agents.engines.local.engine import LocalEngine
    except ImportError as error:
        raise CheckpointError(f"The local engine needs torch and transformers: {error}") from error
    engine = LocalEngine(source, locate=lambda name: checkpoint_folder(database, name), seed=engine_seed(seed))
    return Minds(engine, seed=seed, follow=False, games=games_taught(source))


def _served(url: str, source: str | Path, seed: int | str, database: Database) -> Minds:
    engine = vllm_engine(url, seed=seed, locate=lambda name: checkpoint_folder(database, name))
    return Minds(engine, seed=seed, follow=False, first=first_on(engine, source, url), games=games_taught(source))
