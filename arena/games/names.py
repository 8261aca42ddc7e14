"""The pool that the names of seats are drawn from."""

from __future__ import annotations

from typing import Final

NAMES: Final[tuple[str, ...]] = (
    "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ines", "Jonas", "Kira", "Leo",
    "Mona", "Nils", "Olga", "Paul", "Quinn", "Rosa", "Sven", "Tess", "Uma", "Vito", "Wanda", "Yara",
)  # fmt: skip
"""No name begins another one, and none is an English word."""
