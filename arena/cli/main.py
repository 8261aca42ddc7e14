"""The ``arena`` command. Only the module of the command that is asked for is imported: help stays quick.

A command is a module of this package with a function of the same name (an application, where it has commands of its
own), and a row in ``COMMANDS``. Typer is imported where it is needed: who is about to play sees something before it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from arena.errors import ArenaError
from tui.opening import OpeningLine

if TYPE_CHECKING:
    import typer

COMMANDS: Final[dict[str, str]] = {
    "play": "Play from this terminal; the language model plays the others.",
    "rooms": "List the games on a running server.",
    "settings": "Show or change what the terminal looks like, and its keys.",
    "serve": "Start a server: rooms for people, and self-play beside them.",
    "selfplay": "Play matches of one model against itself, as fast as it can.",
    "evaluate": "Play rated matches between two players, both ways round.",
    "compare": "See what one player scores among others, where a game scores every seat.",
    "leaderboard": "Rank all players by their rated matches.",
    "checkpoints": "List the checkpoints, or make one live.",
    "matches": "List the matches in the database.",
    "scenarios": "List the social scenarios, show one, check your own, or import others.",
    "train": "Train on logged games; the new checkpoint goes live.",
    "export": "Write finished matches to a file, with their exact tokens.",
    "bootstrap": "Teach a small model to play, from nothing but scripted games.",
    "replay": "Show a match again, as one seat saw it or as it was.",
    "rate": "Say how good a match was that you played, in one to five stars.",
    "judge": "Let a model score finished scenario matches, and check how consistent it is.",
    "engine": "Serve a model with vLLM on this machine, for --engine of serve, selfplay and evaluate.",
    "forget": "Remove a person's words from the database.",
}
"""Each command and its line in the help."""

EXIT_USER_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130


def build(wanted: str | None) -> typer.Typer:
    """The application with the ``wanted`` command loaded and all others as mere lines of help."""
    import typer

    from arena.cli.root import Root

    app = typer.Typer(
        name="arena",
        cls=Root,
        help="One language model plays every seat of a social game, and people play with it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for name, line in COMMANDS.items():
        if name == wanted:
            loaded = _load(name)
            if isinstance(loaded, typer.Typer):
                app.add_typer(loaded, name=name)
            else:
                app.command(name)(loaded)
        else:
            app.command(name, help=line)(_unloaded)
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """The console script. Users' mistakes end in one line on stderr and status 2, never in a traceback."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # the model libraries report their use unless told not to
    arguments = list(sys.argv[1:] if argv is None else argv)
    wanted = next((a for a in arguments if not a.startswith("-")), None)
    try:
        with OpeningLine(wanted=_opens_screens(arguments)) as line:
            build(wanted)(args=arguments, obj=line)
    except ArenaError as error:
        sys.stderr.write(f"arena: {error.message}\n")
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:  # before Typer is there to see it
        sys.exit(EXIT_INTERRUPTED)


def _opens_screens(arguments: Sequence[str]) -> bool:
    """Whether this is going to take the terminal, as far as one can tell before the arguments are read."""
    other = {"--plain", "--web", "--help"}.intersection(arguments)
    return list(arguments[:1]) == ["play"] and not other and sys.stdin.isatty() and sys.stdout.isatty()


def _root() -> None:
    """One language model plays every seat of a social game, and people play with it."""


def _unloaded() -> None:
    raise AssertionError("only the wanted command is ever called")


def _load(name: str) -> Callable[..., Any] | typer.Typer:
    return getattr(import_module(f"arena.cli.{name}"), name)


if __name__ == "__main__":
    main()
