"""A dose grid in Gy, and dose at points between its nodes."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planchecker.dosimetry.frame import turned
from planchecker.errors import DoseError

__all__ = ["DoseGrid"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DoseGrid:
    """Dose at the nodes of a rectangular, possibly oblique grid.

    Parameters
    ----------
    values_gy
        Dose at the voxel centres in Gy, float32 ndarray of shape (planes, rows, columns),
        read-only. Finite and not negative.
    origin_mm
        Patient coordinates of the centre of voxel [0, 0, 0], shape (3,).
    axes
        Orthonormal unit vectors along increasing plane, row and column index, ndarray of
        shape (3, 3): ``axes[0]`` across the planes, ``axes[1]`` down a column (increasing
        row index), ``axes[2]`` along a row (increasing column index).
    plane_mm, row_mm, column_mm
        Distances of the nodes from the origin along the three axes, strictly increasing,
        starting at 0. Planes may be unevenly spaced.

    Raises
    ------
    DoseError
        If the arrays do not fit together or the dose is negative or not finite.

    Notes
    -----
    Dose is interpolated trilinearly between voxel centres. A voxel stands for the cell around
    its centre, so dose is held constant over the outer half voxel; farther out there is none.

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.full((2, 3, 4), 2.0), spacing_mm=(2.5, 2.5, 2.5))
    >>> float(grid.at(np.array([[1.0, 1.0, 1.0]]))[0])
    2.0
    """

    values_gy: NDArray[np.float32]
    origin_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    plane_mm: NDArray[np.float64]
    row_mm: NDArray[np.float64]
    column_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        # What does not fit into single precision becomes infinite and is refused below.
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(self.values_gy, dtype=np.float32)
        coordinates = {
            name: np.array(getattr(self, name), dtype=np.float64)
            for name in ("origin_mm", "axes", "plane_mm", "row_mm", "column_mm")
        }
        _check(values, **coordinates)
        _freeze(self, "values_gy", values)
        for name, array in coordinates.items():
            _freeze(self, name, array)

    @classmethod
    def regular(
        cls,
        values_gy: ArrayLike,
        *,
        spacing_mm: tuple[float, float, float],
        origin_mm: ArrayLike = (0.0, 0.0, 0.0),
        axes: ArrayLike = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
    ) -> Self:
        """Build an evenly spaced grid; by default planes along z, rows along y, columns along x.

        Parameters
        ----------
        values_gy
            Shape (planes, rows, columns).
        spacing_mm
            Distance between planes, rows and columns.
        """
        values = np.asarray(values_gy)
        if values.ndim != 3:
            raise DoseError(f"dose values must have planes, rows and columns, got {values.shape!r}")
        steps = [step * np.arange(n) for step, n in zip(spacing_mm, values.shape, strict=True)]
        return cls(
            values_gy=values,
            origin_mm=np.asarray(origin_mm, dtype=np.float64),
            axes=np.asarray(axes, dtype=np.float64),
            plane_mm=steps[0],
            row_mm=steps[1],
            column_mm=steps[2],
        )

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Largest plane spacing, row spacing and column spacing."""
        plane, row, column = (
            float(np.diff(nodes).max()) for nodes in (self.plane_mm, self.row_mm, self.column_mm)
        )
        return plane, row, column

    @property
    def max_gy(self) -> float:
        """Highest dose of all voxels."""
        return float(self.values_gy.max())

    def index_coordinates(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return distances (plane, row, column) in mm from the origin along the axes.

        Parameters
        ----------
        points_mm
            Patient coordinates, shape (N, 3).
        """
        return turned(points_mm - self.origin_mm, self.axes.T)

    def node_mm(self, plane: int, row: int, column: int) -> tuple[float, float, float]:
        """Return the patient coordinates of one voxel centre."""
        along = np.array([self.plane_mm[plane], self.row_mm[row], self.column_mm[column]])
        x, y, z = self.origin_mm + along @ self.axes
        return float(x), float(y), float(z)

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate the dose at points.

        Parameters
        ----------
        points_mm
            Patient coordinates, shape (N, 3).

        Returns
        -------
        ndarray of shape (N,)
            Dose in Gy; NaN outside the grid.
        """
        along = self.index_coordinates(points_mm)
        inside = np.ones(len(along), dtype=bool)
        first = np.zeros(len(along), dtype=np.intp)
        shares = []
        nodes_of = (self.plane_mm, self.row_mm, self.column_mm)
        for axis, nodes in enumerate(nodes_of):
            index, share, within = locate(nodes, along[:, axis])
            first = first * len(nodes) + index
            shares.append(share)
            inside &= within
        values = self.values_gy.reshape(-1)
        row, plane = len(self.column_mm), len(self.row_mm) * len(self.column_mm)

        def between(offset: int) -> NDArray[np.float64]:
            low = values[first + offset].astype(np.float64)
            return low + shares[2] * (values[first + (offset + 1)] - low)

        low = between(0)
        low += shares[1] * (between(row) - low)
        high = between(plane)
        high += shares[1] * (between(plane + row) - high)
        result = low + shares[0] * (high - low)
        result[~inside] = np.nan
        return np.asarray(result)


def _freeze(grid: DoseGrid, name: str, array: NDArray[Any]) -> None:
    view = array.view()
    view.flags.writeable = False
    object.__setattr__(grid, name, view)


def locate(
    nodes_mm: NDArray[np.float64], along_mm: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Find the cell of each coordinate on one axis.

    Returns
    -------
    index : ndarray of int
        Lower node of the cell.
    fraction : ndarray of float
        Position in the cell, 0 to 1; held at the end node over the outer half voxel.
    inside : ndarray of bool
        Whether the coordinate lies in the grid, half a voxel beyond the end nodes included.
    """
    index = np.clip(np.searchsorted(nodes_mm, along_mm, side="right") - 1, 0, len(nodes_mm) - 2)
    step = nodes_mm[index + 1] - nodes_mm[index]
    fraction = np.clip((along_mm - nodes_mm[index]) / step, 0.0, 1.0)
    tolerance = 1e-6
    first = nodes_mm[0] - (nodes_mm[1] - nodes_mm[0]) / 2 - tolerance
    last = nodes_mm[-1] + (nodes_mm[-1] - nodes_mm[-2]) / 2 + tolerance
    return index, fraction, (along_mm >= first) & (along_mm <= last)


def _check(
    values: NDArray[np.float32],
    *,
    origin_mm: NDArray[np.float64],
    axes: NDArray[np.float64],
    plane_mm: NDArray[np.float64],
    row_mm: NDArray[np.float64],
    column_mm: NDArray[np.float64],
) -> None:
    expected = (len(plane_mm), len(row_mm), len(column_mm))
    if values.ndim != 3 or values.shape != expected:
        raise DoseError(
            f"dose values of shape {values.shape!r} do not fit coordinates {expected!r}"
        )
    if min(expected) < 2:
        raise DoseError(
            f"a dose grid needs at least 2 planes, rows and columns, got {expected!r}; "
            "export the dose as a volume"
        )
    for name, nodes in (("plane", plane_mm), ("row", row_mm), ("column", column_mm)):
        if not np.isfinite(nodes).all() or not (np.diff(nodes) > 0).all():
            raise DoseError(f"the {name} coordinates of the dose grid must rise, got {nodes[:5]!r}")
        if nodes[0] != 0:
            raise DoseError(
                f"the {name} coordinates of the dose grid count from its origin, so the first must "
                f"be 0, got {float(nodes[0])!r}"
            )
    if origin_mm.shape != (3,) or not np.isfinite(origin_mm).all():
        raise DoseError(f"the dose grid origin must be three numbers, got {origin_mm!r}")
    if axes.shape != (3, 3) or not np.allclose(axes @ axes.T, np.eye(3), atol=1e-3):
        raise DoseError(f"the dose grid axes must be orthogonal unit vectors, got {axes!r}")
    if not np.isfinite(values).all():
        raise DoseError("the dose holds values that are not finite numbers")
    if (values < 0).any():
        raise DoseError(f"the dose holds negative values down to {float(values.min()):g} Gy")
