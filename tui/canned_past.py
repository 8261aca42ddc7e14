"""Games that are over as a server might list them, for screenshots and tests."""

from __future__ import annotations

from typing import Final

from arena.protocol.match_rows import MatchPlace, PastMatch
from arena.protocol.server_messages import MatchesListed

PAGE: Final = 18
OVER: Final = 24
RESULTS: Final = (
    ("werewolf", "village", "no_werewolf_left"),
    ("werewolf", "werewolves", "no_majority_left"),
    ("scenario", "everyone", "agreed"),
    ("werewolf", "village", "no_werewolf_left"),
    ("scenario", "nobody", "turns"),
)


def matches(before: MatchPlace | None = None) -> MatchesListed:
    """Two pages; the second match is one that I was in, and private."""
    every = [_match(n) for n in range(OVER)]
    below = [m for m in every if before is None or m.place < before]
    return MatchesListed(before=before, matches=below[:PAGE], more=len(below) > PAGE)


def no_matches(before: MatchPlace | None = None) -> MatchesListed:
    return MatchesListed(before=before, matches=[], more=False)


def _match(n: int) -> PastMatch:
    game, winner, reason = RESULTS[n % len(RESULTS)]
    seats = 3 if game == "scenario" else (7, 16, 9)[n % 3]
    people = 1 + n % 2 if n % 4 else 0
    age_s = 400.0 * (n + 1) * (n + 1)
    return PastMatch(
        match=f"{0x6B3F0A + 7919 * n:012x}",
        game=game,
        code="".join("BCDFGHJKLM"[(n * k + k) % 10] for k in (3, 7, 1, 9, 4)),
        ended_at=1_700_000_000.0 - age_s,
        age_s=age_s,
        lasted_s=90.0 + 130.0 * (n % 7),
        minds=["person"] * people + ["model"] * (seats - people),
        winner=winner,
        reason=reason,
        private=n == 1,
        seat=0 if n in (1, 5) else None,
    )
