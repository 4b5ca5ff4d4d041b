"""The dose-volume expressions of goal sheets, such as ``D0.5cc[cGy]`` or ``CV1500cGy[cc]``."""

import re
from decimal import Decimal, InvalidOperation

from constraints.importing.carried import Bound
from constraints.limits import Unit
from constraints.metric import Metric, MetricKind
from constraints.terms import Comparison

__all__ = ["NotCarried", "bound_of", "decimal_of", "relation_of"]

_EXPRESSION = re.compile(
    r"(?P<type>[A-Za-z]+)(?P<number>[\d.]*)(?P<of>%|cc|Gy|cGy)?\[(?P<in>[^\]]+)\]"
)
_RELATION = re.compile(r"(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<number>\d[\d.]*)")
_SIGNS = {"≤": "<=", "≥": ">="}
_POINTS = {"max": MetricKind.DMAX, "min": MetricKind.DMIN, "mean": MetricKind.DMEAN}
_INDICES = {"cn": "conformation number", "gi": "gradient index", "volume": "volume of a structure"}
_UPPER = (Comparison.AT_MOST, Comparison.BELOW)
# No dose, volume or percentage of a goal is larger; what is, is a mistake or an attack.
_LARGEST = Decimal(100_000)


class NotCarried(Exception):  # noqa: N818 - it is an answer, not a fault
    """An expression or figure cannot be carried over; the message says why."""


def decimal_of(text: str) -> Decimal:
    """Return a figure of a sheet.

    Raises
    ------
    NotCarried
        If it is no plain number from 0 to 100 000.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise NotCarried(f"{text!r} is no number") from None
    if not value.is_finite() or not 0 <= value <= _LARGEST:
        raise NotCarried(f"{text!r} is no figure of a goal")
    return value


def relation_of(text: str) -> tuple[Comparison | None, Decimal]:
    """Return sign and figure of a goal such as ``<=1590``; no sign for a bare figure.

    Raises
    ------
    NotCarried
        If it is neither.

    Examples
    --------
    >>> relation_of("<=1590")
    (<Comparison.AT_MOST: '<='>, Decimal('1590'))
    """
    match = _RELATION.fullmatch(text.strip())
    if match is None:
        raise NotCarried(f"{text!r} is no goal such as <=1590")
    sign = match["sign"]
    return (Comparison(_SIGNS.get(sign, sign)) if sign else None), decimal_of(match["number"])


def bound_of(expression: str, comparison: Comparison, figure: Decimal) -> Bound:
    """Return the bound that an expression with a figure states.

    Raises
    ------
    NotCarried
        If the library has no metric for it; the message says which is missing.

    Examples
    --------
    >>> from decimal import Decimal
    >>> str(bound_of("CV1500cGy[cc]", Comparison.AT_LEAST, Decimal(100)).metric)
    'CV100cc'
    """
    match = _EXPRESSION.fullmatch(expression.replace(" ", ""))
    if match is None:
        raise NotCarried(f"{expression!r} is no expression such as D0.5cc[Gy]")
    kind, answer = match["type"].lower(), match["in"]
    if kind in _INDICES:
        raise NotCarried(f"{_INDICES[kind]}: not a limit on a dose-volume histogram")
    if kind in _POINTS:
        if match["number"] or match["of"]:
            raise NotCarried(f"{expression!r}: {match['type']} takes no number")
        return _dose(Metric(kind=_POINTS[kind]), comparison, figure, answer)
    if kind not in ("d", "dc", "v", "cv") or not match["number"]:
        raise NotCarried(f"{expression!r}: no such metric in the library")
    number = decimal_of(match["number"])
    if kind == "d" and match["of"] in ("%", "cc"):
        return _dose(_at(number, match["of"]), comparison, figure, answer)
    if kind == "dc" and match["of"] in ("%", "cc"):
        return _dose(_coldest(number, match["of"]), comparison, figure, answer)
    if kind == "v" and match["of"] in ("%", "Gy", "cGy"):
        return _volume(number, match["of"], comparison, figure, answer)
    if kind == "cv" and match["of"] in ("Gy", "cGy"):
        return _cold_volume(number, match["of"], comparison, figure, answer)
    raise NotCarried(f"{expression!r}: no such metric in the library")


def _dose(metric: Metric, comparison: Comparison, figure: Decimal, answer: str) -> Bound:
    if answer in ("Gy", "cGy"):
        return _made(metric, comparison, _gray(figure, answer), "Gy")
    if answer == "%":
        return _made(metric, comparison, figure, "%Rx")
    raise NotCarried(f"a dose in {answer!r}")


def _volume(level: Decimal, of: str, comparison: Comparison, figure: Decimal, answer: str) -> Bound:
    if answer not in ("cc", "%"):
        raise NotCarried(f"a volume in {answer!r}")
    kind = MetricKind.VOLUME_AT_PERCENT if of == "%" else MetricKind.VOLUME_AT_DOSE
    number = level if of == "%" else _gray(level, of)
    metric = Metric(kind=kind, number=float(number), unit=answer)
    return _made(metric, comparison, figure, "cc" if answer == "cc" else "%")


def _cold_volume(
    level: Decimal, of: str, comparison: Comparison, figure: Decimal, answer: str
) -> Bound:
    """Turn a volume that must stay below a dose round: the dose its coldest part stays below."""
    if comparison in _UPPER:
        raise NotCarried("a cold volume that may not be exceeded")
    dose = _gray(level, of)
    if answer == "%":
        metric = Metric(kind=MetricKind.VOLUME_AT_DOSE, number=float(dose), unit="%")
        return _made(metric, Comparison.AT_MOST, Decimal(100) - figure, "%")
    if answer != "cc" or figure <= 0:
        raise NotCarried(f"a volume of {figure} {answer}")
    metric = Metric(kind=MetricKind.COLDEST_VOLUME, number=float(figure))
    return _made(metric, Comparison.BELOW, dose, "Gy")


def _at(number: Decimal, of: str) -> Metric:
    if number <= 0 or (of == "%" and number > 100):
        raise NotCarried(f"a volume of {number} {of}")
    kind = MetricKind.DOSE_AT_PERCENT if of == "%" else MetricKind.DOSE_AT_VOLUME
    return Metric(kind=kind, number=float(number))


def _coldest(number: Decimal, of: str) -> Metric:
    if of == "%":
        return _at(Decimal(100) - number, "%")
    if number <= 0:
        raise NotCarried(f"a volume of {number} cc")
    return Metric(kind=MetricKind.COLDEST_VOLUME, number=float(number))


def _gray(figure: Decimal, unit: str) -> Decimal:
    # Decimal, so that 1590 cGy is 15.9 Gy and not 15.900000000000002.
    return figure / 100 if unit == "cGy" else figure


def _made(metric: Metric, comparison: Comparison, value: Decimal, unit: Unit) -> Bound:
    if value < 0:
        raise NotCarried(f"a figure of {value}")
    if Metric.parse(str(metric)) != metric:
        raise NotCarried(f"{metric}: more digits than a metric is written with")
    return Bound(metric=metric, comparison=comparison, value=float(value), unit=unit)
