"""The choices of a turn: by number key, by arrows and Enter, by mouse."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widget import Widget

from arena.games.werewolf.types import NOBODY
from arena.protocol.text import clean_text
from tui.faces.face import Offered
from tui.themes import seat_colour

LABEL_LIMIT: Final = 32


class Choices(Widget, can_focus=True):
    """A small grid. ``0`` passes, where that stands among the choices; some have letters besides their numbers."""

    DEFAULT_CSS = """
    Choices { height: auto; width: 1fr; margin: 0 0; pointer: pointer; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "move(1)", "Next choice", show=False, id="choices.right"),
        Binding("left", "move(-1)", "Previous choice", show=False, id="choices.left"),
        Binding("down", "move_row(1)", "Next row", show=False, id="choices.down"),
        Binding("up", "move_row(-1)", "Previous row", show=False, id="choices.up"),
        Binding("enter", "choose", "Choose", id="choices.choose"),
    ]

    class Chosen(Message):
        """``choice`` is None for nobody."""

        def __init__(self, choice: str | None) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.options: tuple[str | None, ...] = ()
        self.names: tuple[str, ...] = ()
        self.offered = Offered()
        self.at = 0

    def offer(self, choices: tuple[str, ...], offered: Offered, names: tuple[str, ...]) -> None:
        """Show these choices, with the first one marked; ``names`` are the seats', for their colours."""
        options: tuple[str | None, ...] = (*choices, None) if offered.beside else choices
        if options != self.options:
            self.at = 0
        self.options, self.offered, self.names = options, offered, names
        self.refresh(layout=True)

    # -- the grid -----------------------------------------------------------------------------------------------

    def _label(self, index: int) -> str:
        option = self.options[index]
        return self.offered.passing if option is None else clean_text(option, LABEL_LIMIT)

    def _aside(self, index: int) -> str:
        return self.offered.asides.get(self.options[index] or "", "")

    def _key(self, index: int) -> str:
        if self.options[index] in (None, NOBODY):
            return "0"
        return self.offered.keys.get(self.options[index] or "") or self._number(index)

    @property
    def lettered(self) -> bool:
        """Whether letters stand before the choices: given by the game, or because a number would be an amount."""
        return any(key.isalpha() for key in self.offered.keys.values()) or self._amounts()

    def _amounts(self) -> bool:
        return all(option is None or option.isdigit() for option in self.options)

    def _number(self, index: int) -> str:
        if self._amounts():
            return chr(ord("a") + index)
        return str(index + 1) if index < 9 else chr(ord("a") + index - 9)

    def _cell_width(self) -> int:
        return max((self._cells(i) for i in range(len(self.options))), default=1) + 5

    def _cells(self, index: int) -> int:
        aside = self._aside(index)
        return Content(self._label(index)).cell_length + (len(aside) + 2 if aside else 0)

    def _columns(self, width: int) -> int:
        return max(1, min(len(self.options) or 1, (width + 1) // (self._cell_width() + 1)))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        columns = self._columns(width)
        return max(1, -(-len(self.options) // columns))

    def render(self) -> Content:
        columns = self._columns(self.content_size.width)
        rows: list[Content] = []
        for start in range(0, len(self.options), columns):
            cells = [self._cell(i) for i in range(start, min(start + columns, len(self.options)))]
            rows.append(Content(" ").join(cells))
        return Content("\n").join(rows)

    def _cell(self, index: int) -> Content:
        label, key = self._label(index), self._key(index)
        option = self.options[index]
        colour = seat_colour(self.names.index(option)) if option in self.names else "$faint"
        aside = self._aside(index)
        pad = " " * (self._cell_width() - 4 - self._cells(index) + (1 if aside else 0))
        aside = f"{aside} " if aside else ""
        if index == self.at and self.has_focus:
            lit = "bold $block-cursor-foreground on $block-cursor-background"
            return Content.styled(f"▸{key}  {label}{pad}{aside}", lit)
        return Content.assemble(
            (f" {key} ", "bold $accent on $panel"),
            (f" {label}{pad}", f"bold {colour} on $panel"),
            (aside, "bold on $panel"),
        )

    # -- choosing -----------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        if self.options:
            self.at = (self.at + by) % len(self.options)
            self.refresh()

    def action_move_row(self, by: int) -> None:
        to = self.at + by * self._columns(self.content_size.width)
        if 0 <= to < len(self.options):
            self.at = to
            self.refresh()

    def action_choose(self) -> None:
        if self.options:
            self.post_message(self.Chosen(self.options[self.at]))

    def on_key(self, event: events.Key) -> None:
        for index in range(len(self.options)):
            if event.character is not None and event.character.strip() and event.character in self._keys(index):
                event.stop()
                self.at = index
                self.action_choose()
                return

    def _keys(self, index: int) -> tuple[str, ...]:
        """A number goes for every choice; not where it is the letter of another one."""
        number, key = self._number(index), self._key(index)
        return (key, number) if number.isdigit() and key != "0" else (key,)

    def on_click(self, event: events.Click) -> None:
        index = self._index_at(event.get_content_offset(self))
        if index is not None:
            self.at = index
            self.action_choose()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        index = self._index_at(event.get_content_offset(self))
        if index is not None and index != self.at and self.has_focus:
            self.at = index
            self.refresh()

    def _index_at(self, offset: Offset | None) -> int | None:
        if offset is None:
            return None
        columns = self._columns(self.content_size.width)
        column, inside = divmod(offset.x, self._cell_width() + 1)
        index = offset.y * columns + column
        if column >= columns or inside == self._cell_width() or index >= len(self.options):
            return None
        return index

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
