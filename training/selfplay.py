"""``arena train --iterations``: play, learn, play with what was learnt.

With ``overlap`` the next matches are played while the learner is at work, each on its own core: the weights that play
are then one update behind those that learn. The log-probabilities of play are on record, so the loss knows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine as Database

from agents.checkpoints import Manifest
from agents.engines.local.engine import LocalEngine
from agents.llm.policy import PolicyMind
from agents.players import open_players
from agents.runner import Log, Played, play_matches
from arena.rooms.minds import Mind
from training import diary
from training.alarms import Verdict, Watch
from training.episodes import Harvest, Terms, harvest
from training.figures import UpdateFigures
from training.league import LEARNER, League, LeaguePlan
from training.train import STATE, Trained, Trainer, TrainPlan
from training.trial import Trial

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SelfPlayPlan:
    """Play ``games`` matches, learn from them, ``iterations`` times; a checkpoint every ``keep_every`` iterations.
    Each deal is played ``deal_again`` times. ``alarms`` takes the policy back where it goes wrong, see
    ``training.alarms``; ``league`` says who else plays."""

    iterations: int
    games: int = 192
    deal_again: int = 1
    at_once: int = 96
    keep_every: int = 10
    overlap: bool = False
    alarms: bool = True
    max_seconds: float | None = None
    league: LeaguePlan = field(default_factory=LeaguePlan)


async def train_by_selfplay(
    database: Database,
    plan: TrainPlan,
    selfplay: SelfPlayPlan,
    folder: Path,
    log: Log,
    on_progress: Callable[[int, int], None],
    on_update: Callable[[int, UpdateFigures, Sequence[Played], Mapping[str, float]], None],
    threads: int = 1,
) -> Trained:
    """Play and learn in turn, or at once.

    ``on_progress(done, total)`` counts, within an iteration, matches played and matches passed over in learning, and
    may be called from another thread; ``on_update(iteration, figures, matches, met)`` follows each update, and
    ``met`` are the league's shares of the points.
    """
    begun = time.monotonic()
    trainer = Trainer(database, plan, folder, threads)
    first = trainer.learner.updates
    progress = _Progress(on_progress, selfplay.games, plan.learn.passes)
    watch = Watch(trainer.learner) if selfplay.alarms else None
    table = _Table(trainer, selfplay, log, threads, progress)
    figures: list[UpdateFigures] = []
    masked, skipped = Counter[str](), Counter[str]()
    unsaved = 0
    result: tuple[Manifest, Path] | None = None
    trials: list[Trial] = []
    ended = diary.BROKEN_OFF
    trainer.begins(selfplay.iterations, selfplay.max_seconds)
    try:
        await table.seat_league()
        table.begin(first)
        for iteration in range(selfplay.iterations):
            played, found = await table.matches()
            masked += found.masked
            skipped += found.skipped
            last = iteration + 1 == selfplay.iterations
            if selfplay.overlap and not last:
                table.begin(first + iteration + 1)
            met = table.league.shares()
            spent = (time.monotonic() - begun) / (selfplay.max_seconds or float("inf"))
            made = trainer.learner.updates / max(1, first + selfplay.iterations - 1)
            trainer.learner.pace(max(made, spent))
            update = await asyncio.to_thread(trainer.update, found.episodes, progress.learnt_so_far, met)
            figures.append(update)
            unsaved += len(found.episodes)
            on_update(iteration, update, played, met)
            number = trainer.learner.updates
            verdict = Verdict.GO_ON if watch is None else watch.after(update)
            if watch is not None:
                note_alarms(trainer, iteration, number, verdict, watch)
            late = selfplay.max_seconds is not None and time.monotonic() - begun > selfplay.max_seconds
            last = last or verdict is Verdict.STOP or late
            doubtful = watch is not None and watch.doubtful  # what may be taken back does not go live in between
            if last or ((iteration + 1) % selfplay.keep_every == 0 and not doubtful):
                result = trainer.checkpoint(unsaved, figures, time.time())
                table.league.save(trainer.folder / STATE, trainer.version)
                unsaved = 0
                trials += await trainer.put_to_trial()
            if last:
                whole = iteration + 1 == selfplay.iterations
                ended = diary.ALARMS if verdict is Verdict.STOP else diary.ALL_MADE if whole else diary.TIME_IS_UP
                break
            if selfplay.overlap:
                await table.matches()  # those under way end with the weights that they began with
            table.adopt(f"{trainer.version}+{unsaved}")
            if not unsaved:
                await table.seat_league()
            if not selfplay.overlap:
                table.begin(first + iteration + 1)
    finally:
        progress.stopped = True
        await table.close()
        trainer.ends(ended)  # last, for a full disk must leave nothing running
    assert result is not None, "the last iteration writes a checkpoint"
    alarms = () if watch is None else tuple(f"update {n + 1}: {alarm}" for n, alarm in watch.raised)
    taken = time.monotonic() - begun
    return Trained(*result, tuple(figures), dict(masked), dict(skipped), taken, alarms, tuple(trials))


def note_alarms(trainer: Trainer, iteration: int, number: int, verdict: Verdict, watch: Watch) -> None:
    """Write down what was wrong with an update, the run's one of this ``number``, and what was done about it."""
    wrong = [str(alarm) for n, alarm in watch.raised if n == iteration]
    if not wrong:
        return
    done = {Verdict.ROLL_BACK: diary.TAKEN_BACK, Verdict.STOP: diary.STOPPED}.get(verdict, "")
    trainer.note(diary.Alarmed(time.time(), number, wrong, done))
    if done:
        logger.warning("update %d: %s: %s", iteration + 1, ", ".join(wrong), done)


class _Table:
    """Where the matches of a run are played: an engine with the weights of some update, and all seats on it but
    those of the league."""

    def __init__(self, trainer: Trainer, plan: SelfPlayPlan, log: Log, threads: int, progress: _Progress) -> None:
        self._trainer, self._plan, self._log, self._progress = trainer, plan, log, progress
        self._options = trainer.options
        self._engine = LocalEngine(
            trainer.source, trainer.locate, seed=trainer.learner.updates + 1, threads=threads,
            device=str(trainer.learner.device),
        )  # fmt: skip
        self._engine.start()
        self._minds: dict[str, Mind] = {LEARNER: PolicyMind(self._engine)}
        self._others = AsyncExitStack()
        self.league = League(plan.league, trainer.game, self._options, str(trainer.source))
        if trainer.resumed:
            self.league.load(trainer.folder / STATE, trainer.version)
        self._playing: asyncio.Task[tuple[list[Played], Harvest]] | None = None

    async def seat_league(self) -> None:
        """Open the league as it is now; not while matches are played."""
        trainer = self._trainer
        if not self._plan.league.share:
            return
        await self._others.aclose()
        names = self.league.names(trainer.database, trainer.plan.run)
        opening = open_players(names, trainer.database, trainer.game.name, seed=trainer.learner.updates + 1)
        players = await self._others.enter_async_context(opening)
        self._minds = {LEARNER: self._minds[LEARNER], **{player.id: player.mind for player in players}}

    def begin(self, number: int) -> None:
        """Start the matches of the iteration with this number, counted from the beginning of the run."""
        self._playing = asyncio.create_task(self._play(number))

    async def matches(self) -> tuple[list[Played], Harvest]:
        """Those that were begun last, when all are over."""
        assert self._playing is not None, "nothing was begun"
        return await self._playing

    async def _play(self, number: int) -> tuple[list[Played], Harvest]:
        game, options = self._trainer.game, self._options
        run, again = self._trainer.plan.run, self._plan.deal_again
        others = [name for name in self._minds if name != LEARNER]
        lineups = [self.league.lineup(f"{run}/{number}/{n // again}", others) for n in range(self._plan.games)]
        self._progress.played_so_far(0)
        played: list[Played] = []
        async for one in play_matches(
            game, options, lineups, self._minds, self._log, purpose="selfplay", at_once=self._plan.at_once
        ):
            played.append(one)
            self._progress.played_so_far(len(played))
        self.league.saw(played)
        terms = Terms(self._trainer.weights.codec.fingerprint, frozenset({self._engine.live_version}))
        return played, harvest(played, terms)

    def adopt(self, version: str) -> None:
        """Play with the weights as they are now."""
        self._engine.adopt(self._trainer.learner.copy_for_play(), version)

    async def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait([self._playing])
        await self._others.aclose()
        await self._engine.stop()


class _Progress:
    """Play and learning of an iteration as one count."""

    def __init__(self, tell: Callable[[int, int], None], games: int, passes: int) -> None:
        self._tell, self._games = tell, games
        self._played, self._learnt, self._to_learn = 0, 0, games * passes
        self.stopped = False

    def played_so_far(self, games: int) -> None:
        self._played = games
        self._tell(self._played + self._learnt, self._games + self._to_learn)

    def learnt_so_far(self, done: int, total: int) -> None:
        """Called in the learner's thread, which nobody can cancel: it ends here when the run was stopped."""
        if self.stopped:
            raise asyncio.CancelledError
        self._learnt, self._to_learn = done, total
        self._tell(self._played + self._learnt, self._games + self._to_learn)
