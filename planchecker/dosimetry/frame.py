"""The common orientation of parallel contours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.structure import Contour
from planchecker.errors import GeometryError

__all__ = ["Frame", "frame_of", "vector_area"]


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
        return np.asarray(points @ self.axes, dtype=np.float64)

    def from_patient(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn patient coordinates in mm into stack coordinates (x, y, position)."""
        return np.asarray(points_mm @ self.axes.T, dtype=np.float64)


def frame_of(contours: Sequence[Contour]) -> Frame:
    """Find the common plane orientation of contours from the largest of them.

    Raises
    ------
    GeometryError
        If no contour encloses an area.
    """
    normals = np.array([vector_area(c.points_mm) for c in contours])
    sizes = np.linalg.norm(normals, axis=1)
    largest = int(np.argmax(sizes))
    normal = normals[largest]
    extents = np.array([np.ptp(c.points_mm, axis=0).max() for c in contours])
    if sizes[largest] < 1e-6 * extents[largest] ** 2:
        # The halves of loops that cross themselves cancel: the points themselves must do.
        order = np.argsort(-extents, kind="stable")
        found = (_flattest(contours[index].points_mm) for index in order)
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


def vector_area(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vector area of a loop in mm²; exact for planar loops, a fair mean for others.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0, 5.0], [2.0, 0.0, 5.0], [2.0, 2.0, 5.0], [0.0, 2.0, 5.0]])
    >>> vector_area(square)
    array([0., 0., 4.])
    """
    # Spelled out: np.cross takes most of the time of a structure with many small contours.
    x, y, z = (points - points[0]).T
    x1, y1, z1 = (np.concatenate([values[1:], values[:1]]) for values in (x, y, z))
    return 0.5 * np.array([y @ z1 - z @ y1, z @ x1 - x @ z1, x @ y1 - y @ x1])
