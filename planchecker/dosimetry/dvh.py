"""Dose-volume histograms and the metrics read from them (interface; computation follows)."""

from dataclasses import dataclass

from constraints.metric import Metric
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Structure

__all__ = ["DVH", "MetricValue", "compute_dvh"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricValue:
    """The answer to one metric.

    `value` is None where there is no answer; `reason` then says why. `band` is the interval in
    which the metric lies given what the export does not say; with volume outside the dose grid
    it may be given (upper end ``inf``) even where `value` is None.
    """

    metric: Metric
    value: float | None
    unit: str
    band: tuple[float, float] | None = None
    reason: str = ""
    location_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DVH:
    """Cumulative dose-volume histogram of one structure."""

    roi_number: int
    roi_name: str
    volume_cc: float
    outside_cc: float
    notes: tuple[str, ...] = ()

    def metric(
        self,
        metric: Metric | str,
        *,
        prescription_gy: float | None = None,
        fractions: int | None = None,
    ) -> MetricValue:
        """Answer one metric; `fractions` is needed for EQD2 and BED."""
        raise NotImplementedError


def compute_dvh(structure: Structure, dose: DoseGrid) -> DVH:
    """Compute the DVH of a structure; `GeometryError` where its contours enclose no volume."""
    raise NotImplementedError
