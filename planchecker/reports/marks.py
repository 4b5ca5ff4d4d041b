"""Dose limits as points of a dose-volume diagram."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from constraints.errors import MetricSyntaxError
from constraints.metric import Metric, MetricKind
from planchecker.reports.text import limit_words
from planchecker.results import Curve, Finding

__all__ = ["Mark", "limit_marks"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A limit on one structure.

    Parameters
    ----------
    dose_gy, volume_percent
        Its place in the diagram.
    upper
        Whether the curve must stay to the left of it.
    words
        The limit in words.
    """

    roi_number: int
    dose_gy: float
    volume_percent: float
    upper: bool
    words: str


def limit_marks(
    findings: Iterable[Finding], curves: Iterable[Curve], *, prescribed_gy: float | None = None
) -> tuple[Mark, ...]:
    """Return the limits that are a point of the diagram, each once.

    Mean doses, scaled doses and limits of structures that are not drawn are left out.
    """
    drawn = {curve.roi_number: curve for curve in curves}
    found: dict[tuple[int, float, float, bool], Mark] = {}
    for finding in findings:
        curve = drawn.get(finding.roi_number) if finding.roi_number is not None else None
        if curve is None or finding.limit is None:
            continue
        for dose, volume in _place(finding, curve, prescribed_gy):
            mark = Mark(
                roi_number=curve.roi_number,
                dose_gy=dose,
                volume_percent=volume,
                upper=finding.comparison.startswith("<"),
                words=f"{finding.subject}: {finding.metric} {limit_words(finding)}",
            )
            found.setdefault((mark.roi_number, dose, volume, mark.upper), mark)
    return tuple(found.values())


def _place(
    finding: Finding, curve: Curve, prescribed_gy: float | None
) -> Iterator[tuple[float, float]]:
    limit = finding.limit or 0.0
    try:
        metric = Metric.parse(finding.metric)
    except MetricSyntaxError:
        return
    number, cc = metric.number or 0.0, curve.volume_cc or 0.0
    if metric.scale or not 0 <= limit < float("inf"):
        return
    match metric.kind:
        case MetricKind.DMAX:
            yield limit, 0.0
        case MetricKind.DMIN:
            yield limit, 100.0
        case MetricKind.DOSE_AT_PERCENT:
            yield limit, number
        case MetricKind.DOSE_AT_VOLUME if cc > 0:
            yield limit, min(100 * number / cc, 100.0)
        case MetricKind.COLDEST_VOLUME if cc > 0:
            yield limit, max(100 - 100 * number / cc, 0.0)
        case MetricKind.VOLUME_AT_DOSE if metric.unit == "%" or cc > 0:
            yield number, limit if metric.unit == "%" else min(100 * limit / cc, 100.0)
        case MetricKind.VOLUME_AT_PERCENT if prescribed_gy and (metric.unit == "%" or cc > 0):
            volume = limit if metric.unit == "%" else min(100 * limit / cc, 100.0)
            yield number / 100 * prescribed_gy, volume
        case _:
            return
