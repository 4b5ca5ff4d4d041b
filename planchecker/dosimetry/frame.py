"""The common orientation of parallel contours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops
from planchecker.errors import GeometryError

__all__ = ["Frame", "frame_of", "swaps_of", "turned"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """Right-handed axes of a stack: two in the plane, one across the planes.

    Parameters
    ----------
    axes
        Unit vectors in patient coordinates, shape (3, 3): x and y in the plane, normal.
    """

    axes: NDArray[np.float64]

    def to_patient(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn stack coordinates (x, y, position) in mm into patient coordinates."""
        return turned(points, self.axes)

    def from_patient(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn patient coordinates in mm into stack coordinates (x, y, position)."""
        return turned(points_mm, self.axes.T)


def turned(points: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points times axes, shape (N, 3); where axes only swap or flip, without any sum.

    Examples
    --------
    >>> swap = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> turned(np.array([[1.0, 2.0, 3.0]]), swap)
    array([[-2.,  1.,  3.]])
    """
    swaps = swaps_of(axes)
    if swaps is None:
        return np.asarray(points @ axes, dtype=np.float64)
    result = np.empty(points.shape, dtype=np.float64)
    for axis, (source, sign) in enumerate(swaps):
        np.multiply(points[:, source], sign, out=result[:, axis])
    return result


def swaps_of(axes: NDArray[np.float64]) -> tuple[tuple[int, float], ...] | None:
    """Return for each column the row it is made of and its sign; None where it is a mixture.

    Examples
    --------
    >>> swaps_of(np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    ((1, -1.0), (0, 1.0), (2, 1.0))
    >>> swaps_of(np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])) is None
    True
    """
    found = []
    for column in axes.T.tolist():
        filled = [(row, value) for row, value in enumerate(column) if value != 0]
        if len(filled) != 1 or abs(filled[0][1]) != 1:
            return None
        found.append(filled[0])
    return tuple(found)


def frame_of(contours: FlatLoops, normals: NDArray[np.float64]) -> Frame:
    """Find the common plane orientation of contours in space from the largest of them.

    Parameters
    ----------
    contours
        Closed loops in space.
    normals
        Their vector areas.

    Raises
    ------
    GeometryError
        If no contour encloses an area.
    """
    sizes = np.linalg.norm(normals, axis=1)
    largest = int(np.argmax(sizes))
    normal = normals[largest]
    loop = contours.points[contours.begin[largest] : contours.begin[largest + 1]]
    extent = float(np.ptp(loop, axis=0).max())
    if sizes[largest] < 1e-6 * extent**2:
        # The halves of loops that cross themselves cancel: the points themselves must do.
        points = contours.points
        extents = (contours.highest(points) - contours.lowest(points)).max(axis=1)
        order = np.argsort(-extents, kind="stable")
        loops = contours.split()
        found = (_flattest(loops[index]) for index in order)
        normal = next((direction for direction in found if direction.any()), np.zeros(3))
    if not normal.any():
        raise GeometryError("no contour encloses an area")
    normal = normal / np.linalg.norm(normal)
    main = int(np.argmax(np.abs(normal)))
    normal = normal * np.sign(normal[main])
    # Slices written with rounded coordinates are still the patient's own planes.
    if abs(normal[main]) > 1 - 1e-6:
        normal = np.eye(3)[main]
    x = np.eye(3)[0 if main != 0 else 1]
    x = x - (x @ normal) * normal
    x /= np.linalg.norm(x)
    return Frame(axes=np.array([x, np.cross(normal, x), normal]))


def _flattest(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the direction in which points spread least; zero where they lie on a line."""
    _, spread, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    if spread[1] <= 1e-6 * spread[0]:
        return np.zeros(3)
    return np.asarray(directions[2])
