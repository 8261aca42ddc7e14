"""Other names of the same kind, to see whether a judge's scores hang on what people are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

KINDS: Final[tuple[tuple[str, ...], ...]] = (
    ("Hannah", "Beatrice", "Celia", "Dorothy", "Esther", "Frances", "Helen", "Irene", "Judith", "Margaret", "Nora",
     "Olivia", "Priya", "Rosa", "Sofia", "Teresa", "Ada", "Alice", "Anna", "Clara", "Emma", "Eva", "Fatima", "Julia",
     "Laura", "Leila", "Maria", "Mei", "Mia", "Sara", "Yuki", "Zoe", "Cleo", "Gia", "Ines", "Kira", "Mona", "Olga",
     "Tess", "Uma", "Wanda", "Yara"),
    ("Arthur", "Bernard", "Conrad", "Dennis", "Edgar", "Felix", "George", "Howard", "Isaac", "Julian", "Kenneth",
     "Leonard", "Martin", "Nathan", "Oscar", "Philip", "Ahmed", "Ben", "Carlos", "David", "Emil", "Hugo", "Ivan",
     "Jonas", "Kenji", "Luca", "Omar", "Paul", "Ravi", "Samuel", "Thomas", "Victor", "Dan", "Finn", "Leo", "Nils",
     "Sven", "Vito"),
    ("Robin", "Quinn", "Sasha", "Morgan", "Rowan", "Jamie", "Alexis", "Kim", "Noor", "Ariel", "Charlie", "Devon",
     "Emery", "Frankie", "Harper", "Jules", "Lou", "Marlowe", "Remy", "Skyler"),
)  # fmt: skip
"""Given names usual for women, for men, and for either. A name that is in none of them is taken for one of the last."""
SURNAMES: Final = (
    "Adler", "Bishop", "Castell", "Dalton", "Ekberg", "Fontaine", "Garland", "Holm", "Ibarra", "Jensen", "Keller",
    "Lindqvist", "Moreau", "Novak", "Okafor", "Pereira", "Rossi", "Sato", "Tanaka", "Varga",
)  # fmt: skip


def other_names(names: Sequence[str]) -> dict[str, str]:
    """What each word of these names becomes: another word of its kind that none of them has, the same everywhere.

    A title such as ``Dr.`` stays. The last word of several is a surname; families keep a common one. The same names
    always become the same others.
    """
    taken = {word for name in names for word in name.split()}
    others: dict[str, str] = {}

    def give(word: str, kind: Sequence[str]) -> None:
        if word in others or word.endswith("."):
            return
        at = (kind.index(word) + 1) if word in kind else 0
        free = (w for w in (*kind[at:], *kind[:at]) if w not in taken)
        others[word] = next(free, word)
        taken.add(others[word])

    for name in names:
        given, *rest = [word for word in name.split() if not word.endswith(".")] or [name]
        give(given, next((kind for kind in KINDS if given in kind), KINDS[-1]))
        for word in rest:
            give(word, SURNAMES)
    return others
