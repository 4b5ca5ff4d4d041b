"""The rows of a guideline that are no plain limit, as tables of its page."""

from collections.abc import Iterator
from typing import Final

from constraints.describe import describe, sections
from constraints.model import Evidence, Guideline
from planchecker.reports.style import Style
from planchecker.reports.tables import table

__all__ = ["rule_tables"]

_OFF: Final = "D, off"


def rule_tables(guideline: Guideline, style: Style) -> Iterator[str]:
    """Yield one table per kind of rule; a row of strength D is marked as switched off.

    Examples
    --------
    >>> from constraints.loader import load
    >>> "V15Gy[cc]" in next(rule_tables(load("vcf-v15-2021"), Style()))
    True
    """
    head = ("Row", "What it says", "Strength", "Where")
    for title, rows in sections(guideline):
        body = [
            (
                row.id,
                describe(row),
                _OFF if row.evidence is Evidence.D else row.evidence.value,
                row.where,
            )
            for row in rows
        ]
        yield table(head, body, style=style, title=title, whole=(0, 2))
