"""Where the nodes of a dose grid lie: Image Plane and Grid Frame Offset Vector."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.errors import DoseError
from planchecker.reading.elements import Elements

__all__ = ["GridGeometry", "read_geometry"]

_COSINE_TOLERANCE = 1e-3
_POSITION_TOLERANCE_MM = 0.01


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GridGeometry:
    """Placement of a dose grid, as `planchecker.dosimetry.dose.DoseGrid` wants it.

    Parameters
    ----------
    frame_order
        ndarray of int, shape (planes,): stored frame of each plane, planes rising along
        ``axes[0]``.
    """

    origin_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    plane_mm: NDArray[np.float64]
    row_mm: NDArray[np.float64]
    column_mm: NDArray[np.float64]
    frame_order: NDArray[np.intp]


def read_geometry(dose: Elements, *, shape: tuple[int, int, int]) -> GridGeometry:
    """Place the nodes of a grid of `shape` (frames, rows, columns) in the patient.

    Raises
    ------
    DoseError
        If a position is missing, malformed or can be read in two ways.

    Notes
    -----
    Grid Frame Offset Vector after PS3.3 C.8.8.3.2: values that begin with zero are distances
    from the first frame, positive along the cross product of the row and column directions.
    Values that begin with the z coordinate of Image Position (Patient) on transverse planes
    are patient z coordinates of the frames. The standard allows the second form for the
    orientation (1,0,0,0,1,0) only; on the other transverse orientations it can mean nothing
    else, so it is accepted there with a note.
    """
    frames, rows, columns = shape
    position = dose.point("ImagePositionPatient")
    if position is None:
        raise DoseError("the dose has no Image Position (Patient) (0020,0032)")
    spacing = dose.numbers("PixelSpacing")
    if len(spacing) != 2 or min(spacing) <= 0:
        raise DoseError(
            f"Pixel Spacing (0028,0030) must be two positive numbers in mm, got {spacing!r}"
        )
    axes = _axes(dose.numbers("ImageOrientationPatient"))
    offsets = _offsets(dose, frames=frames, normal=axes[0], z_mm=position[2])
    order = np.argsort(offsets)
    return GridGeometry(
        origin_mm=np.array(position) + offsets[order[0]] * axes[0],
        axes=axes,
        plane_mm=offsets[order] - offsets[order[0]],
        row_mm=spacing[0] * np.arange(rows, dtype=np.float64),
        column_mm=spacing[1] * np.arange(columns, dtype=np.float64),
        frame_order=order,
    )


def _axes(cosines: tuple[float, ...]) -> NDArray[np.float64]:
    """Return unit vectors across planes, down a column and along a row, exactly orthogonal."""
    if len(cosines) != 6:
        raise DoseError(
            f"Image Orientation (Patient) (0020,0037) must be six numbers, got {cosines!r}"
        )
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    lengths = np.array([row @ row, column @ column]) ** 0.5
    if np.abs(lengths - 1).max() > _COSINE_TOLERANCE or abs(row @ column) > _COSINE_TOLERANCE:
        raise DoseError(
            "Image Orientation (Patient) (0020,0037) must be two orthogonal unit vectors, "
            f"got {cosines!r}"
        )
    row /= lengths[0]
    column -= (column @ row) * row
    column /= np.linalg.norm(column)
    return np.array([np.cross(row, column), column, row])


def _offsets(
    dose: Elements, *, frames: int, normal: NDArray[np.float64], z_mm: float
) -> NDArray[np.float64]:
    """Return the distance of every stored frame from the first along `normal`."""
    values = np.array(dose.numbers("GridFrameOffsetVector"))
    if len(values) != frames:
        raise DoseError(
            f"Grid Frame Offset Vector (3004,000C) holds {len(values)} values for {frames} frames"
        )
    steps = np.diff(values)
    if not ((steps > 0).all() or (steps < 0).all()):
        raise DoseError("Grid Frame Offset Vector (3004,000C) neither rises nor falls throughout")
    if values[0] == 0:
        return values
    transverse = abs(abs(normal[2]) - 1) < _COSINE_TOLERANCE**2
    if not transverse or abs(values[0] - z_mm) > _POSITION_TOLERANCE_MM:
        raise DoseError(
            f"Grid Frame Offset Vector (3004,000C) begins with {values[0]:g}: neither zero nor, "
            f"on transverse planes, the z coordinate {z_mm:g} of Image Position (Patient)"
        )
    if normal[2] < 0:
        dose.notes.append("the dose planes are given as patient z on a reversed orientation")
    return np.asarray((values - values[0]) * np.sign(normal[2]), dtype=np.float64)
