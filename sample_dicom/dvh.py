"""The DVH that the sample planning system stores, by plain point counting."""

import numpy as np

from sample_dicom.dose_grid import Grid
from sample_dicom.regions import Region
from sample_dicom.solids import Array

__all__ = ["cumulative_dvh", "dose_in_region"]

_POINTS = 120_000
"""About how many points a region is counted with."""


def cumulative_dvh(
    dose_gy: Array, volume_cc: float, *, bin_gy: float
) -> tuple[Array, Array]:  # fmt: skip
    """Return bin widths in Gy and the volume in cm3 that receives at least each dose.

    Examples
    --------
    >>> import numpy as np
    >>> widths, volumes = cumulative_dvh(np.array([1.0, 2.0]), 10.0, bin_gy=0.5)
    >>> volumes.tolist()
    [10.0, 10.0, 10.0, 5.0, 5.0, 0.0]
    """
    edges = bin_gy * np.arange(int(np.ceil(dose_gy.max() / bin_gy)) + 2)
    below = np.searchsorted(np.sort(dose_gy), edges - 1e-9)
    return np.full(len(edges), bin_gy), volume_cc * (1 - below / len(dose_gy))


def dose_in_region(region: Region, grid: Grid, dose_gy: Array, z_mm: Array) -> tuple[Array, float]:
    """Return the dose at evenly spread points of a region and its volume in cm3.

    Every outline stands for a slab of one slice spacing.
    """
    slices: dict[int, list[Array]] = {}
    for index, loop in region.outlines:
        slices.setdefault(index, []).append(loop)
    thickness = float(z_mm[1] - z_mm[0])
    area = abs(sum(_signed_area(loop) for loops in slices.values() for loop in loops))
    step = max(0.5, float(np.sqrt(2 * area / _POINTS)))
    points: list[Array] = []
    for index, loops in slices.items():
        x, y = _points_inside(loops, step)
        points.extend(
            np.stack([x, y, np.full(len(x), z_mm[index] + shift * thickness)])
            for shift in (-0.25, 0.25)
        )
    x, y, z = np.concatenate(points, axis=1)
    return _interpolate(grid, dose_gy, x, y, z), area * thickness / 1000.0


def _signed_area(loop: Array) -> float:
    x, y = loop.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y)) / 2


def _points_inside(loops: list[Array], step_mm: float) -> tuple[Array, Array]:
    """Return lattice points with an odd number of outline crossings to their left."""
    corners = np.concatenate(loops)
    x = np.arange(corners[:, 0].min() + step_mm / 2, corners[:, 0].max(), step_mm)
    y = np.arange(corners[:, 1].min() + step_mm / 2, corners[:, 1].max(), step_mm)
    start = corners
    end = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    crossed = (start[:, 1] <= y[:, None]) != (end[:, 1] <= y[:, None])
    row, edge = np.nonzero(crossed)
    rise = end[edge, 1] - start[edge, 1]
    at = start[edge, 0] + (y[row] - start[edge, 1]) / rise * (end[edge, 0] - start[edge, 0])
    # Each crossing flips everything to its right, so the running count tells inside from outside.
    flips = np.zeros((len(y), len(x) + 1), dtype=np.int64)
    np.add.at(flips, (row, np.searchsorted(x, at)), 1)
    inside_row, inside_column = np.nonzero(np.cumsum(flips, axis=1)[:, :-1] % 2)
    return x[inside_column], y[inside_row]


def _interpolate(grid: Grid, dose_gy: Array, x: Array, y: Array, z: Array) -> Array:
    """Interpolate the dose trilinearly; points beyond the grid take its edge."""
    lower, part = [], []
    for nodes, at in ((grid.z_mm, z), (grid.y_mm, y), (grid.x_mm, x)):
        position = np.clip((at - nodes[0]) / (nodes[1] - nodes[0]), 0, len(nodes) - 1)
        index = np.minimum(position.astype(np.intp), len(nodes) - 2)
        lower.append(index)
        part.append(position - index)
    result = np.zeros(len(x))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([p if bit else 1 - p for p, bit in zip(part, corner, strict=True)], axis=0)
        result += weight * dose_gy[tuple(low + bit for low, bit in zip(lower, corner, strict=True))]
    return result
