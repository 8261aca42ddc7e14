"""What is shipped: the wheel, the container's files, the Makefile, and no traces of the machine it was written on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.tree import ROOT, tracked_files

PACKAGES = ("arena", "agents", "training", "tui")
NAMES_OF_MACHINES = re.compile("/" + r"(?:work|root)/")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that is built from the tracked files alone, as a clone would build it."""
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    for path in tracked_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True, timeout=120)
    (built,) = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_packages(wheel: set[str]) -> None:
    ours = {str(p.relative_to(ROOT)) for p in tracked_files() if p.relative_to(ROOT).parts[0] in PACKAGES}
    assert ours <= wheel
    assert {"arena/protocol/schema.json", "tui/app.tcss", "arena/db/migrations/script.py.mako"} <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {*PACKAGES, "social_arena"}
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    assert any(name.endswith("entry_points.txt") for name in wheel)


def test_the_image_copies_what_is_there() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    sources = [s for line in lines if line.startswith("COPY ") and "--from" not in line for s in line.split()[1:-1]]
    assert sources
    assert all((ROOT / s).exists() and s in allowed for s in sources)
    assert set(PACKAGES) <= set(sources)
    assert any(line.startswith("USER ") for line in lines)
    assert any(line.startswith("HEALTHCHECK ") for line in lines)


def test_compose_opens_the_port_to_this_machine_only() -> None:
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    assert service["ports"] == ["127.0.0.1:8765:8765"]
    assert service["volumes"] == ["arena-data:/data"]


def test_constraints_are_exact_and_fit_every_build() -> None:
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins), "NAME==VERSION without a local suffix"


@pytest.mark.parametrize(
    ("fake_python", "message"),
    [("exit 1", "Python 3.11, 3.12 or 3.13 is needed"), ('case "$2" in *ensurepip*) exit 1;; esac', "python3.12-venv")],
)
def test_a_missing_python_is_said(tmp_path: Path, fake_python: str, message: str) -> None:
    for name in ("python3", "python3.13", "python3.12", "python3.11", "python"):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\n{fake_python}\ncase "$2" in *print*) echo 3.12;; esac\n')
        path.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "make_venv.sh")],
        cwd=tmp_path,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_alone_lists_the_targets() -> None:
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("setup", "serve", "play", "test", "check", "bench", "results", "help"):
        assert re.search(rf"^  make {target} +\S", done.stdout, re.MULTILINE)


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if NAMES_OF_MACHINES.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []
