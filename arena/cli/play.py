"""``arena play``: a seat at the table, from this terminal."""

from __future__ import annotations

import getpass
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from arena.cli.at_server import DEFAULT_URL, Certificate, OperatorToken, Token

if TYPE_CHECKING:
    from tui.opening import OpeningLine
    from tui.wish import Wish

SERVE: Final = (sys.executable, "-m", "arena.cli.main", "serve")
START_S: Final = 90.0
"""How long a server that we started may take until it answers: it loads a model first."""
STOP_S: Final = 10.0


WEB: Final = "With --web"
OPEN: Final = "In games you open"


class Colours(StrEnum):
    DARK = "dark"
    LIGHT = "light"
    TERMINAL = "terminal"


class Talk(StrEnum):
    ROUNDS = "rounds"
    PARALLEL = "parallel"
    OPEN = "open"


def play(
    context: typer.Context,
    url: Annotated[str, typer.Option("--url", "--server", help="The server's address.")] = DEFAULT_URL,
    name: Annotated[str | None, typer.Option(help="Your handle; your login name if not given.")] = None,
    room: Annotated[str | None, typer.Option(metavar="CODE", help="Sit down in the room of this code or id.")] = None,
    watch: Annotated[str | None, typer.Option(metavar="CODE", help="Follow this room without a seat.")] = None,
    game: Annotated[str, typer.Option(help="Which game, where no room is named.")] = "werewolf",
    everything: Annotated[
        bool, typer.Option("--everything", help="While watching, see the secrets too, where the room shows them.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go back to the match that you left without giving the seat up.")
    ] = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Agree to games in which nobody is told who is a person.")
    ] = False,
    train: Annotated[
        bool | None,
        typer.Option("--train/--no-train", help="Whether your games may be used for training; it is remembered."),
    ] = None,
    talk_rounds: Annotated[
        int | None, typer.Option(min=0, max=5, help="Talk rounds a day.", rich_help_panel=OPEN)
    ] = None,
    discussion: Annotated[Talk | None, typer.Option(help="How the talk goes.", rich_help_panel=OPEN)] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A rule of the game; can be repeated.", rich_help_panel=OPEN),
    ] = None,
    people: Annotated[
        int | None, typer.Option(min=1, help="How many seats wait for people, you included.", rich_help_panel=OPEN)
    ] = None,
    others: Annotated[
        str | None,
        typer.Option(
            metavar="MIND",
            help="Who plays the other seats: self (the model), scripted:NAME, random, checkpoint:ID, openai:NAME.",
            rich_help_panel=OPEN,
        ),
    ] = None,
    term: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=VALUE]",
            help="What its room agrees on: private, blind, dead_talk, night_s=45, show_all_after_s=60, grace_s=120, "
            "missed_turns=3; can be repeated.",
            rich_help_panel=OPEN,
        ),
    ] = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="A short game against scripts, with advice above each turn.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="In a browser on this machine instead of here.")] = False,
    web_host: Annotated[
        str, typer.Option(help="Address of the page. Whoever can open it plays as you.", rich_help_panel=WEB)
    ] = "127.0.0.1",
    web_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page.", rich_help_panel=WEB)] = 8766,
    theme: Annotated[Colours | None, typer.Option(help="Colours of the screens; they are remembered.")] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of screens: for pipes and screen readers.")
    ] = False,
    token: Token = None,
    operator_token: OperatorToken = None,
    ca: Certificate = None,
) -> None:
    """Play from this terminal; the language model plays the others.

    Of games that it was not taught, a script plays them.
    """
    from arena.cli.arguments import game_options, room_terms
    from arena.errors import OptionError
    from arena.games.registry import game_by_name
    from tui.play import check_terminal, run
    from tui.wish import Wish

    options = game_options(option or ())
    if talk_rounds is not None:
        options["talk_rounds"] = talk_rounds
    if discussion is not None:
        options["discussion"] = discussion.value
    if (talk_rounds is not None or discussion is not None) and game != "werewolf":
        raise OptionError("--talk-rounds and --discussion are rules of Werewolf.")
    if web and plain:
        raise OptionError("--web and --plain exclude each other.")
    terms = room_terms(term or ())
    wish = Wish(room, watch, everything, resume, blind, game, options, people, others, terms, learn)
    who = name or getpass.getuser()
    colours = None if theme is None else theme.value
    game_by_name(game)  # of its options the server knows more than we do: its scenarios, for one
    if people is not None or others is not None or learn:
        _check(wish)
    if not (plain or web):
        check_terminal()
    line: OpeningLine = context.obj
    with _server_at(url, line, may_ask=sys.stdin.isatty(), operator_token=operator_token) as operator_token:
        if web:
            from tui.web import arguments, serve

            program = arguments(url, who, wish, train=train, theme=colours, ca=ca)
            serve(program, host=web_host, port=web_port, token=token)
            return
        code = run(
            url,
            who,
            wish,
            plain=plain,
            train=train,
            token=token,
            operator_token=operator_token,
            ca=ca,
            theme=colours,
            opened=line.erase,
        )
    raise typer.Exit(code)


def _check(wish: Wish) -> None:
    """
    Raises:
        OptionError: this cannot be opened.
    """
    from arena.errors import OptionError
    from arena.games.registry import GAMES
    from tui.next_game import lesson, wished

    wished(wish)
    if not wish.learn:
        return
    if wish.room is not None or wish.watch is not None or wish.resume:
        raise OptionError("--learn opens a game of its own: leave out --room, --watch and --resume.")
    if lesson(wish.game) is None:
        taught = ", ".join(game for game in GAMES if lesson(game) is not None)
        raise OptionError(f"No game teaches {wish.game}. There is one for: {taught}.")


@contextmanager
def _server_at(
    url: str, line: OpeningLine, *, may_ask: bool, operator_token: str | None = None
) -> Iterator[str | None]:
    """A server for the while: the one that answers, or one that the player lets us start. Ours ends with us, and the
    player is its operator; gives the operator's token to come with."""
    if url != DEFAULT_URL or not may_ask or answers(url):
        yield operator_token
        return
    line.erase()
    if not typer.confirm(f"No server answers at {url}. Start one here?", default=True):
        raise typer.Exit(2)
    from arena.errors import UserError
    from arena.paths import data_folder

    log = data_folder() / "server.log"
    operator_token = operator_token or secrets.token_urlsafe(24)
    with log.open("ab") as output:
        server = subprocess.Popen(
            SERVE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl+C in the game is not meant for the server
            env={**os.environ, "ARENA_OPERATOR_TOKEN": operator_token},  # options show in ps
        )
    try:
        typer.echo(f"Starting a server (its output goes to {log}) …")
        if not _wait(server, url):
            raise UserError(f"The server did not start. {_last_line(log)} See {log}")
        yield operator_token
    finally:
        _stop(server)


def answers(url: str) -> bool:
    """Whether a server answers ``/healthz`` at this websocket address."""
    from urllib.error import URLError
    from urllib.request import urlopen

    page = url.replace("wss://", "https://", 1).replace("ws://", "http://", 1).rstrip("/") + "/healthz"
    try:
        with urlopen(page, timeout=2) as response:  # an address that the player typed, with http(s) put in front
            return response.status == 200
    except (URLError, OSError, ValueError):
        return False


def _wait(server: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        if answers(url):
            return True
        time.sleep(0.2)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
