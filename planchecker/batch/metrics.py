"""The few metrics that a batch keeps of every structure, so that plans can be compared."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planchecker.dosimetry.dvh import DVH
from planchecker.dosimetry.many import compute_dvhs
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.results import Report

__all__ = ["EXPRESSIONS", "Measured", "Remembering", "is_target", "measured"]

EXPRESSIONS: Final = ("Dmax", "D0.03cc", "D1cc", "D50%", "D95%", "D98%", "Dmean", "V100%[%]")
"""What the table ``metric`` of the store holds of each structure."""
_TARGETS: Final = ("PTV", "CTV", "GTV", "ITV")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One metric of one structure, or why there is no answer: a row of the table ``metric``.

    Parameters
    ----------
    structure
        TG-263 name; empty where nothing matched.
    value
        In `unit`; None where there is no answer, and then `reason` says why.
    band
        Interval in which the metric lies given what the export does not say.
    """

    roi_number: int
    roi_name: str
    structure: str
    expression: str
    value: float | None
    unit: str
    band: tuple[float, float] | None = None
    reason: str = ""


class Remembering:
    """Computes histograms as `planchecker.compute_dvhs` does and keeps the last of each ROI.

    Examples
    --------
    >>> from planchecker import check
    >>> from planchecker.case import Case
    >>> remember = Remembering()
    >>> report = check(Case(), histograms=remember)
    >>> list(measured(report, remember.dvhs))
    []
    """

    def __init__(self) -> None:
        self.dvhs: dict[int, DVH] = {}

    def __call__(
        self, structures: Sequence[Structure], dose: Any, **options: Any
    ) -> Sequence[DVH | PlanCheckerError]:
        """Compute the histograms of structures and remember them."""
        found = compute_dvhs(structures, dose, **options)
        pairs = zip(structures, found, strict=True)
        self.dvhs.update({one.roi_number: dvh for one, dvh in pairs if isinstance(dvh, DVH)})
        return found


def is_target(structure: str) -> bool:
    """Whether a TG-263 name is that of a target volume.

    Examples
    --------
    >>> is_target("PTV_High"), is_target("SpinalCord")
    (True, False)
    """
    return structure.startswith(_TARGETS)


def measured(report: Report, dvhs: Mapping[int, DVH]) -> Iterator[Measured]:
    """Yield every metric of `EXPRESSIONS` for every structure of a report, in its order.

    Parameters
    ----------
    dvhs
        By ROI number, as a `Remembering` kept them while the report was made.
    """
    prescribed = report.plan.prescribed_dose_gy if report.plan else None
    used = Counter(row.roi_number for row in report.structures)
    for number, row in {row.roi_number: row for row in report.structures}.items():
        dvh = dvhs.get(number)
        why = "there is no histogram"
        if used[number] > 1:
            # The last one computed would be taken for both.
            dvh, why = None, f"ROI number {number} is used more than once"
        for expression in EXPRESSIONS:
            value, unit, band, reason = _answer(dvh, expression, prescribed, why)
            yield Measured(
                roi_number=number,
                roi_name=row.roi_name,
                structure=row.matched,
                expression=expression,
                value=value,
                unit=unit,
                band=band,
                reason=reason,
            )


def _answer(
    dvh: DVH | None, expression: str, prescribed_gy: float | None, why: str
) -> tuple[float | None, str, tuple[float, float] | None, str]:
    unit = "%" if expression.startswith("V") else "Gy"
    if dvh is None:
        return None, unit, None, why
    try:
        found = dvh.metric(expression, prescription_gy=prescribed_gy)
    except PlanCheckerError as error:
        return None, unit, None, str(error)
    return found.value, found.unit, found.band, found.reason
