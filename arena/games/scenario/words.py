"""The words of generated scenarios: a tokenizer made for this game gives each a token of its own."""

from __future__ import annotations

from typing import Final

from arena.games.floor import BIDS
from arena.games.names import NAMES
from arena.games.scenario.families.bargain import THEMES
from arena.games.scenario.families.cast import OCCUPATIONS
from arena.games.scenario.families.coalition import PLANS
from arena.games.scenario.families.meeting import DAYS, HOURS
from arena.games.scenario.families.pot import WISHES
from arena.games.scenario.families.sale import THINGS
from arena.games.scenario.families.secret import MOTIVES, PLACES
from arena.games.scenario.families.split import CHORES, GOODS
from arena.games.scenario.families.trait import TASTES
from arena.games.scenario.state import ENOUGH, Deed

_TERMS: Final = tuple(w for theme in THEMES for issue in theme.issues for w in (issue.name, *issue.options))
_NUMBERS: Final = tuple(map(str, range(100)))
_LISTS: Final = (NAMES, map(str, Deed), BIDS, _TERMS, GOODS, CHORES, THINGS, ("price",), ("day", "time"), DAYS)
_MORE: Final = (HOURS, ("plan",), PLANS, WISHES, *(tuple(k) for k in TASTES.values()), PLACES, MOTIVES, OCCUPATIONS)
WORDS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(w for words in (*_LISTS, *_MORE, _NUMBERS, (ENOUGH,)) for w in words)
)
