"""Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/

Written by hand because it is so little: importing the client library would take longer than all else that a server
loads besides its model. The tests read it with that library's parser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples, each a value with its labels; ``suffix`` for the parts of a histogram."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    samples: Sequence[tuple[Labels, float]] = ()
    suffixed: Sequence[tuple[str, Labels, float]] = field(default=())

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {_escaped(self.help, quotes=False)}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.samples:
            yield _sample(self.name, labels, value)
        for suffix, labels, value in self.suffixed:
            yield _sample(f"{self.name}_{suffix}", labels, value)


def histogram(
    name: str, text: str, bounds: Sequence[float], found: Mapping[str, tuple[Sequence[int], float]]
) -> Family:
    """``found`` has, by ``kind``, one count more than there are bounds, and the sum of all values."""
    suffixed: list[tuple[str, Labels, float]] = []
    for kind, (counts, total) in found.items():
        below = 0
        for bound, count in zip((*bounds, float("inf")), counts, strict=True):
            below += count
            suffixed.append(("bucket", {"kind": kind, "le": _number(bound)}, below))
        suffixed += [("sum", {"kind": kind}, total), ("count", {"kind": kind}, below)]
    return Family(name, "histogram", text, suffixed=suffixed)


def exposed(families: Iterable[Family]) -> str:
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text, quotes=True)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str, *, quotes: bool) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text
