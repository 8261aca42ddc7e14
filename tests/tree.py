"""The repository's own files, for tests that look at all of them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def tracked_files() -> tuple[Path, ...]:
    """Everything under version control; without it (an unpacked archive) everything outside hidden folders."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = done.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        found = (p.relative_to(ROOT) for p in ROOT.rglob("*"))
        names = [str(p) for p in found if "__pycache__" not in p.parts and not p.parts[0].startswith(".")]
    return tuple(p for name in names if name and (p := ROOT / name).is_file())
