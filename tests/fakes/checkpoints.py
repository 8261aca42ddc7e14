"""Tiny models with random weights, as whole checkpoints."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from agents.checkpoints import write_checkpoint
from agents.engines.local.codec import HubCodec
from agents.llm.prompt import PROMPT_VERSION
from agents.scripted.registry import WEREWOLF
from agents.scripted.table import play
from arena.games.werewolf import Werewolf
from arena.games.werewolf.types import WerewolfOptions
from training.bootstrap.model import ModelSize, new_model
from training.bootstrap.tokenizer import train_tokenizer

VOCABULARY = 768


def make_tokenizer(folder: Path, size: int = VOCABULARY) -> Path:
    """A tokenizer trained on a few scripted matches."""
    game = Werewolf()
    lines: list[str] = []
    for seed in range(12):
        played = play(game, WerewolfOptions(), f"corpus/{seed}", [WEREWOLF["sly"]] * 7)
        names = played.events[0].data["names"]
        lines += [line for e in played.events if (line := game.line(names, e))]
    train_tokenizer(lines, game.words, size, folder)
    return folder


def make_checkpoint(folder: Path, tokenizer: Path, seed: int = 0, context: int = 4096, scale: float = 3.0) -> Path:
    """A checkpoint of one layer under ``folder``: its own new folder.

    The weights are drawn ``scale`` times wider than a fresh model's, so that its choices are far from uniform.
    """
    codec = HubCodec(tokenizer)
    torch.manual_seed(seed)
    model = new_model(ModelSize(width=64, layers=1, context=context), codec)
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(scale)

    def save(target: Path) -> None:
        model.save_pretrained(target)
        codec.save(target)

    _, path = write_checkpoint(
        folder,
        save,
        parent=None,
        run="tests",
        games=0,
        tokenizer=codec.fingerprint,
        prompt_version=PROMPT_VERSION,
        training={"seed": seed},
    )
    return path


def copied(checkpoint: Path, folder: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(checkpoint, folder))
