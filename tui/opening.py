"""What a terminal shows from the first moment on, until the screens are there: one line that leaves no trace.

Nothing slow is imported here: the line stands there while the rest is.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final, Self

WORDS: Final = "Social Arena is opening …"
ERASE: Final = "\r\x1b[2K"


class OpeningLine:
    """Written on entering, where standard error is a terminal that knows how to erase a line; gone on leaving at the
    latest, whatever the reason. Whoever has something to say there erases it first."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.stands = wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        if self.stands:
            columns = shutil.get_terminal_size().columns
            _write(WORDS[: columns - 1])  # one row, so that one row is to be erased
        return self

    def erase(self) -> None:
        """As often as one likes."""
        if self.stands:
            self.stands = False
            _write(ERASE)

    def __exit__(self, *_: object) -> None:
        self.erase()


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
