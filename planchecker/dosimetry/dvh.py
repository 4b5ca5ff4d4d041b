"""Dose-volume histograms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.frame import swaps_of
from planchecker.dosimetry.histogram import Curves, cumulate
from planchecker.dosimetry.metrics import MetricValue, evaluate
from planchecker.dosimetry.planes import PlaneStack, stack_planes
from planchecker.dosimetry.readings import Reading
from planchecker.dosimetry.samples import Extreme
from planchecker.dosimetry.sampling import sample
from planchecker.dosimetry.structure import Structure
from planchecker.dosimetry.uncertainty import DoseCurvature, band, curvature_at, extreme_band
from planchecker.errors import GeometryError

if TYPE_CHECKING:
    import dicompylercore.dvh

__all__ = ["DVH", "MetricValue", "compute_dvh"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DVH:
    """Cumulative dose-volume histogram of one structure in one dose.

    Parameters
    ----------
    roi_number, roi_name
        The structure.
    volume_cc
        Whole volume, inside and outside the dose grid.
    outside_cc
        Volume outside the dose grid.
    volumes_cc, outsides_cc
        The same under each `planchecker.dosimetry.readings.Reading` of the contours.
    curves
        Cumulative curves of the volume inside the grid; None when all lies outside.
    highest, lowest
        Extremes inside the grid with their places.
    highest_gy, lowest_gy
        Intervals in which the extremes lie, given that the ends of the structure may lie
        anywhere between its end contours and the next slices, and its outline 0.1 mm off.
    curvature
        By how much dose between grid nodes may deviate from its interpolation.
    overhang_mm
        How far the contours reach beyond the outermost voxel centres of the dose grid.
    notes
        What was dropped or decided on the way, in plain words.
    """

    roi_number: int
    roi_name: str
    volume_cc: float
    outside_cc: float
    volumes_cc: NDArray[np.float64]
    outsides_cc: NDArray[np.float64]
    curves: Curves | None
    highest: Extreme | None
    lowest: Extreme | None
    highest_gy: tuple[float, float]
    lowest_gy: tuple[float, float]
    curvature: DoseCurvature
    overhang_mm: float = 0.0
    notes: tuple[str, ...] = ()

    def metric(
        self,
        metric: Metric | str,
        *,
        prescription_gy: float | None = None,
        fractions: int | None = None,
    ) -> MetricValue:
        """Answer one metric.

        Parameters
        ----------
        metric
            Parsed, or an expression of `constraints.metric`.
        prescription_gy
            Needed for ``V<x>%``.
        fractions
            Number of equal fractions; needed for EQD2 and BED.

        Returns
        -------
        MetricValue
            With `value` None and a reason where there is no answer.

        Raises
        ------
        MetricSyntaxError
            If the expression does not follow the grammar.
        MetricError
            If prescription or fractions are needed and missing.
        """
        asked = Metric.parse(metric) if isinstance(metric, str) else metric
        return evaluate(self, asked, prescription_gy=prescription_gy, fractions=fractions)

    @property
    def volume_band_cc(self) -> tuple[float, float]:
        """Interval in which the volume lies, given what the contours leave open, in cc."""

        def of_reading(reading: Reading) -> float:
            return float(self.volumes_cc[reading])

        low, high = band(self.volume_cc, of_reading, (0.0, 0.0))
        return max(low, 0.0), high

    def curve(self, points: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return dose in Gy and cumulative volume in cc for drawing, each of shape (points,)."""
        if self.curves is None:
            return np.zeros(0), np.zeros(0)
        dose = np.linspace(0.0, float(self.curves.edges_gy[-1]), points)
        base = self.curves.volume_mm3[Reading.BASE] / 1000
        volume = np.interp(dose, self.curves.edges_gy, base)
        volume[dose < self.curves.edges_gy[0]] = base[0]
        return dose, volume

    def to_dicompyler(self) -> "dicompylercore.dvh.DVH":
        """Return the curve as a `dicompylercore.dvh.DVH` (cumulative, Gy, cm3, 0.01 Gy bins)."""
        # dicompyler-core brings matplotlib along; only this call pays for it.
        from planchecker.dosimetry.second_opinion import as_dicompyler  # noqa: PLC0415

        return as_dicompyler(self)


def compute_dvh(structure: Structure, dose: DoseGrid, *, spacing_mm: float | None = None) -> DVH:
    """Compute the dose-volume histogram of a structure.

    Parameters
    ----------
    structure
        Closed planar contours in parallel planes of any orientation.
    dose
        Dose grid of any orientation.
    spacing_mm
        Slice spacing of the image, needed only for a structure drawn on a single plane.

    Returns
    -------
    DVH

    Raises
    ------
    GeometryError
        If the contours enclose no volume.

    Notes
    -----
    Contours of a plane combine by the even-odd rule. Between planes the shape is interpolated
    through level sets (`planchecker.dosimetry.levels`), beyond the end planes it continues for
    half a slice or until it closes. Cells are weighted by their covered area, dose is
    trilinear.

    Examples
    --------
    >>> import numpy as np
    >>> from planchecker.dosimetry.structure import Contour, Structure
    >>> square = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])
    >>> planes = [np.column_stack([square, np.full(4, z)]) for z in np.arange(1.0, 20.0, 2.0)]
    >>> box = Structure(
    ...     roi_number=1, name="Box", contours=tuple(Contour(points_mm=p) for p in planes)
    ... )
    >>> ramp = np.broadcast_to(np.arange(30.0), (30, 30, 30))
    >>> dose = DoseGrid.regular(ramp, spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-5.0, -5.0, -5.0))
    >>> dvh = compute_dvh(box, dose)
    >>> round(dvh.volume_cc, 2)
    8.0
    >>> round(dvh.metric("D50%").value, 2)
    15.0
    """
    stack = stack_planes(structure, spacing_mm=spacing_mm)
    try:
        samples = sample(stack, dose)
    except GeometryError as error:
        raise GeometryError(f"{structure.name!r}: {error}") from error
    inside = samples.total_mm3
    volumes = (inside + samples.outside_mm3) / 1000
    if volumes[Reading.BASE] <= 0:
        raise GeometryError(f"{structure.name!r}: its contours enclose no volume")
    within = samples.highest is not None and inside[Reading.BASE] > 0
    return DVH(
        roi_number=structure.roi_number,
        roi_name=structure.name,
        volume_cc=float(volumes[Reading.BASE]),
        outside_cc=float(samples.outside_mm3[Reading.BASE]) / 1000,
        volumes_cc=volumes,
        outsides_cc=samples.outside_mm3 / 1000,
        curves=cumulate(samples) if within else None,
        highest=samples.highest if within else None,
        lowest=samples.lowest if within else None,
        highest_gy=extreme_band(samples.highest, samples.highest_gy, dose),
        lowest_gy=extreme_band(samples.lowest, samples.lowest_gy, dose),
        curvature=curvature_at(samples, dose),
        overhang_mm=_overhang(stack, dose),
        notes=stack.notes,
    )


def _overhang(stack: PlaneStack, dose: DoseGrid) -> float:
    vertices = stack.vertices
    if swaps_of(stack.frame.axes) is not None and swaps_of(dose.axes) is not None:
        # The corners of the box around them reach as far.
        vertices = np.array([(one.min(), one.max()) for one in vertices.T.copy()]).T
    along = dose.index_coordinates(stack.frame.to_patient(vertices))
    ends = np.array([dose.plane_mm[-1], dose.row_mm[-1], dose.column_mm[-1]])
    return max(0.0, float(-along.min()), float((along - ends).max()))
