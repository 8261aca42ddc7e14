"""Everything that can go wrong, as one tree.

    ArenaError
    ├── UserError          somebody asked for what cannot be done; the message says what to do instead
    │   ├── OptionError    an option of a game or a command has a value that it cannot take
    │   ├── UnknownName    a game, checkpoint, script or match of that name does not exist
    │   ├── StorageError   the database cannot be opened, or was made by a newer program
    │   └── CheckpointError a checkpoint is not whole, or not one that this program can run
    ├── IllegalAct         an act that the rules refuse: the sender's mistake, never ours
    └── EngineError        the policy engine could not answer

Every error carries a stable ``code`` such as ``act/stale_turn``; programs match on the code, people read the message.
A violated invariant of our own is an ``AssertionError`` and never one of these.
"""

from __future__ import annotations


class ArenaError(Exception):
    """Base of all errors that this project raises on purpose."""

    code = "arena/error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class UserError(ArenaError, ValueError):
    """A wish that cannot be fulfilled as stated; commands print the message and exit with status 2."""

    code = "user/error"


class OptionError(UserError):
    code = "user/bad_option"


class UnknownName(UserError):
    code = "user/unknown_name"


class StorageError(UserError):
    code = "storage/error"


class CheckpointError(UserError):
    code = "checkpoint/error"


class IllegalAct(ArenaError):
    """An act that the rules refuse. It changes nothing; ``code`` says why."""

    code = "act/illegal"


class EngineError(ArenaError):
    code = "engine/error"
