"""A value with its band against a bound: what is proved, and what status follows."""

import math
from enum import StrEnum

from constraints.model import Comparison, Evidence, Kind
from planchecker.dosimetry.dvh import MetricValue
from planchecker.results import Status, worst

__all__ = ["Answer", "at_least", "compare", "excess_status", "margin", "number", "verdict"]

_UPPER = (Comparison.AT_MOST, Comparison.BELOW)


class Answer(StrEnum):
    """What a value with its band proves about a bound."""

    MET = "met"
    """The whole band keeps the bound."""
    EXCEEDED = "exceeded"
    """The whole band breaks the bound."""
    OPEN = "open"
    """The bound lies inside the band."""
    NONE = "none"
    """There is no answer."""


def compare(value: MetricValue, comparison: Comparison, bound: float, *, unit: str) -> Answer:
    """Compare a metric with a bound, without any rounding tolerance.

    Parameters
    ----------
    value
        The answer of the histogram. Where it has no value but a band (volume outside the dose
        grid), the band decides as far as it can: its lower end above an upper bound proves the
        excess, its upper end within the bound proves that the bound is kept.
    comparison, bound, unit
        The relation asked for, the bound and its unit. A value in another unit, or one that is
        not a number, is no answer.

    Examples
    --------
    >>> from constraints.metric import Metric
    >>> dmax = MetricValue(metric=Metric.parse("Dmax"), value=16.9, unit="Gy", band=(16.7, 17.2))
    >>> compare(dmax, Comparison.AT_MOST, 17.0, unit="Gy").value
    'open'
    """
    given = [end for end in (value.value, *(value.band or ())) if end is not None]
    if not given or value.unit != unit or any(math.isnan(end) for end in (*given, bound)):
        return Answer.NONE
    low, high = min(given), max(given)
    match comparison:
        case Comparison.AT_MOST:
            met, exceeded = high <= bound, low > bound
        case Comparison.BELOW:
            met, exceeded = high < bound, low >= bound
        case Comparison.AT_LEAST:
            met, exceeded = low >= bound, high < bound
        case Comparison.ABOVE:
            met, exceeded = low > bound, high <= bound
    if met:
        return Answer.MET
    if exceeded:
        return Answer.EXCEEDED
    return Answer.NONE if value.value is None else Answer.OPEN


def excess_status(*, kind: Kind, evidence: Evidence, governs: bool) -> Status:
    """Return the status of a limit that is proved to be exceeded.

    One transcription or a derived figure (C) asks a person, whatever its kind, and never
    fails. An optimal limit, or one that stands beside the governing one, warns. A limit whose
    source does not say how binding it is counts as mandatory.

    Examples
    --------
    >>> excess_status(kind=Kind.REPORTED, evidence=Evidence.A, governs=True).value
    'fail'
    >>> excess_status(kind=Kind.REPORTED, evidence=Evidence.C, governs=True).value
    'manual'
    """
    if evidence in (Evidence.C, Evidence.D):
        return Status.MANUAL
    if kind is Kind.OPTIMAL or not governs:
        return Status.WARN
    return Status.FAIL


def verdict(answer: Answer, *, excess: Status) -> Status:
    """Return the status of an answer whose proved excess has the status `excess`.

    A bound inside the band is `borderline` only where the excess would be a `fail`: elsewhere
    a doubt would weigh more than the certainty, so it takes the status of the excess.
    """
    match answer:
        case Answer.MET:
            return Status.PASS
        case Answer.EXCEEDED:
            return excess
        case Answer.OPEN:
            return Status.BORDERLINE if excess is Status.FAIL else excess
        case Answer.NONE:
            return Status.NOT_EVALUATED


def at_least(status: Status, floor: Status) -> Status:
    """Return the worse of the two.

    Examples
    --------
    >>> at_least(Status.PASS, Status.MANUAL).value
    'manual'
    """
    return worst((status, floor))


def margin(value: float | None, comparison: Comparison, bound: float) -> float | None:
    """Return the distance to the bound: positive when the bound is kept."""
    if value is None:
        return None
    return bound - value if comparison in _UPPER else value - bound


def number(value: float, *, beside: float | None = None) -> str:
    """Write a number for a sentence, never rounded onto the bound it is compared with.

    Examples
    --------
    >>> number(17.0), number(17.004, beside=17.0)
    ('17.00', '17.004')
    """
    for digits in range(2, 7):
        text = f"{value:.{digits}f}"
        if beside is None or value == beside or float(text) != beside:
            return text
    return repr(value)
