"""Cells of tables that are drawn as text."""

from __future__ import annotations

from textual.content import Content


def cell(text: str, style: str, width: int, *, right: bool = False) -> Content:
    """``text`` in exactly ``width`` columns of the terminal, the last of them empty (right: the first)."""
    content = Content.styled(text, style).truncate(width - 1, ellipsis=True)
    blank = Content(" " * (width - content.cell_length))
    return blank + content if right else content + blank
