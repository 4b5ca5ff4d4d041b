"""Thin slabs between and beyond the planes of a structure, with the share of every cell."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.levels import (
    Curvature,
    between,
    beyond,
    coverage,
    curvature,
    distance,
)
from planchecker.dosimetry.outlines import Field, Outlines
from planchecker.dosimetry.planes import Part
from planchecker.dosimetry.readings import OUTLINE_MM, EdgeCells, FullCells, Reading, Slabs

__all__ = ["slabs"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Rasters of this many cells are held at a time.
_CELLS_AT_ONCE = 3_000_000


def slabs(part: Part, lattice: Lattice) -> Iterator[Slabs]:
    """Yield the slabs of one part: the gaps between its planes, many at a time, and two caps.

    Parameters
    ----------
    part
        Planes without a gap between them.
    lattice
        The cells.
    """
    count = len(part.planes)
    at_once = max(2, _CELLS_AT_ONCE // (lattice.shape[0] * lattice.shape[1]))
    for first in range(0, count, at_once):
        # Curvature needs one plane more on either side.
        start, stop = max(first - 1, 0), min(first + at_once + 2, count)
        outlines = Outlines(part.planes[start:stop], lattice)
        last = min(first + at_once, count - 1)
        if last > first:
            yield from _gaps(outlines, lattice, first - start, last - start)
        if first == 0:
            yield _cap(outlines, lattice, 0, 1, part.end_mm[0])
        if first + at_once >= count:
            yield _cap(outlines, lattice, count - 1 - start, -1, part.end_mm[1])


def _grow(mask: Mask, times: int) -> Mask:
    for _ in range(times):
        for axis in (1, 2):
            before = mask
            mask = before.copy()
            lower = (slice(None),) * axis + (slice(None, -1),)
            upper = (slice(None),) * axis + (slice(1, None),)
            mask[upper] |= before[lower]
            mask[lower] |= before[upper]
    return mask


def _flat(mask: Mask) -> Mask:
    return mask.reshape(len(mask), -1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Region:
    """Cells near an outline, and the cells around them that slopes are taken from.

    `edge` and `wide` number the slab and the cell; `place` finds a cell among the wide ones.
    """

    edge: tuple[Index, Index]
    wide: tuple[Index, Index]
    around: tuple[Index, Index, Index, Index, Index]
    """Places among the wide cells of the edge cells and of their right, left, up, down."""

    @classmethod
    def of(cls, near: Mask) -> "_Region":
        near[:, [0, -1]] = near[:, :, [0, -1]] = False
        columns = near.shape[2]
        wide_slab, wide_cell = np.nonzero(_flat(_grow(near, 1)))
        slab, cell = np.nonzero(_flat(near))
        place = np.zeros((len(near), near.shape[1] * columns), dtype=np.int32)
        place[wide_slab, wide_cell] = np.arange(len(wide_cell), dtype=np.int32)
        around = tuple(
            place[slab, cell + offset].astype(np.intp) for offset in (0, 1, -1, columns, -columns)
        )
        here, right, left, up, down = around
        return cls(
            edge=(slab, cell), wide=(wide_slab, wide_cell), around=(here, right, left, up, down)
        )


class _Shape:
    """Signed distances on thin planes, turned into covered shares of the edge cells."""

    def __init__(self, region: _Region, level: Floats, radius2: Floats, lattice: Lattice) -> None:
        here, right, left, up, down = region.around
        step = lattice.step_mm
        s = distance(level, radius2) / step
        self._depth = s[:, here]
        self._dx = 0.5 * (s[:, right] - s[:, left])
        self._dy = 0.5 * (s[:, up] - s[:, down])
        # Two outlines in one cell look like one: a shape never covers more than its width.
        width = np.sqrt(np.abs(radius2[:, here])) * 2 / step
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


def _straight(outlines: Outlines, lattice: Lattice) -> Mask:
    """Tell for every gap whether straight walls are as good as curved ones.

    So they are where a sphere as wide as the shape would bulge by less than a hundredth of a
    cell and the outline moves sideways by less than half the distance of the planes. A large
    organ then needs two planes instead of four, and no far distances.
    """
    gap = np.diff(outlines.positions_mm)
    radius = np.minimum(outlines.radius_mm[1:], outlines.radius_mm[:-1])
    moved = _flat(outlines.inside[1:] ^ outlines.inside[:-1]).sum(axis=1) * lattice.step_mm
    rim = _flat(outlines.touched[:-1]).sum(axis=1)
    flat = gap * gap <= 8 * radius * 0.01 * lattice.step_mm
    return np.asarray((radius > 0) & flat & (moved < 0.5 * gap * rim))


def _thin_planes(gap_mm: float, lattice: Lattice) -> int:
    """Even number of thin planes in a gap, about as thick as a cell is wide."""
    return 2 * max(1, round(gap_mm / (2.2 * lattice.step_mm)))


def _bulge(gap_mm: float, lattice: Lattice) -> int:
    """Cells by which a rounded shape may bulge between two planes."""
    return min(max(math.ceil(0.05 * gap_mm / lattice.step_mm), 1), 4)


def _gaps(outlines: Outlines, lattice: Lattice, first: int, last: int) -> Iterator[Slabs]:
    """Yield the gaps from plane `first` to plane `last`, those of one thickness together."""
    gap = np.diff(outlines.positions_mm)
    straight = _straight(outlines, lattice)
    chosen = np.arange(first, last)
    counts = np.array([_thin_planes(float(gap[g]), lattice) for g in chosen])
    for count in np.unique(counts):
        yield _alike(outlines, lattice, chosen[counts == count], straight, int(count))


def _alike(outlines: Outlines, lattice: Lattice, gaps: Index, straight: Mask, count: int) -> Slabs:
    """Fill gaps that are cut into the same number of thin planes."""
    z = outlines.positions_mm
    thickness = (z[gaps + 1] - z[gaps]) / count
    below, above = outlines.inside[gaps], outlines.inside[gaps + 1]
    near = outlines.touched[gaps] | outlines.touched[gaps + 1] | (below ^ above)
    # Between straight walls the outline stays within the cells it runs through on either plane.
    curved = ~straight[gaps]
    near[curved] = _grow(near[curved], _bulge(float(thickness.max() * count), lattice))
    region = _Region.of(near)
    full_slab, full_cell = np.nonzero(_flat(below & above & ~near))
    shares = (np.arange(count) + 0.5) / count
    level, radius2, ends = _interpolated(outlines, lattice, gaps, straight, region, shares)
    shape = _Shape(region, level, radius2, lattice)
    base = shape.shares()
    prism = _Shape(region, ends.level, ends.radius2, lattice).shares()
    slab, cell = region.edge
    thin = (slab * count + np.arange(count)[:, None]).ravel()
    edges = EdgeCells(
        thin=thin,
        cell=np.tile(cell, count),
        share=base.ravel(),
        other={
            Reading.PRISM: np.where((shares < 0.5)[:, None], prism[0], prism[1]).ravel(),
            Reading.WIDER: shape.shares(OUTLINE_MM).ravel(),
            Reading.NARROWER: shape.shares(-OUTLINE_MM).ravel(),
        },
        shift=shape.shift(base).reshape(2, -1),
        in_cap=False,
    )
    return Slabs(
        positions_mm=(z[gaps][:, None] + (np.arange(count) + 0.5) * thickness[:, None]).ravel(),
        thickness_mm=np.repeat(thickness, count),
        edges=edges,
        full=_full(z[gaps], thickness * count, full_slab, full_cell, lattice),
    )


def _full(low_mm: Floats, gap_mm: Floats, slab: Index, cell: Index, lattice: Lattice) -> FullCells:
    """Sample the inside in blocks about as thick as a cell is wide: no outline to follow."""
    blocks = max(1, round(float(gap_mm.mean()) / lattice.step_mm))
    middles = (np.arange(blocks) + 0.5) / blocks
    return FullCells(
        positions_mm=(low_mm[:, None] + middles * gap_mm[:, None]).ravel(),
        thickness_mm=np.repeat(gap_mm / blocks, blocks),
        block=(slab * blocks + np.arange(blocks)[:, None]).ravel(),
        cell=np.tile(cell, blocks),
    )


def _interpolated(
    outlines: Outlines,
    lattice: Lattice,
    gaps: Index,
    straight: Mask,
    region: _Region,
    shares: Floats,
) -> tuple[Floats, Floats, Field]:
    """Levels and radii at the wide cells on thin planes, and those of the two planes."""
    slab, cell = region.wide
    lower = gaps[slab]
    curved = ~straight[lower]
    z = outlines.positions_mm
    left = curved & (lower > 0)
    right = curved & (lower + 2 < len(z))
    wanted = np.zeros((len(z), outlines.cells), dtype=bool)
    exact = np.zeros_like(wanted)
    for known, offset in ((None, 0), (None, 1), (left, -1), (right, 2)):
        chosen = slice(None) if known is None else known
        wanted[lower[chosen] + offset, cell[chosen]] = True
    for offset in (-1, 0, 1, 2):
        at = lower + offset
        chosen = curved & (at >= 0) & (at < len(z))
        exact[at[chosen], cell[chosen]] = True
    outlines.measure(wanted, exact)
    low, high = outlines.field(lower, cell), outlines.field(lower + 1, cell)
    before = outlines.field(lower[left] - 1, cell[left])
    after = outlines.field(lower[right] + 2, cell[right])

    def bent(index: int) -> tuple[Curvature, Curvature]:
        sides = []
        for known, outer, offset in ((left, before, -1), (right, after, 0)):
            value = np.zeros(len(cell))
            at = lower[known] + offset
            inner = (low[index][known], high[index][known])
            three = (outer[index], *inner) if offset < 0 else (*inner, outer[index])
            value[known] = curvature(three, (z[at], z[at + 1], z[at + 2]))
            sides.append(Curvature(value, known))
        return sides[0], sides[1]

    gap = z[lower + 1] - z[lower]
    level, radius2 = (
        between(low[i], high[i], gap_mm=gap, sides=bent(i), shares=shares) for i in (0, 1)
    )
    depth_low, depth_high = distance(*low), distance(*high)
    for end, other, own, known, outer, nearer in (
        (depth_high, depth_low, high, right, after, shares > 0.5),
        (depth_low, depth_high, low, left, before, shares < 0.5),
    ):
        further = end.copy()
        further[known] = distance(*outer)
        ends_here = _breaks_off(end, other, further, gap, lattice)
        level[np.ix_(nearer, ends_here)] = own.level[ends_here]
        radius2[np.ix_(nearer, ends_here)] = own.radius2[ends_here]
    ends = Field(np.stack([low.level, high.level]), np.stack([low.radius2, high.radius2]))
    return level, radius2, ends


def _breaks_off(
    here: Floats, gone: Floats, further: Floats, gap_mm: Floats, lattice: Lattice
) -> Mask:
    """Tell in which cells a wall ends at a plane instead of leaning towards the next.

    So it does where the other plane's outline is farther than one and a half times their
    distance and the wall had hardly moved up to here. Interpolation would pull such a wall back
    to the plane; like the end of a structure it is taken to go on for half the gap.

    Parameters
    ----------
    here, gone, further
        Signed distances on the plane, on the one where the wall is missing, and on the plane
        behind.
    """
    steep = np.abs(further - here) < 0.5 * gap_mm
    return np.asarray((gone < -1.5 * gap_mm) & (here > -2 * lattice.step_mm) & steep)


def _cap(outlines: Outlines, lattice: Lattice, end: int, inward: int, length_mm: float) -> Slabs:
    """Build the cap beyond an end plane.

    A shape whose level falls to zero everywhere before the next slice closes there; any other
    is cut off after half a slice, as most planning systems do.
    """
    z = outlines.positions_mm
    inner = [end + inward * k for k in (1, 2) if 0 <= end + inward * k < len(z)]
    if inner and _straight(outlines, lattice)[min(end, inner[0])]:
        inner = []
    near = _grow((outlines.touched | outlines.inside)[end : end + 1], _bulge(length_mm, lattice))
    region = _Region.of(near)
    cell = region.wide[1]
    wanted = np.zeros((len(z), outlines.cells), dtype=bool)
    for plane in (end, *inner):
        wanted[plane, cell] = True
    outlines.measure(wanted, wanted if inner else np.zeros_like(wanted))
    fields = [outlines.field(np.full(len(cell), plane), cell) for plane in (end, *inner)]
    count = _thin_planes(length_mm, lattice)
    away = (np.arange(count) + 0.5) / count * length_mm
    steps = [abs(float(z[plane] - z[end])) for plane in inner]
    padded = [*fields, None, None]
    level, radius2 = (
        beyond(
            (fields[0][i], *(None if f is None else f[i] for f in padded[1:3])),  # type: ignore[arg-type]
            (steps[0] if steps else 1.0, steps[1] if len(steps) > 1 else 2.0),
            away,
        )
        for i in (0, 1)
    )
    shape = _Shape(region, level, radius2, lattice)
    own = fields[0]
    flat = np.repeat(_Shape(region, own.level[None], own.radius2[None], lattice).shares(), count, 0)
    shares = shape.shares()
    half = (away < 0.5 * length_mm)[:, None]
    kept = np.ones_like(half) if not (shares[-1] > 0.5).any() else half
    low_end = inward > 0
    other = {
        Reading.PRISM: flat * half,
        Reading.OPEN_LOW if low_end else Reading.OPEN_HIGH: np.zeros_like(shares),
        Reading.FULL_LOW if low_end else Reading.FULL_HIGH: flat,
        Reading.WIDER: shape.shares(OUTLINE_MM) * kept,
        Reading.NARROWER: shape.shares(-OUTLINE_MM) * kept,
    }
    edges = EdgeCells(
        thin=np.repeat(np.arange(count), len(region.edge[1])),
        cell=np.tile(region.edge[1], count),
        share=(shares * kept).ravel(),
        other={reading: values.ravel() for reading, values in other.items()},
        shift=shape.shift(shares).reshape(2, -1),
        in_cap=True,
    )
    return Slabs(
        positions_mm=z[end] - inward * away,
        thickness_mm=np.full(count, length_mm / count),
        edges=edges,
        full=None,
    )
