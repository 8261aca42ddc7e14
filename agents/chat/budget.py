"""What chat models may cost: held back before a request is sent, settled when its answer says what it took.

A request is refused when the most that it can take does not fit any more, so that requests under way together cannot
overdraw. What a server does not report is estimated, on the high side.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from agents.chat.settings import Budget
from arena.errors import EngineError

_log = logging.getLogger(__name__)
BUDGET: Final = "engine/budget"
BYTES_PER_TOKEN: Final = 3.0
"""English has about four bytes a token in the usual vocabularies; fewer make the estimate too high rather than low."""
TOKENS_PER_MESSAGE: Final = 8
"""For a template's frame around each message."""


@dataclass(frozen=True, slots=True)
class Amount:
    """``tokens`` read and written; ``money`` in the currency of the prices."""

    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.tokens + other.tokens, self.money + other.money)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.tokens - other.tokens, self.money - other.money)


def estimated_tokens(texts: Iterable[str]) -> int:
    """How many tokens these messages may be, where nobody has counted them."""
    return sum(math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE for text in texts)


@dataclass(slots=True)
class Purse:
    """Everything that this process spends on chat models. An ``account`` is a match, or whatever else is counted by
    itself."""

    budget: Budget = field(default_factory=Budget)
    spent: Amount = Amount()
    """What answers took so far."""
    _held: Amount = Amount()
    _accounts: dict[str, Amount] = field(default_factory=dict)
    """What each account has spent and holds."""
    _warned: bool = False

    def hold(self, account: str, most: Amount) -> None:
        """Keep ``most`` back for a request.

        Raises:
            EngineError: ``engine/budget``, it does not fit; nothing is held.
        """
        game = self._accounts.get(account, Amount()) + most
        process = self.spent + self._held + most
        b = self.budget
        for name, value, limit in (
            ("game_tokens", game.tokens, b.game_tokens),
            ("game_money", game.money, b.game_money),
            ("process_tokens", process.tokens, b.process_tokens),
            ("process_money", process.money, b.process_money),
        ):
            if limit is not None and value > limit:
                message = f"The budget is spent: another answer could take {name} over its limit of {limit:,}."
                if not self._warned:
                    _log.warning("%s Such turns are passed.", message)
                    self._warned = True
                raise EngineError(message, code=BUDGET)
        self._held += most
        self._accounts[account] = game

    def settle(self, account: str, held: Amount, took: Amount) -> None:
        """A request is over: what it took takes the place of what was held for it."""
        self._held -= held
        self.spent += took
        if account in self._accounts:
            self._accounts[account] += took - held

    def close(self, account: str) -> None:
        """Forget an account. What it spent stays spent."""
        self._accounts.pop(account, None)
