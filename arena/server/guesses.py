"""Who guesses at a secret: each wrong guess costs its address a credit, and who has none left is not listened to."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from arena.clock import Clock
from arena.server.limits import Credits, Rate

_REMEMBERED_ADDRESSES: Final = 10_000


class Guesses:
    """The wrong guesses at one kind of secret, by address as ``arena.server.doors.address_of`` has it."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._credits: OrderedDict[str, Credits] = OrderedDict()

    def spent(self, address: str) -> bool:
        """Whether this address has guessed wrong too often. It must not be told a right guess from a wrong one then."""
        credits = self._credits.get(address)
        return credits is not None and not credits.has(self._clock.monotonic_s())

    def wrong(self, address: str) -> None:
        now = self._clock.monotonic_s()
        credits = self._credits.get(address)
        if credits is None:
            credits = self._credits[address] = Credits(self._rate, now)
            while len(self._credits) > _REMEMBERED_ADDRESSES:
                self._credits.popitem(last=False)
        self._credits.move_to_end(address)
        credits.take(now)
