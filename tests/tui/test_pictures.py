"""The pictures in the README and the documents are those that the script draws."""

from __future__ import annotations

import re
from pathlib import Path

from tui.screenshots import DOCS, SCENES

ROOT = Path(__file__).resolve().parents[2]


def test_every_picture_is_drawn_and_shown() -> None:
    drawn = {path.stem for path in (ROOT / "docs" / "images").glob("*.svg")}
    pages = "".join((ROOT / page).read_text() for page in ("README.md", "docs/tui.md"))
    assert drawn == DOCS.keys() <= SCENES.keys()
    assert set(re.findall(r"images/([a-z-]+)\.svg", pages)) == drawn
