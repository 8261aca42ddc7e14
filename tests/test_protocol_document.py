"""``docs/protocol.md`` and the threat table name what there is: all of it, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, get_args

import pytest

from arena.protocol import codes
from arena.protocol.client_messages import AnyClientMessage
from arena.server.limits import Limits
from tests.tree import ROOT

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
RELIABILITY = (ROOT / "docs" / "reliability.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def first_cells(title: str) -> list[str]:
    section = PROTOCOL.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]


def test_every_message_is_there() -> None:
    union: Any = get_args(AnyClientMessage)[0]
    assert sorted(first_cells("Messages")) == sorted(f"`{m.model_fields['type'].default}`" for m in get_args(union))


def test_every_refusal_is_there() -> None:
    assert sorted(first_cells("Refusals")) == sorted(f"`{code}`" for code in codes.REFUSALS)


def test_every_close_code_is_there() -> None:
    named = re.findall(r"^\| (\d{4}) \| `(\w+)` \|", PROTOCOL, re.MULTILINE)
    assert {int(code): name for code, name in named} == codes.CLOSES


def test_every_limit_is_there() -> None:
    named = [name for cell in first_cells("Limits") for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(f.name for f in fields(Limits))


@pytest.mark.parametrize(("path", "name"), sorted(set(TEST.findall(RELIABILITY))))
def test_a_named_test_exists(path: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_threat_names_a_test() -> None:
    rows = RELIABILITY.split("## Threats", 1)[1].split("\n## ", 1)[0].splitlines()
    threats = [row for row in rows if row.startswith("|")][2:]
    assert len(threats) >= 20
    assert [row for row in threats if not TEST.search(row)] == []
