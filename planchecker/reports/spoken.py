"""What findings say, in the language that is spoken, with the names of the export untouched."""

from collections.abc import Iterable, Iterator

from planchecker.locale import retold, told_whole
from planchecker.reports.text import clean
from planchecker.results import Report

__all__ = ["names_in", "told", "told_marked"]


def told(text: str) -> str:
    """Write a text of a finding safe to show and in the language that is spoken.

    Examples
    --------
    >>> from planchecker.locale import speaking
    >>> with speaking("fr"):
    ...     told("The plan names no structure set.")
    'Le plan ne cite aucun jeu de structures.'
    """
    return retold(clean(text))


def told_marked(text: str) -> tuple[str, bool]:
    """Return the text as `told` writes it, and whether it had to stay English."""
    found, whole = told_whole(clean(text))
    return found, not whole


def names_in(reports: Iterable[Report]) -> frozenset[str]:
    """Return the names of the export that stand in the sentences of some reports.

    Examples
    --------
    >>> names_in([Report(findings=())])
    frozenset()
    """
    return frozenset(name for report in reports for name in _names(report) if len(name) > 1)


def _names(report: Report) -> Iterator[str]:
    for row in report.structures:
        yield from (clean(row.roi_name), clean(row.matched))
    yield from (clean(finding.subject) for finding in report.findings)
    yield from (clean(one.subject) for one in report.not_applicable)
    if report.plan is not None:
        yield clean(report.plan.label)
        yield from (clean(report.plan.scheme.id), clean(report.plan.scheme.indication))
    yield from (clean(file.path) for file in report.inputs)
