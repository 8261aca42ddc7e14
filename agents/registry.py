"""All minds by the name of their filling, and the watch that makes new checkpoints live.

self, live          the live checkpoint, following reloads (a script where no model is loaded)
checkpoint:NAME     one checkpoint, whatever becomes live: an id, ``shipped`` or ``base``
scripted:NAME       a script of the game
random              any legal act
openai:NAME         a chat model behind an endpoint (``agents.chat``)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Engine as Database

from agents.chat.source import ChatMinds, chat_name
from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.base import LIVE, Engine
from agents.llm.believed import with_beliefs
from agents.llm.policy import PolicyMind
from agents.llm.thinking import NO_THINKING, Thinking
from agents.models import checkpoint_folder, games_taught, model_source, registered_folder
from agents.scripted.mind import ScriptedMind
from agents.scripted.registry import script_by_name, scripts_of, stand_in
from arena.db.checkpoints import live_checkpoint
from arena.errors import ArenaError, CheckpointError, OptionError, UnknownName
from arena.games.chance import Chance
from arena.games.registry import game_by_name
from arena.protocol.recording import Recording
from arena.rooms.minds import Mind

if TYPE_CHECKING:
    from agents.engines.local.engine import LocalEngine
    from agents.engines.vllm.engine import VllmEngine

_log = logging.getLogger(__name__)
NO_MODEL: Final = "none"
LOCAL: Final = "local"
"""The engine in this process, as ``--engine`` names it."""
WATCH_S: Final = 1.0
"""How often the registry is asked for a new live checkpoint."""
PROBES_AT_ONCE: Final = 32
"""What is asked about a match that is over waits for the decisions of those that are played."""


class ReloadingEngine(Engine, Protocol):
    """An engine whose live weights can be replaced."""

    @property
    def live_version(self) -> str: ...

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def reload(self, source: Any) -> str: ...


class Minds:
    """Gives the mind for a filling; one object for each policy serves all matches.

    Args:
        engine: the policy engine; None seats scripts only.
        database: where checkpoints are registered; None where none are to be followed.
        follow: whether whatever becomes live in the registry from now on is loaded while running.
        seen: the registry's live checkpoint that ``engine`` was chosen in the knowledge of; it is not loaded again.
        think: how many tokens its model may think before it answers; 0 is not at all.
        folders: the engine's own book of where checkpoints lie, by id, which this object adds to.
        first: the checkpoint to make live at the start, where the engine may be serving another one.
        chat: the chat models; None where none may sit down. They are closed when this object stops.
        own: plays the seats of ``self`` where no engine does; by default a script of the game.
        games: those that the engine's policy was taught; none where that is not known.
    """

    def __init__(
        self,
        engine: ReloadingEngine | None,
        database: Database | None = None,
        *,
        seed: int | str = 0,
        follow: bool = True,
        seen: str | None = None,
        folders: dict[str, Path] | None = None,
        temperature: float = 1.0,
        think: int = 0,
        first: Path | None = None,
        on_reload: Callable[[str, str], None] | None = None,
        chat: ChatMinds | None = None,
        own: str | None = None,
        games: frozenset[str] = frozenset(),
    ) -> None:
        self._engine = engine
        self._database = database
        self._seed = seed
        self._follow = follow and engine is not None and database is not None
        self._temperature = temperature
        self._think = think
        self._on_reload = on_reload
        self._minds: dict[tuple[str, str], Mind] = {}
        self.reloads = 0
        self.refused_reloads = 0
        self._watch: asyncio.Task[None] | None = None
        self._seen = seen
        self._first = first
        self._folders = {} if folders is None else folders
        self._chat = chat
        self._own = own
        self._games = games

    @property
    def live_checkpoint(self) -> str | None:
        return None if self._engine is None else self._engine.live_version

    @property
    def chat_answers(self) -> Mapping[str, int]:
        """Turns of chat models by what became of them, of matches that are over."""
        return {} if self._chat is None else self._chat.outcomes()

    def mind(self, fill: str, game: str) -> Mind:
        """
        Raises:
            UnknownName: no script or checkpoint has this name, the filling is of no known kind, or what it names cannot
                play this game.
        """
        known = self._minds.get((fill, game))
        if known is None:
            known = self._minds[fill, game] = self._make(fill, game)
        return known

    def usual(self, game: str) -> str:
        """The filling of seats that nobody asked anything else for: ``self`` where the model here can play the game,
        else a script."""
        if self._engine is None:
            return "self" if self._own is not None else stand_in(game)
        return "self" if _may_play(self._games, game) else stand_in(game)

    async def believing(self, recording: Recording) -> Recording:
        """With what the live policy takes its seats to have believed; as it was where that cannot play the game.

        Raises:
            EngineError: it failed.
        """
        if self._engine is None or not _may_play(self._games, recording.game):
            return recording
        return await with_beliefs(self._engine, recording, at_once=PROBES_AT_ONCE)

    def _make(self, fill: str, game: str) -> Mind:
        if fill in ("self", LIVE):
            if self._engine is None:
                return self.mind(self._own or stand_in(game), game)
            _check_taught("The model here", self._games, game)
            return self._policy(LIVE)
        kind, _, name = fill.partition(":")
        match kind:
            case "checkpoint" if self._engine is not None and self._database is not None:
                try:
                    folder = registered_folder(self._database, name)
                    manifest = read_checkpoint(folder)
                except CheckpointError as error:
                    _log.error("checkpoint %s cannot play: %s", name, error)
                    raise UnknownName(f"Checkpoint {name!r} cannot play here.") from error  # no paths for strangers
                _check_taught(f"Checkpoint {manifest.id}", games_taught(folder), game)
                self._folders[manifest.id] = folder
                return self._policy(manifest.id)
            case "checkpoint":
                raise UnknownName("No model is loaded here, so no checkpoint can play.")
            case "scripted" | "random":
                name = name or "random"
                return ScriptedMind(name, script_by_name(name, game), self._seed)
            case "openai" if self._chat is not None:
                try:
                    return self._chat.seat(name)
                except OptionError as error:
                    _log.error("%s cannot play: %s", fill, error)
                    raise UnknownName(f"{fill!r} cannot play here.") from error  # no settings for strangers
            case _:
                scripts = ", ".join(f"scripted:{s}" for s in scripts_of(game) if s != "random")
                raise UnknownName(f"Nothing is called {fill!r}. Seats take: self, checkpoint:ID, {scripts}, random.")

    def _policy(self, policy: str) -> Mind:
        assert self._engine is not None
        thinking = Thinking.taught(self._engine.codec, self._think) if self._think else NO_THINKING
        return PolicyMind(self._engine, policy, self._temperature, thinking=thinking)

    # -- life ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """
        Raises:
            EngineError: a chat model that was opened before cannot be asked.
        """
        if self._engine is not None:
            self._engine.start()
            if self._first is not None:
                await self._engine.reload(self._first)
        if self._chat is not None:
            await self._chat.check()
        if self._follow:
            self._watch = asyncio.create_task(self._watch_registry(), name="checkpoint-watch")

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._engine is not None:
            await self._engine.stop()
        if self._chat is not None:
            await self._chat.close()

    def _check_goes_live(self, folder: Path) -> None:
        """
        Raises:
            CheckpointError: it was not taught the games that the policy plays here.
        """
        games = games_taught(folder)
        if missing := sorted(g for g in self._games if not _may_play(games, g)):
            raise CheckpointError(f"It was not taught {missing[0]}, which is played here.")

    async def _watch_registry(self) -> None:
        """Load whatever becomes live. A checkpoint that is refused changes nothing and is tried once."""
        assert self._engine is not None
        assert self._database is not None
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                live = await asyncio.to_thread(live_checkpoint, self._database)
            except Exception:  # the database may be locked or away for a while: play goes on, the watch too
                _log.exception("the checkpoint registry could not be read")
                continue
            if live is None or live.id == self._seen:
                continue
            self._seen = live.id
            old = self._engine.live_version
            if live.id == old:
                continue
            try:
                self._check_goes_live(Path(live.path))
                new = await self._engine.reload(live.path)
            except ArenaError as error:
                self.refused_reloads += 1
                _log.error("checkpoint %s was refused, %s plays on: %s", live.id, old, error)
                continue
            self.reloads += 1
            _log.info("checkpoint %s is live, %s was", new, old)
            if self._on_reload is not None:
                self._on_reload(old, new)


def _may_play(games: frozenset[str], game: str) -> bool:
    return not games or game in games


def _check_taught(who: str, games: frozenset[str], game: str) -> None:
    """
    Raises:
        UnknownName: it was taught other games only.
    """
    if _may_play(games, game):
        return
    titles = " and ".join(game_by_name(g).title for g in sorted(games))
    scripts = ", ".join("random" if s == "random" else f"scripted:{s}" for s in scripts_of(game))
    raise UnknownName(f"{who} was taught {titles}, not {game_by_name(game).title}. Its seats take: {scripts}.")


def open_minds(
    model: str,
    database: Database,
    *,
    seed: int | str = 0,
    follow: bool = True,
    threads: int = 1,
    engine: str = LOCAL,
    think: int = 0,
) -> Minds:
    """The minds of a process, with ``model`` as its live policy. It plays until another one becomes live.

    Args:
        model: ``shipped``, ``base``, ``live``, a checkpoint's id, a model folder or hub name; ``openai:NAME``: a chat
            model; ``none``: scripts.
        engine: ``local``, or the address of a vLLM server on this machine.
        think: how many tokens the model may think before it answers.

    Raises:
        UnknownName: there is no such model.
        CheckpointError: it cannot be loaded.
        OptionError: the settings of the chat endpoints, or of the server, cannot be used.
        EngineError: the server cannot be asked.
    """
    chat = ChatMinds()
    if model == NO_MODEL:
        return Minds(None, database, seed=seed, chat=chat)
    if (name := chat_name(model)) is not None:
        chat.open(name)
        return Minds(None, database, seed=seed, chat=chat, own=model)
    folders: dict[str, Path] = {}
    live = live_checkpoint(database)
    source = model_source(database, model)

    def locate(name: str) -> Path:
        return folders.get(name) or checkpoint_folder(database, name)

    follows = partial(
        Minds, seed=seed, follow=follow, seen=live and live.id, folders=folders, chat=chat, games=games_taught(source),
        think=think,
    )  # fmt: skip
    if engine == LOCAL:
        return follows(_local_engine()(source, locate=locate, seed=engine_seed(seed), threads=threads), database)
    served = vllm_engine(engine, seed=seed, locate=locate)
    return follows(served, database, first=first_on(served, source, engine))


def _local_engine() -> type[LocalEngine]:
    try:
        from agents.engines.local.engine import LocalEngine
    except ImportError as error:
        raise CheckpointError(f"The local engine needs torch and transformers: {error}") from error
    return LocalEngine


def vllm_engine(url: str, *, seed: int | str = 0, locate: Callable[[str], Path] | None = None) -> VllmEngine:
    """The engine of the vLLM server at ``url``.

    Raises:
        OptionError: the address is not one of this machine's, or a library is missing.
        EngineError: no server answers there.
    """
    if not url.startswith(("http://", "https://")):
        raise OptionError(f"--engine takes {LOCAL}, or the address of a vLLM server such as http://127.0.0.1:8000.")
    try:
        from agents.engines.vllm.engine import VllmEngine
        from agents.engines.vllm.handshake import greet
    except ImportError as error:
        raise OptionError(f"This needs httpx: pip install 'social-arena[vllm]' ({error}).") from error
    served = greet(url)  # quick to fail, before the heavy import
    from agents.engines.local.codec import HubCodec  # its tokenizer; the engine itself knows no transformers

    return VllmEngine(url, HubCodec, seed=engine_seed(seed), locate=locate, served=served)


def first_on(engine: VllmEngine, source: str | Path, url: str) -> Path | None:
    """The checkpoint to make live on a server before anything else; None for a bare model, which it must have already.

    Raises:
        CheckpointError: it is a bare model, and another one than the server's.
    """
    if (Path(source) / MANIFEST).exists():
        return Path(source)
    if str(source) != engine.live_version:
        raise CheckpointError(
            f"The vLLM server at {url} serves {engine.live_version}. For {source}, start one with: "
            f"arena engine vllm --model {source}"
        )
    return None


def engine_seed(seed: int | str) -> int:
    """The sampler's seed that goes with a run's."""
    return Chance(seed).below("engine", 2**63)
