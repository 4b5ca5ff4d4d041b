"""From the contours of a structure to a stack of parallel planes with closed loops."""

import itertools
from dataclasses import dataclass

import numpy as np

from planchecker.dosimetry import loops
from planchecker.dosimetry.frame import Frame, frame_of, vector_area
from planchecker.dosimetry.loops import Loop
from planchecker.dosimetry.repair import simple_loops, without_twins
from planchecker.dosimetry.structure import Contour, Structure
from planchecker.errors import GeometryError

__all__ = ["Frame", "Part", "Plane", "PlaneStack", "stack_planes"]

# Contours of one slice are written with a few decimals; slices lie at least 0.3 mm apart.
_SAME_PLANE_MM = 0.1
_FLAT_MM = 0.5
_SPLIT_SPACINGS = 1.5
# Nothing of a patient lies 10 m from the origin; such numbers are faults, and costly ones.
_FARTHEST_MM = 10_000.0
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
        frame = frame_of(closed)
        positions, flat = _project(frame, closed, notes)
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
        usual = float(np.median(gaps))
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


def _closed_contours(structure: Structure, notes: list[str]) -> list[Contour]:
    closed = [c for c in structure.contours if c.geometric_type.is_closed]
    if not closed:
        kinds = sorted({c.geometric_type.value or "no type" for c in structure.contours})
        found = ", ".join(kinds) if kinds else "none"
        raise GeometryError(
            f"{structure.name!r} has no closed planar contour (found: {found}), so it is no volume"
        )
    other = len(structure.contours) - len(closed)
    if other:
        notes.append(f"{other} contours that are no closed planar loops left out")
    enough = [c for c in closed if len(c.points_mm) >= 3]
    if len(enough) < len(closed):
        notes.append(f"{len(closed) - len(enough)} contours of fewer than 3 points dropped")
    if not enough:
        raise GeometryError(f"{structure.name!r}: no contour has 3 points or more")
    farthest = max(float(np.abs(c.points_mm).max()) for c in enough)
    if farthest > _FARTHEST_MM:
        raise GeometryError(
            f"{structure.name!r}: a contour lies {farthest:g} mm from the origin, where no "
            "patient is; some coordinates are wrong"
        )
    return enough


def _project(
    frame: Frame, contours: list[Contour], notes: list[str]
) -> tuple[list[float], list[Loop]]:
    positions, flat, bent = [], [], 0
    whole = across = 0.0
    for contour in contours:
        local = frame.from_patient(contour.points_mm)
        middle = float(np.median(local[:, 2]))
        area = float(np.linalg.norm(vector_area(local)))
        whole += area
        if float(np.abs(local[:, 2] - middle).max()) > _FLAT_MM:
            bent += 1
            across += area
            continue
        positions.append(middle)
        flat.append(np.ascontiguousarray(local[:, :2]))
    if bent * 2 > len(contours) or across > _STRAY_SHARE * whole:
        raise GeometryError(
            f"{bent} of {len(contours)} contours do not lie in parallel planes; export contours "
            "drawn on one image orientation"
        )
    if bent:
        notes.append(f"{bent} contours outside the common plane orientation dropped")
    return positions, flat


def _group(positions: list[float], flat: list[Loop], notes: list[str]) -> list[Plane]:
    together: list[list[int]] = []
    for index in np.argsort(positions, kind="stable").tolist():
        if together and positions[index] - positions[together[-1][0]] <= _SAME_PLANE_MM:
            together[-1].append(index)
        else:
            together.append([index])
    counts = _Counts()
    planes = [
        _plane([positions[i] for i in group], [flat[i] for i in group], counts)
        for group in together
    ]
    if counts.crossing:
        notes.append(f"{counts.crossing} contours cross themselves: filled by the even-odd rule")
    if counts.twice:
        notes.append(f"{counts.twice} contours are there twice on their plane: counted once")
    if counts.hollow:
        notes.append(f"{counts.hollow} contours of zero area: they enclose nothing")
    return [plane for plane in planes if plane.loops]


@dataclass(slots=True)
class _Counts:
    """What was found on the way."""

    crossing: int = 0
    twice: int = 0
    hollow: int = 0


def _plane(at: list[float], drawn: list[Loop], counts: _Counts) -> Plane:
    members: list[Loop] = []
    for loop in drawn:
        cleaned = loops.clean(loop)
        if len(cleaned) < 2:
            counts.hollow += 1
            continue
        parts, crosses = simple_loops(cleaned)
        counts.crossing += crosses
        # A line walked forth and back leaves no loop, yet it may mark where a shape closes.
        members += parts or [cleaned]
    kept = without_twins(members)
    counts.twice += len(members) - len(kept)
    areas = [abs(loops.signed_area(loop)) for loop in kept]
    counts.hollow += sum(area < 1e-9 for area in areas)
    return Plane(position_mm=float(np.mean(at)), loops=tuple(kept), area_mm2=float(sum(areas)))


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
        notes.append(f"{len(planes) - len(kept)} planes without an enclosed area dropped")
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
