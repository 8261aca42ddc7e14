"""YAML as nodes that know their line, and what is wrong with them. It knows nothing of scenarios.

Scalars are taken as they are written: ``yes`` is a word and ``12:30`` a time, whatever YAML makes of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST: Final = 32
"""Nesting beyond this is refused before it is composed: the C library recurses without a limit."""
NULL: Final = "tag:yaml.org,2002:null"
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What may not stand in YAML at all."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file. ``line`` counts from 1; ``None`` is the file as a whole."""

    where: str
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.line is None else f"{self.where}:{self.line}: {self.text}"


class Sheet:
    """One file being read. What is wrong gathers in ``problems``, and reading goes on with a neutral value."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []

    def complain(self, at: Node | int | None, text: str) -> None:
        line = at.start_mark.line + 1 if isinstance(at, Node) else at
        self.problems.append(Problem(self.where, line, text))

    def compose(self, text: str) -> Node | None:
        """The only document of ``text``; ``None`` after a complaint."""
        odd = UNPRINTABLE.search(text)
        if odd is not None:
            line = text.count("\n", 0, odd.start()) + 1
            self.complain(line, f"this is not YAML: it holds the control character U+{ord(odd.group()):04X}.")
            return None
        try:
            depth = 0
            for event in yaml.parse(text, Loader=LOADER):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST:
                    self.complain(event.start_mark.line + 1, f"this is nested more than {DEEPEST} levels deep.")
                    return None
            root = yaml.compose(text, Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = error.problem or error.context or "it cannot be read"
            self.complain(None if mark is None else mark.line + 1, f"this is not YAML: {said}.")
            return None
        except yaml.YAMLError as error:
            lines = str(error).splitlines() or ["it cannot be read"]
            self.complain(None, f"this is not YAML: {lines[0]}.")
            return None
        if root is None:
            self.complain(None, "there is nothing in it.")
        return root

    def mapping(
        self, node: Node | None, what: str, needed: Sequence[str] = (), allowed: Sequence[str] | None = ()
    ) -> dict[str, Node]:
        """The values by key. ``allowed`` are further keys; ``None``: any key will do."""
        if not isinstance(node, MappingNode):
            self.complain(node, f"{what} must be written as keys with values.")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if not name:
                self.complain(key, f"{what} has a key that is no word.")
            elif name in found:
                self.complain(key, f"{name} is given twice.")
            elif allowed is not None and name not in (*needed, *allowed):
                self.complain(key, f"{what} knows no {name!r}{_instead(name, (*needed, *allowed))}")
            else:
                found[name] = value
        for name in needed:
            if name not in found:
                self.complain(node, f"{name} is missing.")
        return found

    def items(self, node: Node, what: str, fewest: int, most: int) -> list[Node]:
        if not isinstance(node, SequenceNode):
            self.complain(node, f"{what} must be a list.")
            return []
        if not fewest <= len(node.value) <= most:
            self.complain(node, f"{what} has {len(node.value)} entries; it must have {fewest} to {most}.")
            return []
        return node.value

    def line(self, node: Node, what: str, longest: int) -> str:
        """One line of text: white space of any kind and line breaks become single spaces."""
        if not isinstance(node, ScalarNode):
            self.complain(node, f"{what} must be a text.")
            return ""
        odd = next((c for c in node.value if unicodedata.category(c)[0] == "C" and c not in "\n\t"), None)
        if odd is not None:
            self.complain(node, f"{what} holds the control character U+{ord(odd):04X}.")
            return ""
        text = " ".join(node.value.split())
        if not text or node.tag == NULL:
            self.complain(node, f"{what} is empty.")
            return ""
        if len(text) > longest:
            self.complain(node, f"{what} has {len(text)} characters; at most {longest} are allowed.")
            return ""
        return text

    def lines(self, node: Node | None, what: str, longest: int, most: int) -> tuple[str, ...]:
        """A list of texts, none of them twice; an absent one is empty."""
        if node is None:
            return ()
        texts: list[str] = []
        for item in self.items(node, what, 0, most):
            text = self.line(item, f"an entry of {what}", longest)
            if text in texts:
                self.complain(item, f"{what} holds {text!r} twice.")
            elif text:
                texts.append(text)
        return tuple(texts)

    def whole(self, node: Node, what: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``; ``low`` after a complaint."""
        written = node.value if isinstance(node, ScalarNode) else ""
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", written):
            self.complain(node, f"{what} must be a whole number.")
        elif not low <= int(written) <= high:
            self.complain(node, f"{what} is {int(written)}; it must be {low} to {high}.")
        else:
            return int(written)
        return low

    def truth(self, node: Node, what: str) -> bool:
        written = node.value if isinstance(node, ScalarNode) else ""
        if written not in ("true", "false"):
            self.complain(node, f"{what} must be true or false.")
        return written == "true"


def _instead(name: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(name, allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; it knows {', '.join(allowed)}."
