"""What all benchmarks share: their flags, and one JSON object or a few lines as the result."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.models import model_source
from arena.db.engine import open_database
from arena.paths import default_database_url


def parser(doc: str | None) -> argparse.ArgumentParser:
    """For a benchmark that has options of its own."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="one JSON object on standard output")
    made.add_argument("--quick", action="store_true", help="smaller counts: under 40 s")
    made.add_argument("--model", default="shipped", help="a checkpoint's name or folder")
    return made


def arguments(doc: str | None) -> argparse.Namespace:
    return parser(doc).parse_args()


def report(figures: Mapping[str, Any], as_json: bool) -> None:
    whole = {**figures, "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"}
    if as_json:
        sys.stdout.write(json.dumps(whole) + "\n")
        return
    width = max(map(len, whole))
    for name, value in whole.items():
        sys.stdout.write(f"{name:{width}}  {value}\n")


def model_of(wanted: argparse.Namespace) -> str | Path:
    """Where the model to be measured lies."""
    return model_source(open_database(default_database_url()), wanted.model)
