from __future__ import annotations

from arena.protocol.schema import SCHEMA_FILE, as_text


def test_the_checked_in_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text() == as_text(), "run: python -m arena.protocol.schema > arena/protocol/schema.json"
