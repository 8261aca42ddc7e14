"""What the terminal remembers from one start to the next: seats, some answers, the settings.

A seat's token is as good as the seat, so each lies in a file of its own that only this user can read (mode 0600). It is
removed when the seat is given up. When the match is over it stays for a while: with it one's own private matches can be
read back, and every match that one played be rated.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from arena.paths import state_folder
from arena.protocol.server_messages import RoomInfo
from tui import settings
from tui.settings import Settings

FORGET_AFTER_S: Final = 30 * 86_400.0
PLAYED_KEPT: Final = 64
"""Seats of matches that are over, of one server; the oldest go."""


@dataclass(frozen=True, slots=True)
class KeptSeat:
    """A seat of mine. ``kept_at_s``, when it was taken or its match was over, is in seconds since the Unix epoch."""

    url: str
    room: str
    code: str
    token: str = field(repr=False)
    kept_at_s: float


class Remembered(Protocol):
    """What was kept from earlier starts; ``Memory`` keeps it on disk."""

    @property
    def train(self) -> bool | None: ...

    @train.setter
    def train(self, answer: bool) -> None: ...

    @property
    def newcomer(self) -> bool:
        """Whether nothing is remembered of this person, not even that they were asked whether they know the game."""
        ...

    @newcomer.setter
    def newcomer(self, is_one: bool) -> None: ...

    @property
    def settings(self) -> Settings: ...

    @settings.setter
    def settings(self, value: Settings) -> None: ...

    @property
    def complaint(self) -> str:
        """What is wrong with the settings that were kept; empty for nothing."""
        ...

    def seat(self, room: str | None = None) -> KeptSeat | None: ...


class NothingRemembered:
    """A player without a past who does not want to be asked."""

    train: bool | None = False
    newcomer = False
    settings = Settings()
    complaint = ""

    def seat(self, room: str | None = None) -> KeptSeat | None:
        return None


class Memory:
    """Of one server, in ``folder``. A file that cannot be read or written is as good as none: the game goes on."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self.folder = folder or state_folder()
        self._train: bool | None = None
        self._settings, self.complaint = settings.read(self.folder / settings.FILE)

    # -- seats ---------------------------------------------------------------------------------------------------

    def keep(self, room: RoomInfo, token: str) -> None:
        seat = KeptSeat(self.url, room.room, room.code, token, time.time())
        _write(self._seat_file(room.room), asdict(seat))

    def forget(self, room: str) -> None:
        with contextlib.suppress(OSError):
            self._seat_file(room).unlink(missing_ok=True)

    def over(self, room: str) -> None:
        seat = _read_seat(self._seat_file(room))
        self.forget(room)
        if seat is not None:
            _write(self._seat_file(room, "played"), asdict(replace(seat, kept_at_s=time.time())))
        for old in seats_in(self.folder, self.url, ("played",))[PLAYED_KEPT:]:
            with contextlib.suppress(OSError):
                self._seat_file(old.room, "played").unlink(missing_ok=True)

    def secrets(self) -> dict[str, str]:
        """Of all seats that are kept, also where the match is over, by room; the newest first."""
        return {seat.room: seat.token for seat in seats_in(self.folder, self.url)}

    def seat(self, room: str | None = None) -> KeptSeat | None:
        """The seat kept last on this server, or that in the room of this id or code."""
        seats = seats_in(self.folder, self.url, ("seat",))
        return next((s for s in seats if room is None or room == s.room or room.upper() == s.code), None)

    def _seat_file(self, room: str, kind: str = "seat") -> Path:
        name = hashlib.sha256(f"{self.url} {room}".encode()).hexdigest()[:24]
        return self.folder / f"{kind}-{name}.json"

    # -- answers ---------------------------------------------------------------------------------------------------

    @property
    def train(self) -> bool | None:
        """Whether this person lets games be used for training; None: never asked."""
        if self._train is None:
            answer = _read(self.folder / "answers.json").get("train")
            self._train = answer if isinstance(answer, bool) else None
        return self._train

    @train.setter
    def train(self, answer: bool) -> None:
        self._train = answer
        self._answer(train=answer)

    @property
    def newcomer(self) -> bool:
        return not (self.folder / "answers.json").exists()

    @newcomer.setter
    def newcomer(self, is_one: bool) -> None:
        self._answer(knows_the_game=not is_one)

    def _answer(self, **answers: bool) -> None:
        file = self.folder / "answers.json"
        _write(file, {**_read(file), **answers})

    # -- settings ------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._settings

    @settings.setter
    def settings(self, value: Settings) -> None:
        self._settings = value
        _write(self.folder / settings.FILE, settings.written(value), indent=1)


def seats_in(folder: Path, url: str | None = None, kinds: Sequence[str] = ("seat", "played")) -> list[KeptSeat]:
    """The seats that are kept there, the newest first: of one server or of all, of running matches (``seat``) or of
    those that are over (``played``)."""
    found = (_read_seat(file) for kind in kinds for file in folder.glob(f"{kind}-*.json"))
    return sorted((s for s in found if s is not None and url in (None, s.url)), key=lambda s: -s.kept_at_s)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_seat(path: Path) -> KeptSeat | None:
    """None for what is no seat, and for one so old that no server has its match."""
    try:
        seat = KeptSeat(**_read(path))
        fresh = time.time() - seat.kept_at_s < FORGET_AFTER_S
    except TypeError:
        return None
    if not fresh:
        with contextlib.suppress(OSError):
            path.unlink()
    return seat if fresh else None


def _write(path: Path, value: dict[str, Any], indent: int | None = None) -> None:
    """Whole or not at all, and never readable for others, not even for a moment."""
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(value, file, indent=indent)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
