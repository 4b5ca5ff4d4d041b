"""A structure in a dose, cut into cells: dose, spread of dose and volume of each cell.

Every cell carries several volumes, one for each way of reading what the contours leave open
(`Reading`); the spread between them is where the uncertainty band comes from.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.lattice import Lattice, LatticeDose, lattice_for
from planchecker.dosimetry.planes import Frame, Plane, PlaneStack
from planchecker.dosimetry.slabs import Reading, Slab, slabs

__all__ = ["Extreme", "Samples", "sample"]

Floats = NDArray[np.float64]


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
    cell: NDArray[np.int32]
    position_mm: NDArray[np.float32]
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
        flat = self.lattice.points(self.cell[chosen].astype(np.intp))
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
        for slab in slabs(part, lattice):
            collector.add(slab)
    collector.add_vertices(dose)
    return collector.samples()


class _Group:
    """Samples of one kind, collected slab by slab."""

    def __init__(self) -> None:
        self.dose: list[Floats] = []
        self.spread: list[Floats] = []
        self.volume: list[Floats] = []
        self.cell: list[NDArray[np.int32]] = []
        self.position: list[NDArray[np.float32]] = []


class _Collector:
    """Turns slabs into samples and keeps track of the extremes."""

    def __init__(self, lattice: Lattice, dose: LatticeDose, stack: PlaneStack) -> None:
        self._lattice = lattice
        self._dose = dose
        self._stack = stack
        self._edge, self._full = _Group(), _Group()
        self._outside = np.zeros(len(Reading))
        self._highest: tuple[float, Floats] = (-np.inf, np.zeros(3))
        self._lowest: tuple[float, Floats] = (np.inf, np.zeros(3))
        self._in_caps: list[tuple[float, Floats]] = []
        self._highest_gy, self._lowest_gy = (np.nan, np.nan), (np.nan, np.nan)

    def add(self, slab: Slab) -> None:
        """Take in the cells of a slab with their dose."""
        around = np.concatenate(
            [
                slab.positions_mm[:1] - slab.thickness_mm,
                slab.positions_mm,
                slab.positions_mm[-1:] + slab.thickness_mm,
            ]
        )
        block = self._dose.block(around).reshape(len(around), -1)
        volume = self._lattice.step_mm**2 * slab.thickness_mm
        volumes = slab.volumes * volume
        dose, spread = self._dosed(block, slab.cells, slab.shift)
        inside = ~np.isnan(dose)
        self._outside += volumes[:, ~inside].sum(axis=1)
        used = inside & volumes.any(axis=0)
        self._keep(self._edge, slab.positions_mm, slab.cells, used, (dose, spread))
        self._edge.volume.append(volumes[:, used])
        self._watch(dose, slab, slab.cells, used & (slab.volumes[Reading.BASE] > 0.5))
        if len(slab.full):
            self._add_full(slab, block)
        self._watch_nodes(slab)

    def _add_full(self, slab: Slab, block: Floats) -> None:
        """Take in the cells that are wholly inside, several thin planes at a time.

        Inside there is no outline to follow, so a sample may be as thick as it is wide.
        """
        dose, spread = self._dosed(block, slab.full, None)
        planes = len(dose)
        together = max(1, round(self._lattice.step_mm / slab.thickness_mm))
        while planes % together:
            together -= 1
        positions = slab.positions_mm
        if together > 1:
            groups = (planes // together, together, -1)
            across = 0.5 * together * (dose[-1] - dose[0]) / max(planes - 1, 1)
            positions = positions.reshape(groups[:2]).mean(axis=1)
            dose = dose.reshape(groups).mean(axis=1)
            spread = np.hypot(spread.reshape(groups).mean(axis=1), np.nan_to_num(across))
        used = ~np.isnan(dose)
        volume = self._lattice.step_mm**2 * slab.thickness_mm * together
        self._outside += volume * float(used.size - used.sum())
        self._keep(self._full, positions, slab.full, used, (dose, spread))
        self._full.volume.append(np.full(int(used.sum()), volume))
        self._watch(dose, replace(slab, positions_mm=positions), slab.full, used)

    def _dosed(
        self, block: Floats, cells: NDArray[np.intp], shift: Floats | None
    ) -> tuple[Floats, Floats]:
        """Mean dose and spread of cells, the dose being linear within each."""
        columns = self._lattice.shape[1]
        dose = block[:, cells]
        here = block[1:-1]
        along_x = 0.5 * (here[:, cells + 1] - here[:, cells - 1])
        along_y = 0.5 * (here[:, cells + columns] - here[:, cells - columns])
        across = 0.5 * (dose[2:] - dose[:-2])
        dose = dose[1:-1]
        if shift is not None:
            # Next to the rim of the grid there is no slope to go by: the centre must do.
            dose = dose + np.nan_to_num(along_x * shift[0] + along_y * shift[1])
            along_x *= 1 - 2 * np.abs(shift[0])
            along_y *= 1 - 2 * np.abs(shift[1])
        spread = np.sqrt(across * across + along_x * along_x + along_y * along_y)
        return dose, 0.5 * np.nan_to_num(spread)

    @staticmethod
    def _keep(
        group: _Group,
        positions_mm: Floats,
        cells: NDArray[np.intp],
        used: NDArray[np.bool_],
        found: tuple[Floats, Floats],
    ) -> None:
        group.dose.append(found[0][used])
        group.spread.append(found[1][used])
        group.cell.append(np.broadcast_to(cells.astype(np.int32), used.shape)[used])
        positions = positions_mm.astype(np.float32)[:, None]
        group.position.append(np.broadcast_to(positions, used.shape)[used])

    def _watch(
        self, dose: Floats, slab: Slab, cells: NDArray[np.intp], counted: NDArray[np.bool_]
    ) -> None:
        if not counted.any():
            return
        hot = int(np.where(counted, dose, -np.inf).argmax())
        cold = int(np.where(counted, dose, np.inf).argmin())
        for index in (hot, cold):
            plane, cell = divmod(index, dose.shape[1])
            flat = self._lattice.points(cells[cell : cell + 1])
            local = np.column_stack([flat, slab.positions_mm[plane]])
            point = self._stack.frame.to_patient(local)[0]
            self._note(float(dose[plane, cell]), point, in_cap=slab.is_cap)

    def _note(self, dose_gy: float, point: Floats, *, in_cap: bool = False) -> None:
        if in_cap:
            self._in_caps.append((dose_gy, point))
            return
        if dose_gy > self._highest[0]:
            self._highest = dose_gy, point
        if dose_gy < self._lowest[0]:
            self._lowest = dose_gy, point

    def _watch_nodes(self, slab: Slab) -> None:
        """Take in the dose nodes inside the slab: trilinear dose peaks at nodes."""
        half = slab.thickness_mm / 2
        first, last = slab.positions_mm[0] - half, slab.positions_mm[-1] + half
        for position, values, at in self._dose.nodes_between(float(first), float(last)):
            plane = int(np.abs(slab.positions_mm - position).argmin())
            covered = np.zeros(self._lattice.shape[0] * self._lattice.shape[1], dtype=bool)
            covered[slab.cells] = slab.volumes[Reading.BASE, plane] > 0.5
            covered[slab.full] = True
            counted = covered[at]
            if not counted.any():
                continue
            kept, place = values[counted], at[counted]
            for index in (int(kept.argmax()), int(kept.argmin())):
                local = np.column_stack([self._lattice.points(place[index : index + 1]), position])
                point = self._stack.frame.to_patient(local)[0]
                self._note(float(kept[index]), point, in_cap=slab.is_cap)

    def add_vertices(self, dose: DoseGrid) -> None:
        """Take in the dose at contour vertices and on the rims of the end caps."""
        planes = [(p, p.position_mm) for part in self._stack.parts for p in part.planes]
        self._take_in(planes, dose)
        bare = self._highest, self._lowest
        for dose_gy, point in self._in_caps:
            self._note(dose_gy, point)
        with_caps = self._highest, self._lowest
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
        local = np.concatenate(
            [
                np.column_stack([loop, np.full(len(loop), position)])
                for plane, position in planes
                for loop in plane.loops
            ]
        )
        points = self._stack.frame.to_patient(local)
        values = dose.at(points)
        if np.isnan(values).all():
            return
        for index in (int(np.nanargmax(values)), int(np.nanargmin(values))):
            self._note(float(values[index]), points[index])

    def samples(self) -> Samples:
        """Join everything collected."""
        found = np.isfinite(self._highest[0])
        edge, full = self._edge, self._full
        return Samples(
            dose_gy=_join(edge.dose + full.dose),
            spread_gy=_join(edge.spread + full.spread),
            edge_mm3=(
                np.concatenate(edge.volume, axis=1) if edge.volume else np.zeros((len(Reading), 0))
            ),
            full_mm3=_join(full.volume),
            outside_mm3=self._outside,
            cell=np.concatenate([*edge.cell, *full.cell, np.zeros(0, np.int32)]),
            position_mm=np.concatenate([*edge.position, *full.position, np.zeros(0, np.float32)]),
            lattice=self._lattice,
            frame=self._stack.frame,
            highest=_extreme(self._highest) if found else None,
            lowest=_extreme(self._lowest) if found else None,
            highest_gy=self._highest_gy,
            lowest_gy=self._lowest_gy,
        )


def _join(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _extreme(found: tuple[float, Floats]) -> Extreme:
    x, y, z = (float(value) for value in found[1])
    return Extreme(dose_gy=found[0], position_mm=(x, y, z))
