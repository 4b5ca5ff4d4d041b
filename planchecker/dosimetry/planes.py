"""From the contours of a structure to a stack of parallel planes with closed loops."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops, median
from planchecker.dosimetry.frame import Frame, frame_of
from planchecker.dosimetry.loops import Loop
from planchecker.dosimetry.nesting import are_holes, distinct
from planchecker.dosimetry.repair import simple_loops, tangled
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError

__all__ = ["FARTHEST_MM", "Frame", "Part", "Plane", "PlaneStack", "stack_planes"]

# Contours of one slice are written with a few decimals; slices lie at least 0.3 mm apart.
_SAME_PLANE_MM = 0.1
_FLAT_MM = 0.5
_SPLIT_SPACINGS = 1.5
FARTHEST_MM = 10_000.0
"""Nothing of a patient lies 10 m from the origin; such numbers are faults, and costly ones."""
# What lies between slices farther apart than this, no rule can tell.
_WIDEST_SPACING_MM = 30.0
# Contours across the others may be stray marks up to this share of the whole area.
_STRAY_SHARE = 0.01


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane:
    """All loops at one position; together they enclose by the even-odd rule."""

    position_mm: float
    loops: tuple[Loop, ...]
    area_mm2: float
    holes: tuple[bool, ...]
    """Which of the loops lie inside an odd number of the others."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """Planes without a gap between them, in rising order."""

    planes: tuple[Plane, ...]
    end_mm: tuple[float, float]
    """Distance from the first and last plane to where the next one would lie."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlaneStack:
    """A structure as stacked planes.

    Parameters
    ----------
    spacing_mm
        Usual distance between planes.
    parts
        A gap over 1.5 times the usual spacing starts a new part.
    notes
        What was dropped or decided, in plain words.
    """

    frame: Frame
    spacing_mm: float
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    @property
    def planes(self) -> tuple[Plane, ...]:
        """Planes of all parts in rising order."""
        return tuple(plane for part in self.parts for plane in part.planes)

    @property
    def vertices(self) -> NDArray[np.float64]:
        """All vertices in stack coordinates (x, y, position), shape (N, 3)."""
        flat = FlatLoops.of([loop for plane in self.planes for loop in plane.loops])
        positions = [plane.position_mm for plane in self.planes for _ in plane.loops]
        return np.column_stack([flat.points, np.repeat(positions, flat.sizes)])


def stack_planes(structure: Structure, *, spacing_mm: float | None = None) -> PlaneStack:
    """Sort the contours of a structure into planes.

    Parameters
    ----------
    structure
        Any structure; contours that are no closed planar loops are left out and noted.
    spacing_mm
        Slice spacing to use for a structure on a single plane, whose thickness its contours
        do not tell.

    Raises
    ------
    GeometryError
        If no closed contour encloses an area, if the contours do not lie in parallel planes,
        if their coordinates or distances are none of a patient, or if there is one plane only
        and no spacing is given.
    """
    notes: list[str] = list(structure.notes)
    closed = _closed_contours(structure, notes)
    try:
        areas = closed.vector_areas()
        frame = frame_of(closed, areas)
        positions, flat = _project(frame, closed, areas, notes)
        planes = _group(positions, flat, notes)
    except GeometryError as error:
        raise GeometryError(f"{structure.name!r}: {error}") from error
    if not any(plane.area_mm2 > 0 for plane in planes):
        raise GeometryError(f"{structure.name!r}: no contour encloses an area")
    planes = _without_stray_marks(planes, notes)
    usual = _usual_spacing(structure, planes, spacing_mm, notes)
    return PlaneStack(
        frame=frame,
        spacing_mm=usual,
        parts=_split(planes, usual, notes),
        notes=tuple(notes),
    )


def _usual_spacing(
    structure: Structure, planes: list[Plane], spacing_mm: float | None, notes: list[str]
) -> float:
    gaps = np.diff([plane.position_mm for plane in planes])
    if len(gaps):
        usual = median(gaps)
        if usual > _WIDEST_SPACING_MM:
            raise GeometryError(
                f"{structure.name!r}: its planes are {usual:g} mm apart, so what lies between them "
                "is not determined; contour it on every slice"
            )
        return usual
    if spacing_mm is None:
        raise GeometryError(
            f"{structure.name!r} is contoured on one plane and no slice spacing is known, "
            "so its thickness is not determined; contour it on at least two planes"
        )
    if not _SAME_PLANE_MM <= spacing_mm <= _WIDEST_SPACING_MM:
        raise GeometryError(
            f"{structure.name!r} is contoured on one plane and {spacing_mm!r} mm is no slice "
            "spacing, so its thickness is not determined; contour it on at least two planes"
        )
    notes.append(f"one plane only: taken as {spacing_mm:g} mm thick, the slice spacing")
    return spacing_mm


def _closed_contours(structure: Structure, notes: list[str]) -> FlatLoops:
    closed = [c for c in structure.contours if c.geometric_type.is_closed]
    if not closed:
        kinds = sorted({c.geometric_type.value or "no type" for c in structure.contours})
        found = ", ".join(kinds) if kinds else "none"
        raise GeometryError(
            f"{structure.name!r} has no closed planar contour (found: {found}), so it is no volume"
        )
    other = len(structure.contours) - len(closed)
    if other:
        notes.append(f"contours that are no closed planar loops left out: {other}")
    enough = [c for c in closed if len(c.points_mm) >= 3]
    if len(enough) < len(closed):
        notes.append(f"contours of fewer than 3 points dropped: {len(closed) - len(enough)}")
    if not enough:
        raise GeometryError(f"{structure.name!r}: no contour has 3 points or more")
    joined = FlatLoops.of([c.points_mm for c in enough])
    farthest = float(np.abs(joined.points).max())
    if farthest > FARTHEST_MM:
        raise GeometryError(
            f"{structure.name!r}: a contour lies {farthest:g} mm from the origin, where no "
            "patient is; some coordinates are wrong"
        )
    return joined


def _project(
    frame: Frame, contours: FlatLoops, normals: NDArray[np.float64], notes: list[str]
) -> tuple[list[float], FlatLoops]:
    local = frame.from_patient(contours.points)
    across = np.ascontiguousarray(local[:, 2])
    positions = _medians(across, contours)
    deviation = np.abs(across - np.repeat(positions, contours.sizes))
    bent = contours.highest(deviation) > _FLAT_MM
    flat = replace(contours, points=np.ascontiguousarray(local[:, :2]))
    if not bent.any():
        return positions.tolist(), flat
    areas = np.linalg.norm(normals, axis=1)
    stray = float(areas[bent].sum())
    if bent.sum() * 2 > len(bent) or stray > _STRAY_SHARE * float(areas.sum()):
        raise GeometryError(
            f"{bent.sum()} of {len(bent)} contours do not lie in parallel planes; export contours "
            "drawn on one image orientation"
        )
    notes.append(f"{bent.sum()} contours outside the common plane orientation dropped")
    loops = flat.split()
    return (
        positions[~bent].tolist(),
        FlatLoops.of([loops[index] for index in np.flatnonzero(~bent).tolist()]),
    )


def _medians(values: NDArray[np.float64], contours: FlatLoops) -> NDArray[np.float64]:
    """Return the median of each contour; mostly all its values are one."""
    low, high = contours.lowest(values), contours.highest(values)
    for index in np.flatnonzero(high > low).tolist():
        low[index] = median(values[contours.begin[index] : contours.begin[index + 1]])
    return low


def _group(positions: list[float], flat: FlatLoops, notes: list[str]) -> list[Plane]:
    together: list[list[int]] = []
    for index in np.argsort(positions, kind="stable").tolist():
        if together and positions[index] - positions[together[-1][0]] <= _SAME_PLANE_MM:
            together[-1].append(index)
        else:
            together.append([index])
    counts = _Counts()
    parts = _cut(flat, counts)
    members = [[part for index in group for part in parts[index]] for group in together]
    kept = distinct(members)
    counts.twice = sum(map(len, members)) - sum(map(len, kept))
    all_areas, all_holes = _areas_and_holes(kept)
    areas, holes = iter(all_areas), iter(all_holes)
    found = []
    for group, loops in zip(together, kept, strict=True):
        own, inner = [next(areas) for _ in loops], tuple(next(holes) for _ in loops)
        counts.hollow += sum(area < 1e-9 for area in own)
        if loops:
            position = positions[group[0]]
            if len(group) > 1:
                position = float(np.mean([positions[index] for index in group]))
            found.append(
                Plane(position_mm=position, loops=tuple(loops), area_mm2=sum(own), holes=inner)
            )
    if counts.crossing:
        notes.append(f"{counts.crossing} contours cross themselves: filled by the even-odd rule")
    if counts.twice:
        notes.append(f"{counts.twice} contours are there twice on their plane: counted once")
    if counts.hollow:
        notes.append(f"contours of zero area, which enclose nothing: {counts.hollow}")
    return found


def _areas_and_holes(planes: list[list[Loop]]) -> tuple[list[float], list[bool]]:
    """Return the area of each loop, and whether it is a hole, plane by plane."""
    loops = [loop for plane in planes for loop in plane]
    if not loops:
        return [], []
    flat = FlatLoops.of(loops)
    return (
        np.abs(flat.signed_areas()).tolist(),
        are_holes(flat, [len(plane) for plane in planes]).tolist(),
    )


@dataclass(slots=True)
class _Counts:
    """What was found on the way."""

    crossing: int = 0
    twice: int = 0
    hollow: int = 0


def _cut(flat: FlatLoops, counts: _Counts) -> list[list[Loop]]:
    """Return the simple loops that each drawn loop is made of; none where it is a point."""
    cleaned = flat.cleaned()
    enough = np.flatnonzero(cleaned.sizes >= 2)
    loops = len(flat.begin) - 1
    counts.hollow += loops - len(enough)
    parts: list[list[Loop]] = [[] for _ in range(loops)]
    if not len(enough):
        return parts
    drawn = cleaned.split()
    usable = cleaned
    if len(enough) < loops:
        usable = FlatLoops.of([drawn[index] for index in enough])
    entangled = tangled(usable)
    for index, suspect in zip(enough.tolist(), entangled.tolist(), strict=True):
        loop = drawn[index]
        cut = [loop]
        if suspect:
            cut, crosses = simple_loops(loop)
            counts.crossing += crosses
        # A line walked forth and back leaves no loop, yet it may mark where a shape closes.
        parts[index] = cut or [loop]
    return parts


def _without_stray_marks(planes: list[Plane], notes: list[str]) -> list[Plane]:
    """Drop planes that hold only loops of zero area, unless they close the shape's end.

    A shape that rounds off is often ended by a contour shrunk to a point or a line; it tells
    where the shape closes. Anywhere else such a contour is a stray mark.
    """
    kept = []
    for index, plane in enumerate(planes):
        neighbours = planes[max(index - 1, 0) : index] + planes[index + 1 : index + 2]
        closes = len(neighbours) == 1 and _covers(neighbours[0], plane)
        if plane.area_mm2 > 0 or closes:
            kept.append(plane)
    if len(kept) < len(planes):
        notes.append(f"planes without an enclosed area dropped: {len(planes) - len(kept)}")
    return kept


def _covers(neighbour: Plane, plane: Plane) -> bool:
    if neighbour.area_mm2 == 0 or not plane.loops:
        return False
    around = np.concatenate(neighbour.loops)
    marks = np.concatenate(plane.loops)
    return bool((marks >= around.min(axis=0) - 1).all() and (marks <= around.max(axis=0) + 1).all())


def _split(planes: list[Plane], usual: float, notes: list[str]) -> tuple[Part, ...]:
    parts: list[list[Plane]] = [[]]
    for plane in planes:
        last = parts[-1]
        if last and plane.position_mm - last[-1].position_mm > _SPLIT_SPACINGS * usual:
            parts.append([])
        parts[-1].append(plane)
    if len(parts) > 1:
        gaps = [
            f"{after[0].position_mm - before[-1].position_mm:g} mm"
            for before, after in itertools.pairwise(parts)
        ]
        notes.append(f"gaps of {', '.join(gaps)} split the structure into {len(parts)} parts")
    return tuple(
        Part(planes=tuple(part), end_mm=_ends(part, usual))
        for part in parts
        if any(plane.area_mm2 > 0 for plane in part)
    )


def _ends(part: list[Plane], usual: float) -> tuple[float, float]:
    if len(part) == 1:
        return usual, usual
    return (
        part[1].position_mm - part[0].position_mm,
        part[-1].position_mm - part[-2].position_mm,
    )
