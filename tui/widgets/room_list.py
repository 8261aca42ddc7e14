"""The games on a server, one row each."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from arena.protocol.server_messages import RoomInfo
from tui import words
from tui.cells import cell
from tui.faces.registry import face_of


class RoomList(OptionList):
    """Keeps the marked row marked when the list is read again."""

    DEFAULT_CSS = """
    RoomList { border: none; background: transparent; padding: 0; scrollbar-size-vertical: 1; }
    RoomList:focus { border: none; }
    RoomList > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "cursor_down", "Next game", show=False, id="rooms.down"),
        Binding("up", "cursor_up", "Previous game", show=False, id="rooms.up"),
    ]

    rooms: tuple[RoomInfo, ...] = ()

    def show(self, rooms: tuple[RoomInfo, ...]) -> None:
        if self.option_count == len(rooms) and [_row(r).plain for r in rooms] == [_row(r).plain for r in self.rooms]:
            self.rooms = rooms  # at most the ages have changed, and by less than is shown
            return
        marked = self.marked()
        self.rooms = rooms
        self.clear_options()
        self.add_options([Option(_row(room)) for room in rooms])
        for index, room in enumerate(rooms):
            if marked is not None and room.room == marked.room:
                self.highlighted = index

    def marked(self) -> RoomInfo | None:
        index = self.highlighted
        return self.rooms[index] if index is not None and index < len(self.rooms) else None


def _row(room: RoomInfo) -> Content:
    style = {"waiting": "bold $success", "playing": "$primary", "over": "$faint"}[room.status]
    talk = face_of(room.game).in_list(room)
    marks = "".join(f"{mark}, " for mark in words.marks(room))
    return Content.assemble(
        cell(room.code or room.room, "bold", 8),
        cell(words.stands(room), style, 10),
        cell(words.seats(room), "", 17),
        cell(words.who_plays(room), "", 10),
        cell(words.age(room.age_s), "$faint", 8),
        (marks, "$secondary"),
        (talk, "$faint"),
    )


HEAD = Content.styled(f"{'Code':<8}{'Stands':<10}{'Seats':<17}{'People':<10}{'Age':<8}Rules", "$faint")
