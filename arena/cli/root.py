"""The command above all commands."""

from __future__ import annotations

from typing import Any

from typer._click import Context
from typer.core import TyperGroup

from tui.opening import OpeningLine


class Root(TyperGroup):
    """``obj`` of its context may be the line that stands in the terminal while it opens: it is gone before Typer says
    what was wrong."""

    def invoke(self, ctx: Context) -> Any:
        try:
            return super().invoke(ctx)
        except BaseException:
            if isinstance(ctx.obj, OpeningLine):
                ctx.obj.erase()
            raise
