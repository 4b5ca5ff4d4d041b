"""The three planes through a voxel and the square that is shown of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planchecker.figures import Line, Plane

__all__ = ["REACH_MM", "Window", "thinned", "windows"]

REACH_MM: Final = 45.0
"""How far a view reaches from its voxel: a vertebra with what lies round it."""

_AXES: Final = {
    "axial": (0, 1, 1.0, 2, ("R", "L", "A", "P")),
    "sagittal": (1, 2, -1.0, 0, ("A", "P", "H", "F")),
    "coronal": (0, 2, -1.0, 1, ("R", "L", "H", "F")),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A square in a plane of the patient.

    Parameters
    ----------
    plane
        Which plane, with the directions at its edges.
    u_axis, v_axis, across
        Patient axis (0 to 2) along u, along v and across the plane.
    v_sign
        -1 where v, which points down, runs against its patient axis.
    u_mm, v_mm
        Edges, rising.
    """

    plane: Plane
    u_axis: int
    v_axis: int
    across: int
    v_sign: float
    u_mm: tuple[float, float]
    v_mm: tuple[float, float]

    def centres(self, step_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return u and v of the middle of every square cell of `step_mm`."""
        u, v = (np.arange(low + step_mm / 2, high, step_mm) for low, high in (self.u_mm, self.v_mm))
        return u, v

    def points(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the patient coordinates of the lattice, shape (len(v) * len(u), 3)."""
        points = np.empty((len(v), len(u), 3))
        points[..., self.u_axis] = u
        points[..., self.v_axis] = self.v_sign * v[:, None]
        points[..., self.across] = self.plane.at_mm
        return points.reshape(-1, 3)

    def shows(self, points: NDArray[np.float64]) -> bool:
        """Tell whether the box round (u, v) points of shape (N, 2) reaches into the square."""
        low, high = points.min(axis=0), points.max(axis=0)
        return bool(
            low[0] <= self.u_mm[1]
            and high[0] >= self.u_mm[0]
            and low[1] <= self.v_mm[1]
            and high[1] >= self.v_mm[0]
        )


def windows(location_mm: Sequence[float]) -> tuple[Window, ...]:
    """Return the axial, sagittal and coronal window about a voxel.

    Examples
    --------
    >>> [window.plane.name for window in windows((0.0, 0.0, 5.0))]
    ['axial', 'sagittal', 'coronal']
    """
    found = []
    for name, (u_axis, v_axis, v_sign, across, letters) in _AXES.items():
        u, v = location_mm[u_axis], v_sign * location_mm[v_axis]
        left, right, top, bottom = letters
        plane = Plane(
            name=name,
            at_mm=float(location_mm[across]),
            left=left,
            right=right,
            top=top,
            bottom=bottom,
        )
        found.append(
            Window(
                plane=plane,
                u_axis=u_axis,
                v_axis=v_axis,
                across=across,
                v_sign=v_sign,
                u_mm=(u - REACH_MM, u + REACH_MM),
                v_mm=(v - REACH_MM, v + REACH_MM),
            )
        )
    return tuple(found)


def thinned(points: NDArray[np.float64], *, tolerance_mm: float = 0.15) -> Line:
    """Return (u, v) points of shape (N, 2) as a line to 0.1 mm, without those it can spare.

    Parameters
    ----------
    tolerance_mm
        How far the line may run from a point that is left out.

    Notes
    -----
    Ramer 1972, doi 10.1016/S0146-664X(72)80017-0; Douglas and Peucker 1973,
    doi 10.3138/FM57-6770-U75U-7727.

    Examples
    --------
    >>> thinned(np.array([[0.0, 0.0], [1.0, 0.05], [2.0, 0.0], [2.0, 3.0]]))
    ((0.0, 0.0), (2.0, 0.0), (2.0, 3.0))
    """
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    waiting = [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        along = points[last] - points[first]
        off = points[first + 1 : last] - points[first]
        length = float(np.hypot(*along))
        # A closed line begins where it ends: then the farthest point splits it.
        far = (
            np.abs(along[0] * off[:, 1] - along[1] * off[:, 0]) / length
            if length > 0
            else np.hypot(off[:, 0], off[:, 1])
        )
        if far.max() > tolerance_mm:
            middle = first + 1 + int(far.argmax())
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    return tuple((round(float(u), 1), round(float(v), 1)) for u, v in points[kept])
