"""The wire as JSON Schema: ``python -m arena.protocol.schema > arena/protocol/schema.json`` writes it anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from arena.protocol.client_messages import CLIENT_MESSAGE, PROTOCOL_VERSION
from arena.protocol.server_messages import SERVER_MESSAGE

SCHEMA_FILE = Path(__file__).with_name("schema.json")


def schema() -> dict[str, Any]:
    """What clients may say and what the server says."""
    return {
        "protocol": PROTOCOL_VERSION,
        "client": CLIENT_MESSAGE.json_schema(),
        "server": SERVER_MESSAGE.json_schema(mode="serialization"),
    }


def as_text() -> str:
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
