"""Which loops of a plane lie inside one another, and which are there twice, all planes at once."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.loops import Loop
from planchecker.dosimetry.repair import SAME_OUTLINE_MM, without_twins
from planchecker.dosimetry.runs import runs

__all__ = ["are_holes", "distinct"]

Index = NDArray[np.intp]

# Pairs of loops, or edges, looked at together, to bound the memory.
_CHUNK = 500_000


def distinct(planes: Sequence[list[Loop]]) -> list[list[Loop]]:
    """Leave out loops that run together with an earlier one of their plane all along.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> [len(plane) for plane in distinct([[square], [square, square[::-1], square + 5.0], []])]
    [1, 2, 0]
    """
    kept = list(planes)
    sizes = [len(plane) for plane in planes]
    if max(sizes, default=0) < 2:
        return kept
    flat = FlatLoops.of([loop for plane in planes for loop in plane])
    plane_of = np.repeat(np.arange(len(sizes)), sizes)
    bounds = [bound for low_high in _boxes(flat) for bound in low_high]
    suspect: set[int] = set()
    for first, second in _pairs(sizes):
        alike = first < second
        for bound in bounds:
            alike &= np.abs(bound.take(first) - bound.take(second)) <= SAME_OUTLINE_MM
        suspect.update(plane_of[first[alike]].tolist())
    for plane in suspect:
        kept[plane] = without_twins(planes[plane])
    return kept


def are_holes(flat: FlatLoops, sizes: Sequence[int]) -> NDArray[np.bool_]:
    """Tell which loops lie inside an odd number of the other loops of their plane.

    Parameters
    ----------
    flat
        The loops of all planes, one plane after the other.
    sizes
        How many loops each plane has.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]])
    >>> are_holes(FlatLoops.of([square, square / 3 + 1, square + 20]), [2, 1]).tolist()
    [False, True, False]
    """
    around = np.zeros(len(flat.begin) - 1, dtype=np.intp)
    if max(sizes, default=0) < 2:
        return np.asarray(around > 0)
    starts = [column.take(flat.begin[:-1]) for column in flat.columns()]
    boxes = _boxes(flat)
    for first, second in _pairs(sizes):
        may = first != second
        for start, (low, high) in zip(starts, boxes, strict=True):
            place = start.take(first)
            may &= (low.take(second) < place) & (high.take(second) > place)
        for inner, outer in _in_chunks(first[may], second[may], flat.sizes):
            np.add.at(around, inner[_contain(flat, inner, outer)], 1)
    return np.asarray(around % 2 == 1)


def _boxes(flat: FlatLoops) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the least and the greatest coordinate of each loop, axis by axis."""
    return [(flat.lowest(column), flat.highest(column)) for column in flat.columns()]


def _pairs(sizes: Sequence[int]) -> Iterator[tuple[Index, Index]]:
    """Yield the pairs of loops of one plane, in chunks, each loop with itself included."""
    loops = np.asarray(sizes, dtype=np.intp)
    partners = np.repeat(loops, loops)
    begin = np.repeat(np.cumsum(loops) - loops, loops)
    alone = partners < 2
    for some in _split(np.where(alone, 0, partners)):
        count = np.where(alone[some], 0, partners[some])
        group, place = runs(count)
        first = some[group]
        yield first, begin[first] + place


def _in_chunks(inner: Index, outer: Index, edges: Index) -> Iterator[tuple[Index, Index]]:
    for some in _split(edges[outer]):
        yield inner[some], outer[some]


def _split(costs: Index) -> list[Index]:
    piece = (np.cumsum(costs) - costs) // _CHUNK
    return np.split(np.arange(len(costs)), np.flatnonzero(np.diff(piece)) + 1)


def _contain(flat: FlatLoops, inner: Index, outer: Index) -> NDArray[np.bool_]:
    """Tell whether the first vertex of each inner loop lies inside the outer one, even-odd."""
    count = flat.sizes[outer]
    pair, place = runs(count)
    vertex = flat.begin[outer].take(pair) + place
    x, y = (c.take(vertex) - c[flat.begin[inner]].take(pair) for c in flat.columns())
    after = flat.following.take(vertex)
    next_x, next_y = (c.take(after) - c[flat.begin[inner]].take(pair) for c in flat.columns())
    spans = np.flatnonzero((y > 0) != (next_y > 0))
    x, y, next_x, next_y = (some[spans] for some in (x, y, next_x, next_y))
    crossing = x - y * (next_x - x) / (next_y - y)
    return np.asarray(np.bincount(pair[spans[crossing > 0]], minlength=len(outer)) % 2 == 1)
