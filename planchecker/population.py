"""Where a plan lies among the plans of its kind in an archive."""

from dataclasses import dataclass

__all__ = ["PopulationRow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationRow:
    """One metric of the plan among the plans of its kind in an archive; it has no status.

    Parameters
    ----------
    matched
        TG-263 name of the structure.
    value, band
        Of this plan, in `unit`; None where there is no answer.
    cases
        Plans of the same scheme and technique with an answer, this one left out.
    percentile
        Share of them with a lower value, those equal counting half; None where none is told.
    median, lowest, highest
        Of their values, in `unit`.
    reason
        Why no percentile is told.
    """

    roi_number: int
    roi_name: str
    matched: str
    metric: str
    value: float | None
    unit: str
    cases: int
    band: tuple[float, float] | None = None
    percentile: float | None = None
    median: float | None = None
    lowest: float | None = None
    highest: float | None = None
    reason: str = ""
