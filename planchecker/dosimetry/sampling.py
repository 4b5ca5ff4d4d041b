"""A structure in a dose, cut into cells: dose, spread of dose and volume of each cell.

Every cell carries several volumes, one for each way of reading what the contours leave open
(`Reading`); the spread between them is where the uncertainty band comes from.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.lattice import Lattice, lattice_for
from planchecker.dosimetry.lattice_dose import LatticeDose
from planchecker.dosimetry.planes import Frame, Plane, PlaneStack
from planchecker.dosimetry.readings import EdgeCells, FullCells, Reading, Slabs
from planchecker.dosimetry.slabs import slabs

__all__ = ["Extreme", "Samples", "sample"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

_VERTICES_LOOKED_AT = 64
_ALONG_EDGE = np.arange(1, 8) / 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Extreme:
    """The highest or lowest dose of a structure and where it is."""

    dose_gy: float
    position_mm: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """Cells of one structure: those on the outline first, then those wholly inside.

    Parameters
    ----------
    dose_gy, spread_gy
        Mean dose of each cell and half the width over which it spreads, shape (N,).
    edge_mm3
        Volume of the first E cells under each `Reading`, shape (readings, E).
    full_mm3
        Volume of the other cells under every reading, shape (N - E,).
    outside_mm3
        Volume outside the dose grid under each `Reading`, shape (readings,).
    cell, position_mm
        Lattice cell and position across the planes of each sample, shape (N,).
    highest, lowest
        The extremes, end caps of half a slice included; None when all lies outside.
    highest_gy, lowest_gy
        The extremes without end caps and with caps that reach the next slice: the least and
        the most extreme of the three.
    """

    dose_gy: Floats
    spread_gy: Floats
    edge_mm3: Floats
    full_mm3: Floats
    outside_mm3: Floats
    cell: Index
    position_mm: Floats
    lattice: Lattice
    frame: Frame
    highest: Extreme | None
    lowest: Extreme | None
    highest_gy: tuple[float, float]
    lowest_gy: tuple[float, float]

    @property
    def total_mm3(self) -> Floats:
        """Volume inside the dose grid under each reading, shape (readings,)."""
        return np.asarray(self.edge_mm3.sum(axis=1) + self.full_mm3.sum())

    def points_mm(self, chosen: NDArray[np.intp]) -> Floats:
        """Return the patient coordinates of some samples, shape (len(chosen), 3)."""
        flat = self.lattice.points(self.cell[chosen])
        local = np.column_stack([flat, self.position_mm[chosen]])
        return self.frame.to_patient(local)


def sample(stack: PlaneStack, dose: DoseGrid) -> Samples:
    """Cut a stack of planes into cells and look up the dose of each.

    Parameters
    ----------
    stack
        The structure.
    dose
        The dose; cells outside it are counted, not dosed.
    """
    lattice = lattice_for(stack, dose)
    collector = _Collector(lattice, LatticeDose(lattice, stack.frame, dose), stack)
    for part in stack.parts:
        for some in slabs(part, lattice):
            collector.add(some)
    collector.add_vertices(dose)
    return collector.samples()


class _Kept(NamedTuple):
    """Samples of one kind from some slabs."""

    dose_gy: Floats
    spread_gy: Floats
    cell: Index
    position_mm: Floats

    def only(self, chosen: Index) -> "_Kept":
        """Return some of the samples."""
        return _Kept(
            self.dose_gy[chosen],
            self.spread_gy[chosen],
            self.cell[chosen],
            self.position_mm[chosen],
        )


class _Collector:
    """Turns slabs into samples and keeps track of the extremes."""

    def __init__(self, lattice: Lattice, dose: LatticeDose, stack: PlaneStack) -> None:
        self._lattice = lattice
        self._dose = dose
        self._stack = stack
        self._edge: list[_Kept] = []
        self._full: list[_Kept] = []
        self._edge_volume: list[Floats] = []
        self._full_volume: list[Floats] = []
        self._outside = np.zeros(len(Reading))
        self._highest: tuple[float, Floats] = (-np.inf, np.zeros(3))
        self._lowest: tuple[float, Floats] = (np.inf, np.zeros(3))
        self._in_caps: list[tuple[float, Floats]] = []
        self._beyond: list[tuple[float, Floats]] = []
        self._highest_gy, self._lowest_gy = (np.nan, np.nan), (np.nan, np.nan)

    def add(self, slabs: Slabs) -> None:
        """Take in the cells of some slabs with their dose."""
        self._add_edges(slabs)
        if slabs.full is not None and len(slabs.full.cell):
            self._add_full(slabs.full)
        self._watch_nodes(slabs)

    def _add_edges(self, slabs: Slabs) -> None:
        edges = slabs.edges
        found = self._dose.at(
            slabs.positions_mm, slabs.thickness_mm, edges.thin, edges.cell, edges.shift
        )
        dose = found.dose_gy
        spread = _spread(
            found.along_x * (1 - 2 * np.abs(edges.shift[0])),
            found.along_y * (1 - 2 * np.abs(edges.shift[1])),
            found.across,
        )
        size = self._lattice.step_mm**2 * slabs.thickness_mm[edges.thin]
        volumes = np.stack([edges.other.get(reading, edges.share) for reading in Reading]) * size
        inside = ~np.isnan(dose)
        self._outside += volumes[:, ~inside].sum(axis=1)
        used = inside & (volumes > 0).any(axis=0)
        kept = _Kept(
            dose[used], spread[used], edges.cell[used], slabs.positions_mm[edges.thin[used]]
        )
        self._edge.append(kept)
        self._edge_volume.append(volumes[:, used])
        self._watch(kept, edges.share[used] > 0.5, in_cap=edges.in_cap)
        if edges.in_cap:
            self._watch_beyond(kept, _longest(edges)[used] > 0.5)

    def _add_full(self, full: FullCells) -> None:
        found = self._dose.at(full.positions_mm, full.thickness_mm, full.block, full.cell)
        size = self._lattice.step_mm**2 * full.thickness_mm[full.block]
        used = ~np.isnan(found.dose_gy)
        self._outside += float(size[~used].sum())
        spread = _spread(found.along_x, found.along_y, found.across)
        kept = _Kept(
            found.dose_gy[used],
            spread[used],
            full.cell[used],
            full.positions_mm[full.block[used]],
        )
        self._full.append(kept)
        self._full_volume.append(size[used])
        self._watch(kept, None, in_cap=False)

    def _watch_beyond(self, kept: "_Kept", counted: NDArray[np.bool_]) -> None:
        """Take in the cells of an end that may reach as far as the next slice."""
        inner, self._in_caps = self._in_caps, self._beyond
        self._watch(kept, counted, in_cap=True)
        self._in_caps = inner

    def _watch(self, kept: "_Kept", counted: NDArray[np.bool_] | None, *, in_cap: bool) -> None:
        if counted is not None:
            kept = kept.only(np.flatnonzero(counted))
        if not len(kept.dose_gy):
            return
        for index in (int(kept.dose_gy.argmax()), int(kept.dose_gy.argmin())):
            self._note_cell(
                float(kept.dose_gy[index]),
                int(kept.cell[index]),
                float(kept.position_mm[index]),
                in_cap=in_cap,
            )

    def _note_cell(self, dose_gy: float, cell: int, position_mm: float, *, in_cap: bool) -> None:
        flat = self._lattice.points(np.array([cell]))
        point = self._stack.frame.to_patient(np.column_stack([flat, [position_mm]]))[0]
        if in_cap:
            self._in_caps.append((dose_gy, point))
        else:
            self._note(dose_gy, point)

    def _note(self, dose_gy: float, point: Floats) -> None:
        if dose_gy > self._highest[0]:
            self._highest = dose_gy, point
        if dose_gy < self._lowest[0]:
            self._lowest = dose_gy, point

    def _watch_nodes(self, slabs: Slabs) -> None:
        """Take in the dose nodes inside the slabs: trilinear dose peaks at nodes."""
        positions, half = slabs.positions_mm, slabs.thickness_mm / 2
        planes = self._dose.nodes(float((positions - half).min()), float((positions + half).max()))
        if not planes:
            return
        edges, cells = slabs.edges, self._lattice.shape[0] * self._lattice.shape[1]
        solid = edges.share > 0.5
        order = np.argsort(edges.thin[solid], kind="stable")
        thin, cell = edges.thin[solid][order], edges.cell[solid][order]
        if slabs.full is not None:
            order = np.argsort(slabs.full.block, kind="stable")
            by_block, full_cell = slabs.full.block[order], slabs.full.cell[order]
        for plane in planes:
            nearest = int(np.abs(positions - plane.position_mm).argmin())
            if abs(positions[nearest] - plane.position_mm) > half[nearest] + 1e-9:
                continue
            covered = np.zeros(cells, dtype=bool)
            covered[cell[slice(*np.searchsorted(thin, (nearest, nearest + 1)))]] = True
            if slabs.full is not None:
                block = int(np.abs(slabs.full.positions_mm - plane.position_mm).argmin())
                first, last = np.searchsorted(by_block, (block, block + 1))
                covered[full_cell[first:last]] = True
            counted = np.flatnonzero(covered[plane.cell])
            if not len(counted):
                continue
            values = plane.dose_gy[counted]
            for index in (int(values.argmax()), int(values.argmin())):
                self._note_cell(
                    float(values[index]),
                    int(plane.cell[counted[index]]),
                    plane.position_mm,
                    in_cap=edges.in_cap,
                )

    def add_vertices(self, dose: DoseGrid) -> None:
        """Take in the dose at contour vertices and on the rims of the end caps."""
        planes = [(p, p.position_mm) for part in self._stack.parts for p in part.planes]
        self._take_in(planes, dose)
        bare = self._highest, self._lowest
        for dose_gy, point in self._in_caps:
            self._note(dose_gy, point)
        with_caps = self._highest, self._lowest
        for dose_gy, point in self._beyond:
            self._note(dose_gy, point)
        self._take_in(self._rims(1.0), dose)
        full = self._highest, self._lowest
        self._highest, self._lowest = with_caps
        self._take_in(self._rims(0.5), dose)
        self._highest_gy = bare[0][0], full[0][0]
        self._lowest_gy = full[1][0], bare[1][0]

    def _rims(self, share: float) -> list[tuple[Plane, float]]:
        """End planes, moved outward by a share of the distance to the next slice."""
        return [
            rim
            for part in self._stack.parts
            for rim in (
                (part.planes[0], part.planes[0].position_mm - share * part.end_mm[0]),
                (part.planes[-1], part.planes[-1].position_mm + share * part.end_mm[1]),
            )
        ]

    def _take_in(self, planes: list[tuple[Plane, float]], dose: DoseGrid) -> None:
        outlines = [(loop, position) for plane, position in planes for loop in plane.loops]
        sizes = np.array([len(loop) for loop, _ in outlines])
        positions = np.repeat([position for _, position in outlines], sizes)
        local = np.column_stack([np.concatenate([loop for loop, _ in outlines]), positions])
        values = dose.at(self._stack.frame.to_patient(local))
        if np.isnan(values).all():
            return
        # Between two vertices the dose may rise above both: look closer at the best edges.
        order = np.argsort(np.nan_to_num(values, nan=float(np.nanmean(values))))
        chosen = np.concatenate([order[:_VERTICES_LOOKED_AT], order[-_VERTICES_LOOKED_AT:]])
        start = local[chosen]
        edges = [local[beside[chosen]] - start for beside in _neighbours(sizes)]
        between = [start, *(start + share * edge for edge in edges for share in _ALONG_EDGE)]
        points = self._stack.frame.to_patient(np.concatenate(between))
        found = dose.at(points)
        for index in (int(np.nanargmax(found)), int(np.nanargmin(found))):
            self._note(float(found[index]), points[index])

    def samples(self) -> Samples:
        """Join everything collected."""
        found = np.isfinite(self._highest[0])
        kept = [*self._edge, *self._full]
        return Samples(
            dose_gy=_join([one.dose_gy for one in kept]),
            spread_gy=_join([one.spread_gy for one in kept]),
            edge_mm3=np.concatenate([np.zeros((len(Reading), 0)), *self._edge_volume], axis=1),
            full_mm3=_join(self._full_volume),
            outside_mm3=self._outside,
            cell=np.concatenate([np.zeros(0, dtype=np.intp), *(one.cell for one in kept)]),
            position_mm=_join([one.position_mm for one in kept]),
            lattice=self._lattice,
            frame=self._stack.frame,
            highest=_extreme(self._highest) if found else None,
            lowest=_extreme(self._lowest) if found else None,
            highest_gy=self._highest_gy,
            lowest_gy=self._lowest_gy,
        )


def _neighbours(sizes: Index) -> tuple[Index, Index]:
    """Return the number of the vertex after and before each, round each of several loops."""
    ahead = np.arange(1, int(sizes.sum()) + 1)
    behind = ahead - 2
    last = np.cumsum(sizes) - 1
    ahead[last], behind[last + 1 - sizes] = last + 1 - sizes, last
    return ahead, behind


def _longest(edges: EdgeCells) -> Floats:
    """Share of the cells of a cap whose end lies just before the next slice."""
    shares = (edges.other.get(r) for r in (Reading.FULL_LOW, Reading.FULL_HIGH))
    return next(share for share in shares if share is not None)


def _spread(along_x: Floats, along_y: Floats, across: Floats) -> Floats:
    """Half the width of doses over a cell; a box in a linear dose, by its standard deviation."""
    squares = along_x * along_x + along_y * along_y + across * across
    return np.nan_to_num(0.5 * np.sqrt(squares))


def _join(parts: list[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])


def _extreme(found: tuple[float, Floats]) -> Extreme:
    x, y, z = (float(value) for value in found[1])
    return Extreme(dose_gy=found[0], position_mm=(x, y, z))
