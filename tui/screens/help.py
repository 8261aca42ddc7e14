"""The rules of the game in one minute, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from arena.games.core import Event
from tui import any_game

RULES = (
    ("The point", "A few are werewolves and know each other: two of seven, say. The others do not know who they are."),
    ("By night", "The werewolves choose somebody to kill. The seer looks at one player and learns whether they "
     "are a werewolf. The doctor protects one player. The villagers sleep."),
    ("Larger games", "may have more roles: a witch who saves once and poisons once, a hunter who shoots when dying, a "
     "medium who learns what the exiled were, and one possessed, who is human but wins with the werewolves."),
    ("By day", "Everybody talks, then everybody votes in secret. Who gets the most votes is out; on a tie nobody "
     "is. The votes are shown afterwards: who voted for whom is your best evidence."),
    ("Winning", "The village wins when all werewolves are out. The werewolves win when they are as many as "
     "the others."),
    ("More roles", "The witch hears whom the werewolves attack, and has one potion to save and one to kill. The "
     "hunter shoots somebody when he dies, unless he was poisoned. The medium learns what the exiled were. The "
     "possessed is human but wins with the werewolves. The mayor (★) is elected; that vote counts twice."),
    ("When you are away", "If the connection breaks, the game comes back by itself. If you are gone for long, or miss "
     "three turns, a stand-in plays until you take your seat back. Who leaves gives the seat up for good."),
    ("Talking well", "As a villager say whom you doubt and why. As the seer decide when to tell what you saw: too "
     "early and you die, too late and nobody believes you. As a werewolf have a story ready."),
)  # fmt: skip
KEYS = (
    ("Enter", "say what you typed, or choose the marked name"),
    ("1 to 9, 0", "choose a name (letters go on after 9); 0 chooses nobody"),
    ("Ctrl+N", "say nothing, choose nobody"),
    ("Tab", "between your words and the choices"),
    ("PgUp PgDn", "older and newer talk"),
    ("Ctrl+P", "all commands; colours too"),
    ("Ctrl+T", "take your seat back from a stand-in"),
    ("Ctrl+G", "begin the game that you opened, before all have come"),
    ("Ctrl+Q", "leave"),
)


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "Close", id="help.close")]

    def __init__(self, game: str, events: Sequence[Event] = ()) -> None:
        """``events`` are what was seen of the match so far."""
        super().__init__()
        self.game, self.events = game, events

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = f"{any_game.title(self.game)} in one minute"
            dialog.border_subtitle = "Escape closes"
            yield Static(help_text(self.game, self.events))


def help_text(game: str, events: Sequence[Event] = ()) -> Content:
    rules = [Content.assemble((f"{title}\n", "bold $accent"), text) for title, text in RULES]
    if game not in any_game.OWN_WORDS:
        rules = [Content(text) for text in any_game.rules(game, events)]
    keys = [Content.assemble((f"{key:<11}", "bold $primary"), (does, "$faint")) for key, does in KEYS]
    return Content("\n\n").join([*rules, Content.assemble(("Keys\n", "bold $accent"), Content("\n").join(keys))])
