"""The words that ``reading`` knows, each as symbols: the alphabet of its grammar.

A symbol is one character. Names become characters from ``FIRST_NAME`` on, in seat order. Words that mean nothing here
are ``FILLER`` (dropped) when they are common little words, and ``OTHER`` when they are not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

FIRST_NAME: Final = 0x100
OTHER: Final = "~"

_SYMBOLS: Final[dict[str, str]] = {
    # who
    "i": "i iam",
    "m": "me myself",
    "M": "my mine",
    "y": "you u your",
    "p": "he she they him her them",
    # what they are
    "W": "wolf wolves werewolf werewolves wolfs werewolfs werwolf evil guilty mafia scum",
    "G": "innocent clean good clear cleared village town harmless fine trustworthy human safe",
    "V": "villager villagers townie",
    "S": "seer seeer sear prophet oracle",
    "D": "doctor doc healer medic",
    "T": "witch",
    "K": "hunter",
    "E": "medium",
    "X": """lying liar lies lied lie suspicious shady strange odd weird sneaky hiding hides nervous dangerous quiet
        sus bad""",
    "F": "fake faking false pretending pretends bluffing",
    "R": "right correct",
    "Q": "wrong mistaken",
    # what they do
    "c": "checked check saw looked investigated inspected peeked scanned examined result results checks",
    "x": "suspect suspects suspected accuse accuses accused accusing distrust distrusts blame blames blamed",
    "t": "trust trusts trusted trusting vouch vouches defend defends defended",
    "e": "believe believes believed",
    "v": "vote votes voting exile hang lynch eliminate banish rid exiled exiling",
    "z": "voted",
    "g": "go out leave",
    "a": "agree agrees agreed side support follow",
    "d": "doubt doubts doubted",
    "k": "kill attack eat bite hunt murder devour",
    "s": "protected protect saved save guarded healed",
    "l": "claim claims claimed claiming play",
    "O": "say says said tell tells told called calls call speaks spoke asked",
    "h": "think thinks thought guess feel bet know reckon maybe perhaps probably likely might",
    "u": "sure certain convinced",
    # little words that steer
    "n": "not no never nt nobody none nothing without hardly",
    "Z": "neither",
    "b": "is are am be being s re m looks look seems seem sounds sound acts acting feels appears stays",
    "w": "was were been",
    "f": "will should shall could can must would may let lets ll has needs need has",
    "&": "with",
    "q": "if unless whether suppose",
    "j": "as",
    "H": "here speaking",
    ",": "but because since so while although though then than instead however",
    "+": "and or nor",
    "": """a an the really just only actually real true truly honest simple plain definitely certainly also too to very
        for on of at our us we in this that it he'd clearly surely still who which one today tonight now back up came
        turned out like quite totally completely plainly most more own main first someone somebody friend please kind
        pretty bit little have had do does did""",
}
_CONTRACTIONS: Final = {
    "i'm": "ib", "im": "ib", "i've": "i", "ive": "i", "i'd": "if", "i'll": "if", "isn't": "bn", "isnt": "bn",
    "aren't": "bn", "arent": "bn", "ain't": "bn", "aint": "bn", "don't": "n", "dont": "n", "doesn't": "n",
    "doesnt": "n", "didn't": "n", "didnt": "n", "won't": "fn", "wont": "fn", "can't": "fn", "cant": "fn",
    "cannot": "fn", "couldn't": "fn", "shouldn't": "fn", "wouldn't": "fn", "wasn't": "wn", "weren't": "wn",
    "haven't": "n", "hasn't": "n", "he's": "pb", "she's": "pb", "hes": "pb", "shes": "pb", "they're": "pb",
    "theyre": "pb", "you're": "yb", "youre": "yb", "ur": "yb", "you'll": "yf", "let's": "f", "it's": "", "that's": "",
    "there's": "", "what's": "", "who's": "", "we're": "", "we'll": "f", "we've": "",
}  # fmt: skip
WORDS: Final[dict[str, str]] = {
    w: symbol for symbol, words in _SYMBOLS.items() for w in words.split() if w != "out" or symbol == "g"
} | _CONTRACTIONS


def _slips(word: str) -> set[str]:
    """Misspellings one slip away that keep the first letter: a letter lost, doubled, or two exchanged."""
    lost = {word[:i] + word[i + 1 :] for i in range(1, len(word))}
    doubled = {word[: i + 1] + word[i:] for i in range(len(word))}
    exchanged = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1)}
    return lost | doubled | exchanged


_OFTEN_MISSPELT: Final = (
    *("werewolf", "werewolves", "villager", "innocent", "suspect", "suspicious"),
    *("doctor", "protected", "checked", "believe"),
)
for _word in _OFTEN_MISSPELT:
    for _slip in _slips(_word):
        WORDS.setdefault(_slip, WORDS[_word])


@lru_cache(maxsize=512)
def name_symbols(names: tuple[str, ...], speaker: int) -> dict[str, str]:
    """The names at a table, with small misspellings, as symbols; the speaker's own name means "I"."""
    out: dict[str, str] = {}
    for seat, name in enumerate(names):
        symbol = "i" if seat == speaker else chr(FIRST_NAME + seat)
        low = name.lower()
        if len(low) >= 5:
            for slip in _slips(low):
                if slip not in WORDS:
                    out.setdefault(slip, symbol)
        out[low] = symbol
        out[low + "'s"] = out[low + "s"] = symbol + "b"
    return out
