"""The common orientation of parallel contours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops
from planchecker.errors import GeometryError

__all__ = ["Frame", "frame_of", "turned"]


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
    source = np.abs(axes).argmax(axis=0)
    signs = axes[source, np.arange(3)]
    if np.count_nonzero(axes) == 3 and (np.abs(signs) == 1).all():
        return np.asarray(points[:, source] * signs, dtype=np.float64)
    return np.asarray(points @ axes, dtype=np.float64)


def frame_of(contours: FlatLoops) -> Frame:
    """Find the common plane orientation of contours in space from the largest of them.

    Raises
    ------
    GeometryError
        If no contour encloses an area.
    """
    normals = contours.vector_areas()
    sizes = np.linalg.norm(normals, axis=1)
    largest = int(np.argmax(sizes))
    normal = normals[largest]
    points = contours.points
    extents = (contours.highest(points) - contours.lowest(points)).max(axis=1)
    if sizes[largest] < 1e-6 * extents[largest] ** 2:
        # The halves of loops that cross themselves cancel: the points themselves must do.
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
