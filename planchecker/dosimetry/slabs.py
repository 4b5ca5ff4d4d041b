"""Thin slabs between and beyond the planes of a structure, with the volume of every cell.

Every cell carries several volumes, one for each way of reading what the contours leave open
(`Reading`); the spread between them is where the uncertainty band comes from.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.levels import PlaneLevel, between, beyond, coverage, distance
from planchecker.dosimetry.planes import Part

__all__ = ["OUTLINE_MM", "Reading", "Slab", "slabs"]

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]

# Contours are drawn on pixels and written rounded; half of a fine CT pixel is not known.
OUTLINE_MM = 0.1


class Reading(IntEnum):
    """One way of turning contours into a volume."""

    BASE = 0
    """Shape interpolation between planes, caps of half a slice at the ends."""
    PRISM = 1
    """Each contour holds for half a slice on either side."""
    OPEN_LOW = 2
    """The structure begins at its first contour."""
    FULL_LOW = 3
    """The structure begins just after the slice before its first contour."""
    OPEN_HIGH = 4
    """The structure ends at its last contour."""
    FULL_HIGH = 5
    """The structure ends just before the slice after its last contour."""
    WIDER = 6
    """Every outline 0.1 mm farther out."""
    NARROWER = 7
    """Every outline 0.1 mm farther in."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Slab:
    """Thin planes between two contours or beyond the last one.

    Parameters
    ----------
    positions_mm
        Middle of each thin plane, rising.
    cells
        Flat numbers of the lattice cells that may be covered.
    volumes
        Covered share of each cell, shape (readings, planes, cells).
    shift
        Offset of the covered part from the cell centre along x and y, in cells, shape
        (2, planes, cells).
    """

    positions_mm: Floats
    thickness_mm: float
    cells: Cells
    volumes: Floats
    shift: Floats
    full: Cells
    """Flat numbers of further cells that are wholly covered under every reading."""
    is_cap: bool = False
    """Whether it lies beyond an end plane."""


def slabs(part: Part, lattice: Lattice) -> Iterator[Slab]:
    """Yield the slabs of one part: a cap, the gaps between planes, the other cap."""
    levels: dict[int, PlaneLevel] = {}
    planes = part.planes

    def level(index: int) -> PlaneLevel | None:
        if not 0 <= index < len(planes):
            return None
        if index not in levels:
            levels[index] = PlaneLevel(planes[index], lattice)
        return levels[index]

    yield _cap(level, 0, 1, part.end_mm[0], lattice)
    for index in range(len(planes) - 1):
        low, high = level(index), level(index + 1)
        if low is not None and high is not None:
            yield _gap((level(index - 1), low, high, level(index + 2)), lattice)
        levels.pop(index - 2, None)
    yield _cap(level, len(planes) - 1, -1, part.end_mm[1], lattice)


def _grow(mask: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    for _ in range(times):
        wide = mask.copy()
        wide[1:] |= mask[:-1]
        wide[:-1] |= mask[1:]
        mask = wide.copy()
        mask[:, 1:] |= wide[:, :-1]
        mask[:, :-1] |= wide[:, 1:]
    return mask


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Region:
    """Cells near the outline, where levels are needed, and cells that are simply inside."""

    edge: Cells
    wide: Cells
    full: Cells

    @classmethod
    def of(
        cls, near: NDArray[np.bool_], inside: NDArray[np.bool_], gap_mm: float, lattice: Lattice
    ) -> "_Region":
        # A rounded shape bulges between two planes by a fraction of their distance.
        near = _grow(near, min(max(math.ceil(0.05 * gap_mm / lattice.step_mm), 1), 4))
        near[[0, -1]] = near[:, [0, -1]] = False
        return cls(
            edge=np.flatnonzero(near),
            wide=np.flatnonzero(_grow(near, 1)),
            full=np.flatnonzero(inside & ~near),
        )


class _Shape:
    """Signed distances on thin planes, turned into covered shares of the edge cells."""

    def __init__(self, region: _Region, level: Floats, radius2: Floats, lattice: Lattice) -> None:
        step, columns = lattice.step_mm, lattice.shape[1]
        place = np.zeros(lattice.shape[0] * columns, dtype=np.intp)
        place[region.wide] = np.arange(len(region.wide))
        s = distance(level, radius2) / step
        self._depth = s[:, place[region.edge]]
        self._dx = 0.5 * (s[:, place[region.edge + 1]] - s[:, place[region.edge - 1]])
        up, down = place[region.edge + columns], place[region.edge - columns]
        self._dy = 0.5 * (s[:, up] - s[:, down])
        # Two outlines in one cell look like one: a shape never covers more than its width.
        width = np.sqrt(np.maximum(radius2[:, place[region.edge]], 0.0)) * 2 / step
        self._width = width if (width < 1).any() else None
        self._step = step

    def shares(self, outward_mm: float = 0.0) -> Floats:
        """Covered share of edge cells, with the outline moved outward."""
        share = coverage(self._depth + outward_mm / self._step, self._dx, self._dy)
        if self._width is not None:
            share = np.minimum(share, self._width + 2 * max(outward_mm, 0.0) / self._step)
        return share

    def shift(self, shares: Floats) -> Floats:
        """Offset of the covered part along x and y, in cells; exact for outlines along axes."""
        steepest = np.maximum(np.maximum(np.abs(self._dx), np.abs(self._dy)), 1e-30)
        away = 0.5 * (1 - shares) / steepest
        return np.stack([away * self._dx, away * self._dy])


def _gap(
    levels: tuple[PlaneLevel | None, PlaneLevel, PlaneLevel, PlaneLevel | None], lattice: Lattice
) -> Slab:
    before, low, high, after = levels
    gap = high.position_mm - low.position_mm
    straight = _runs_straight(low, high, lattice)
    if straight:
        before = after = None
    near = low.touched | high.touched | (low.inside ^ high.inside)
    region = _Region.of(near, low.inside & high.inside, gap, lattice)
    count = _thin_planes(gap, lattice)
    shares = (np.arange(count) + 0.5) / count
    fields = [
        None if plane is None else plane.at(region.wide, near_only=straight)
        for plane in (before, low, high, after)
    ]
    z = (
        low.position_mm - 1 if before is None else before.position_mm,
        low.position_mm,
        high.position_mm,
        high.position_mm + 1 if after is None else after.position_mm,
    )
    level = between([None if f is None else f.level for f in fields], z, shares)
    radius2 = between([None if f is None else f.radius2 for f in fields], z, shares)
    shape = _Shape(region, level, radius2, lattice)
    base = shape.shares()
    own = (low.at(region.wide, near_only=straight), high.at(region.wide, near_only=straight))
    ends = _Shape(
        region, np.stack([f.level for f in own]), np.stack([f.radius2 for f in own]), lattice
    ).shares()
    return Slab(
        positions_mm=low.position_mm + shares * gap,
        thickness_mm=gap / count,
        cells=region.edge,
        full=region.full,
        volumes=_volumes(
            base,
            {
                Reading.PRISM: np.where((shares < 0.5)[:, None], ends[0], ends[1]),
                Reading.WIDER: shape.shares(OUTLINE_MM),
                Reading.NARROWER: shape.shares(-OUTLINE_MM),
            },
        ),
        shift=shape.shift(base),
    )


def _runs_straight(low: PlaneLevel, high: PlaneLevel, lattice: Lattice) -> bool:
    """Tell whether straight walls between two planes are as good as curved ones.

    So they are where a sphere as wide as the shape would bulge by less than a hundredth of a
    cell and the outline moves sideways by less than half the distance of the planes. A large
    organ then needs two planes instead of four, and no far distances, for each of its gaps.
    """
    gap = high.position_mm - low.position_mm
    radius = min(low.radius_mm, high.radius_mm)
    if radius <= 0 or gap * gap / (8 * radius) > 0.01 * lattice.step_mm:
        return False
    moved = np.count_nonzero(low.inside ^ high.inside) * lattice.step_mm
    return bool(moved < 0.5 * gap * np.count_nonzero(low.touched))


def _volumes(base: Floats, others: Mapping[Reading, Floats]) -> Floats:
    """Stack the readings; one that is not given is as the base."""
    return np.stack([others.get(reading, base) for reading in Reading])


def _thin_planes(gap_mm: float, lattice: Lattice) -> int:
    """Even number of thin planes in a gap, about as thick as a cell is wide."""
    return 2 * max(1, round(gap_mm / (2.2 * lattice.step_mm)))


def _cap(
    level: Callable[[int], PlaneLevel | None],
    end: int,
    inward: int,
    length_mm: float,
    lattice: Lattice,
) -> Slab:
    """Build the cap beyond an end plane.

    A shape whose level falls to zero everywhere before the next slice closes there; any other
    is cut off after half a slice, as most planning systems do.
    """
    three = (level(end), level(end + inward), level(end + 2 * inward))
    last = three[0]
    if last is None:
        raise AssertionError("a part has at least one plane")
    # Any cell of the end plane may run out before the next slice, so none is simply full.
    region = _Region.of(last.touched | last.inside, last.inside, length_mm, lattice)
    count = _thin_planes(length_mm, lattice)
    away = (np.arange(count) + 0.5) / count * length_mm
    z = tuple(last.position_mm if plane is None else plane.position_mm for plane in three)
    straight = three[1] is not None and _runs_straight(last, three[1], lattice)
    if straight:
        three = (last, None, None)
    fields = [
        None if plane is None else plane.at(region.wide, near_only=straight) for plane in three
    ]
    shape = _Shape(
        region,
        beyond([None if f is None else f.level for f in fields], z, away),
        beyond([None if f is None else f.radius2 for f in fields], z, away),
        lattice,
    )
    shares = shape.shares()
    closes = not (shares[-1] > 0.5).any()
    half = (away < 0.5 * length_mm)[:, None]
    kept = np.ones_like(half) if closes else half
    own = last.at(region.wide, near_only=straight)
    flat = np.repeat(_Shape(region, own.level[None], own.radius2[None], lattice).shares(), count, 0)
    order = slice(None) if inward < 0 else slice(None, None, -1)
    low_end = inward > 0
    volumes = _volumes(
        shares * kept,
        {
            Reading.PRISM: flat * half,
            Reading.OPEN_LOW if low_end else Reading.OPEN_HIGH: np.zeros_like(shares),
            Reading.FULL_LOW if low_end else Reading.FULL_HIGH: flat,
            Reading.WIDER: shape.shares(OUTLINE_MM) * kept,
            Reading.NARROWER: shape.shares(-OUTLINE_MM) * kept,
        },
    )
    return Slab(
        positions_mm=(last.position_mm - inward * away)[order],
        thickness_mm=length_mm / count,
        cells=region.edge,
        full=region.full,
        is_cap=True,
        volumes=volumes[:, order],
        shift=shape.shift(shares)[:, order],
    )
