"""``arena engine``: a policy engine that runs by itself, for ``--engine`` of the other commands."""

from __future__ import annotations

import shlex
import signal
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agents.engines.vllm.launch import Launch


class Kind(StrEnum):
    VLLM = "vllm"


def engine(
    kind: Annotated[Kind, typer.Argument(help="The program that serves the model.")],
    model: Annotated[str, typer.Option(metavar="NAME_OR_PATH", help="Model to serve; as elsewhere.")] = "shipped",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 8000,
    db: Annotated[str | None, typer.Option(metavar="URL", help="Database that knows the checkpoints.")] = None,
    adapters: Annotated[
        int, typer.Option(min=0, max=64, help="LoRA adapters that may answer at once; 0 serves none.")
    ] = 4,
    rank: Annotated[int, typer.Option(min=1, max=512, help="Highest rank of an adapter.")] = 16,
    dtype: Annotated[
        str | None, typer.Option(help="Numbers to compute in; by default float32 on a processor, the model's on a GPU.")
    ] = None,
    cache: Annotated[int, typer.Option(min=1, metavar="GIB", help="Key/value memory, on a processor.")] = 1,
    python: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Python of the environment that has vLLM (make vllm).")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="ARGUMENT", help="One more argument for vLLM itself; can be repeated.")
    ] = None,
) -> None:
    """Serve a model with vLLM on this machine, for --engine of serve, selfplay and evaluate.

    It listens on 127.0.0.1 alone: whoever reaches vLLM's control endpoints can change its weights without a password.
    From another machine, come through an SSH tunnel. Ctrl-C ends it.
    """
    from agents.engines.vllm.launch import Launch, find_python, free_port, runs_on_cpu
    from agents.models import model_source
    from arena.db.engine import open_database
    from arena.paths import default_database_url

    found = python or find_python()
    database = open_database(db or default_database_url())
    try:
        source = model_source(database, model)
    finally:
        database.dispose()
    _run(
        Launch(
            found,
            str(source),
            port or free_port(),
            runs_on_cpu(found),
            adapters=adapters,
            rank=rank,
            dtype=dtype,
            cache_gib=cache,
            more=tuple(word for given in option or () for word in shlex.split(given)),
        )
    )


def _run(launch: Launch) -> None:
    from agents.engines.vllm.launch import OwnServer

    def asked_to_stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):  # or the server, a session of its own, would outlive us
        signal.signal(number, asked_to_stop)
    typer.echo(f"Starting vLLM with {launch.model} (half a minute and more) …")
    try:
        with OwnServer(launch) as server:
            typer.echo(f"Serving on {launch.url}. Play on it from another terminal with:")
            typer.echo(f"  arena selfplay --engine {launch.url} --model {_same(launch.model)}")
            while server.process.poll() is None:
                time.sleep(1)
            typer.echo("The vLLM server has ended.", err=True)
            raise typer.Exit(1)
    except KeyboardInterrupt:
        typer.echo("Stopping.")


def _same(model: str) -> str:
    """The shortest name for what is served."""
    from agents.models import shipped_folder

    return "shipped" if Path(model) == shipped_folder() else model
