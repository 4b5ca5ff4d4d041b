"""Pieces of a structure that hang together, and gaps inside them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.planar import Planar
from planchecker.dosimetry.loops import box_of, signed_area

__all__ = ["Gap", "Piece", "gaps", "pieces"]

_TOUCHING_SPACINGS = 1.5
_MOST_LOOPS = 20_000
_FEW = 8
Point = tuple[float, float, float]
Loop = NDArray[np.float64]
Box = tuple[float, float, float, float]
Boxed = tuple[int, Loop, Box]
"""The number of a plane, a loop on it and its box."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Two planes of one piece with slices missing between them."""

    low_mm: float
    high_mm: float
    place_mm: Point


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Loops that overlap from plane to plane."""

    volume_cc: float
    place_mm: Point


def gaps(shape: Planar, *, largest_mm: float) -> Iterator[Gap]:
    """Yield the gaps larger than `largest_mm` across which the outlines overlap.

    Outlines that do not overlap belong to separate pieces, and nothing is missing.
    """
    for index in np.flatnonzero(np.diff(shape.heights_mm) > largest_mm):
        low, high = float(shape.heights_mm[index]), float(shape.heights_mm[index + 1])
        for below in shape.loops[index]:
            if any(_overlap(below, above) for above in shape.loops[index + 1]):
                x, y = below.mean(axis=0)
                place = (float(x), float(y), (low + high) / 2)
                yield Gap(low_mm=low, high_mm=high, place_mm=place)
                break


def pieces(shape: Planar) -> tuple[Piece, ...]:
    """Return the pieces of a structure, the largest first.

    Loops belong together where they overlap on one plane or on neighbouring ones. A loop
    inside another one of its plane is a hole.
    """
    loops = [(i, loop, box_of(loop)) for i, plane in enumerate(shape.loops) for loop in plane]
    if len(loops) > _MOST_LOOPS:
        return ()
    owner = list(range(len(loops)))

    def root(index: int) -> int:
        while owner[index] != index:
            index = owner[index]
        return index

    by_plane: dict[int, list[int]] = {}
    for number, (plane, _, _) in enumerate(loops):
        by_plane.setdefault(plane, []).append(number)
    reach = _TOUCHING_SPACINGS * shape.spacing_mm
    for plane, numbers in by_plane.items():
        near = plane + 1 < len(shape.heights_mm) and (
            shape.heights_mm[plane + 1] - shape.heights_mm[plane] <= reach
        )
        others = by_plane.get(plane + 1, []) if near else []
        for first in numbers:
            for second in (*(n for n in numbers if n > first), *others):
                a, b = root(first), root(second)
                if (
                    a != b
                    and _meet(loops[first][2], loops[second][2])
                    and _share(loops[first][1], loops[second][1])
                ):
                    owner[b] = a
    members: dict[int, list[int]] = {}
    for number in range(len(loops)):
        members.setdefault(root(number), []).append(number)
    found = [_piece(shape, [loops[n] for n in group]) for group in members.values()]
    return tuple(sorted(found, key=lambda piece: -piece.volume_cc))


def _piece(shape: Planar, loops: list[Boxed]) -> Piece:
    by_plane: dict[int, list[Boxed]] = {}
    for one in loops:
        by_plane.setdefault(one[0], []).append(one)
    area = 0.0
    for one in loops:
        depth = sum(other is not one and _holds(other, one) for other in by_plane[one[0]])
        area += abs(signed_area(one[1])) * (-1 if depth % 2 else 1)
    x, y = np.concatenate([loop for _, loop, _ in loops]).mean(axis=0)
    z = float(np.mean([shape.heights_mm[plane] for plane, _, _ in loops]))
    return Piece(volume_cc=area * shape.spacing_mm / 1000, place_mm=(float(x), float(y), z))


def _holds(outer: Boxed, inner: Boxed) -> bool:
    _, around, (left, top, right, bottom) = outer
    _, within, (x0, y0, x1, y1) = inner
    if x0 < left or y0 < top or x1 > right or y1 > bottom:
        return False
    from skimage.measure import points_in_poly  # noqa: PLC0415 - heavy, needed only here

    return bool(points_in_poly(within, around).mean() > 0.5)  # type: ignore[no-untyped-call]


def _meet(first: Box, second: Box) -> bool:
    return all(
        max(first[axis], second[axis]) <= min(first[axis + 2], second[axis + 2]) for axis in (0, 1)
    )


def _overlap(first: Loop, second: Loop) -> bool:
    return _meet(box_of(first), box_of(second)) and _share(first, second)


def _share(first: Loop, second: Loop) -> bool:
    from skimage.measure import points_in_poly  # noqa: PLC0415 - heavy, needed only here

    few = first[:: max(1, len(first) // _FEW)]
    # Most loops that overlap show it by the first few points.
    return bool(
        points_in_poly(few, second).any()  # type: ignore[no-untyped-call]
        or points_in_poly(first, second).any()  # type: ignore[no-untyped-call]
        or points_in_poly(second, first).any()  # type: ignore[no-untyped-call]
    )
