"""Adding up courses voxel by voxel, mostly in EQD2, and what a rule leaves for the next course."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import DVH, MetricValue, compute_dvh
from planchecker.dosimetry.radiobiology import eqd2
from planchecker.dosimetry.structure import Structure
from planchecker.grid_parts import cropped, divided, filtered, nearest_nodes, node_axes
from planchecker.registration import apply

__all__ = [
    "Addend",
    "SummedDose",
    "add_up",
    "dvhs_of_sum",
    "fitted",
    "largest_retreatment_eqd2",
    "metric_over",
]

Floats = NDArray[np.float64]

_BLOCK_POINTS = 200_000
_MOST_NODES = 400_000
_ON_NODE_MM = 0.01
_CORNERS = np.array(
    [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)], dtype=np.float64
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Addend:
    """One course to add.

    Parameters
    ----------
    grid
        Physical dose of the whole course.
    fractions
        Number of equal fractions.
    matrix
        Takes points in mm from the frame of the sum to the frame of `grid`, shape (4, 4).
    uncertainty_mm
        How far the two frames may be off against each other.
    """

    grid: DoseGrid
    fractions: int
    matrix: Floats
    uncertainty_mm: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SummedDose:
    """A sum with what it may lie between.

    Parameters
    ----------
    value
        The sum, without dose outside the grid of a course.
    low, high
        Lowest and highest sum within the uncertainty of the registrations. Outside the grid of
        a course its dose is unknown: `high` then takes the course's highest dose.
    outside
        Share of the nodes that lie outside the grid of a course.
    """

    value: DoseGrid
    low: DoseGrid
    high: DoseGrid
    outside: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Around:
    """Lowest and highest dose of the nodes round each node of a course, where a template lies."""

    part: DoseGrid
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def add_up(
    template: DoseGrid,
    addends: Sequence[Addend],
    *,
    alpha_beta_gy: float | None,
    worth_gy: float = 0.0,
) -> SummedDose:
    """Add courses at the nodes of a grid.

    Physical dose is interpolated first and converted after, each course with its own number of
    fractions; sums are made voxel by voxel only. Memory: three grids in single precision, and
    blocks of a fixed number of points.

    Parameters
    ----------
    template
        Where to add; its own dose does not count.
    alpha_beta_gy
        In Gy; None adds physical dose as it is.
    worth_gy
        Dose below which the uncertainty need not be known closely.

    Returns
    -------
    SummedDose
        In Gy EQD2, or physical dose, without any recovery between courses.

    Notes
    -----
    The uncertainty is sampled at 26 directions on a sphere of that radius round each node, and
    at the node itself. Where the lowest and highest nodes of a course near by show that the sum
    stays below `worth_gy`, these stand for it: they bound it as surely and cost little.

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.full((2, 2, 2), 30.0), spacing_mm=(2.0, 2.0, 2.0))
    >>> course = Addend(grid=grid, fractions=10, matrix=np.eye(4))
    >>> add_up(grid, (course, course), alpha_beta_gy=2.0).value.max_gy
    75.0
    >>> add_up(grid, (course, course), alpha_beta_gy=None).value.max_gy
    60.0
    """
    shape = template.values_gy.shape
    count = int(np.prod(shape))
    value, low, high = (np.zeros(count, dtype=np.float32) for _ in range(3))
    outside = np.zeros(count, dtype=bool)
    around = [_around(one, template) if one.uncertainty_mm > 0 else None for one in addends]
    for first in range(0, count, _BLOCK_POINTS):
        part = slice(first, min(first + _BLOCK_POINTS, count))
        points = _nodes(template, part)
        for at, least, most, missing in _contributions(
            addends, around, points, alpha_beta_gy, worth_gy
        ):
            value[part] += at
            low[part] += least
            high[part] += most
            outside[part] |= missing
    grids = (_as_grid(template, values.reshape(shape)) for values in (value, low, high))
    return SummedDose(
        value=next(grids), low=next(grids), high=next(grids), outside=float(outside.mean())
    )


def fitted(template: DoseGrid, addends: Sequence[Addend]) -> DoseGrid:
    """Return a template fine enough that no hot spot of a course falls between its nodes.

    Where the nodes of a course do not lie on those of the template, the template is divided to
    half the finest spacing of all, as far as `_MOST_NODES` allows; its dose is then 0.

    Examples
    --------
    >>> import numpy as np
    >>> grid = DoseGrid.regular(np.ones((3, 3, 3)), spacing_mm=(2.0, 2.0, 2.0))
    >>> off = np.eye(4)
    >>> off[0, 3] = 0.7
    >>> fitted(grid, (Addend(grid=grid, fractions=1, matrix=off),)).spacing_mm
    (1.0, 1.0, 1.0)
    """
    loose = [one for one in addends if not _on_nodes(template, one)]
    if not loose:
        return template
    finest = min(float(np.diff(n).min()) for one in addends for n in node_axes(one.grid)) / 2
    axes = node_axes(template)
    steps = [max(1, int(np.ceil(np.diff(nodes).max() / finest - 1e-6))) for nodes in axes]
    while np.prod([n * (len(a) - 1) + 1 for n, a in zip(steps, axes, strict=True)]) > _MOST_NODES:
        if max(steps) == 1:
            return template
        steps[int(np.argmax(steps))] -= 1
    plane, row, column = (divided(a, n) for a, n in zip(axes, steps, strict=True))
    return DoseGrid(
        values_gy=np.zeros((len(plane), len(row), len(column)), dtype=np.float32),
        origin_mm=template.origin_mm,
        axes=template.axes,
        plane_mm=plane,
        row_mm=row,
        column_mm=column,
    )


def largest_retreatment_eqd2(
    earlier_gy: float, *, cumulative_gy: float, course_gy: float, share: float | None = None
) -> float:
    """Return the highest EQD2 of a further course that keeps a rule, 0 where there is none.

    Parameters
    ----------
    earlier_gy
        EQD2 of the earlier courses at the same point.
    cumulative_gy, course_gy
        Bounds of the sum and of the further course.
    share
        Bound of the further course's share of the sum; None where it is not asked.

    Examples
    --------
    >>> largest_retreatment_eqd2(50.0, cumulative_gy=70.0, course_gy=25.0)
    20.0
    >>> largest_retreatment_eqd2(20.0, cumulative_gy=70.0, course_gy=25.0, share=0.5)
    20.0
    """
    most = min(course_gy, cumulative_gy - earlier_gy)
    if share is not None and share < 1:
        most = min(most, earlier_gy * share / (1 - share))
    return max(most, 0.0)


def _on_nodes(template: DoseGrid, addend: Addend) -> bool:
    """Tell whether the nodes of a template are nodes of a course, and no node lies between."""
    for axis, nodes in enumerate(node_axes(template)):
        points = template.origin_mm + nodes[:, None] * template.axes[axis]
        along = addend.grid.index_coordinates(apply(addend.matrix, points))
        for other, theirs in enumerate(node_axes(addend.grid)):
            here = along[:, other]
            low, high = here.min() - _ON_NODE_MM, here.max() + _ON_NODE_MM
            between = theirs[(theirs > low) & (theirs < high)]
            within = here[(here > theirs[0] - _ON_NODE_MM) & (here < theirs[-1] + _ON_NODE_MM)]
            away = np.abs(within[:, None] - theirs[None, :]).min(axis=1)
            if (away > _ON_NODE_MM).any() or len(between) > len(np.unique(within.round(2))):
                return False
    return True


def _nodes(grid: DoseGrid, part: slice) -> Floats:
    flat = np.arange(part.start, part.stop)
    plane, row, column = np.unravel_index(flat, grid.values_gy.shape)
    along = np.column_stack([grid.plane_mm[plane], grid.row_mm[row], grid.column_mm[column]])
    return np.asarray(grid.origin_mm + along @ grid.axes)


def _contributions(
    addends: Sequence[Addend],
    around: Sequence[_Around | None],
    points: Floats,
    alpha_beta_gy: float | None,
    worth_gy: float,
) -> Iterator[tuple[Floats, Floats, Floats, NDArray[np.bool_]]]:
    """Yield for each course dose at the points, its lowest and highest, and what is outside."""

    def scaled(addend: Addend, doses: Floats) -> Floats:
        if alpha_beta_gy is None:
            return doses
        return eqd2(doses, fractions=addend.fractions, alpha_beta_gy=alpha_beta_gy)

    rough = [_rough(one, near, points) for one, near in zip(addends, around, strict=True)]
    most = sum(scaled(one, found.high) for one, found in zip(addends, rough, strict=True))
    close = np.asarray(most >= worth_gy)
    for addend, found in zip(addends, rough, strict=True):
        if addend.uncertainty_mm > 0:
            _sample(addend, found, close & ~found.missing)
        dose = np.where(np.isnan(found.dose), 0.0, found.dose)
        yield (
            scaled(addend, dose),
            scaled(addend, found.low),
            scaled(addend, found.high),
            found.missing,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Rough:
    """Dose of a course at points, bounds of it, and where it is not known."""

    moved: Floats
    dose: Floats
    low: Floats
    high: Floats
    missing: NDArray[np.bool_]


def _rough(addend: Addend, around: _Around | None, points: Floats) -> _Rough:
    moved = apply(addend.matrix, points)
    dose = addend.grid.at(moved)
    missing = np.isnan(dose)
    low, high = dose.copy(), dose.copy()
    if around is not None:
        missing |= _near_edge(addend, moved)
        nearest = tuple(
            nearest_nodes(nodes, along)
            for nodes, along in zip(
                node_axes(around.part), around.part.index_coordinates(moved).T, strict=True
            )
        )
        low, high = around.low[nearest].astype(float), around.high[nearest].astype(float)
    # Outside its grid nothing is known of a course but that its highest dose was exported.
    low[missing], high[missing] = 0.0, addend.grid.max_gy
    return _Rough(moved=moved, dose=dose, low=low, high=high, missing=missing)


def _near_edge(addend: Addend, moved: Floats) -> NDArray[np.bool_]:
    """Mark the points that may lie outside the grid of a course within its uncertainty."""
    near = np.zeros(len(moved), dtype=bool)
    along = addend.grid.index_coordinates(moved)
    for axis, nodes in enumerate(node_axes(addend.grid)):
        # The outer half voxel belongs to the grid.
        first = nodes[0] - (nodes[1] - nodes[0]) / 2 + addend.uncertainty_mm
        last = nodes[-1] + (nodes[-1] - nodes[-2]) / 2 - addend.uncertainty_mm
        near |= (along[:, axis] < first) | (along[:, axis] > last)
    return near


def _sample(addend: Addend, found: _Rough, chosen: NDArray[np.bool_]) -> None:
    """Replace the rough bounds of the chosen points by sampled ones."""
    moved = found.moved[chosen]
    low, high = found.dose[chosen].copy(), found.dose[chosen].copy()
    for corner in _CORNERS:
        if corner.any():
            step = addend.uncertainty_mm * corner / np.linalg.norm(corner)
            near = addend.grid.at(moved + step)
            low, high = np.fmin(low, near), np.fmax(high, near)
    found.low[chosen], found.high[chosen] = low, high


def _around(addend: Addend, template: DoseGrid) -> _Around:
    """Filter a course where a template lies by the lowest and highest of the nodes near by.

    A point within the uncertainty of a place lies in a cell whose nodes are at most the
    uncertainty and one spacing away, and the node nearest to the place half a spacing.
    """
    corners = np.array(
        [
            template.origin_mm + np.array(ends) @ template.axes
            for ends in itertools.product(*((axis[0], axis[-1]) for axis in node_axes(template)))
        ]
    )
    spacing = [float(np.diff(nodes).min()) for nodes in node_axes(addend.grid)]
    margin = addend.uncertainty_mm + 3 * max(addend.grid.spacing_mm)
    part = cropped(addend.grid, apply(addend.matrix, corners), margin_mm=margin)
    low = high = part.values_gy
    for axis, step in enumerate(spacing):
        reach = int(np.ceil(addend.uncertainty_mm / step + 1.5))
        low = filtered(low, axis, reach, np.minimum)
        high = filtered(high, axis, reach, np.maximum)
    return _Around(part=part, low=low, high=high)


def _as_grid(template: DoseGrid, values: NDArray[np.float32]) -> DoseGrid:
    return DoseGrid(
        values_gy=values,
        origin_mm=template.origin_mm,
        axes=template.axes,
        plane_mm=template.plane_mm,
        row_mm=template.row_mm,
        column_mm=template.column_mm,
    )


def dvhs_of_sum(
    structure: Structure, summed: SummedDose, *, spacing_mm: float | None
) -> tuple[DVH, ...]:
    """Return the DVH of a sum, with those of its lowest and highest where it is not sure.

    Raises
    ------
    GeometryError
        If the contours enclose no volume.
    """
    sure = np.array_equal(summed.low.values_gy, summed.high.values_gy)
    grids = (summed.value,) if sure else (summed.value, summed.low, summed.high)
    return tuple(compute_dvh(structure, grid, spacing_mm=spacing_mm) for grid in grids)


def metric_over(dvhs: Sequence[DVH], metric: Metric) -> MetricValue:
    """Return a metric of a sum with the band over all its readings.

    Parameters
    ----------
    dvhs
        As `dvhs_of_sum` returns them.
    """
    found = [dvh.metric(metric) for dvh in dvhs]
    bands = [one.band for one in found if one.band is not None]
    if not bands:
        return found[0]
    band = min(low for low, _ in bands), max(high for _, high in bands)
    return replace(found[0], band=band)
