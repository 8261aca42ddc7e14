"""What people are told when the lobby does not grant what they ask for."""

from __future__ import annotations

from arena.errors import ArenaError


class Refusal(ArenaError):
    """A request that is not granted; ``code`` is one of ``arena.protocol.codes``."""
