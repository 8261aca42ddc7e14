"""The program's log on stderr: one line a record, whatever a stranger managed to get into it."""

from __future__ import annotations

import logging

from arena.protocol.text import spelled_out


class OneLine(logging.Formatter):
    """Control characters are spelled out, so that a message cannot forge a line or speak to a terminal. The lines of a
    traceback are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return spelled_out(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        return _indented(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"    {spelled_out(line)}" for line in text.split("\n"))


def log_to_stderr() -> None:
    """Warnings and errors of the whole program go to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
