"""How a report is to look on the screen at hand; nothing here changes what it says."""

from dataclasses import dataclass

__all__ = ["Style"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """Properties of the terminal, settled by the command line.

    Parameters
    ----------
    width
        Columns of the terminal.
    colour
        Whether to write ANSI colour codes.
    symbols
        Whether the terminal knows signs such as ≤; else they are spelt, ``<=``.
    verbose
        Whether to list the findings that pass and every message.
    """

    width: int = 120
    colour: bool = False
    symbols: bool = True
    verbose: bool = False
