"""Finished matches as training data: who decided what, in which tokens, and what of it may be learnt from.

Everything comes from the log (``StoredMatch``) or straight from a runner (``Played``); both have the same parts. A
decision that cannot be trained on is masked, and counted under its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from agents.llm.prompt import PROMPT_VERSION
from agents.runner import Played
from arena.db.repo import StoredMatch
from arena.decision import TALK_AGAIN, Decision, MindKind, TrunkRecord
from arena.errors import UserError
from arena.games.core import Event, Game, Outcome
from arena.games.registry import game_by_name
from arena.rooms.acts import DEAD_TALK
from training.packing import Branch, TokenGame


@dataclass(frozen=True, slots=True)
class Episode:
    """One match. ``rows`` are its trunk's epochs with their branches. Branch ``i`` of them all, row after row, belongs
    to ``decisions[which[i]]``; ``trainable[i]`` says whether it may be learnt from. Decisions without tokens (people,
    scripts) have no branch; where a policy thought first, the thought (``thoughts[i]``) is a branch before that of the
    answer, which holds it as well."""

    match_id: str
    game: Game[Any, Any]
    seed: str
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    outcome: Outcome
    rows: tuple[TokenGame, ...]
    which: tuple[int, ...]
    trainable: tuple[bool, ...]
    thoughts: tuple[bool, ...]

    @property
    def turns(self) -> int:
        """How many decisions may be learnt from."""
        return len({n for n, free in zip(self.which, self.trainable, strict=True) if free})

    @property
    def branches(self) -> tuple[Branch, ...]:
        return tuple(branch for row in self.rows for branch in row.branches)

    @property
    def trunk_tokens(self) -> int:
        return sum(len(row.trunk) for row in self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.events[0].data["names"])


@dataclass(slots=True)
class Harvest:
    """What a reader took and what it left, by reason."""

    episodes: list[Episode]
    masked: Counter[str]
    skipped: Counter[str]

    @property
    def decisions(self) -> int:
        return sum(e.turns for e in self.episodes)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a learner accepts.

    ``versions`` are the policies whose decisions are fresh enough; None accepts all.
    """

    tokenizer: str
    versions: frozenset[str] | None = None
    prompt_version: str = PROMPT_VERSION


NOT_AGREED: Final = "a person did not agree to training"


def agreed(match: StoredMatch | Played) -> bool:
    """Whether everybody who held a seat agreed to training. A model that played with people read and answered what they
    said, so one refusal keeps its turns out as well. Persons' own acts never get credit; ``training.imitation`` teaches
    them where it is asked to."""
    return isinstance(match, Played) or match.agreed


def harvest(matches: Iterable[StoredMatch | Played], terms: Terms) -> Harvest:
    """Episodes from finished matches.

    Raises:
        UserError: matches were played with another tokenizer or prompt version, and none with this one.
    """
    result = Harvest([], Counter(), Counter())
    for match in matches:
        if not agreed(match):
            result.skipped[NOT_AGREED] += 1
            continue
        source = _source(match)
        if source is None:
            result.skipped["unfinished"] += 1
            continue
        episode = _episode(source, terms, result.masked)
        if episode is None:
            result.skipped[_foreign(source.decisions, terms)] += 1
        elif not any(episode.trainable):
            result.skipped["nothing to learn from"] += 1
        else:
            result.episodes.append(episode)
    foreign = sum(n for reason, n in result.skipped.items() if reason.startswith("other"))
    if foreign and not result.episodes:
        raise UserError(
            f"All {foreign} matches with model seats were played with another tokenizer or prompt version than this "
            f"model's ({terms.tokenizer}, prompt {terms.prompt_version}). Play new ones with: arena selfplay"
        )
    return result


@dataclass(frozen=True, slots=True)
class _Source:
    """What log and runner have in common. Words among the dead are left out of ``decisions``: they answer no turn, and
    only people say them."""

    match_id: str
    game: Game[Any, Any]
    seed: str
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    outcome: Outcome
    trunks: Sequence[TrunkRecord]


def _source(match: StoredMatch | Played) -> _Source | None:
    """None for a match that is not over."""
    if isinstance(match, Played):
        seed = str(match.lineup.seed)
        decisions = _of_turns(match.decisions)
        return _Source(match.match_id, match.game, seed, match.events, decisions, match.outcome, match.trunks)
    if match.outcome is None:
        return None
    game = game_by_name(match.summary.game)
    decisions = _of_turns(match.decisions)
    return _Source(match.id, game, match.seed, match.events, decisions, match.outcome, match.trunks)


def bare(match: StoredMatch | Played) -> Episode | None:
    """The match without any tokens; None where it is not over."""
    source = _source(match)
    return None if source is None else _bare(source)


def _bare(source: _Source) -> Episode:
    return Episode(
        match_id=source.match_id,
        game=source.game,
        seed=source.seed,
        events=source.events,
        decisions=source.decisions,
        outcome=source.outcome,
        rows=(),
        which=(),
        trainable=(),
        thoughts=(),
    )


def _of_turns(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(d for d in decisions if d.turn_kind != DEAD_TALK)


def _episode(source: _Source, terms: Terms, masked: Counter[str]) -> Episode | None:
    """None where no trunk was recorded in the learner's own tokens."""
    wanted = (terms.tokenizer, terms.prompt_version)
    trunk = next((t for t in source.trunks if (t.tokenizer, t.prompt_version) == wanted), None)
    if trunk is None:
        return None
    rows: list[list[tuple[int, Branch, bool, bool]]] = [[] for _ in trunk.starts]
    for n, decision in enumerate(source.decisions):
        record = decision.tokens
        if record is not None and (record.tokenizer, record.prompt_version) != wanted:
            record = None
        reason = why_masked(decision, terms)
        if record is not None and not trunk.holds(record):
            record, reason = None, "other shortening of the trunk"
        if reason is not None:
            masked[reason] += 1
        if record is not None and record.sampled:
            row, free = rows[record.epoch], reason is None
            if (thought := record.thought) is not None and thought.sampled:
                row.append((n, Branch(record.trunk_length, thought.branch, thought.sampled), free, True))
            row.append((n, Branch(record.trunk_length, record.branch, record.sampled), free, False))
    flat = [x for row in rows for x in row]
    return replace(
        _bare(source),
        rows=tuple(
            TokenGame(tokens, tuple(x[1] for x in row)) for tokens, row in zip(trunk.epochs, rows, strict=True) if row
        ),
        which=tuple(n for n, _, _, _ in flat),
        trainable=tuple(free for _, _, free, _ in flat),
        thoughts=tuple(thought for _, _, _, thought in flat),
    )


def why_masked(decision: Decision, terms: Terms) -> str | None:
    """The reason for leaving a decision out of the loss; None where it may be trained on."""
    record = decision.tokens
    if decision.kind is not MindKind.MODEL:
        return f"played by {decision.kind}"
    if record is None:
        return "played by a foreign model"
    if (record.tokenizer, record.prompt_version) != (terms.tokenizer, terms.prompt_version):
        return "other tokenizer or prompt"
    if terms.versions is not None and record.policy_version not in terms.versions:
        return "stale"
    if not record.trainable:
        return "weights changed in the middle"
    if decision.fallback == TALK_AGAIN:  # drawn anew until it was no longer empty: not what the policy samples
        return "asked again"
    if decision.fallback is not None and not decision.fallback.startswith("talk/"):
        return "fallback"
    return None


def _foreign(decisions: Sequence[Decision], terms: Terms) -> str:
    seen = {(d.tokens.tokenizer, d.tokens.prompt_version) for d in decisions if d.tokens}
    return f"other tokenizer or prompt ({', '.join('/'.join(s) for s in sorted(seen))})" if seen else "no model seat"
