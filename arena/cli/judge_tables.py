"""Judges' scores and audits as text and as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.judge.agreement import Agreement
    from agents.judge.audit import Audit
    from agents.judge.episode import Episode
    from arena.db.judgements import StoredScore


def by_judge(scores: Sequence[StoredScore]) -> dict[tuple[str, str], list[StoredScore]]:
    """The scores of each (judge, prompt version)."""
    found: dict[tuple[str, str], list[StoredScore]] = {}
    for score in scores:
        found.setdefault((score.judge, score.prompt_version), []).append(score)
    return found


def printed_match(episode: Episode, scores: Sequence[StoredScore], *, reasons: bool = False) -> Iterator[str]:
    """Dimensions down, seats across, then a line for everything that is missing. The scores are one judge's."""
    from arena.games.scenario.dimensions import Dimension

    if not scores:
        yield f"Match {episode.match_id}, {episode.title}: no scores."
        return
    yield f"Match {episode.match_id}, {episode.title}. Judge: {scores[0].judge} ({scores[0].prompt_version})."
    have = {(s.seat, s.dimension): s for s in scores}
    people = sorted(episode.people, key=lambda p: p.seat)
    width = max(8, *(len(p.name) for p in people))
    yield "  ".join([f"{'':14}", *(f"{p.name:>{width}}" for p in people)])
    for dimension in Dimension:
        cells = [_cell(have.get((p.seat, dimension))) for p in people]
        yield "  ".join([f"{dimension:14}", *(f"{cell:>{width}}" for cell in cells)])
    means = [_overall(scores, p.seat) for p in people]
    yield "  ".join([f"{'overall':14}", *(f"{'missing' if m is None else f'{m:.2f}':>{width}}" for m in means)])
    for p in people:
        for reason, dimensions in _missing(scores, p.seat).items():
            yield f"  missing: {p.name}, {', '.join(dimensions)}: {reason}"
    for p in people if reasons else ():
        for dimension in Dimension:
            if (score := have.get((p.seat, dimension))) is not None and score.reasoning:
                yield f"  {p.name}, {dimension}: {score.reasoning}"


def scored_as_dict(episode: Episode, scores: Sequence[StoredScore]) -> dict[str, Any]:
    """One judge's scores of one match."""
    return {
        "match": episode.match_id,
        "title": episode.title,
        "seats": [
            {
                "seat": p.seat,
                "name": p.name,
                "overall": _overall(scores, p.seat),
                "scores": {
                    s.dimension: {"score": s.score, "reasoning": s.reasoning, "missing": s.failure}
                    for s in scores
                    if s.seat == p.seat
                },
            }
            for p in sorted(episode.people, key=lambda p: p.seat)
        ],
    }


def printed_audit(found: Audit) -> Iterator[str]:
    """A table for each change: what of the first scoring came out again."""
    yield f"Judge: {found.judge} ({found.prompt_version}); {found.matches} matches, each scored four times."
    for change, by_dimension in found.agreements.items():
        yield ""
        yield f"{change:14}  {'pairs':>5}  {'missing':>7}  {'equal':>6}  {'off by':>6}  {'r':>5}  kappa (95 %)"
        for dimension, a in by_dimension.items():
            equal, off, r = (
                _or_dash(v, f) for v, f in ((a.exact, ".0%"), (a.mean_absolute_difference, ".2f"), (a.pearson, ".2f"))
            )
            yield f"{dimension:14}  {a.pairs:>5}  {a.missing:>7}  {equal:>6}  {off:>6}  {r:>5}  {_kappa(a)}"
    for code, count in found.failures.items():
        yield f"  missing: {count} seats: {code}"


def audit_as_dict(found: Audit) -> dict[str, Any]:
    return {
        "judge": found.judge,
        "prompt_version": found.prompt_version,
        "matches": found.matches,
        "agreements": {
            str(change): {str(d): asdict(a) for d, a in by_dimension.items()}
            for change, by_dimension in found.agreements.items()
        },
        "failures": dict(found.failures),
    }


def _overall(scores: Sequence[StoredScore], seat: int) -> float | None:
    from arena.games.scenario.dimensions import Dimension, overall

    return overall({Dimension(s.dimension): s.score for s in scores if s.seat == seat})


def _missing(scores: Sequence[StoredScore], seat: int) -> dict[str, list[str]]:
    """The dimensions of each reason."""
    found: dict[str, list[str]] = {}
    for score in scores:
        if score.seat == seat and score.failure is not None:
            found.setdefault(score.failure, []).append(score.dimension)
    return found


def _cell(score: StoredScore | None) -> str:
    if score is None:
        return "-"
    return "missing" if score.score is None else str(score.score)


def _kappa(a: Agreement) -> str:
    if a.kappa is None:
        return "-"
    if a.kappa_low is None or a.kappa_high is None:
        return f"{a.kappa:.2f}"
    return f"{a.kappa:.2f} ({a.kappa_low:.2f} to {a.kappa_high:.2f})"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
