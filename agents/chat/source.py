"""Chat minds by the name of their endpoint: one client, one purse and one mind each for all matches of the process."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Final

from agents.chat.budget import Purse
from agents.chat.client import ChatClient
from agents.chat.dialect import Message
from agents.chat.mind import KIND, ChatMind, Outcome
from agents.chat.settings import EndpointBook, key_of, load_book
from arena.errors import UnknownName

PREFIX: Final = f"{KIND}:"
_CHECK: Final = "check"


def chat_name(name: str) -> str | None:
    """``NAME`` of ``openai:NAME``; None for any other name."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


class ChatMinds:
    """Reads the settings when the first mind is asked for. Use it in one event loop, and close it.

    Args:
        book: instead of that of the file and the environment.
        environ: where keys are looked up.
    """

    def __init__(self, book: EndpointBook | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._book = book
        self._environ = environ
        self._purse: Purse | None = None
        self._clients: dict[str, ChatClient] = {}
        self._minds: dict[str, ChatMind] = {}

    def seat(self, name: str) -> ChatMind:
        """The mind for a name that may come from anybody: of the endpoints that the operator has set up or opened.

        Raises:
            UnknownName: there is no such endpoint.
            OptionError: the settings, or this endpoint's key, cannot be used.
        """
        if name not in self._minds and name not in (names := self._read().names):
            have = ", ".join(PREFIX + n for n in names) or "none"
            raise UnknownName(f"There is no chat endpoint {name!r} here. There is: {have}.")
        return self.open(name)

    def open(self, name: str) -> ChatMind:
        """The mind for a name that the operator gives: also any model of the environment's endpoint.

        Raises:
            UnknownName: there is no such endpoint.
            OptionError: the settings, or this endpoint's key, cannot be used; or the HTTP library is missing.
        """
        if (known := self._minds.get(name)) is not None:
            return known
        self._minds[name] = ChatMind(self.client(name))
        return self._minds[name]

    def client(self, name: str) -> ChatClient:
        """The endpoint itself, for whoever asks it other things than turns (a judge). Raises what ``open`` does."""
        if (known := self._clients.get(name)) is not None:
            return known
        book = self._read()
        endpoint = book.endpoint(name)
        if self._purse is None:
            self._purse = Purse(book.budget)
        self._clients[name] = ChatClient(name, endpoint, key_of(name, endpoint, self._environ), self._purse)
        return self._clients[name]

    def outcomes(self) -> dict[str, int]:
        """What became of all their turns, in matches that are over."""
        return {str(o): n for o, n in sum((m.outcomes for m in self._minds.values()), Counter[Outcome]()).items()}

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()

    async def check(self) -> None:
        """Ask each endpoint that was opened for a word, so that what is wrong with it shows before a match begins.

        Raises:
            EngineError: one of them cannot be asked.
        """
        for client in self._clients.values():
            async with client.session(_CHECK) as session:
                await session.ask([Message(role="user", content="Answer with the word: ready")], max_tokens=16)
            client.purse.close(_CHECK)

    def _read(self) -> EndpointBook:
        if self._book is None:
            self._book = load_book(self._environ)
        return self._book
