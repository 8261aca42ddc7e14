"""From a seat's visible events to the prompt: the public trunk that all seats share, then this seat's private branch.
(``agents.llm.reading`` has the other layout, in which each seat has a trunk of its own.)

    trunk    the public lines, one a line, appended as the match goes
    branch   the seat's private lines · the legal choices · the cue            →  completion, up to the end of the line

Every line is tokenised on its own, so a prefix of the text is a prefix of the tokens, and a prompt made while the match
runs equals the one made from its log. Training reads the same functions.

A trunk that would pass its ``limit`` begins a new **epoch**: a new token list with the opening, a shortened past
(``agents.llm.condense``) and the lines from then on. When that happens and what stays is a function of the public
events alone, so it is the same for all seats of a match and tells no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from agents.llm.condense import Line, condensed
from arena.games.core import Act, Event, Game, Question, Turn, Weight

PROMPT_VERSION: Final = "1"
"""Changes whenever the same events would give other prompt tokens; logs of another version are not trained on.

Only a trunk that passes its limit is shortened, and records say by which limit: it needs no version of its own."""

MOST_KEPT_FREE: Final = 1024
"""Tokens that a branch and its answer need at the very most, however long the model's context is."""


class Codec(Protocol):
    """A tokenizer with the frame that its model expects around a game."""

    fingerprint: str
    """Identifies the vocabulary; two codecs with one fingerprint give equal tokens for equal text."""
    head: tuple[int, ...]
    """Opens every trunk: the beginning-of-text token, or a chat template up to the user's words."""
    tail: tuple[int, ...]
    """Closes every branch before the cue: empty, or the template's turn to the assistant."""

    def encode(self, text: str) -> tuple[int, ...]:
        """Tokens of plain text. Special tokens and marks spelled out in it come back as ordinary ones."""
        ...

    def encode_own(self, text: str) -> tuple[int, ...]:
        """Tokens of what we write ourselves: the model's own marks in it are themselves."""
        ...

    def knows(self, mark: str) -> bool:
        """Whether the model has a token of its own for this mark."""
        ...

    def decode(self, tokens: Sequence[int]) -> str: ...


def line_tokens(codec: Codec, line: str) -> tuple[int, ...]:
    return codec.encode(line + "\n")


def trunk_limit(context: int | None, thinking: int = 0) -> int | None:
    """How long a trunk may become: the context less a quarter of it (at most ``MOST_KEPT_FREE``), which is for branch
    and answer, and less what a thought may take. None where the context is not known."""
    return None if context is None else max(1, context - min(context // 4, MOST_KEPT_FREE) - thinking)


def memory_key(match_id: str, epoch: int) -> str:
    """What an engine calls the trunk of this epoch: the match's id, and a name of its own from the second one on."""
    return match_id if epoch == 0 else f"{match_id}/{epoch}"


class Place(NamedTuple):
    """Where a prompt leaves the trunk: behind ``length`` tokens of its epoch, or of a match's row with this number."""

    epoch: int
    length: int


def room_for(context: int | None, place: Place, answer: int) -> int | None:
    """How many tokens a branch at this place may have, where ``answer`` tokens are to follow it."""
    return None if context is None else context - place.length - answer


@dataclass(slots=True)
class Trunk:
    """The public tokens of one match so far, as one growing list an epoch.

    ``places[n]`` is where the trunk stood after the first ``n`` public events. An epoch is never changed but by
    appending to it, and once the next has begun, not at all.
    """

    epochs: list[list[int]]
    places: list[Place]
    limit: int | None = None
    _head: tuple[int, ...] = ()
    _lines: list[Line] = field(default_factory=list)

    @classmethod
    def open(cls, codec: Codec, limit: int | None = None) -> Trunk:
        return cls([list(codec.head)], [Place(0, len(codec.head))], limit, codec.head)

    @property
    def tokens(self) -> list[int]:
        """The epoch that is being written."""
        return self.epochs[-1]

    def append(self, codec: Codec, line: str, weight: Weight = Weight.FACT) -> None:
        if line:
            added = Line(line_tokens(codec, line), weight)
            if self.limit is not None and len(self.tokens) + len(added.tokens) > self.limit:
                self._turn_over(codec, self.limit, len(added.tokens))
            self.tokens.extend(added.tokens)
            self._lines.append(added)
        self.places.append(Place(len(self.epochs) - 1, len(self.tokens)))

    def _turn_over(self, codec: Codec, limit: int, coming: int) -> None:
        """Begin a new epoch with a past of at most half the limit, so that as much again can follow."""
        room = min(limit // 2, limit - coming) - len(self._head)
        past = condensed(codec.encode, self._lines, room)
        if len(self._head) + len(past) < len(self.tokens):  # otherwise there was nothing to leave out
            self.epochs.append([*self._head, *past])


@dataclass(slots=True)
class SeatReader:
    """Reads one seat's stream once, event by event, and remembers what belongs into its branch."""

    game: Game[Any, Any]
    names: tuple[str, ...] = ()
    read: int = 0
    lines: int = 0
    """How many events stand in the trunk: the public ones, or all where the seat has a trunk of its own."""
    apart: bool = False
    """Whether the trunk is this seat's alone, so that what only it knows stands there too."""
    private: list[tuple[str, Line]] = field(default_factory=list)
    """Event kind and line of each private event that still matters (see ``Game.fades``)."""

    def read_on(self, codec: Codec, trunk: Trunk, events: Sequence[Event]) -> None:
        """Take in the events after those already read; those that belong into the trunk and that no other seat brought
        go there."""
        for event in events[self.read :]:
            if event.kind == "started":
                self.names = tuple(event.data["names"])
            line = self.game.line(self.names, event)
            if self.apart or event.audience.is_public:
                if self.lines + 1 == len(trunk.places):
                    trunk.append(codec, line, self.game.weight(event))
                self.lines += 1
                if fading := self.game.fades.get(event.kind):
                    self.private = [x for x in self.private if x[0] not in fading]
            elif line:
                self.private.append((event.kind, Line(line_tokens(codec, line), self.game.weight(event))))
        self.read = len(events)

    def branch(self, codec: Codec, turn: Turn, room: int | None = None) -> tuple[int, ...]:
        """The branch's tokens: what only this seat knows, the legal choices, and the cue."""
        return self.asked(codec, turn.choices, codec.encode(self.game.cue(self.names, turn)), room)

    def asked(
        self, codec: Codec, choices: Sequence[str], cue: tuple[int, ...], room: int | None = None
    ) -> tuple[int, ...]:
        """A branch that ends in any cue. Where the whole would take more than ``room`` tokens, what the seat knows is
        shortened as a trunk is."""
        listed = codec.encode(" ".join(choices) + "\n") if choices else ()
        end = (*listed, *codec.tail, *cue)
        known = [line for _, line in self.private]
        space = sum(len(line.tokens) for line in known) if room is None else room - len(end)
        return (*condensed(codec.encode, known, space), *end)


def option_tokens(codec: Codec, turn: Turn | Question) -> tuple[tuple[int, ...], ...]:
    """The choices as token sequences that may follow the cue, in their order."""
    return tuple(codec.encode(" " + choice) for choice in turn.choices)


def answer_tokens(codec: Codec, turn: Turn, act: Act) -> tuple[int, ...]:
    """What a model would have answered to do this: a choice as its option, words up to the end of their line."""
    if act.choice is not None:
        return option_tokens(codec, turn)[turn.choices.index(act.choice)]
    return codec.encode(f" {act.text or '…'}\n")
