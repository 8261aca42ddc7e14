"""From nothing to a model that plays: scripted games → tokenizer → supervised warm-up → a checkpoint with a model
card."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint, write_checkpoint
from agents.engines.local.codec import HubCodec
from agents.engines.local.weights import load_weights
from agents.llm.prompt import PROMPT_VERSION
from agents.models import games_taught
from arena.errors import UserError
from arena.games.core import Game
from arena.games.registry import game_by_name
from training.bootstrap.lessons import TEACHERS, Lesson, lessons, scripted_games
from training.bootstrap.model import ModelSize, new_model
from training.bootstrap.teach import LessonLoss, TeachPlan, measure_reading, teach
from training.bootstrap.tokenizer import train_tokenizer
from training.bootstrap.vocabulary import can_learn, frequent_words, grow, learn_words

TOKENIZER_GAMES: Final = 400
HELD_OUT_GAMES: Final = 320
HELD_OUT_SEED: Final = 987_654_321
VOCABULARY: Final = 768
FREQUENT_WORDS: Final = 256
"""How many words beside its own a game brings along where a model learns it later."""


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """``model`` starts from an existing model (folder or hub name) instead of random weights and a new tokenizer; one
    of our own checkpoints learns the words of games that it was not taught yet.

    Where ``teach.seconds`` is 0 nothing is taught: the model can read its game's words and has random weights.
    """

    teach: TeachPlan
    games: tuple[str, ...] = ("werewolf",)
    size: ModelSize = field(default_factory=ModelSize)
    vocabulary: int = VOCABULARY
    model: str | None = None


def bootstrap(
    plan: BootstrapPlan,
    folder: Path,
    on_step: Callable[[int, float, LessonLoss], None],
    name: str | None = None,
) -> tuple[Manifest, Path]:
    """Make a checkpoint under ``folder``.

    Raises:
        UserError: the vocabulary has no room for the game's names and roles, or no script can teach the game.
        CheckpointError: ``plan.model`` cannot be loaded.
    """
    if plan.teach.seconds and (untaught := [name for name in plan.games if name not in TEACHERS]):
        raise UserError(f"No script teaches {untaught[0]}. A model that learns it from play alone: --minutes 0")
    torch.set_num_threads(1)  # a second thread gains little at this size; the other core plays the scripted games
    games = [game_by_name(name) for name in plan.games]
    before: Manifest | None = None
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch)
        if plan.model is None:
            try:
                lines = [line for game in games for line in corpus_lines(game)]
                words = dict.fromkeys(word for game in games for word in game.words)
                train_tokenizer(lines, tuple(words), plan.vocabulary, source)
            except ValueError as error:
                raise UserError(str(error)) from error
            codec = HubCodec(source)
            torch.manual_seed(plan.teach.seed)
            model = new_model(plan.size, codec)
        else:
            if (Path(plan.model) / MANIFEST).exists():
                before = read_checkpoint(Path(plan.model))
            weights = load_weights(plan.model)
            codec, model = weights.codec, weights.model
            codec.save(source)
            if before is not None and (unknown := set(plan.games) - games_taught(plan.model)):
                codec = _with_words(model, source, [game for game in games if game.name in unknown])
        matches = teach(model, source, plan.games, plan.teach, on_step) if plan.teach.seconds else 0
    figures: dict[str, Any] = {}
    if matches and "werewolf" in plan.games:
        reading = measure_reading(model, held_out(codec, game_by_name("werewolf")))
        figures["reading"] = {**asdict(reading), "share_of_way": reading.share_of_way}
    model.set_attn_implementation("sdpa")

    def save(target: Path) -> None:
        model.save_pretrained(target)
        codec.save(target)

    return write_checkpoint(
        folder,
        save,
        parent=None if before is None else before.id,
        run="bootstrap",
        games=matches + (0 if before is None else before.games),
        tokenizer=codec.fingerprint,
        prompt_version=PROMPT_VERSION,
        training=_described(plan, model, before),
        figures=figures,
        name=name,
    )


def corpus_lines(game: Game[Any, Any]) -> list[str]:
    """The text that a tokenizer is trained on: transcripts and cues."""
    lines: list[str] = []
    for played in islice(scripted_games(game, seed=999), TOKENIZER_GAMES):
        names = tuple(played.events[0].data["names"])
        lines.extend(line for e in played.events if (line := game.line(names, e)))
        lines.extend(game.cue(names, t.turn) for t in played.turns)
    return lines


def held_out(codec: HubCodec, game: Game[Any, Any], batch: int = 8) -> list[list[Lesson]]:
    """Batches of lessons under the default rules that no run trains on."""
    matches = islice(scripted_games(game, HELD_OUT_SEED, True), HELD_OUT_GAMES)
    rows = [row for played in matches for row in lessons(codec, game, played)]
    rows.sort(key=lambda x: len(x.game.trunk))
    return [rows[i : i + batch] for i in range(0, len(rows), batch)]


def _with_words(model: Any, source: Path, games: Sequence[Game[Any, Any]]) -> HubCodec:
    """Teach tokenizer and model the words of these games: their own, and what their transcripts are full of."""
    if not can_learn(source):
        return HubCodec(source)
    words = dict.fromkeys(word for game in games for word in game.words)
    new = learn_words(source, tuple(words))
    lines = [line for game in games for line in corpus_lines(game)]
    new |= learn_words(source, frequent_words(source, lines, FREQUENT_WORDS))
    grow(model, new)
    return HubCodec(source)


def _described(plan: BootstrapPlan, model: Any, before: Manifest | None) -> dict[str, Any]:
    """How it was made, all stages: ``before`` holds the same of the checkpoint that this one went on from."""
    return {
        "stage": "bootstrap",
        "parameters": sum(p.numel() for p in model.parameters()),
        **{k: v for k, v in asdict(plan).items() if v is not None and k != "model"},
        **({} if before is None else {"before": before.training}),
    }
