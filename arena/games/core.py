"""What a game is: pure rules over an ordered list of events.

A game owns no clock, does no I/O and draws chance only from the ``Chance`` that it is handed. Its state is
``fold(events)``; an act becomes events, and events are the only thing that changes the state. Each event names its
audience, and what a seat may see is exactly the events whose audience holds it (see ``visible``).

The life of a match::

    begin ──► turns(state) ──► step(turn, act) ──► turns(state) ──► … ──► outcome(state)

``step`` checks the act, records it (``Game.record``), then lets the game move on by itself (``Game.advance``) until
somebody has to act again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from arena.errors import IllegalAct
from arena.games.chance import Chance

Json = Any  # what ``json.loads`` returns: None, bool, int, float, str, list, dict


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may see an event: everyone (``seats is None``), some seats, or the server alone (no seats)."""

    seats: frozenset[int] | None

    def __contains__(self, seat: int) -> bool:
        return self.seats is None or seat in self.seats

    @property
    def is_public(self) -> bool:
        return self.seats is None

    def to_json(self) -> Json:
        return "everyone" if self.seats is None else sorted(self.seats)

    @classmethod
    def from_json(cls, value: Json) -> Audience:
        return EVERYONE if value == "everyone" else cls(frozenset(value))


EVERYONE = Audience(None)
SERVER = Audience(frozenset())


def only(*seats: int) -> Audience:
    """An audience of just these seats."""
    return Audience(frozenset(seats))


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that happened. ``data`` holds plain JSON values and is never changed after creation."""

    kind: str
    data: Mapping[str, Json]
    audience: Audience = EVERYONE

    def to_json(self) -> dict[str, Json]:
        return {"kind": self.kind, "data": dict(self.data), "audience": self.audience.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Event:
        return cls(value["kind"], value["data"], Audience.from_json(value["audience"]))


@dataclass(frozen=True, slots=True)
class Turn:
    """A request to one seat. Several open turns at once mean simultaneous acting.

    ``id`` is unique within the match and the seat, and is made of what the seat knows (phase, day, round), never of a
    room-wide counter, which would tell one seat that another one acted. A turn wants text (``text_limit > 0``), a
    choice (``choices``), or both.
    """

    id: str
    seat: int
    kind: str
    question: str
    choices: tuple[str, ...] = ()
    text_limit: int = 0
    budget_s: float = 60.0
    may_pass: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What a seat may be asked to show what it believes. It is no turn: nobody answers it and nothing follows from it.

    It holds nothing that the seat does not know. ``cue`` opens the answer in a prompt as ``Game.cue`` does for a turn.
    """

    name: str
    seat: int
    cue: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """The answer to a turn. ``thought`` is private to the mind that had it and is never an event."""

    text: str = ""
    choice: str | None = None
    thought: str | None = None


PASS = Act()
"""Say nothing, choose nothing: the act of a seat that misses its deadline."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a match ended. ``reason`` is stable and documented by the game; ``sides`` and ``returns`` go by seat."""

    winner: str
    reason: str
    sides: tuple[str, ...]
    returns: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that a reader of a finished match wants to jump to: the event of this number, of a ``kind`` that the
    game names. ``secret`` ones tell more than whoever saw the event knew: only an all-seeing reader may have them."""

    event: int
    kind: str
    says: str
    seat: int | None = None
    secret: bool = False


class Weight(IntEnum):
    """How much a line matters where a prompt has to be shortened: what weighs least goes first."""

    CHATTER = 0
    OPINION = 1
    CLAIM = 2
    FACT = 3
    FRAME = 4
    """Never left out: who plays, by which rules, and who one is."""


Options = TypeVar("Options")
State = TypeVar("State")


class Game(ABC, Generic[Options, State]):
    """The rules of one game. Instances hold no state and are shared by all matches."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    words: ClassVar[tuple[str, ...]] = ()
    """Names and roles: a tokenizer made for this game gives each of them a token of its own."""
    decisive: ClassVar[frozenset[str]] = frozenset()
    """Kinds of choice whose effect shows in the very next ``standing``: credit for them can be computed exactly."""
    as_choices: ClassVar[frozenset[str]] = frozenset()
    """Questions in the words of a choice that the match turns on: teaching a policy the truth there would change how it
    chooses."""
    scored: ClassVar[bool] = False
    """Whether ``scores`` says how every seat did: games in which each has a goal of its own."""
    secret_turns: ClassVar[frozenset[str]] = frozenset()
    """Kinds of turn of which only the seat itself may know that it has them. A host does nothing that others can see
    because such a turn was missed."""
    fades: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Public event kind → private event kinds that a prompt no longer repeats once it has happened (what was whispered
    last night, when the next night begins). Only prompts forget; the log and the players' screens keep everything."""

    @abstractmethod
    def options(self, raw: Mapping[str, Json]) -> Options:
        """Check options as they come from outside.

        Raises:
            OptionError: an option is unknown or out of range; the message names the allowed values.
        """

    @abstractmethod
    def options_json(self, options: Options) -> dict[str, Json]:
        """The options as JSON; ``options(options_json(o)) == o``."""

    @abstractmethod
    def seat_count(self, options: Options) -> int: ...

    @abstractmethod
    def opening(self, options: Options, chance: Chance) -> tuple[Event, ...]:
        """The first events: the setup that everyone sees, and what is dealt in secret."""

    @abstractmethod
    def blank(self) -> State:
        """The state before the first event."""

    @abstractmethod
    def apply(self, state: State, event: Event) -> State:
        """The state after one more event. Never looks at the audience, never draws chance."""

    @abstractmethod
    def turns(self, state: State) -> tuple[Turn, ...]:
        """Who may act now. Empty only when the match is over."""

    @abstractmethod
    def record(self, state: State, turn: Turn, act: Act) -> tuple[Event, ...]:
        """The events that a legal act causes by itself."""

    @abstractmethod
    def advance(self, state: State, chance: Chance) -> tuple[Event, ...]:
        """The next events that need nobody's act (a night resolves, a day begins); empty when somebody must act."""

    @abstractmethod
    def outcome(self, state: State) -> Outcome | None: ...

    @abstractmethod
    def standing(self, state: State) -> str:
        """The situation, secrets included, as far as it decides who wins: what a critic keys its table by. Hosts and
        trainers only; never shown to a seat."""

    def upshot(self, state: State, choices: Mapping[int, str]) -> Hashable:
        """What a simultaneous step comes to if the seats choose like this: choices with one upshot lead to one next
        ``standing``, but for chance. For trainers, who look at many choices of one step."""
        return tuple(sorted(choices.items()))

    def apart(self, seats: int) -> bool:
        """Whether the prompts of each seat are one sequence of its own, with what only it knows where it came, instead
        of branches off one that all share: shorter where few seats have much to themselves. Equal in all else."""
        return False

    def scores(self, state: State) -> tuple[Mapping[str, float], ...]:
        """What a finished match was worth to each seat beside its return, by name; nothing in games that only know
        who won. Shown to everybody when a match is over."""
        return ()

    @abstractmethod
    def sides(self, state: State) -> tuple[str, ...]:
        """Each seat's side, from the opening on. For hosts, who assign players to sides; never shown to a seat."""

    @abstractmethod
    def seat_names(self, state: State) -> tuple[str, ...]: ...

    def phase(self, state: State) -> str:
        """Where the match stands in a few public words, such as ``Day 2``; nothing that any seat must not know."""
        return ""

    @abstractmethod
    def max_acts(self, options: Options) -> int:
        """An upper bound on the number of acts in any match with these options."""

    @abstractmethod
    def line(self, names: Sequence[str], event: Event) -> str:
        """One event as a line of plain English for the seats that see it; empty when it adds nothing for a reader.

        The same line stands in prompts, replays and the terminal.
        """

    def weight(self, event: Event) -> Weight:
        """What the event's line weighs. By default talk (whatever has a ``text``) goes before what happened, and the
        opening stays."""
        if event.kind == "started":
            return Weight.FRAME
        return Weight.CHATTER if "text" in event.data else Weight.FACT

    @abstractmethod
    def cue(self, names: Sequence[str], turn: Turn) -> str:
        """The words that open a seat's answer in a prompt ("Ada votes"); the answer follows after one space."""

    def rules(self, seen: Sequence[Event]) -> str:
        """The rules in plain words for a player who has never heard of the game, in a few paragraphs.

        ``seen`` is what the player's seat has seen of this match; its first event tells everybody the options.
        """
        return self.summary

    def picture(self, seen: Sequence[Event]) -> tuple[str, ...]:
        """How the table looks now, in a few lines of text, to whoever has ``seen`` these events: a board, say. People's
        screens show it beside the lines; empty where the lines are enough."""
        return ()

    def hides(self, state: State) -> bool:
        """Whether somebody may have something to do just now without the others' knowing whether: a night, say. It
        follows from what everybody knows. How long such a moment lasts would tell, see ``Terms.night_s``."""
        return False

    def out(self, state: State) -> frozenset[int]:
        """The seats that are out of the match and only look on."""
        return frozenset()

    def probe(self, state: State, seat: int) -> Turn | None:
        """The choice that shows what a seat believes, to be asked at any moment and never applied; None where there is
        nothing to believe just now."""
        return None

    def questions(self, state: State, seat: int) -> tuple[Question, ...]:
        """What may be asked at this moment to show what a seat believes; a policy's probabilities over the choices are
        the answer. None where the seat is not asked any more."""
        return ()

    def truth(self, state: State, question: Question) -> tuple[bool, ...]:
        """Which of the choices are right, in their order. For hosts and trainers; never shown to a seat."""
        raise NotImplementedError(f"{self.name} asks no questions")

    def knows(self, state: State, question: Question) -> bool:
        """Whether the rules told the seat the answer, so that it has nothing to find out. For trainers, like
        ``truth``."""
        return False

    def marks(self, events: Sequence[Event]) -> tuple[Mark, ...]:
        """What is worth a jump in a match that is over, in the order of the events, which are all that happened."""
        return ()

    def swap_hidden(self, events: Sequence[Event], first: int, second: int) -> tuple[Event, ...] | None:
        """The opening with the secrets of two seats exchanged, to test non-interference; None where there are none."""
        return None


def fold(game: Game[Any, State], events: Iterable[Event], state: State | None = None) -> State:
    """The state after ``events``, from the blank one or from ``state``."""
    current = game.blank() if state is None else state
    for event in events:
        current = game.apply(current, event)
    return current


def visible(events: Iterable[Event], seat: int | None) -> tuple[Event, ...]:
    """The events that a seat may see, in order; a spectator's where ``seat`` is None. The only filter there is."""
    if seat is None:
        return tuple(e for e in events if e.audience.is_public)
    return tuple(e for e in events if seat in e.audience)


Rest: TypeAlias = Callable[[Any, Sequence[Event], Sequence[Event]], bool]
"""Asked with a state, the events that led to it just now and those that would follow: whether the match rests there."""


def begin(
    game: Game[Options, State],
    options: Options,
    chance: Chance,
    opening: Sequence[Event] | None = None,
    rests: Rest | None = None,
) -> tuple[State, tuple[Event, ...]]:
    """Start a match: the state in which somebody must act, and the events that led there.

    ``opening`` replaces the game's own drawn opening (tests deal chosen roles with it).
    """
    events = tuple(game.opening(options, chance) if opening is None else opening)
    return settled(game, fold(game, events), chance, rests, events)


def step(
    game: Game[Any, State], state: State, turn: Turn, act: Act, chance: Chance, *, force_pass: bool = False
) -> tuple[State, tuple[Event, ...]]:
    """Apply one act to an open turn.

    ``force_pass`` lets a host apply ``PASS`` to a turn whose time is up although the seat itself may not pass.

    Raises:
        IllegalAct: the turn is not open, or the act does not fit it; nothing changed.
    """
    if turn not in game.turns(state):
        raise IllegalAct("That turn is over.", code="act/stale_turn")
    return applied(game, state, turn, PASS if force_pass else checked(turn, act), chance)


def applied(
    game: Game[Any, State], state: State, turn: Turn, act: Act, chance: Chance, rests: Rest | None = None
) -> tuple[State, tuple[Event, ...]]:
    """``step`` without its checks, for a host that knows that the turn is open and that ``act`` fits it."""
    events = game.record(state, turn, act)
    return settled(game, fold(game, events, state), chance, rests, events)


def checked(turn: Turn, act: Act) -> Act:
    """``act`` with its text trimmed, if it fits the turn.

    Raises:
        IllegalAct: with one of the codes ``act/choice_missing``, ``act/choice_unknown``, ``act/choice_not_asked``,
            ``act/text_missing``, ``act/text_too_long``, ``act/text_not_asked``.
    """
    text = " ".join(act.text.split())
    if turn.choices:
        if act.choice is None and not turn.may_pass:
            raise IllegalAct(f"Choose one of: {', '.join(turn.choices)}.", code="act/choice_missing")
        if act.choice is not None and act.choice not in turn.choices:
            raise IllegalAct(
                f"{act.choice!r} is not possible here. Choose one of: {', '.join(turn.choices)}.",
                code="act/choice_unknown",
            )
    elif act.choice is not None:
        raise IllegalAct("This turn asks for words, not for a choice.", code="act/choice_not_asked")
    if turn.text_limit == 0 and text:
        raise IllegalAct("This turn asks for a choice, not for words.", code="act/text_not_asked")
    if len(text) > turn.text_limit:
        raise IllegalAct(
            f"That is {len(text)} characters long; at most {turn.text_limit} are allowed.", code="act/text_too_long"
        )
    if turn.text_limit and not turn.choices and not text and not turn.may_pass:
        raise IllegalAct("Say something.", code="act/text_missing")
    return Act(text, act.choice, act.thought)


def settled(
    game: Game[Any, State],
    state: State,
    chance: Chance,
    rests: Rest | None = None,
    before: tuple[Event, ...] = (),
) -> tuple[State, tuple[Event, ...]]:
    """What follows from ``state`` by itself, until somebody must act or the host lets it rest; the events begin with
    those ``before`` it."""
    events = list(before)
    while more := game.advance(state, chance):
        if rests is not None and rests(state, events, more):
            break
        state = fold(game, more, state)
        events.extend(more)
    return state, tuple(events)
