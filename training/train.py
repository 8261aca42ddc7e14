"""``arena train``: from logged matches to a new checkpoint that goes live."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch
from sqlalchemy import Engine as Database

from agents.checkpoints import Manifest, read_checkpoint, write_checkpoint
from agents.engines.local.adapters import base_id, is_adapter
from agents.engines.local.weights import Weights, load_weights
from agents.llm.prompt import PROMPT_VERSION
from agents.models import base_folder, checkpoint_folder, model_source, register
from arena.db.exports import read_matches
from arena.db.repo import MatchQuery, StoredMatch, iter_matches
from arena.errors import CheckpointError, UserError
from arena.games.registry import game_by_name
from training import curves, diary
from training.adapter import Adapter
from training.curves import TensorBoard
from training.episodes import NOT_AGREED, Episode, Harvest, Terms, agreed, harvest
from training.figures import UpdateFigures
from training.imitation import of_people
from training.learner import Learner
from training.plan import LearnPlan
from training.trial import Trial, TrialPlan, Verdict, promote_if_no_worse

STATE: Final = "learner"
"""Folder of a run that holds what its next update needs."""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """``model`` is what is trained further; ``games`` the most logged matches that are used, the newest ones.

    ``export`` is a file of ``arena export`` to take them from instead of the database.
    ``options`` of the game, raw, hold for self-play and trials.
    ``run`` names the folder of checkpoints and learner state: the same name goes on with the same optimiser.
    With ``trial`` a checkpoint that is to go live does so only when games show that it is no worse than the live one.
    ``imitated`` are the handles of people whom ``learn.imitate`` may teach, see ``training.imitation``.
    ``tensorboard`` writes its files there as well, beside the curves that are always written (``training.curves``).
    """

    model: str = "live"
    game: str = "werewolf"
    run: str = "main"
    games: int = 2_000
    export: Path | None = None
    learn: LearnPlan = field(default_factory=LearnPlan)
    live: bool = True
    trial: TrialPlan | None = None
    tensorboard: bool = False
    imitated: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trained:
    """``figures`` has one entry an update; ``masked`` and ``skipped`` count what was left out, by reason; ``alarms``
    says what went wrong in which update (``training.alarms``), ``trials`` why checkpoints went live or did not."""

    manifest: Manifest
    path: Path
    figures: tuple[UpdateFigures, ...]
    masked: dict[str, int]
    skipped: dict[str, int]
    seconds: float
    alarms: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()

    @property
    def went_live(self) -> bool:
        """Whether no trial kept the last checkpoint back."""
        return not self.trials or self.trials[-1].verdict is Verdict.NO_WORSE


class Trainer:
    """One run: a policy, its learner and its folder of checkpoints.

    Raises:
        UnknownName: there is no such model or game.
        OptionError: the game has no such option.
        CheckpointError: it cannot be loaded.
    """

    def __init__(self, database: Database, plan: TrainPlan, folder: Path, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.plan = plan
        self.database = database
        self.folder = folder / plan.run
        self.game = game_by_name(plan.game)
        self.options = self.game.options(plan.options)
        source = model_source(database, plan.model)
        self.source = source
        self.weights: Weights = self._loaded(source)
        self.version = self.weights.version
        self.games_before = _games_of(source)
        self.learner = Learner(
            self.weights.model, plan.learn, _reference(self.weights), self.weights.codec, self._adapter(source)
        )
        if plan.learn.imitate:
            self.learner.people = self.people()
        self.games_learnt = self.games_before
        self._tensorboard = TensorBoard(self.folder) if plan.tensorboard else None
        self.resumed = self.learner.load_state(self.folder / STATE, self.version)

    def locate(self, name: str) -> Path:
        """Where a checkpoint lies, such as the one under an adapter."""
        return checkpoint_folder(self.database, name)

    def _loaded(self, source: str | Path) -> Weights:
        """What learns, or lies under the adapter that does, by the name of what is gone on with."""
        if not self.plan.learn.lora:
            return load_weights(source, locate=self.locate)
        if not is_adapter(Path(source)):
            whole = load_weights(source)
            return whole if whole.manifest is not None else self._as_checkpoint(whole)
        adapter = read_checkpoint(Path(source))
        return replace(load_weights(self.locate(base_id(adapter))), version=adapter.id)

    def _as_checkpoint(self, bare: Weights) -> Weights:
        """A hub's model as a checkpoint of its own, once: adapters name what they change by a checkpoint's id."""

        def save(target: Path) -> None:
            bare.model.save_pretrained(target)
            bare.codec.save(target)

        manifest, path = write_checkpoint(
            self.folder, save, parent=None, run=self.plan.run, games=0, tokenizer=bare.codec.fingerprint,
            prompt_version=PROMPT_VERSION, training={"stage": "as it came", "source": Path(bare.version).name},
        )  # fmt: skip
        register(self.database, manifest, path, time.time(), live=False)
        self.source = path
        return replace(bare, version=manifest.id, manifest=manifest)

    def _adapter(self, source: str | Path) -> Adapter | None:
        rank = self.plan.learn.lora
        return Adapter(self.weights.model, rank, Path(source) if is_adapter(Path(source)) else None) if rank else None

    @property
    def terms(self) -> Terms:
        return Terms(self.weights.codec.fingerprint, frozenset({self.version}))

    def from_log(self) -> Harvest:
        """The newest finished matches that this policy played in.

        Raises:
            UserError: there are none; the message says how to get some.
        """
        newest: deque[StoredMatch] = deque(maxlen=self.plan.games)
        refused = 0
        for match in self._finished():
            if agreed(match):
                newest.append(match)
            else:  # counted here, so that it takes no place among the newest
                refused += 1
        found = harvest(newest, self.terms)
        if refused:
            found.skipped[NOT_AGREED] += refused
        if not found.episodes:
            without = f" to learn from ({refused} × {NOT_AGREED})" if refused else ""
            where = "The log" if self.plan.export is None else str(self.plan.export)
            raise UserError(
                f"{where} holds no finished {self.plan.game} matches of {self.version}{without}. Play some with: "
                f"arena selfplay --games 200 --model {self.plan.model}"
            )
        return found

    def people(self) -> list[Episode]:
        """What the people of the plan did in the newest matches where they sat and all agreed to training.

        Raises:
            UserError: there is nothing, or nobody is named.
        """
        plan = self.plan
        if plan.export is not None:
            raise UserError("An export names nobody, so nobody in it can be imitated: leave --imitate or --from out.")
        if not plan.imitated:
            raise UserError(
                "People are promised that their own words and choices are not learnt from. Name those who agreed to "
                "that as well: --imitate 0.1 --imitated NAME"
            )
        newest: deque[Episode] = deque(maxlen=plan.games)
        context = getattr(self.weights.model.config, "max_position_embeddings", None)
        for match in iter_matches(self.database, MatchQuery(game=plan.game, status="over", purposes=("room",))):
            if (taught := of_people(match, plan.imitated, self.weights.codec, context)) is not None:
                newest.append(taught)
        if not newest:
            raise UserError(
                f"There is no {plan.game} match of {', '.join(plan.imitated)} in which everybody agreed to training."
            )
        return list(newest)

    def _finished(self) -> Iterator[StoredMatch]:
        """Matches that this policy decided something in and that are played for learning, the oldest first."""
        purposes = ("room", "selfplay")
        if self.plan.export is None:
            yield from iter_matches(
                self.database,
                MatchQuery(game=self.plan.game, status="over", policy_version=self.version, purposes=purposes),
            )
            return
        for match in read_matches(self.plan.export):
            ours = any(d.tokens is not None and d.tokens.policy_version == self.version for d in match.decisions)
            if match.summary.game == self.plan.game and match.summary.purpose in purposes and ours:
                yield match

    def _before(self) -> dict[str, Any]:
        """How the model that this run started from was made."""
        try:
            return {"before": read_checkpoint(Path(self.source)).training}
        except CheckpointError:
            return {}

    def update(
        self,
        episodes: Sequence[Episode],
        on_progress: Callable[[int, int], None],
        met: Mapping[str, float] | None = None,
    ) -> UpdateFigures:
        """Learn, and add to the run's curves what came of it. ``met`` has the share of the points by opponent, see
        ``League.shares``."""
        figures = self.learner.update(episodes, on_progress)
        self.games_learnt += len(episodes)
        added = curves.point(self.learner.updates, self.games_learnt, time.time(), episodes, figures, met or {})
        curves.append(self.folder, added)
        if self._tensorboard is not None:
            self._tensorboard.add(added)
        return figures

    def checkpoint(self, games: int, figures: Sequence[UpdateFigures], created_at: float) -> tuple[Manifest, Path]:
        """Write the weights as they are now, and the learner's state beside them; register, and make live if asked."""
        codec = self.weights.codec

        def save(target: Path) -> None:
            self.learner.save_model(target)
            if self.learner.adapter is None:
                codec.save(target)

        how: dict[str, Any] = {
            "stage": "reinforce",
            "game": self.game.name,
            **asdict(self.plan.learn),
            **self._before(),
        }
        if self.learner.adapter is not None:
            assert self.weights.manifest is not None, "an adapter is of a checkpoint"
            how["base"] = self.weights.manifest.id
        self.games_before += games
        manifest, path = write_checkpoint(
            self.folder,
            save,
            parent=self.version,
            run=self.plan.run,
            games=self.games_before,
            tokenizer=codec.fingerprint,
            prompt_version=PROMPT_VERSION,
            training=how,
            figures={"updates": [f.to_json() for f in figures]},
        )
        self.learner.save_state(self.folder / STATE, manifest.id)
        register(self.database, manifest, path, created_at, live=self.plan.live and self.plan.trial is None)
        self.version = manifest.id
        return manifest, path

    def note(self, entry: diary.Entry) -> None:
        """Add to the run's diary."""
        diary.write(self.folder, entry)

    def begins(self, planned: int, seconds: float | None = None) -> None:
        """Note that so many updates are to come."""
        self.note(diary.Begun(time.time(), self.game.name, self.learner.updates, planned, seconds))

    def ends(self, why: str) -> None:
        self.note(diary.Ended(time.time(), why))

    async def put_to_trial(self, on_deal: Callable[[int, int], None] = lambda deals, most: None) -> list[Trial]:
        """Let the newest checkpoint go live if it is no worse; no trial where the plan wants none."""
        plan = self.plan.trial
        if not self.plan.live or plan is None:
            return []
        seed = f"{self.plan.run}/{self.version}"
        playing = promote_if_no_worse(
            self.database, self.game, self.version, plan,
            seed=seed, options=self.options, on_deal=lambda deals: on_deal(deals, plan.deals),
        )  # fmt: skip
        tried = await playing
        self.note(
            diary.Tried(
                time.time(), self.version, tried.champion, str(tried.verdict), tried.verdict is Verdict.NO_WORSE,
                tried.deals, tried.score,
            )
        )  # fmt: skip
        return [tried]


def train_from_log(
    database: Database, plan: TrainPlan, folder: Path, on_progress: Callable[[int, int], None], threads: int = 1
) -> Trained:
    """One update from the logged matches of the policy, and the checkpoint that comes of it.

    Raises:
        UserError: nothing to learn from, or only matches of another tokenizer or prompt version.
    """
    begun = time.monotonic()
    trainer = Trainer(database, plan, folder, threads)
    found = trainer.from_log()
    trainer.begins(1)
    figures = trainer.update(found.episodes, on_progress)
    manifest, path = trainer.checkpoint(len(found.episodes), [figures], time.time())
    trials = asyncio.run(trainer.put_to_trial(on_progress))
    trainer.ends(diary.ALL_MADE)
    return Trained(
        manifest, path, (figures,), dict(found.masked), dict(found.skipped), time.monotonic() - begun,
        trials=tuple(trials),
    )  # fmt: skip


def _games_of(source: str | Path) -> int:
    try:
        return read_checkpoint(Path(source)).games
    except CheckpointError:
        return 0


def _reference(weights: Weights) -> Any:
    """What the policy is held near to: the supervised base where it is of the same family, else its own start."""
    try:
        base = load_weights(base_folder())
    except CheckpointError:
        return None
    same = base.codec.fingerprint == weights.codec.fingerprint and base.version != weights.version
    same = same and base.model.config.hidden_size == weights.model.config.hidden_size
    return base.model if same else None
