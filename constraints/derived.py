"""Limits that nobody published: between two numbers of fractions, and rescaled goals.

Two published limits that ask the same for 3 and for 5 fractions say something about 4. The limit
in between is calculated by the linear-quadratic model, is labelled `derived`, names its alpha/beta
and has strength C at most: an excess asks a person. Outside the published numbers there is no
answer; the model is not stretched.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from constraints.limits import Limit, RescaledLimit
from constraints.metric import Metric, MetricKind
from constraints.model import Guideline
from constraints.terms import Comparison, Evidence

__all__ = ["at_fractions", "bed", "between", "derived_limits", "dose_of_bed", "rescaled_limit"]

_VOLUME = MetricKind.VOLUME_AT_DOSE
# What a larger dose can only raise; a critical volume and a mean follow the same direction.
_DOSES = (
    MetricKind.DMAX,
    MetricKind.DMEAN,
    MetricKind.DOSE_AT_PERCENT,
    MetricKind.DOSE_AT_VOLUME,
    MetricKind.COLDEST_VOLUME,
)
_METHOD = (
    "Derived, not published: biologically effective dose with alpha/beta {ratio:g} Gy, linear in "
    "the number of fractions between {low:g} Gy in {low_n} and {high:g} Gy in {high_n}, never "
    "outside these two doses."
)


def bed(dose_gy: float, fractions: float, *, alpha_beta_gy: float) -> float:
    """Return the biologically effective dose D (1 + d / (alpha/beta)), in Gy.

    Examples
    --------
    >>> bed(20, 5, alpha_beta_gy=2)
    60.0
    """
    return dose_gy * (1 + dose_gy / fractions / alpha_beta_gy)


def dose_of_bed(bed_gy: float, fractions: float, *, alpha_beta_gy: float) -> float:
    """Return the physical dose in `fractions` that has the biologically effective dose.

    Examples
    --------
    >>> round(dose_of_bed(60, 1, alpha_beta_gy=2), 2)
    10.0
    """
    root = math.sqrt(alpha_beta_gy**2 + 4 * alpha_beta_gy * bed_gy / fractions)
    return fractions / 2 * (root - alpha_beta_gy)


def between(low: Limit, high: Limit, *, fractions: int, alpha_beta_gy: float) -> Limit | None:
    """Return the limit for a number of fractions between those of two published limits.

    Parameters
    ----------
    low, high
        Limits of one guideline that ask the same; each for one number of fractions.
    fractions
        Must lie between the two.
    alpha_beta_gy
        Of the structure.

    Returns
    -------
    Limit or None
        Strength C. None where the two do not ask the same, either is switched off, the number
        lies outside, or the limit is not a dose.

    Examples
    --------
    >>> from constraints.loader import load
    >>> rows = {row.id: row for row in load("sahgal-2013").limits}
    >>> limit = between(
    ...     rows["S13-05/1"], rows["S13-05/3"], fractions=2, alpha_beta_gy=2
    ... )
    >>> round(limit.value, 1), limit.evidence.value
    (17.0, 'C')
    """
    if len(low.fractions) != 1 or len(high.fractions) != 1:
        return None
    low_n, high_n = low.fractions[0], high.fractions[0]
    off = Evidence.D in (low.evidence, high.evidence)
    doses = _dose(low), _dose(high)
    if off or not low_n < fractions < high_n or _question(low) != _question(high):
        return None
    if doses[0] is None or doses[1] is None:
        return None
    dose = _interpolated(doses[0], doses[1], (low_n, fractions, high_n), alpha_beta_gy)
    dose = _clamped(_stricter(dose, low.comparison), doses[0], doses[1])
    volume = low.metric.kind is _VOLUME
    note = _METHOD.format(
        ratio=alpha_beta_gy, low=doses[0], low_n=low_n, high=doses[1], high_n=high_n
    )
    return low.model_copy(
        update={
            "id": f"{low.id.rpartition('/')[0] or low.id}/derived-{fractions}",
            "metric": _at_dose(low.metric, dose) if volume else low.metric,
            "value": low.value if volume else dose,
            "fractions": (fractions,),
            "evidence": Evidence.C,
            "note": note,
            "derived_from": (low.id, high.id),
            "published": None,
            "decided": tuple(dict.fromkeys((*low.decided, *high.decided))),
        }
    )


def derived_limits(
    guideline: Guideline, *, fractions: int, alpha_beta_gy: Mapping[str, float]
) -> tuple[Limit, ...]:
    """Return every limit that can be calculated for a number of fractions.

    Parameters
    ----------
    guideline
        Publication with limits for other numbers of fractions.
    fractions
        Of the plan. A question that the guideline answers for this number gets no derived limit,
        nor does one whose answer is merely switched off.
    alpha_beta_gy
        By structure, with ``default``, as in a protocol.

    Returns
    -------
    tuple of Limit
        One per question and value of alpha/beta, in the order of the guideline.

    Examples
    --------
    >>> from constraints.loader import load, load_protocol
    >>> ratios = load_protocol("bone_metastases").alpha_beta_gy
    >>> limits = derived_limits(load("tg101-2010"), fractions=4, alpha_beta_gy=ratios)
    >>> sorted({limit.evidence.value for limit in limits})
    ['C']
    >>> derived_limits(load("tg101-2010"), fractions=6, alpha_beta_gy=ratios)
    ()
    """
    questions: dict[object, list[Limit]] = {}
    for limit in guideline.limits:
        if len(limit.fractions) == 1:
            questions.setdefault(_question(limit), []).append(limit)
    found: list[Limit] = []
    for rows in questions.values():
        found += _derived(rows, fractions, alpha_beta_gy)
    return tuple(found)


def _derived(
    rows: list[Limit], fractions: int, alpha_beta_gy: Mapping[str, float]
) -> Iterator[Limit]:
    numbers = [row.fractions[0] for row in rows]
    # Two rows for one number are no table; and a number with a figure needs no other.
    if fractions in numbers or len(set(numbers)) < len(numbers):
        return
    known = [row for row in rows if row.evidence is not Evidence.D]
    for low, high in pairwise(sorted(known, key=lambda row: row.fractions[0])):
        for ratio, structures in _by_ratio(low.structures, alpha_beta_gy).items():
            limit = between(low, high, fractions=fractions, alpha_beta_gy=ratio)
            if limit is not None:
                yield limit.model_copy(update={"structures": structures})


def rescaled_limit(limit: RescaledLimit) -> Limit:
    """Return a rescaled goal as one limit in EQD2, which holds for any number of fractions.

    The metric is computed on the EQD2 of every voxel, so that a mean is exact: converting the
    physical mean instead would be laxer.

    Examples
    --------
    >>> from constraints.loader import load
    >>> goals = load("helse-more-romsdal-2025").rescaled_limits
    >>> limit = rescaled_limit(goals[0])
    >>> str(limit.metric), round(limit.value, 2)
    ('EQD2(2):Dmean', 9.75)
    """
    ratio = limit.alpha_beta_gy
    dose = _dose(limit)
    if dose is None:
        raise ValueError(f"{limit.id}: {limit.metric} has no dose to rescale")
    # EQD2 is the biologically effective dose over 1 + 2 / (alpha/beta).
    eqd2 = bed(dose, limit.reference_fractions, alpha_beta_gy=ratio) / (1 + 2 / ratio)
    volume = limit.metric.kind is _VOLUME
    metric = Metric(
        kind=limit.metric.kind,
        number=_down(eqd2) if volume else limit.metric.number,
        unit=limit.metric.unit,
        scale="EQD2",
        alpha_beta=ratio,
    )
    return _plain(limit).model_copy(
        update={
            "metric": metric,
            "value": limit.value if volume else eqd2,
            "evidence": max(limit.evidence, Evidence.C),
            "note": f"Derived, not published: {dose:g} Gy in {limit.reference_fractions:g} "
            f"fractions as EQD2, alpha/beta {ratio:g} Gy.",
            "derived_from": (limit.id,),
        }
    )


def at_fractions(limit: RescaledLimit, fractions: int) -> float:
    """Return the physical dose of a rescaled goal in a number of fractions, in Gy, for display.

    Exact for the dose of a point of the histogram; for a mean it is laxer than `rescaled_limit`.

    Raises
    ------
    ValueError
        If the goal was not meant for this number of fractions.

    Examples
    --------
    >>> from constraints.loader import load
    >>> goals = load("helse-more-romsdal-2025").rescaled_limits
    >>> round(at_fractions(goals[0], 5), 2)
    9.83
    """
    if limit.fractions and fractions not in limit.fractions:
        raise ValueError(
            f"{limit.id} is meant for {limit.fractions!r} fractions, got {fractions!r}"
        )
    ratio = limit.alpha_beta_gy
    effect = bed(_dose(limit) or 0.0, limit.reference_fractions, alpha_beta_gy=ratio)
    return dose_of_bed(effect, fractions, alpha_beta_gy=ratio)


def _dose(limit: Limit) -> float | None:
    """Return the dose in Gy a limit speaks of; None where there is none to interpolate."""
    metric = limit.metric
    if metric.scale:
        return None
    if metric.kind is _VOLUME:
        return metric.number
    if limit.unit == "Gy" and (metric.kind in _DOSES or metric.kind is MetricKind.DMIN):
        return limit.value
    return None


def _interpolated(
    low_gy: float, high_gy: float, numbers: tuple[int, int, int], alpha_beta_gy: float
) -> float:
    low_n, n, high_n = numbers
    share = (n - low_n) / (high_n - low_n)
    low, high = (
        bed(dose, count, alpha_beta_gy=alpha_beta_gy)
        for dose, count in ((low_gy, low_n), (high_gy, high_n))
    )
    dose = dose_of_bed(low + share * (high - low), n, alpha_beta_gy=alpha_beta_gy)
    # Where a table keeps one dose for several numbers, the model would lie above both.
    return _clamped(dose, low_gy, high_gy)


def _clamped(dose_gy: float, one_gy: float, other_gy: float) -> float:
    return min(max(dose_gy, min(one_gy, other_gy)), max(one_gy, other_gy))


def _question(limit: Limit) -> tuple[object, ...]:
    """Return what a limit asks, apart from the number of fractions and the figure."""
    volume = limit.metric.kind is _VOLUME
    return (
        limit.structures,
        limit.metric.kind if volume else limit.metric,
        limit.value if volume else None,
        limit.comparison,
        limit.unit,
        limit.kind,
        limit.schemes,
        limit.dose_per_fraction_gy,
        limit.technique,
        limit.course,
        limit.sites,
        limit.setting,
        limit.endpoint,
        limit.figures_from,
    )


def _by_ratio(
    structures: tuple[str, ...], alpha_beta_gy: Mapping[str, float]
) -> dict[float, tuple[str, ...]]:
    groups: dict[float, tuple[str, ...]] = {}
    for name in structures:
        ratio = alpha_beta_gy.get(name, alpha_beta_gy.get("default"))
        if ratio is not None:
            groups[ratio] = (*groups.get(ratio, ()), name)
    return groups


def _at_dose(metric: Metric, dose_gy: float) -> Metric:
    return Metric(kind=metric.kind, number=_down(dose_gy), unit=metric.unit)


def _down(dose_gy: float) -> float:
    # A level is written with three digits; rounded down it is the stricter one.
    return math.floor(dose_gy * 1000) / 1000


def _stricter(dose_gy: float, comparison: Comparison) -> float:
    upper = comparison in (Comparison.AT_MOST, Comparison.BELOW)
    return _down(dose_gy) if upper else math.ceil(dose_gy * 1000) / 1000


def _plain(limit: RescaledLimit) -> Limit:
    own = set(Limit.model_fields)
    return Limit.model_construct(**{name: getattr(limit, name) for name in own})
