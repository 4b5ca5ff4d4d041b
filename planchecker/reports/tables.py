"""Plain tables for the terminal, shared by the commands that print rows."""

import io
from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from planchecker.reports.style import Style
from planchecker.reports.text import clean, clip

__all__ = ["plain", "prose", "screen", "spell", "table"]

_LONGEST_CELL = 400
_SPELT = str.maketrans(
    {
        "≤": "<=",
        "≥": ">=",
        "±": "+/-",
        "–": "-",
        "—": "-",
        "…": "...",
        "·": "-",
        "→": "->",
        "×": "x",
        "°": " deg",
        "α": "alpha",
        "β": "beta",
        "’": "'",
        "“": '"',
        "”": '"',
        "\N{REPLACEMENT CHARACTER}": "?",
    }
)


def screen(style: Style) -> tuple[Console, io.StringIO]:
    """Return a console that writes into a buffer and takes nothing from the environment."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(style.width, 40),
        force_terminal=style.colour,
        color_system="standard" if style.colour else None,
        no_color=not style.colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    return console, buffer


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    style: Style,
    title: str = "",
    right: Collection[int] = (),
    whole: Collection[int] = (),
) -> str:
    """Lay rows out in columns.

    Parameters
    ----------
    head, rows
        Column titles and cells; every cell is made safe to show.
    title
        A line above the table.
    right
        Indices of the columns that hold numbers.
    whole
        Indices of the columns whose cells are never broken, such as ids.

    Examples
    --------
    >>> print(table(("ROI", "Name"), [("3", "Cord")], style=Style()))
    ROI  Name
    3    Cord
    <BLANKLINE>
    """
    console, buffer = screen(style)
    if title:
        console.print(Text(clean(title), style="bold"))
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, name in enumerate(head):
        grid.add_column(
            Text(name),
            justify="right" if index in right else "left",
            overflow="fold",
            no_wrap=index in whole,
        )
    for row in rows:
        grid.add_row(*(Text(clip(clean(cell), _LONGEST_CELL)) for cell in row))
    console.print(grid)
    return plain(buffer.getvalue(), style)


def prose(lines: Iterable[str], style: Style) -> str:
    """Wrap lines of text, made safe to show, to the width of the terminal.

    Examples
    --------
    >>> print(prose(["one two"], Style()), end="")
    one two
    """
    console, buffer = screen(style)
    for line in lines:
        console.print(Text(clean(line)))
    return plain(buffer.getvalue(), style)


def plain(text: str, style: Style) -> str:
    """Drop blanks at line ends and, where the terminal lacks them, symbols."""
    stripped = "\n".join(line.rstrip() for line in text.split("\n"))
    return stripped if style.symbols else spell(stripped)


def spell(text: str) -> str:
    """Spell symbols out for code pages that lack them.

    Examples
    --------
    >>> spell("≤ 17 Gy ± 0.1, α")
    '<= 17 Gy +/- 0.1, alpha'
    """
    return text.translate(_SPELT)
