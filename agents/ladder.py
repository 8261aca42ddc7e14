"""The ladder with what the registry knows of its players: the one reading behind ``arena leaderboard`` and the server.

Ratings come from all rated matches at once, so a reading takes a while when there are many. ``Ladders`` keeps the
newest, and reads again only when a match has been added or the registry has changed.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from dataclasses import asdict
from threading import Lock
from typing import Final

from sqlalchemy import Engine as Database

from agents.models import KnownCheckpoint, known_checkpoints
from arena.db.repo import MatchSummary, rated_matches, rated_matches_mark
from arena.games.registry import game_by_name
from arena.protocol.ladder_rows import LadderMeeting, LadderRow
from arena.protocol.server_messages import LadderListed
from arena.protocol.text import clean_text
from arena.rating.head_to_head import head_to_head
from arena.rating.ladder import Result, fit_ladder
from arena.rating.ladder_table import ladder_table

CHECKPOINT: Final = "checkpoint:"
"""What a checkpoint's name on the ladder begins with; its id follows."""
MOST_ROWS: Final = 200
MOST_MET: Final = 40
"""Players among whom it is said who has met whom: their pairs are many."""


def read_ladder(database: Database, game: str | None = None) -> LadderListed:
    """All players by their rated matches, of one game or of all.

    Raises:
        UnknownName: there is no such game.
    """
    if game is not None:
        game_by_name(game)
    return _ladder(as_results(rated_matches(database, game)), known_checkpoints(database), game)


def bounded(ladder: LadderListed, rows: int = MOST_ROWS, met: int = MOST_MET) -> LadderListed:
    """The first ``rows`` players, and the meetings among the first ``met``: what a server tells."""
    kept = ladder.rows[:rows]
    among = {row.player for row in kept[:met]}
    meetings = [m for m in ladder.meetings if m.player in among and m.other in among]
    return ladder.model_copy(
        update={"rows": kept, "left_out": ladder.left_out + len(ladder.rows) - len(kept), "meetings": meetings}
    )


class Ladders:
    """Whole readings, one a game, for a server. May be called from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._read: dict[str | None, tuple[Hashable, LadderListed]] = {}

    def __call__(self, game: str | None) -> LadderListed:
        """As ``read_ladder``."""
        with self._lock:
            known = known_checkpoints(self._database)
            mark = (rated_matches_mark(self._database, game), tuple((c.id, c.labels) for c in known))
            before = self._read.get(game)
            if before is None or before[0] != mark:
                self._read[game] = mark, read_ladder(self._database, game)
            return self._read[game][1]


def as_results(matches: Iterable[MatchSummary]) -> list[Result]:
    """Finished matches as the ladder reads them. The setup is the game with its options; seats go by their minds."""
    results: list[Result] = []
    for match in matches:
        assert match.outcome is not None
        first, second = sorted(set(match.outcome.sides))
        seated = list(zip(match.outcome.sides, match.minds, strict=True))
        on_first, on_second = (tuple(m for s, m in seated if s == side) for side in (first, second))
        winner = match.outcome.winner
        score = 0.5 if winner not in (first, second) else float(winner == first)
        setup = f"{match.game} {json.dumps(match.options, sort_keys=True)}"
        results.append(Result(setup, (first, second), (on_first, on_second), score))
    return results


def _ladder(results: list[Result], known: list[KnownCheckpoint], game: str | None) -> LadderListed:
    checkpoints = {f"{CHECKPOINT}{c.id}": c for c in known}
    rated = [r for r in results if not r.is_self_play]
    rows: list[LadderRow] = []
    for row in ladder_table(rated, fit_ladder(rated)):
        checkpoint = checkpoints.get(row.player)
        rows.append(
            LadderRow(
                **row.to_json(),
                labels=[] if checkpoint is None else list(checkpoint.labels),
                run=None if checkpoint is None or checkpoint.run is None else clean_text(checkpoint.run, 80),
                trained=None if checkpoint is None else checkpoint.games,
            )
        )
    meetings = head_to_head(rated, (row.player for row in rows))
    return LadderListed(game=game, games=len(rated), rows=rows, meetings=[LadderMeeting(**asdict(m)) for m in meetings])
