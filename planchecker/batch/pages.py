"""The page of one case, small enough for thousands of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from planchecker.reports import Style, render
from planchecker.results import Curve, Report

__all__ = ["MOST_BYTES", "page"]

MOST_BYTES: Final = 300_000
_FIRST_STEPS: Final = ((3, 2), (3, 1), (4, 0), (8, 0), (16, 0))
"""Every how many points of a curve are kept, and how many pictures: less until the page fits."""


def page(report: Report, style: Style) -> bytes:
    """Write the HTML page of a report in less than `MOST_BYTES`.

    Every finding, note and figure is there; curves have fewer points, and only the first
    findings have their pictures, than on the page of `planchecker check`.

    Examples
    --------
    >>> page(Report(findings=()), Style())[:15]
    b'<!doctype html>'
    """
    content = b""
    for thinner in _thinner(report):
        text = render(thinner, "html", style=style)
        content = text.encode("utf-8", errors="replace")
        if len(content) < MOST_BYTES:
            break
    return content


def _thinner(report: Report) -> Iterator[Report]:
    for every, scenes in _FIRST_STEPS:
        yield replace(
            report,
            scenes=report.scenes[:scenes],
            curves=tuple(_thinned(curve, every) for curve in report.curves),
        )
    yield replace(report, scenes=(), curves=())


def _thinned(curve: Curve, every: int) -> Curve:
    last = len(curve.dose_gy) - 1

    def kept(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(v for i, v in enumerate(values) if i % every == 0 or i == last)

    return replace(
        curve,
        dose_gy=kept(curve.dose_gy),
        volume_percent=kept(curve.volume_percent),
        low_percent=kept(curve.low_percent),
        high_percent=kept(curve.high_percent),
    )
