"""Thin slabs between and beyond the planes of a structure, with the share of every cell."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.covering import Region, Shape, grow
from planchecker.dosimetry.interpolation import interpolated
from planchecker.dosimetry.lattice import Lattice
from planchecker.dosimetry.levels import beyond, distance
from planchecker.dosimetry.outlines import Outlines
from planchecker.dosimetry.planes import Part
from planchecker.dosimetry.readings import OUTLINE_MM, EdgeCells, FullCells, Reading, Slabs

__all__ = ["slabs"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Rasters of this many cells are held at a time.
_CELLS_AT_ONCE = 400_000


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
        # Curvature needs one plane more on either side, and the cap at the end two inward.
        start, stop = max(first - 2, 0), min(first + at_once + 2, count)
        outlines = Outlines(part.planes[start:stop], lattice)
        straight = _straight(outlines, lattice)
        last = min(first + at_once, count - 1)
        if last > first:
            yield from _gaps(outlines, lattice, straight, first - start, last - start)
        if first == 0:
            yield _cap(outlines, lattice, straight, (0, 1), part.end_mm[0])
        if first + at_once >= count:
            yield _cap(outlines, lattice, straight, (count - 1 - start, -1), part.end_mm[1])


def _straight(outlines: Outlines, lattice: Lattice) -> Mask:
    """Tell for every gap whether straight walls are as good as curved ones.

    So they are where a sphere as wide as the shape would bulge by less than a hundredth of a
    cell and the outline moves sideways by less than half the distance of the planes. A large
    organ then needs two planes instead of four, and no far distances.
    """
    gap = np.diff(outlines.positions_mm)
    radius = np.minimum(outlines.radius_mm[1:], outlines.radius_mm[:-1])
    changed = outlines.inside[1:] ^ outlines.inside[:-1]
    moved = np.count_nonzero(changed, axis=(1, 2)) * lattice.step_mm
    rim = np.count_nonzero(outlines.touched[:-1], axis=(1, 2))
    flat = gap * gap <= 8 * radius * 0.01 * lattice.step_mm
    return np.asarray((radius > 0) & flat & (moved < 0.5 * gap * rim))


def _thin_planes(gap_mm: float, lattice: Lattice) -> int:
    """Even number of thin planes in a gap, about as thick as a cell is wide."""
    return 2 * max(1, round(gap_mm / (2.2 * lattice.step_mm)))


def _bulge(gap_mm: float, lattice: Lattice) -> int:
    """Cells by which a rounded shape may bulge between two planes."""
    return min(max(math.ceil(0.05 * gap_mm / lattice.step_mm), 1), 4)


def _gaps(
    outlines: Outlines, lattice: Lattice, straight: Mask, first: int, last: int
) -> Iterator[Slabs]:
    """Yield the gaps from plane `first` to plane `last`, those of one thickness together."""
    gap = np.diff(outlines.positions_mm)
    chosen = np.arange(first, last)
    counts = np.array([_thin_planes(float(gap[g]), lattice) for g in chosen])
    for count in sorted(set(counts.tolist())):
        yield _alike(outlines, lattice, chosen[counts == count], straight, count)


def _alike(outlines: Outlines, lattice: Lattice, gaps: Index, straight: Mask, count: int) -> Slabs:
    """Fill gaps that are cut into the same number of thin planes."""
    z = outlines.positions_mm
    thickness = (z[gaps + 1] - z[gaps]) / count
    below, above = outlines.inside[gaps], outlines.inside[gaps + 1]
    near = outlines.touched[gaps] | outlines.touched[gaps + 1] | (below ^ above)
    # Between straight walls the outline stays within the cells it runs through on either plane.
    curved = ~straight[gaps]
    near[curved] = grow(near[curved], _bulge(float(thickness.max() * count), lattice))
    region = Region.of(near)
    full = np.flatnonzero(below & above & ~near)
    full_slab = full // outlines.cells
    full_cell = full - full_slab * outlines.cells
    shares = (np.arange(count) + 0.5) / count
    depth, radius2, ends = interpolated(outlines, gaps, straight, region, shares, lattice)
    shape = Shape(region, depth, radius2, lattice)
    base = shape.shares()
    prism = Shape(region, ends[0], ends[1], lattice).shares()
    slab, cell = region.edge
    thin = (slab * count + np.arange(count)[:, None]).ravel()
    edges = EdgeCells(
        thin=thin,
        cell=np.tile(cell, count),
        share=base.ravel(),
        other={
            Reading.PRISM: prism.take((shares >= 0.5).astype(np.intp), axis=0).ravel(),
            Reading.WIDER: shape.shares(OUTLINE_MM).ravel(),
            Reading.NARROWER: shape.shares(-OUTLINE_MM).ravel(),
        },
        shift=shape.shift(base).reshape(2, -1),
        place=slab * outlines.cells + cell,
        each=count,
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
        place=slab * (lattice.shape[0] * lattice.shape[1]) + cell,
    )


def _cap(
    outlines: Outlines,
    lattice: Lattice,
    straight: Mask,
    end_inward: tuple[int, int],
    length_mm: float,
) -> Slabs:
    """Build the cap beyond an end plane, the number of which comes with the step inward.

    A shape whose level falls to zero everywhere before the next slice closes there; any other
    is cut off after half a slice, as most planning systems do.
    """
    z = outlines.positions_mm
    end, inward = end_inward
    inner = [end + inward * k for k in (1, 2) if 0 <= end + inward * k < len(z)]
    if inner and straight[min(end, inner[0])]:
        inner = []
    near = grow((outlines.touched | outlines.inside)[end : end + 1], _bulge(length_mm, lattice))
    region = Region.of(near)
    cell = region.wide[1]
    wanted = np.zeros(len(z) * outlines.cells, dtype=bool)
    for plane in (end, *inner):
        wanted[plane * outlines.cells + cell] = True
    outlines.measure(wanted, wanted if inner else np.zeros_like(wanted))
    fields = [outlines.field(plane * outlines.cells + cell) for plane in (end, *inner)]
    count = _thin_planes(length_mm, lattice)
    away = (np.arange(count) + 0.5) / count * length_mm
    steps = [abs(float(z[plane] - z[end])) for plane in inner]
    padded = [*fields, None, None]
    level, radius2 = (
        beyond(
            (fields[0][i], *(None if f is None else f[i] for f in padded[1:3])),  # type: ignore[arg-type]
            (steps[0] if steps else 1.0, steps[1] if len(steps) > 1 else 2.0),
            away.astype(np.float32),
        )
        for i in (0, 1)
    )
    shape = Shape(region, distance(level, radius2), radius2, lattice)
    own = fields[0]
    drawn = Shape(region, distance(*own)[None], own.radius2[None], lattice)
    flat = np.repeat(drawn.shares(), count, 0)
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
        place=np.asarray(region.edge[1], dtype=np.intp),
        each=count,
        in_cap=True,
    )
    return Slabs(
        positions_mm=z[end] - inward * away,
        thickness_mm=np.full(count, length_mm / count),
        edges=edges,
        full=None,
    )
