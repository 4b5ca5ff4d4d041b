"""A second opinion on a DVH: the curve stored by the planning system, and dicompyler-core.

The only module that imports dicompyler-core. Its 0.5.6 asks pydicom for a name that pydicom 3
no longer has; the alias is set here, before the import, and nowhere else.
"""

import importlib
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.readings import Reading
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError, MetricError

if TYPE_CHECKING:
    import dicompylercore.dvh

    from planchecker.dosimetry.dvh import DVH

__all__ = ["Opinion", "as_dicompyler", "dicompyler_opinion", "stored_opinion"]

Floats = NDArray[np.float64]

_BIN_GY = 0.01
_FINEST_MM = 1.0
_MOST_NODES = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What somebody else makes of the same structure and dose.

    Parameters
    ----------
    source
        Who: ``"stored DVH"`` or ``"dicompyler-core"``.
    volume_cc, mean_gy, d50_gy
        None where the source does not tell.
    notes
        What was found odd about the source, in plain words.
    """

    source: str
    volume_cc: float | None
    mean_gy: float | None
    d50_gy: float | None
    notes: tuple[str, ...] = ()


def stored_opinion(
    dose: Floats,
    volume: Floats,
    *,
    volume_units: str,
    dose_units: str,
    dvh_type: str,
    prescription_gy: float | None = None,
    stated_mean: float | None = None,
) -> Opinion:
    """Read a DVH that a planning system stored.

    Parameters
    ----------
    dose, volume
        The curve as stored: left edges of the bins, and volumes, of the same shape (N,).
    volume_units, dose_units, dvh_type
        As the file states them: CM3 or PERCENT, GY or RELATIVE, CUMULATIVE or DIFFERENTIAL.
    prescription_gy
        Turns relative dose into Gy, and tells whether a stated mean is a percentage.
    stated_mean
        DVH Mean Dose; compared with the mean of the curve, never used for it.

    Returns
    -------
    Opinion
        With the mean and median of the curve itself: files are known whose stated statistics
        are percentages of the prescription under units of GY.

    Examples
    --------
    >>> import numpy as np
    >>> opinion = stored_opinion(
    ...     np.array([0.0, 1.0, 2.0]), np.array([8.0, 8.0, 0.0]),
    ...     volume_units="CM3", dose_units="GY", dvh_type="CUMULATIVE",
    ... )
    >>> opinion.volume_cc, opinion.mean_gy
    (8.0, 1.5)
    """
    if len(dose) < 2 or not np.isfinite(volume).all() or volume.max(initial=0.0) <= 0:
        return _silent("the stored curve is empty")
    width = np.append(np.diff(dose), dose[-1] - dose[-2])
    if dvh_type == "CUMULATIVE":
        cumulative = volume
        share = volume - np.append(volume[1:], 0.0)
    elif dvh_type == "DIFFERENTIAL":
        share = volume
        cumulative = np.cumsum(volume[::-1])[::-1]
    else:
        return _silent(f"the stored curve is of type {dvh_type!r}")
    mean = float(np.dot(share, dose + width / 2) / share.sum())
    d50 = float(np.interp(0.5 * cumulative[0], cumulative[::-1], dose[::-1]))
    notes = []
    scale: float | None = 1.0
    if dose_units != "GY":
        scale = prescription_gy / 100 if prescription_gy else None
        notes.append(f"stored dose is in {dose_units or 'no stated unit'}")
    if prescription_gy and stated_mean and dose_units == "GY" and mean > 0:
        percent = 100 * mean / prescription_gy
        if abs(stated_mean - percent) < 0.02 * percent < abs(stated_mean - mean):
            notes.append("the stated statistics are percentages of the prescription, not Gy")
    return Opinion(
        source="stored DVH",
        volume_cc=float(cumulative[0]) if volume_units == "CM3" else None,
        mean_gy=None if scale is None else mean * scale,
        d50_gy=None if scale is None else d50 * scale,
        notes=tuple(notes),
    )


def _silent(reason: str) -> Opinion:
    return Opinion(source="stored DVH", volume_cc=None, mean_gy=None, d50_gy=None, notes=(reason,))


def dicompyler_opinion(structure: Structure, dose: DoseGrid) -> Opinion:
    """Compute a DVH with dicompyler-core in its plain mode.

    Parameters
    ----------
    structure
        Axial contours; of 10 cc and more, since dicompyler-core counts voxel centres.
    dose
        A grid whose axes are those of the patient.

    Raises
    ------
    GeometryError
        If the contours or the grid are not axial, or dicompyler-core finds no volume.
    """
    calculator = _dicompyler("dvhcalc")
    planes: dict[str, list[dict[str, object]]] = {}
    for contour in structure.contours:
        if not contour.geometric_type.is_closed or len(contour.points_mm) < 3:
            continue
        z = contour.points_mm[:, 2]
        if np.ptp(z) > 0.01:
            raise GeometryError(f"{structure.name!r}: dicompyler-core takes axial contours only")
        loop = {"type": "CLOSED_PLANAR", "data": contour.points_mm.tolist()}
        planes.setdefault(f"{float(z[0]):.2f}", []).append(loop)
    positions = sorted(float(z) for z in planes)
    thickness = min(np.diff(positions), default=0.0)
    drawn = [
        contour.points_mm for contour in structure.contours if contour.geometric_type.is_closed
    ]
    asked = {
        "id": structure.roi_number,
        "name": structure.name,
        "planes": planes,
        "thickness": float(thickness),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = calculator._calculate_dvh(asked, _AxialDose(dose, np.concatenate(drawn)))  # noqa: SLF001
    counts = np.asarray(found.histogram, dtype=np.float64)
    if counts.size < 2 or counts.sum() <= 0:
        raise GeometryError(f"{structure.name!r}: dicompyler-core finds no volume")
    middles = (np.arange(counts.size) + 0.5) / 100
    below = np.cumsum(counts)
    return Opinion(
        source="dicompyler-core",
        volume_cc=float(below[-1]),
        mean_gy=float(np.dot(counts, middles) / below[-1]),
        d50_gy=float(np.interp(0.5 * below[-1], below, middles + 0.005)),
        notes=(str(found.notes),) if found.notes else (),
    )


class _AxialDose:
    """A dose grid behind the few methods that dicompyler-core asks of its parser.

    It counts the nodes inside the outlines. On nodes as coarse as a dose grid the count is off
    by several percent for a small cross-section, so the dose is handed over on finer ones, linear
    between the nodes of the grid, and on those round the structure only.
    """

    def __init__(self, dose: DoseGrid, around_mm: Floats) -> None:
        turned = np.abs(dose.axes)
        order = [int(i) for i in turned.argmax(axis=1)]
        if sorted(order) != [0, 1, 2] or (turned.max(axis=1) < 1 - 1e-6).any():
            raise GeometryError("dicompyler-core takes dose grids along the patient axes only")
        nodes = (dose.plane_mm, dose.row_mm, dose.column_mm)
        by_axis: dict[int, Floats] = {}
        values = dose.values_gy
        for grid_axis, patient_axis in enumerate(order):
            sign = float(np.sign(dose.axes[grid_axis, patient_axis]))
            along = dose.origin_mm[patient_axis] + sign * nodes[grid_axis]
            if sign < 0:
                along, values = along[::-1], np.flip(values, axis=grid_axis)
            by_axis[patient_axis] = along
        place = [order.index(axis) for axis in (2, 1, 0)]
        self.pixel_array = values.transpose(place)
        self._z = by_axis[2]
        # A large cross-section is counted well enough on fewer nodes.
        side_mm = float(np.sqrt(np.ptp(around_mm[:, 0]) * np.ptp(around_mm[:, 1]) / _MOST_NODES))
        finest_mm = max(_FINEST_MM, side_mm)
        self._x, self._columns = _finer(by_axis[0], around_mm[:, 0], finest_mm)
        self._y, self._rows = _finer(by_axis[1], around_mm[:, 1], finest_mm)

    def GetDoseData(self) -> dict[str, object]:  # noqa: N802 - the name dicompyler-core calls
        return {
            "dosemax": float(self.pixel_array.max()),
            "dosegridscaling": 1.0,
            "lut": (self._x, self._y),
            "rows": len(self._y),
            "columns": len(self._x),
            "x_lut_index": 0,
        }

    def GetImageData(self) -> dict[str, object]:  # noqa: N802 - the name dicompyler-core calls
        return {"position": [self._x[0], self._y[0], self._z[0]]}

    def GetDoseGrid(self, z: float) -> Floats:  # noqa: N802 - the name dicompyler-core calls
        at = float(z)
        if not self._z[0] - 0.5 < at < self._z[-1] + 0.5:
            return np.array([])
        upper = int(np.clip(np.searchsorted(self._z, at), 1, len(self._z) - 1))
        share = (at - self._z[upper - 1]) / (self._z[upper] - self._z[upper - 1])
        share = min(max(share, 0.0), 1.0)
        low, high = self.pixel_array[upper - 1], self.pixel_array[upper]
        plane = (1 - share) * low + share * high
        return np.asarray(self._rows @ plane @ self._columns.T, dtype=np.float64)


def _finer(nodes: Floats, covered: Floats, finest_mm: float) -> tuple[Floats, Floats]:
    """Return nodes about that far apart round what is covered, and the weights of the old nodes."""
    step = float(nodes[1] - nodes[0])
    parts = max(1, round(step / finest_mm))
    every = nodes[0] + step / parts * np.arange(parts * (len(nodes) - 1) + 1)
    wanted = (every >= covered.min() - step) & (every <= covered.max() + step)
    # The spacing is read from the first two, so that there must be two.
    first = min(int(np.argmax(wanted)), len(every) - 2)
    kept = every[first : max(first + 2, first + int(wanted.sum()))]
    at = (kept - nodes[0]) / step
    low = np.clip(np.floor(at).astype(int), 0, len(nodes) - 2)
    weights = np.zeros((len(kept), len(nodes)))
    rows = np.arange(len(kept))
    weights[rows, low], weights[rows, low + 1] = 1 - (at - low), at - low
    return kept, weights


def _dicompyler(module: str) -> ModuleType:
    dicomio = importlib.import_module("pydicom.dicomio")
    if not hasattr(dicomio, "read_file"):
        dicomio.read_file = dicomio.dcmread  # type: ignore[attr-defined]
    return importlib.import_module(f"dicompylercore.{module}")


def as_dicompyler(dvh: "DVH") -> "dicompylercore.dvh.DVH":
    """Return the curve as a dicompyler-core DVH.

    Returns
    -------
    dicompylercore.dvh.DVH
        Cumulative, dose in Gy on 0.01 Gy bins from 0, volume in cm3.

    Raises
    ------
    MetricError
        If the structure lies outside the dose grid.
    """
    if dvh.curves is None:
        raise MetricError(f"{dvh.roi_name} lies outside the dose grid: there is no curve")
    edges, volume = dvh.curves.edges_gy, dvh.curves.volume_mm3[Reading.BASE] / 1000
    bins = _BIN_GY * np.arange(int(np.ceil(edges[-1] / _BIN_GY)) + 2)
    counts = np.interp(bins[:-1], edges, volume, left=volume[0], right=0.0)
    module = _dicompyler("dvh")
    return module.DVH(
        counts=counts,
        bins=bins,
        dvh_type="cumulative",
        dose_units="Gy",
        volume_units="cm3",
        name=dvh.roi_name,
    )
