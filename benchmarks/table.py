"""Plain text tables."""

from collections.abc import Sequence

__all__ = ["format_table"]


def format_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table: first column to the left, the others to the right.

    Examples
    --------
    >>> print(format_table("Times", ("what", "s"), [("reading", "0.1"), ("all", "12")]))
    Times
    what       s
    -------  ---
    reading  0.1
    all       12
    """
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        right = (cell.rjust(width) for cell, width in others)
        return "  ".join((first[0].ljust(first[1]), *right)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join((title, line(head), rule, *(line(row) for row in rows)))
