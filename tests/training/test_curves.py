"""The curves of a run: written with each update, read after a crash, drawn, and shown by TensorBoard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from agents.engines.local.weights import load_weights
from arena.cli.main import build
from arena.errors import UserError
from training.curves import CURVES_FILE, Point, TensorBoard, append, draw, point, read
from training.episodes import Episode
from training.learner import Learner
from training.plan import LearnPlan


def some(update: int, village: float = 0.3) -> Point:
    wins = {"village": village, "werewolves": 1 - village}
    return Point(update, 192 * update, 1e9 + update, wins, {"kl_reference": 0.01 * update, "loss": 0.5})


def test_an_update_becomes_a_point(episodes: list[Episode], tiny_checkpoint: Path, tmp_path: Path) -> None:
    learner = Learner(load_weights(tiny_checkpoint).model, LearnPlan(passes=1, minibatch=3))
    figures = learner.update(episodes)
    made = point(1, len(episodes), 5.0, episodes, figures)
    assert sum(made.wins.values()) == pytest.approx(1.0)
    assert set(made.wins) >= {"village", "werewolves"}
    assert made.figures == figures.to_json()
    append(tmp_path / "run", made)
    assert read(tmp_path / "run") == [made]


def test_what_was_taken_back_is_not_shown(tmp_path: Path) -> None:
    """The run wrote three updates, was killed before its checkpoint, and began again after the first."""
    for one in (some(1), some(2), some(3), some(2, village=0.9)):
        append(tmp_path, one)
    assert read(tmp_path) == [some(1), some(2, village=0.9)]
    append(tmp_path, some(3, village=0.8))
    assert [p.wins["village"] for p in read(tmp_path)] == [0.3, 0.9, 0.8]


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    append(tmp_path, some(1))
    with (tmp_path / CURVES_FILE).open("a") as file:
        file.write('{"update": 2, "games"')
    assert read(tmp_path) == [some(1)]


@pytest.mark.parametrize(("name", "begins"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml")])
def test_runs_are_drawn_beside_each_other(tmp_path: Path, name: str, begins: bytes) -> None:
    runs = {"one": [some(n) for n in range(1, 5)], "other": [some(n, village=0.5) for n in range(1, 9)]}
    draw(runs, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_a_picture_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dat"):
        draw({"one": [some(1)]}, tmp_path / "c.dat")


def test_tensorboard_reads_what_it_is_given(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    for n in range(1, 4):
        board.add(some(n))
    shown = EventAccumulator(str(tmp_path / "tensorboard"))
    shown.Reload()
    assert {"wins/village", "kl_reference"} <= set(shown.Tags()["scalars"])
    assert [(e.step, e.value) for e in shown.Scalars("kl_reference")] == [
        (n, pytest.approx(0.01 * n)) for n in (1, 2, 3)
    ]


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(build("train"), ["train", *arguments])


def test_the_command_draws_runs_by_name(tmp_path: Path) -> None:
    for name, village in (("a", 0.3), ("b", 0.6)):
        for n in range(1, 3):
            append(tmp_path / name, some(n, village=village))
    picture = tmp_path / "both.png"
    result = invoke("plot", "a", "b", "--out", str(tmp_path), "--to", str(picture))
    assert result.exit_code == 0, result.output
    assert "b: 2 updates, 384 games; the last one: village 0.60, werewolves 0.40" in result.output
    assert picture.exists()
    assert isinstance(invoke("plot", "c", "--out", str(tmp_path)).exception, UserError)


def test_without_the_libraries_a_message_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = sys.modules['tensorboard'] = None\n"
        "from pathlib import Path; from training import curves; from arena.errors import UserError\n"
        "for what in (lambda: curves.draw({}, Path('x.png')), lambda: curves.TensorBoard(Path('x'))):\n"
        "    try: what()\n"
        "    except UserError as error: print(error)\n"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert out.stdout.count('pip install "social-arena[plot]"') == 2, out.stdout
