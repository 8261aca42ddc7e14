"""``arena engine`` and ``--engine``: mistakes end in a line that says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import run

PYTHON = sys.executable


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["engine", "vllm", "--python", "/nowhere/python"], "no Python that runs"),
        (["engine", "vllm", "--python", PYTHON], "no vLLM installed"),
        (["engine", "vllm", "--python", PYTHON, "--model", "nobody"], "no model 'nobody'"),
        (["selfplay", "--engine", "elsewhere"], "http://127.0.0.1:8000"),
        (["selfplay", "--engine", "http://192.0.2.1:8000"], "ssh -L"),
        (["selfplay", "--engine", "http://127.0.0.1:9"], "arena engine vllm"),
        (["evaluate", "shipped", "random", "--engine", "http://127.0.0.1:9"], "arena engine vllm"),
    ],
)
def test_a_mistake_says_what_to_do(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments, "--db", f"sqlite:///{tmp_path / 'arena.db'}") == 2
    assert said in capsys.readouterr().err
