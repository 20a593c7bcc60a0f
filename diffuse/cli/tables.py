"""Tables on the command line: nothing in them is cut off, also when they go to a file."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 120
"""Characters, where there is no terminal that says how wide it is."""


def wide_console() -> "Console":
    """Return the console to print on."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def table(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], numbers: Collection[str] = ()
) -> "Table":
    """Lay out a table; the columns of ``numbers`` stand to the right."""
    from rich.markup import escape
    from rich.table import Table

    laid_out = Table(title=title)
    for name in columns:
        laid_out.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        laid_out.add_row(*(escape(str(cell)) for cell in row))
    return laid_out
