"""A guess at the prescription where the plan states none."""

from collections.abc import Mapping

from constraints.model import Guideline, Protocol
from planchecker.case import Prescription
from planchecker.schemes.tables import nearest

__all__ = ["INFERRED", "infer_prescription"]

INFERRED = "inferred from the dose"
"""`Prescription.source` of a guess; whatever rests on it is at most `manual`."""


def infer_prescription(
    fractions: int | None,
    median_gy: float | None,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> Prescription:
    """Guess the prescription from the median dose of the target and the fractions.

    The total dose of the nearest named scheme with the same number of fractions is taken when
    the median lies within ``agreement.inferred_percent`` of it, else the median itself.

    Parameters
    ----------
    median_gy
        D50% of the target in Gy.
    """
    if not fractions or median_gy is None or median_gy <= 0:
        return Prescription(fractions=fractions)
    tolerance = protocol.criteria["agreement.inferred_percent"].value / 100
    close = (
        entry.scheme.dose_gy
        for entry in nearest(
            median_gy, fractions, protocol=protocol, guidelines=guidelines, count=10**6
        )
        if entry.scheme.fractions == fractions
        and abs(median_gy / entry.scheme.dose_gy - 1) <= tolerance
    )
    return Prescription(dose_gy=next(close, median_gy), fractions=fractions, source=INFERRED)
