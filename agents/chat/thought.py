"""What a model thought before it answered, apart from the answer: nothing of it may be spoken."""

from __future__ import annotations

import re
from typing import Final

_TAGS: Final = "think|thinking|thought|reasoning"
_WHOLE: Final = re.compile(rf"<({_TAGS})>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_CLOSING: Final = re.compile(rf"</({_TAGS})>", re.IGNORECASE)
_OPENING: Final = re.compile(rf"<({_TAGS})>", re.IGNORECASE)


def split_thought(content: str) -> tuple[str, str]:
    """(thought, answer) of a message that may hold both.

    A closing tag without its opening one ends a thought that the chat template opened; an opening tag that is never
    closed begins one that the length limit cut.
    """
    thoughts = [found[2].strip() for found in _WHOLE.finditer(content)]
    rest = _WHOLE.sub("", content)
    *_, closing = [None, *_CLOSING.finditer(rest)]
    if closing is not None:
        thoughts.append(rest[: closing.start()].strip())
        rest = rest[closing.end() :]
    if (opening := _OPENING.search(rest)) is not None:
        thoughts.append(rest[opening.end() :].strip())
        rest = rest[: opening.start()]
    return joined(*thoughts), rest.strip()


def joined(*thoughts: str | None) -> str:
    """Thoughts as one, without empty ones and repetitions."""
    return "\n".join(dict.fromkeys(t.strip() for t in thoughts if t and t.strip()))
