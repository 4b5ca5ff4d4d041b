"""A dose grid in Gy, and dose at points between its nodes."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planchecker.dosimetry.frame import swaps_of, turned
from planchecker.errors import DoseError

__all__ = ["DoseGrid", "Places", "locate"]

# Fewer coordinates than this are found faster by a search.
_FEW = 256


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
        return self.at_places(*self.places_of(points_mm))

    def places_of(self, points_mm: NDArray[np.float64]) -> tuple["Places", "Places", "Places"]:
        """Return where points lie along planes, rows and columns."""
        plane, row, column = self._along(points_mm)
        return (
            locate(self.plane_mm, plane),
            locate(self.row_mm, row),
            locate(self.column_mm, column),
        )

    def _along(self, points_mm: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return `index_coordinates` axis by axis."""
        swaps = swaps_of(self.axes.T)
        if swaps is None:
            return [np.ascontiguousarray(one) for one in self.index_coordinates(points_mm).T]
        return [(points_mm[:, i] - self.origin_mm[i]) * sign for i, sign in swaps]

    def at_places(self, plane: "Places", row: "Places", column: "Places") -> NDArray[np.float64]:
        """Interpolate where the cells along each axis are known, as `locate` gives them.

        Returns
        -------
        ndarray of shape (N,)
            Dose in Gy; NaN outside the grid.
        """
        columns, size = len(self.column_mm), len(self.row_mm) * len(self.column_mm)
        first = plane.lower * len(self.row_mm)
        first += row.lower
        first *= columns
        first += column.lower
        values = self.values_gy.reshape(-1)

        def between(offset: int) -> NDArray[np.float64]:
            low = values[offset:].take(first).astype(np.float64)
            high = values[offset + 1 :].take(first).astype(np.float64)
            high -= low
            high *= column.share
            low += high
            return low

        def across(offset: int) -> NDArray[np.float64]:
            low, high = between(offset), between(offset + columns)
            high -= low
            high *= row.share
            low += high
            return low

        result, high = across(0), across(size)
        high -= result
        high *= plane.share
        result += high
        inside = plane.inside & row.inside & column.inside
        if not inside.all():
            result[~inside] = np.nan
        return result


def _freeze(grid: DoseGrid, name: str, array: NDArray[Any]) -> None:
    view = array.view()
    view.flags.writeable = False
    object.__setattr__(grid, name, view)


class Places(NamedTuple):
    """Where coordinates lie among the nodes of one axis."""

    lower: NDArray[np.intp]
    """Lower node of the cell."""
    share: NDArray[np.float64]
    """Position in the cell, 0 to 1; held at the end node over the outer half voxel."""
    inside: NDArray[np.bool_]
    """Whether it lies in the grid, half a voxel beyond the end nodes included."""

    def take(self, which: NDArray[np.integer[Any]]) -> "Places":
        """Return some of the places, in the order asked for."""
        return Places(self.lower.take(which), self.share.take(which), self.inside.take(which))


def locate(nodes_mm: NDArray[np.float64], along_mm: NDArray[np.float64]) -> Places:
    """Find the cell of each coordinate on one axis."""
    index = _cells(nodes_mm, along_mm)
    low = nodes_mm.take(index)
    share = along_mm - low
    share /= nodes_mm.take(index + 1) - low
    share.clip(0.0, 1.0, out=share)
    tolerance = 1e-6
    first = nodes_mm[0] - (nodes_mm[1] - nodes_mm[0]) / 2 - tolerance
    last = nodes_mm[-1] + (nodes_mm[-1] - nodes_mm[-2]) / 2 + tolerance
    return Places(index, share, (along_mm >= first) & (along_mm <= last))


def _cells(nodes_mm: NDArray[np.float64], along_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the lower node of the cell of each coordinate."""
    last = len(nodes_mm) - 2
    if len(along_mm) < _FEW:
        index = np.searchsorted(nodes_mm, along_mm, side="right") - 1
        return np.asarray(np.minimum(np.maximum(index, 0), last))
    # Nodes are mostly evenly spaced: a guess saves the search, and is looked after below.
    place = along_mm - nodes_mm[0]
    place *= (len(nodes_mm) - 1) / (nodes_mm[-1] - nodes_mm[0])
    place.clip(0.0, last, out=place)
    # What is no number is put somewhere: it is not inside.
    if np.isnan(place.sum()):
        place[np.isnan(place)] = 0.0
    index = place.astype(np.intp)
    wrong = (nodes_mm.take(index) > along_mm) & (index > 0)
    wrong |= (nodes_mm.take(index + 1) <= along_mm) & (index < last)
    missed = np.flatnonzero(wrong)
    if len(missed):
        found = np.searchsorted(nodes_mm, along_mm[missed], side="right") - 1
        index[missed] = np.minimum(np.maximum(found, 0), last)
    return np.asarray(index)


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
