"""Reads one message of free English into statements about the game.

The reader is shallow on purpose: each word becomes a symbol (``lexicon``), pronouns become the last name, and a small
grammar of regular expressions runs over the symbols of each clause. It knows negation, questions, conditions, reported
speech and small misspellings, and stays silent about what it does not understand. Nothing here looks at roles, votes or
any other fact: a message reads the same in every game with these names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from arena.games.werewolf.lexicon import FIRST_NAME, OTHER, WORDS, name_symbols
from arena.games.werewolf.statements import (
    Accuse,
    Agree,
    Ask,
    Attack,
    Claim,
    Deny,
    Doubt,
    Plan,
    Result,
    Sensed,
    Statement,
    Trust,
    VoteFor,
)
from arena.games.werewolf.types import Role, Side

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|[.,!?;:\n]")
_SENTENCE: Final = re.compile(r"[^.!?]+[.!?]?")
_N: Final = r"[\u0100-\u01ff]{1,8}+"  # possessive and bounded, so that no text is read in quadratic time
_CARD: Final = "SDTKE"
"""The cards that somebody claims for what they can do."""
_ROLE: Final = {
    "W": Role.WEREWOLF,
    "G": Role.VILLAGER,
    "V": Role.VILLAGER,
    "S": Role.SEER,
    "D": Role.DOCTOR,
    "T": Role.WITCH,
    "K": Role.HUNTER,
    "E": Role.MEDIUM,
}

_SELF: Final = re.compile(
    rf"(?P<plan>i[bn]*f[b~]*[lb]+(?P<plan_role>[{_CARD}]))"
    rf"|[iM]h?b(?P<not>n?)(?P<role>[{_CARD}VWG])(?!O)"
    rf"|i(?P<not_claim>n?)b?l(?:b|~b)?(?P<claim>[{_CARD}VWG])"
    rf"|(?P<mine>[{_CARD}W])b+[im]"
    rf"|(?P<as>(?:^|i)j(?P<as_role>[{_CARD}])(?!O))|(?P<here>^(?P<here_role>[{_CARD}])H)"
    r"|(?P<saved>i~?s[\u0100-\u01ff])"
)
"""What the speaker says of themself; sees OTHER, so that "I am glad the seer spoke" is no claim."""

_CLAUSE: Final = re.compile(
    rf"(?P<fakes>{_N}(?:b?n?l)[bwf]*[FXQ])"
    rf"|(?P<planned>{_N}f?b?l(?=[{_CARD}])(?<=[fy]l)[{_CARD}])"
    rf"|(?P<should_go>{_N}fn?b?(?:g|v(?!{_N})))"
    rf"|(?P<reported>{_N}[fnwb]*(?:O.*|[xteadczklsv]+[&b]*[nbfw]*(?:{_N}[bwnf]*[WGVXF{_CARD}]?|[mi]|[VW{_CARD}])))"
    rf"|(?P<asserted>(?P<pre>n[heu]|[heudZ])?{_N}[bfh]*n?[bfh]*(?:[WGVXFRQ{_CARD}]|(?<=b)x))"
    rf"|(?P<named>[WS][bfh]+n?b?{_N})"
    rf"|(?P<checked>(?<![{chr(0x100)}-\u01ffWp{_CARD}])n?c[b&]*{_N}[bfw]*(?P<found>n?[WGVSD])?)"
    rf"|(?P<done>n?h?[xteadvk]&?[bfhg]*{_N})"
    rf"|(?P<sides>b&{_N})"
)
_SENSED: Final = re.compile(rf"{_N}w+(?P<was>n?[WGV])")
"""What a medium says of the dead."""
_FRAGMENT: Final = re.compile(r"^n?[WGV]$")
_NAMES: Final = re.compile(_N)
_AND: Final = re.compile(rf"(?<=[\u0100-\u01ff])\+(?=[\u0100-\u01ff](?![bfnhc]*[{_CARD}]))")
"""Between two names that are one subject."""


@lru_cache(maxsize=1 << 14)
def read(text: str, speaker: int, names: tuple[str, ...]) -> tuple[Statement, ...]:
    """The statements that ``speaker`` makes with ``text``, in order, each once.

    Cached, so ``names`` must be a tuple.
    """
    return _Reading(speaker).read(_symbols(text, speaker, names))


def _symbols(text: str, speaker: int, names: tuple[str, ...]) -> str:
    """The message as symbols: clauses end with ``,``, sentences with ``.`` or ``?``; pronouns are resolved."""
    called = name_symbols(names, speaker)
    out: list[str] = []
    last = ""  # the name that a pronoun stands for
    for token in _TOKEN.findall(text.lower().replace("’", "'")):
        if token in ",:;\n":
            out.append(",")
            continue
        if token in ".!?":
            out.append("?" if token == "?" else ".")
            continue
        symbol = called.get(token)
        if symbol is None:
            symbol = WORDS.get(token)
        if symbol is None:
            symbol = _unknown(token, called)
        if symbol:
            head = symbol[0]
            if ord(head) >= FIRST_NAME:
                last = head
            elif head in "py" and last:
                symbol = last + symbol[1:]
            out.append(symbol)
    joined = "".join(out)
    if "y" in joined and last:  # "You are a wolf, Dan."
        joined = joined.replace("y", last)
    joined = joined.replace("b,X", "bX")  # "is so suspicious"
    if "q" in joined:  # a condition says nothing
        joined = re.sub(r"q[^,.?]*", "", joined)
    if "+" in joined:
        joined = _AND.sub("", joined).replace("+", ",")
    return joined


def _unknown(token: str, called: dict[str, str]) -> str:
    if "'" in token:
        base, _, tail = token.partition("'")
        symbol = called.get(base) or WORDS.get(base, OTHER)
        return symbol + ("b" if tail == "s" else "n" if tail == "t" else "")
    return OTHER


class _Reading:
    """One pass over one message."""

    def __init__(self, speaker: int) -> None:
        self.speaker = speaker
        self.out: dict[Statement, None] = {}
        self.plain: set[Statement] = set()
        """Judgements said without "I think", which a seer's message turns into results."""
        self.checked: set[int] = set()
        self.reports = False
        self.pending: str = ""
        self.denied_seer = False

    def read(self, symbols: str) -> tuple[Statement, ...]:
        for sentence in _SENTENCE.findall(symbols):
            if sentence[-1] == "?":
                if name := _NAMES.search(sentence):
                    self.add(Ask(_seat(name.group()[0])))
                continue
            for clause in sentence.rstrip(".!").split(","):
                if clause:
                    self.clause(clause)
        return tuple(dict.fromkeys(map(self.settled, self.out)))

    def add(self, *statements: Statement, plain: bool = False) -> None:
        for statement in statements:
            self.out[statement] = None
            if plain:
                self.plain.add(statement)

    def settled(self, statement: Statement) -> Statement:
        """A judgement as the result that it is when its speaker reports a check."""
        if isinstance(statement, Accuse | Trust) and statement in self.plain:
            t = statement.target
            if t in self.checked or (not self.checked and (self.reports or Claim(Role.SEER) in self.out)):
                return Result(t, Side.WEREWOLVES if isinstance(statement, Accuse) else Side.VILLAGE)
        return statement

    def clause(self, raw: str) -> None:
        for found in _SELF.finditer(raw):
            self.about_self(found)
        if raw == "ib" and self.denied_seer:  # "Dan is not the seer, I am."
            self.add(Claim(Role.SEER))
        clause = raw.replace(OTHER, "")
        if _FRAGMENT.match(clause):
            self.judge(self.pending, clause, plain=True)
            return
        if "c" in clause and re.search(r"(?:^|[iM])c", clause):
            self.reports = True
        named = _NAMES.findall(clause)
        if named and clause.endswith(named[-1]):  # "Dan: a wolf."
            self.pending = named[-1]
        for found in _CLAUSE.finditer(clause):
            self.matched(found)
        if Claim(Role.MEDIUM) in self.out:
            for found in _SENSED.finditer(clause):
                side = Side.WEREWOLVES if found["was"] == "W" else Side.VILLAGE
                self.add(*(Sensed(_seat(c), side) for c in _NAMES.findall(found.group())[0]))

    def about_self(self, found: re.Match[str]) -> None:
        if found["plan"]:
            self.add(Plan(self.speaker, _ROLE[found["plan_role"]]))
        elif role := found["role"] or found["claim"]:
            if found["not"] or found["not_claim"]:
                self.add(Deny(_ROLE[role]))
            elif role == "G":
                self.add(Deny(Role.WEREWOLF))
            else:
                self.add(Claim(_ROLE[role]))
        elif found["saved"]:
            self.add(Claim(Role.DOCTOR))
        elif found["mine"]:
            self.add(Claim(_ROLE[found["mine"]]))
        else:
            self.add(Claim(_ROLE[found["as_role"] or found["here_role"]]))

    def matched(self, found: re.Match[str]) -> None:
        text = found.group()
        who = _NAMES.search(text)
        assert who is not None, "every alternative of the grammar holds a name"
        seats = [_seat(c) for c in dict.fromkeys(who.group())]
        match found.lastgroup:
            case "fakes":
                self.add(*map(Doubt, seats))
            case "planned":
                self.add(*(Plan(s, _ROLE[text[-1]]) for s in seats))
            case "should_go":
                self.add(*map(Trust if "n" in text else VoteFor, seats))
            case "sides":
                self.add(*map(Agree, seats))
            case "reported":
                self.pending = ""
            case "named":
                self.judge(who.group(), ("n" if "n" in text else "") + text[0])
            case "done":
                self.do(text, seats)
            case "checked" | "found":
                if not text.startswith("n"):
                    self.checked.update(seats)
                    self.reports = True
                    self.pending = who.group()
                    if found["found"]:
                        self.judge(who.group(), found["found"], plain=True)
            case _:
                self.assertion(found, who.group(), text)

    def assertion(self, found: re.Match[str], who: str, text: str) -> None:
        pre = found["pre"] or ""
        if pre == "nu":
            return
        negations = text.count("n") + (pre in ("d", "Z"))
        self.judge(who, ("n" if negations % 2 else "") + text[-1], plain=not pre and "h" not in text)

    def judge(self, who: str, what: str, *, plain: bool = False) -> None:
        """``what`` is a symbol of being something, after ``n`` where it is denied."""
        denied, kind = len(what) > 1, what[-1]
        for seat in map(_seat, dict.fromkeys(who)):
            match kind:
                case "W" | "X" | "x":
                    self.add(Trust(seat) if denied else Accuse(seat), plain=plain and kind == "W")
                case "G" | "V":
                    self.add(Accuse(seat) if denied else Trust(seat), plain=plain)
                case card if card in _CARD:
                    self.denied_seer |= denied
                    self.add(Doubt(seat) if denied else Trust(seat))
                case "R":
                    self.add(Doubt(seat) if denied else Agree(seat))
                case _:
                    self.denied_seer = True
                    self.add(Trust(seat) if denied else Doubt(seat))

    def do(self, text: str, seats: list[int]) -> None:
        denied = text[0] == "n"
        verb = text.lstrip("nh")[0]
        match verb:
            case "x":
                self.add(*map(Trust if denied else Accuse, seats))
            case "t":
                self.add(*map(Accuse if denied else Trust, seats))
            case "e":
                self.add(*map(Doubt if denied else Trust, seats))
            case "d":
                self.add(*map(Trust if denied else Doubt, seats))
            case "a":
                self.add(*map(Doubt if denied else Agree, seats))
            case "v" if "&" in text:
                self.add(*map(Agree, seats))
            case "v":
                self.add(*map(Trust if denied else VoteFor, seats))
            case "k" if not denied:
                self.add(*map(Attack, seats))


def _seat(symbol: str) -> int:
    return ord(symbol) - FIRST_NAME
