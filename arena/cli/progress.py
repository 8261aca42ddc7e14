"""The bar that long commands show on standard error while somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    """Gives a function that moves the bar on by one. Where standard error is no terminal, nothing is shown."""
    with _bar(label) as move:
        done = count(1)
        move(0, total)
        yield lambda: move(next(done), total)


@contextmanager
def progress_to(label: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function of (done, total), for work whose length shows only on the way."""
    with _bar(label) as move:
        yield move


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
