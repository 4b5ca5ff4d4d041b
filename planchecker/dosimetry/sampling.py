"""Cutting a structure in a dose into cells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.cells import Cells, join
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.ends import highest, lowest
from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.lattice import Lattice, lattice_for
from planchecker.dosimetry.lattice_dose import LatticeDose, NodePlane
from planchecker.dosimetry.planes import Plane, PlaneStack
from planchecker.dosimetry.readings import EdgeCells, FullCells, Reading, Slabs
from planchecker.dosimetry.refining import refined
from planchecker.dosimetry.samples import Extreme, Samples
from planchecker.dosimetry.slabs import slabs
from planchecker.dosimetry.solid import SolidCells

__all__ = ["sample"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

_VERTICES_LOOKED_AT = 64
_ALONG_EDGE = np.arange(1, 8) / 8


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
    return collector.samples(dose)


class _Collector:
    """Turns slabs into samples and keeps track of the extremes."""

    def __init__(self, lattice: Lattice, dose: LatticeDose, stack: PlaneStack) -> None:
        self._lattice = lattice
        self._dose = dose
        self._stack = stack
        self._edge: list[Cells] = []
        self._full: list[Cells] = []
        self._count = 0
        self._changes: dict[Reading, list[tuple[Index, Floats]]] = {}
        self._total = np.zeros(len(Reading))
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
        filled = edges.share > 0
        for share in edges.other.values():
            filled |= share > 0
        # Cells that no reading fills need no dose.
        used = np.flatnonzero(filled)
        thin, cell = edges.thin.take(used), edges.cell.take(used)
        shift = edges.shift.take(used, axis=1)
        found = self._dose.at(slabs.positions_mm, slabs.thickness_mm, thin, cell, shift)
        position = slabs.positions_mm.take(thin)
        size = (self._lattice.step_mm**2 * slabs.thickness_mm).take(thin)
        base = edges.share.take(used)
        kept = Cells(found.mean_gy, found.spread_gy, base * size, cell, position)
        middles = found.dose_gy
        missing = np.isnan(middles)
        if missing.any():
            dosed, outside = np.flatnonzero(~missing), np.flatnonzero(missing)
            self._add_outside(edges, size.take(outside), used.take(outside))
            kept, used, size = kept.only(dosed), used.take(dosed), size.take(dosed)
            middles, base = middles.take(dosed), base.take(dosed)
        self._add_volumes(edges, kept.volume_mm3, base, size, used)
        self._edge.append(kept)
        self._watch(kept, middles, base > 0.5, in_cap=edges.in_cap)
        if edges.in_cap:
            self._watch_beyond(kept, middles, _longest(edges).take(used) > 0.5)

    def _add_volumes(
        self, edges: EdgeCells, held: Floats, base: Floats, size: Floats, used: Index
    ) -> None:
        """Take in what edge cells with a dose hold under each reading."""
        self._total += float(held.sum())
        for reading, share in edges.other.items():
            change = share.take(used)
            change -= base
            # Same type as the volumes.
            change = change * size
            differ = np.flatnonzero(change != 0)
            change = change.take(differ)
            self._changes.setdefault(reading, []).append((differ + self._count, change))
            self._total[reading] += float(change.sum())
        self._count += len(used)

    def _add_outside(self, edges: EdgeCells, size: Floats, outside: Index) -> None:
        """Take in what edge cells outside the dose hold under each reading."""
        base = edges.share.take(outside)
        self._outside += float((base * size).sum())
        for reading, share in edges.other.items():
            self._outside[reading] += float(((share.take(outside) - base) * size).sum())

    def _add_full(self, full: FullCells) -> None:
        found = self._dose.at(full.positions_mm, full.thickness_mm, full.block, full.cell)
        held = (self._lattice.step_mm**2 * full.thickness_mm).take(full.block)
        middles = found.dose_gy
        position = full.positions_mm.take(full.block)
        kept = Cells(found.mean_gy, found.spread_gy, held, full.cell, position)
        missing = np.isnan(middles)
        if missing.any():
            self._outside += float(held[missing].sum())
            dosed = np.flatnonzero(~missing)
            kept, middles = kept.only(dosed), middles.take(dosed)
        self._full.append(kept)
        self._total += float(kept.volume_mm3.sum())
        self._watch(kept, middles, None, in_cap=False)

    def _watch_beyond(self, kept: Cells, middles: Floats, counted: NDArray[np.bool_]) -> None:
        """Take in the cells of an end that may reach as far as the next slice."""
        inner, self._in_caps = self._in_caps, self._beyond
        self._watch(kept, middles, counted, in_cap=True)
        self._in_caps = inner

    def _watch(
        self, kept: Cells, middles: Floats, counted: NDArray[np.bool_] | None, *, in_cap: bool
    ) -> None:
        """Look at the dose in the middles of cells: their means are no place's dose."""
        dose, chosen = middles, None
        if counted is not None:
            chosen = np.flatnonzero(counted)
            dose = dose.take(chosen)
        if not len(dose):
            return
        for found in (int(dose.argmax()), int(dose.argmin())):
            index = found if chosen is None else int(chosen[found])
            self._note_place(
                float(middles[index]),
                self._lattice.points(kept.cell[index : index + 1])[0],
                float(kept.position_mm[index]),
                in_cap=in_cap,
            )

    def _note_place(
        self, dose_gy: float, place_mm: Floats, position_mm: float, *, in_cap: bool
    ) -> None:
        point = self._stack.frame.to_patient(np.array([[*place_mm, position_mm]]))[0]
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
        inside = SolidCells(slabs, self._lattice)
        first, at_once = 0, 2
        # Once a cell has been met that is as hot or as cold, hardly a node is left to look up.
        while first < len(planes):
            self._watch_some(planes[first : first + at_once], slabs, inside)
            first, at_once = first + at_once, 4 * at_once

    def _watch_some(self, planes: list[NodePlane], slabs: Slabs, inside: SolidCells) -> None:
        positions, half = slabs.positions_mm, slabs.thickness_mm / 2
        low, high = self._extremes(in_cap=slabs.edges.in_cap)
        asked = []
        for plane in planes:
            telling = np.flatnonzero((plane.dose_gy > high) | (plane.dose_gy < low))
            if not len(telling):
                continue
            nearest = int(np.abs(positions - plane.position_mm).argmin())
            if abs(positions[nearest] - plane.position_mm) <= half[nearest] + 1e-9:
                asked.append((nearest, plane, telling))
        if not asked:
            return
        answers = inside.at(
            [thin for thin, _, _ in asked],
            [plane.cell.take(telling) for _, plane, telling in asked],
            [plane.place_mm.take(telling, axis=1) for _, plane, telling in asked],
        )
        for counted, (_, plane, telling) in zip(answers, asked, strict=True):
            chosen = telling[counted]
            if not len(chosen):
                continue
            values = plane.dose_gy[chosen]
            for index in (int(values.argmax()), int(values.argmin())):
                place = plane.place_mm[:, chosen[index]]
                self._note_place(
                    float(values[index]), place, plane.position_mm, in_cap=slabs.edges.in_cap
                )

    def _extremes(self, *, in_cap: bool) -> tuple[float, float]:
        if not in_cap:
            return self._lowest[0], self._highest[0]
        doses = [dose_gy for dose_gy, _ in self._in_caps]
        return min(doses, default=np.inf), max(doses, default=-np.inf)

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
        flat = FlatLoops.of([loop for loop, _ in outlines])
        positions = np.array([position for _, position in outlines])
        x, y = flat.columns()
        values = self._dose.on_planes(x, y, positions, flat.loop)
        chosen = np.flatnonzero(~np.isnan(values))
        if not len(chosen):
            return
        # Between two vertices the dose may rise above both: look closer at the best edges.
        if len(chosen) > 2 * _VERTICES_LOOKED_AT:
            told = values.take(chosen)
            ends = [find(told, _VERTICES_LOOKED_AT) for find in (lowest, highest)]
            chosen = chosen.take(np.concatenate(ends))
        behind = np.empty_like(flat.following)
        behind[flat.following] = np.arange(len(behind))
        start, *beside = (
            np.column_stack([flat.points[vertices], positions[flat.loop[vertices]]])
            for vertices in (chosen, flat.following[chosen], behind[chosen])
        )
        edges = [end - start for end in beside]
        between = [start, *(start + share * edge for edge in edges for share in _ALONG_EDGE)]
        points = self._stack.frame.to_patient(np.concatenate(between))
        found = dose.at(points)
        for index in (int(np.nanargmax(found)), int(np.nanargmin(found))):
            self._note(float(found[index]), points[index])

    def samples(self, dose: DoseGrid) -> Samples:
        """Join everything collected; large cells are cut finer where the dose asks for it."""
        found = np.isfinite(self._highest[0])
        cells = [
            *self._edge,
            *refined(self._full, lattice=self._lattice, frame=self._stack.frame, dose=dose),
        ]
        return Samples(
            dose_gy=join([some.dose_gy for some in cells]),
            spread_gy=join([some.spread_gy for some in cells]),
            volume_mm3=join([some.volume_mm3 for some in cells]),
            edges=self._count,
            changes={reading: _together(parts) for reading, parts in self._changes.items()},
            total_mm3=self._total,
            outside_mm3=self._outside,
            places=tuple((some.cell, some.position_mm) for some in cells),
            lattice=self._lattice,
            frame=self._stack.frame,
            highest=_extreme(self._highest) if found else None,
            lowest=_extreme(self._lowest) if found else None,
            highest_gy=self._highest_gy,
            lowest_gy=self._lowest_gy,
        )


def _longest(edges: EdgeCells) -> Floats:
    """Share of the cells of a cap whose end lies just before the next slice."""
    shares = (edges.other.get(r) for r in (Reading.FULL_LOW, Reading.FULL_HIGH))
    return next(share for share in shares if share is not None)


def _together(parts: list[tuple[Index, Floats]]) -> tuple[Index, Floats]:
    return np.concatenate([cells for cells, _ in parts]), join([change for _, change in parts])


def _extreme(found: tuple[float, Floats]) -> Extreme:
    x, y, z = (float(value) for value in found[1])
    return Extreme(dose_gy=found[0], position_mm=(x, y, z))
