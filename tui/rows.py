"""A row of the new-game dialog, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """``shown`` is what stands in the dialog, ``says`` one sentence of explanation."""

    value: Any
    shown: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of the dialog; ``start`` is the value that is marked first."""

    name: str
    label: str
    values: tuple[Value, ...]
    start: Any
    says: str = ""

    def explained(self, value: Value) -> str:
        return value.says or self.says
