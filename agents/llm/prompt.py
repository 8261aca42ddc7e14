"""From a seat's visible events to the prompt: the public trunk that all seats share, then this seat's private branch.

    trunk    the public lines, one a line, appended as the match goes
    branch   the seat's private lines · the legal choices · the cue            →  completion, up to the end of the line

Every line is tokenised on its own, so a prefix of the text is a prefix of the tokens, and a prompt made while the match
runs equals the one made from its log. Training reads the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from arena.games.core import Event, Game, Turn

PROMPT_VERSION: Final = "1"
"""Changes whenever the same events would give other prompt tokens; logs of another version are not trained on."""


class Codec(Protocol):
    """A tokenizer with the frame that its model expects around a game."""

    fingerprint: str
    """Identifies the vocabulary; two codecs with one fingerprint give equal tokens for equal text."""
    head: tuple[int, ...]
    """Opens every trunk: the beginning-of-text token, or a chat template up to the user's words."""
    tail: tuple[int, ...]
    """Closes every branch before the cue: empty, or the template's turn to the assistant."""

    def encode(self, text: str) -> tuple[int, ...]:
        """Tokens of plain text. Special tokens spelled out in it come back as ordinary ones."""
        ...

    def decode(self, tokens: Sequence[int]) -> str: ...


def line_tokens(codec: Codec, line: str) -> tuple[int, ...]:
    return codec.encode(line + "\n")


@dataclass(slots=True)
class Trunk:
    """The public tokens of one match so far. ``ends[n]`` is the length after the first ``n`` public events."""

    tokens: list[int]
    ends: list[int]

    @classmethod
    def open(cls, codec: Codec) -> Trunk:
        return cls(list(codec.head), [len(codec.head)])

    def append(self, codec: Codec, line: str) -> None:
        if line:
            self.tokens.extend(line_tokens(codec, line))
        self.ends.append(len(self.tokens))


@dataclass(slots=True)
class SeatReader:
    """Reads one seat's stream once, event by event, and remembers what belongs into its branch."""

    game: Game[Any, Any]
    names: tuple[str, ...] = ()
    read: int = 0
    public_events: int = 0
    private: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """Event kind and tokens of each private line that still matters (see ``Game.fades``)."""

    def read_on(self, codec: Codec, trunk: Trunk, events: Sequence[Event]) -> None:
        """Take in the events after those already read; public ones that no other seat brought go to the trunk."""
        for event in events[self.read :]:
            if event.kind == "started":
                self.names = tuple(event.data["names"])
            line = self.game.line(self.names, event)
            if event.audience.is_public:
                if self.public_events + 1 == len(trunk.ends):
                    trunk.append(codec, line)
                self.public_events += 1
                if fading := self.game.fades.get(event.kind):
                    self.private = [x for x in self.private if x[0] not in fading]
            elif line:
                self.private.append((event.kind, line_tokens(codec, line)))
        self.read = len(events)

    def branch(self, codec: Codec, turn: Turn) -> tuple[int, ...]:
        """The branch's tokens: what only this seat knows, the legal choices, and the cue."""
        choices = codec.encode(" ".join(turn.choices) + "\n") if turn.choices else ()
        known = (token for _, tokens in self.private for token in tokens)
        return (*known, *choices, *codec.tail, *codec.encode(self.game.cue(self.names, turn)))


def option_tokens(codec: Codec, turn: Turn) -> tuple[tuple[int, ...], ...]:
    """The legal choices as token sequences that may follow the cue, in the turn's order."""
    return tuple(codec.encode(" " + choice) for choice in turn.choices)
