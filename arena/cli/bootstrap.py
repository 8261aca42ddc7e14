"""``arena bootstrap``: a model from nothing but scripted games."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def bootstrap(
    minutes: Annotated[
        float, typer.Option(min=0, help="How long the model is taught; 0 leaves it its random weights.")
    ] = 10.0,
    game: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Which game, by default werewolf; may be repeated, and a game named twice is taught twice as much.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="PATH_OR_NAME", help="Teach this Hugging Face model instead of a new one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the checkpoint; by default this user's own.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of its folder; by default its id.")] = None,
    width: Annotated[int, typer.Option(min=64, max=1024, help="Of a new model, a multiple of 64.")] = 128,
    layers: Annotated[int, typer.Option(min=1, max=32, help="Of a new model.")] = 5,
    vocabulary: Annotated[int, typer.Option(min=320, max=1024, help="Of a new tokenizer.")] = 768,
    lr: Annotated[float, typer.Option(min=0.0, help="Peak learning rate.")] = 1.2e-2,
    talk_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the talk that is taught; the rest asks for votes.")
    ] = 0.6,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    games: Annotated[int, typer.Option(min=0, help="Games a row of the model card; 0 measures reading only.")] = 100,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Registry; by default this user's own.")] = None,
    live: Annotated[bool, typer.Option(help="Make it the live checkpoint.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else.")] = False,
) -> None:
    """Teach a small model to play from scripted games, and write it with a model card.

    With --minutes 0 nothing is taught: a model that knows its game's words and plays at random, to learn from play
    alone (arena train --iterations).
    """
    import time

    from arena.db.engine import open_database
    from arena.errors import OptionError
    from arena.paths import checkpoints_folder, default_database_url

    if width % 64:
        raise OptionError(f"--width {width}: it must be a multiple of 64, such as 128.")
    database = open_database(db or default_database_url())
    from agents.models import register
    from training.bootstrap.card import measure, write_card
    from training.bootstrap.model import ModelSize
    from training.bootstrap.run import BootstrapPlan
    from training.bootstrap.run import bootstrap as make
    from training.bootstrap.teach import LessonLoss, TeachPlan

    plan = BootstrapPlan(
        teach=TeachPlan(seconds=60 * minutes, seed=seed, lr=lr, talk_share=talk_share),
        games=tuple(game or ("werewolf",)),
        size=ModelSize(width, layers),
        vocabulary=vocabulary,
        model=model,
    )
    shown = [float("-inf")]

    def on_step(matches: int, seconds: float, loss: LessonLoss) -> None:
        if seconds - shown[0] < (2.0 if sys.stderr.isatty() else 30.0):
            return
        shown[0] = seconds
        line = (
            f"{seconds / 60:5.1f} of {minutes:g} min · {matches} games · loss of talk {float(loss.talk):.3f}, "
            f"choices {float(loss.choice):.3f}, transcript {float(loss.trunk):.3f}"
        )
        typer.echo(f"\r{line}", err=True, nl=not sys.stderr.isatty())

    manifest, path = make(plan, out or checkpoints_folder(), on_step, name)
    if games and minutes and "werewolf" in plan.games:
        typer.echo("\nMeasuring it for the model card …", err=True)
        manifest = write_card(path, measure(path, games))
    register(database, manifest, path, time.time(), live=live)
    if as_json:
        typer.echo(json.dumps({"checkpoint": manifest.id, "path": str(path), "live": live, **manifest.figures}))
        return
    typer.echo(f"Checkpoint {manifest.id} at {path}, from {manifest.games} games.")
    if (reading := manifest.figures.get("reading")) is None:
        return
    typer.echo(
        f"Votes on wolves: {reading['model']:.3f} (teacher {reading['teacher']:.3f}, chance {reading['chance']:.3f})."
    )
