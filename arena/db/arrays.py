"""Token arrays as blobs: little-endian int32 and float32, whatever the machine's own byte order."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

_SWAP = sys.byteorder == "big"


def pack_tokens(tokens: Sequence[int]) -> bytes:
    """``tokens`` as little-endian int32.

    Raises:
        OverflowError: a token does not fit into 32 bits.
    """
    return _pack(array("i", tokens))


def unpack_tokens(blob: bytes) -> tuple[int, ...]:
    return tuple(_unpack("i", blob))


def pack_floats(values: Sequence[float]) -> bytes:
    """``values`` as little-endian float32: about seven decimal digits are kept."""
    return _pack(array("f", values))


def unpack_floats(blob: bytes) -> tuple[float, ...]:
    return tuple(_unpack("f", blob))


def _pack(values: array[Any]) -> bytes:
    assert values.itemsize == 4
    if _SWAP:
        values.byteswap()
    return values.tobytes()


def _unpack(typecode: str, blob: bytes) -> array[Any]:
    values: array[Any] = array(typecode)
    values.frombytes(blob)
    if _SWAP:
        values.byteswap()
    return values
