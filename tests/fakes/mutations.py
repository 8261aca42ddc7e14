"""Valid messages made invalid, from a seed: on the level of JSON and on the level of bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

NASTY: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    64,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    -0.0,
    0.5,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\x00",
    "\x1b]52;c;ZXZpbA==\x07",
    "\u202e\u200b",
    "\ud800",
    "\udfff\ud800",
    "a" * 100,
    "ä" * 5_000,
    "\U0001f43a" * 300,
    "[/bold]",
    "<|im_end|>",
    "__class__",
    "../../etc/passwd",
    "checkpoint:../../..",
    "%s%n{0.__class__}",
    "'; drop table events; --",
    [],
    {},
    [[]],
    [None] * 40,
    {"": ""},
    {"type": "hello"},
    ["self"] * 7,
    ["open"] * 16,
    {"seats": 7, "talk_rounds": True},
    {"seats": float("nan")},
    {"discussion": []},
    {"reveal": {"a": 1}},
)
_BROKEN = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\xef\xbb\xbf", b'"', b"\\")
KEYS = ("type", "room", "seat", "turn_id", "act_id", "text", "choice", "fills", "options", "seed", "game", "name",
        "protocol", "token", "train", "resume_token", "\x1b[2J", "__proto__", "")  # fmt: skip


def mutated(random: Random, message: Mapping[str, Any], others: Callable[[], Mapping[str, Any]]) -> str | bytes:
    """One to three changes to ``message``; ``others`` gives another valid one to mix in."""
    value: Any = dict(message)
    for _ in range(random.randint(1, 3)):
        value = _on_json(random, value, others)
    text = json.dumps(value) if random.random() < 0.8 else json.dumps(value, ensure_ascii=False)
    match random.randrange(10):
        case 0:  # the same key twice, the second one with another value
            text = text[:-1] + f', "{random.choice(KEYS[:12])}": {json.dumps(random.choice(NASTY))}}}'
        case 1:
            depth = random.choice((10, 200, 5_000))
            text = text.replace(":", ":" + "[" * depth, 1) + "]" * depth
        case 2 | 3 | 4:
            return _on_bytes(random, text.encode("utf-8", "surrogatepass"))
        case _:
            pass
    return text if random.random() < 0.7 else text.encode("utf-8", "surrogatepass")


def _on_json(random: Random, value: Any, others: Callable[[], Mapping[str, Any]]) -> Any:
    if not isinstance(value, dict) or not value:
        return value
    key = random.choice(list(value))
    match random.randrange(8):
        case 0:
            value.pop(key)
        case 1 | 2 | 3:
            value[key] = random.choice(NASTY)
        case 4:
            value[random.choice(KEYS)] = random.choice(NASTY)
        case 5:
            other = others()
            value[random.choice(list(other))] = random.choice(list(other.values()))
        case 6:
            if isinstance(value[key], str):
                value[key] += random.choice([n for n in NASTY if isinstance(n, str)])
            elif isinstance(value[key], dict | list):
                value[key] = [value[key]]
        case _:
            return random.choice(([value], {"type": value}, value, value, value))
    return value


def _on_bytes(random: Random, raw: bytes) -> bytes:
    out = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(out) + 1)
        match random.randrange(5):
            case 0:
                out[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                out[at:at] = random.randbytes(random.randint(1, 6))
            case 2:
                del out[at : at + random.randint(1, 20)]
            case 3:
                out[at:at] = out[at : at + random.randint(1, 30)]
            case _:
                out[at:at] = random.choice(_BROKEN)
    return bytes(out)
