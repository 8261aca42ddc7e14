"""What the documents promise exists: commands with their options, make targets, links, pictures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from arena.cli.main import COMMANDS, build
from tests.tree import ROOT, tracked_files

README = ROOT / "README.md"
DOCUMENTS = sorted(p for p in tracked_files() if p.suffix == ".md")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
KNOWN_PROGRAMS = {".", "git", "cd", "export"}


def typed_commands(document: Path) -> list[str]:
    blocks = CONSOLE.findall(document.read_text())
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def documented() -> list[str]:
    return sorted({command for document in DOCUMENTS for command in typed_commands(document)})


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_readme_shows_commands() -> None:
    assert {"make serve", "make play"} <= set(typed_commands(README))


@pytest.mark.parametrize("command", documented())
def test_a_shown_command_exists(command: str) -> None:
    program, *arguments = shlex.split(command)
    match program:
        case "arena":
            name, *rest = arguments
            group = typer.main.get_command(build(name))
            group.commands[name].make_context(name, rest).close()  # type: ignore[attr-defined]
        case "make":
            assert next(a for a in arguments if "=" not in a) in make_targets()
        case "python":
            flag, module, *_ = arguments
            assert flag == "-m"
            assert (ROOT / f"{module.replace('.', '/')}.py").exists(), f"there is no module {module}"
        case _:
            assert program in KNOWN_PROGRAMS, f"no test knows how to check {program}"


def test_every_command_is_in_the_table() -> None:
    rows = re.findall(r"^\| `arena ([a-z]+)` \|", README.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), target
