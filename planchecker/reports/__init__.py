"""Renderers: a report in, text out. They show; they never decide."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from planchecker.reports import html, json_, terminal
from planchecker.reports.style import Style
from planchecker.results import Report

__all__ = ["RENDERERS", "Renderer", "Style", "render"]


class Renderer(Protocol):
    """What every renderer is."""

    def __call__(self, reports: Sequence[Report], style: Style | None = None) -> str:
        """Write one or more reports."""


RENDERERS: Mapping[str, Renderer] = {
    "terminal": terminal.render,
    "json": json_.render,
    "html": html.render,
}


def render(
    report: Report | Sequence[Report],
    format: str,  # noqa: A002 - the word users know
    *,
    style: Style | None = None,
) -> str:
    """Write one or several reports in one of the formats of `RENDERERS`.

    Parameters
    ----------
    report
        A report, or several (one plan each).
    format
        ``"terminal"``, ``"json"`` or ``"html"``.
    style
        Properties of the terminal; only the terminal renderer reads them.

    Raises
    ------
    ValueError
        If the format is unknown or there is no report.

    Examples
    --------
    >>> render(Report(findings=()), "terminal").splitlines()[0]
    'NOT EVALUATED: nothing was evaluated, and that is not a pass.'
    """
    if format not in RENDERERS:
        raise ValueError(f"unknown format {format!r}; known are {', '.join(RENDERERS)}")
    reports = (report,) if isinstance(report, Report) else tuple(report)
    if not reports:
        raise ValueError("there is no report to render; give at least one")
    return RENDERERS[format](reports, style)
