"""Whether a judge is consistent: the same episodes once more, with other names, and with the people in another order.

None of this changes what happened, so a judge that can be relied on gives the same scores. Agreement does not make a
judge right; without it, nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agents.judge.agreement import DRAWS, Agreement, Pair, agreement
from agents.judge.episode import Episode
from agents.judge.judge import Judge, Judgement
from agents.judge.names import other_names
from agents.judge.prompt import JUDGE_PROMPT_VERSION
from arena.games.scenario.dimensions import Dimension


class Change(StrEnum):
    """What is done to an episode before it is scored the second time."""

    AGAIN = "again"
    """Nothing."""
    RENAMED = "renamed"
    """Everybody has another name of the same kind, throughout."""
    REVERSED = "reversed"
    """The people are listed the other way round."""


@dataclass(frozen=True, slots=True)
class Audit:
    """``failures`` counts the seats of all four scorings that got no score at all, by its reason's code."""

    judge: str
    prompt_version: str
    matches: int
    agreements: Mapping[Change, Mapping[Dimension, Agreement]]
    failures: Mapping[str, int]


async def audit(
    judge: Judge,
    episodes: Sequence[Episode],
    *,
    seed: int = 0,
    draws: int = DRAWS,
    judged: Callable[[], None] | None = None,
) -> Audit:
    """Score the episodes four times and compare the first scoring with each of the others.

    Args:
        seed, draws: of the bootstrap.
        judged: told after each episode of each scoring.
    """

    async def told(_: tuple[Judgement, ...]) -> None:
        if judged is not None:
            judged()

    first = await judge.judge_all(episodes, told)
    scored = list(first)
    agreements: dict[Change, dict[Dimension, Agreement]] = {}
    for change in Change:
        second = await judge.judge_all([changed(episode, change) for episode in episodes], told)
        scored += second
        agreements[change] = {d: agreement(_pairs(first, second, d), seed=seed, draws=draws) for d in judge.dimensions}
    failures: dict[str, int] = {}
    for judgement in (j for seats in scored for j in seats if j.failure is not None):
        assert judgement.failure is not None
        code = judgement.failure.partition(":")[0]
        failures[code] = failures.get(code, 0) + 1
    return Audit(judge.name, JUDGE_PROMPT_VERSION, len(episodes), agreements, failures)


def changed(episode: Episode, change: Change) -> Episode:
    match change:
        case Change.AGAIN:
            return episode
        case Change.RENAMED:
            return episode.renamed(other_names([p.name for p in episode.people]))
        case Change.REVERSED:
            return episode.reversed()


def _pairs(
    first: Sequence[tuple[Judgement, ...]], second: Sequence[tuple[Judgement, ...]], dimension: Dimension
) -> list[Pair]:
    return [
        Pair(a.match_id, a.scores[dimension].value, b.scores[dimension].value)
        for one, other in zip(first, second, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
