"""From the contours of a structure to a stack of parallel planes with closed loops."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry import loops
from planchecker.dosimetry.loops import Loop
from planchecker.dosimetry.structure import Contour, Structure
from planchecker.errors import GeometryError

__all__ = ["Frame", "Part", "Plane", "PlaneStack", "stack_planes"]

# Contours of one slice are written with a few decimals; slices lie at least 0.3 mm apart.
_SAME_PLANE_MM = 0.1
_FLAT_MM = 0.5
_SPLIT_SPACINGS = 1.5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """Right-handed axes of a stack: two in the plane, one across the planes.

    Parameters
    ----------
    axes
        Unit vectors in patient coordinates, shape (3, 3): x and y in the plane, normal.
    """

    axes: NDArray[np.float64]

    def to_patient(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn stack coordinates (x, y, position) in mm into patient coordinates."""
        return np.asarray(points @ self.axes, dtype=np.float64)

    def from_patient(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn patient coordinates in mm into stack coordinates (x, y, position)."""
        return np.asarray(points_mm @ self.axes.T, dtype=np.float64)


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
        or if there is one plane only and no spacing is given.
    """
    notes: list[str] = list(structure.notes)
    closed = _closed_contours(structure, notes)
    frame = _frame_of(structure, closed)
    positions, flat = _project(structure, frame, closed, notes)
    planes = _group(positions, flat, notes)
    if not any(plane.area_mm2 > 0 for plane in planes):
        raise GeometryError(f"{structure.name!r}: no contour encloses an area")
    planes = _without_stray_marks(planes, notes)
    gaps = np.diff([plane.position_mm for plane in planes])
    if len(gaps):
        usual = float(np.median(gaps))
    elif spacing_mm is not None:
        usual = spacing_mm
        notes.append(f"one plane only: taken as {usual:g} mm thick, the slice spacing")
    else:
        raise GeometryError(
            f"{structure.name!r} is contoured on one plane and no slice spacing is known, "
            "so its thickness is not determined; contour it on at least two planes"
        )
    return PlaneStack(
        frame=frame,
        spacing_mm=usual,
        parts=_split(planes, usual, notes),
        notes=tuple(notes),
    )


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
    return enough


def _frame_of(structure: Structure, contours: list[Contour]) -> Frame:
    normals = np.array([_newell(c.points_mm) for c in contours])
    sizes = np.linalg.norm(normals, axis=1)
    largest = int(np.argmax(sizes))
    if sizes[largest] == 0 or not np.isfinite(sizes[largest]):
        raise GeometryError(f"{structure.name!r}: no contour encloses an area")
    normal = normals[largest] / sizes[largest]
    main = int(np.argmax(np.abs(normal)))
    normal = normal * np.sign(normal[main])
    # Slices written with rounded coordinates are still the patient's own planes.
    if abs(normal[main]) > 1 - 1e-6:
        normal = np.eye(3)[main]
    x = np.eye(3)[0 if main != 0 else 1]
    x = x - (x @ normal) * normal
    x /= np.linalg.norm(x)
    return Frame(axes=np.array([x, np.cross(normal, x), normal]))


def _newell(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vector area of a loop; exact for planar loops, a fair mean for others."""
    centred = points - points.mean(axis=0)
    return np.asarray(0.5 * np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0))


def _project(
    structure: Structure, frame: Frame, contours: list[Contour], notes: list[str]
) -> tuple[list[float], list[Loop]]:
    positions, flat, bent = [], [], 0
    for contour in contours:
        local = frame.from_patient(contour.points_mm)
        middle = float(np.median(local[:, 2]))
        if float(np.abs(local[:, 2] - middle).max()) > _FLAT_MM:
            bent += 1
            continue
        positions.append(middle)
        flat.append(np.ascontiguousarray(local[:, :2]))
    if bent * 2 > len(contours):
        raise GeometryError(
            f"{structure.name!r}: {bent} of {len(contours)} contours do not lie in parallel "
            "planes; export contours drawn on one image orientation"
        )
    if bent:
        notes.append(f"{bent} contours outside the common plane orientation dropped")
    return positions, flat


def _group(positions: list[float], flat: list[Loop], notes: list[str]) -> list[Plane]:
    planes: list[Plane] = []
    members: list[Loop] = []
    at: list[float] = []
    crossing = hollow = 0
    for index in np.argsort(positions, kind="stable"):
        if at and positions[index] - at[-1] > _SAME_PLANE_MM:
            planes.append(_plane(at, members))
            at, members = [], []
        at.append(positions[index])
        cleaned = loops.clean(flat[index])
        if len(cleaned) < 2:
            hollow += 1
            continue
        for loop in loops.split_keyholes(cleaned):
            crossing += loops.self_intersects(loop)
            hollow += abs(loops.signed_area(loop)) < 1e-9
            members.append(loop)
    planes.append(_plane(at, members))
    planes = [plane for plane in planes if plane.loops]
    if crossing:
        notes.append(f"{crossing} contours cross themselves: filled by the even-odd rule")
    if hollow:
        notes.append(f"{hollow} contours of zero area: they enclose nothing")
    return planes


def _plane(at: list[float], members: list[Loop]) -> Plane:
    area = sum(abs(loops.signed_area(loop)) for loop in members)
    return Plane(position_mm=float(np.mean(at)), loops=tuple(members), area_mm2=float(area))


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
