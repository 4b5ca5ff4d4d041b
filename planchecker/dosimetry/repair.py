"""What drawing and export do to loops: crossings, keyholes, the same loop written twice."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.loops import Loop, split_keyholes
from planchecker.dosimetry.runs import runs
from planchecker.errors import GeometryError

__all__ = ["SAME_OUTLINE_MM", "find_crossings", "simple_loops", "tangled", "without_twins"]

# Pairs of edges looked at together, to bound the memory.
_CHUNK = 1_000_000
# No drawn outline crosses itself this often; cutting up noise would take for ever.
_MOST_CROSSINGS = 1000
# Edges beside an edge, beyond which a loop is looked at alone.
_MOST_NEIGHBOURS = 1000
SAME_OUTLINE_MM = 0.1
"""Two outlines this close all along are one outline written twice, not a wall."""


def simple_loops(loop: Loop) -> tuple[list[Loop], bool]:
    """Cut a loop into loops that neither cross themselves nor run along a keyhole.

    Parameters
    ----------
    loop
        Vertices in mm, shape (N, 2), without repeated neighbours.

    Returns
    -------
    loops : list of ndarray
        Combined by the even-odd rule they enclose what the loop does; empty where it encloses
        nothing.
    crosses : bool
        Whether the loop crosses itself.

    Raises
    ------
    GeometryError
        If it crosses itself so often that it cannot be an outline.

    Notes
    -----
    A vertex is put wherever two edges cross. Closed walks that visit no vertex twice then hold
    every edge once, so whether a ray meets them an even or an odd number of times is the same
    as for the loop itself.

    Examples
    --------
    >>> bow_tie = np.array([[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]])
    >>> parts, crosses = simple_loops(bow_tie)
    >>> len(parts), crosses
    (2, True)
    """
    first, second = find_crossings(loop)
    if not len(first):
        return split_keyholes(loop), False
    return split_keyholes(_with_vertices(loop, first, second)), True


def tangled(flat: FlatLoops) -> NDArray[np.bool_]:
    """Mark the loops that may cross themselves or visit a vertex twice.

    Those not marked need no `simple_loops`. All loops are looked at together: one after the
    other they would take most of the time of a large structure.

    Parameters
    ----------
    flat
        Loops without repeated neighbours, in mm.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> tangled(FlatLoops.of([square, square[[0, 2, 1, 3]]])).tolist()
    [False, True]
    """
    found = np.zeros(len(flat.begin) - 1, dtype=bool)
    found[_visited_twice(flat)] = True
    columns = flat.columns()
    ends = [column.take(flat.following) for column in columns]
    low, high = (
        [side(column, end) for column, end in zip(columns, ends, strict=True)]
        for side in (np.minimum, np.maximum)
    )
    extents = [float((most - least).sum()) for least, most in zip(low, high, strict=True)]
    axis = extents.index(min(extents))
    # Loops are moved apart along the axis, so that edges of different ones never overlap.
    apart = flat.loop * (float(np.ptp(columns[axis])) + 1.0)
    begin, end = low[axis] + apart, high[axis] + apart
    order = np.argsort(begin)
    begin = begin.take(order)
    following = np.searchsorted(begin, end.take(order)) - np.arange(len(order)) - 1
    following = np.maximum(following, 0)
    # An edge may share its whole extent with most others: such loops are left to the slow way.
    many = following > _MOST_NEIGHBOURS
    found[flat.loop[order[many]]] = True
    following[many] = 0
    left, right = low[1 - axis].take(order), high[1 - axis].take(order)
    for block in _blocks(following):
        i, j = _pairs(block, following[block])
        meet = np.flatnonzero((left.take(i) < right.take(j)) & (left.take(j) < right.take(i)))
        first, second = order[i[meet]], order[j[meet]]
        away = np.flatnonzero((flat.following[first] != second) & (flat.following[second] != first))
        first, second = first[away], second[away]
        edges = (first, flat.following[first], second, flat.following[second])
        cross = _cross(*(flat.points[vertices] for vertices in edges))
        found[flat.loop[first[cross]]] = True
    return found


def _visited_twice(flat: FlatLoops) -> NDArray[np.intp]:
    """Return the loops with a vertex that occurs twice, and by rare chance others."""
    # Adding zero turns -0.0 into 0.0; odd factors spread the bits of the numbers.
    x, y = np.ascontiguousarray(flat.points.T + 0.0).view(np.uint64)
    key = x * np.uint64(0x9E3779B97F4A7C15) + (y ^ (y >> np.uint64(29))) * np.uint64(
        0xC2B2AE3D27D4EB4F
    )
    key = (key ^ (key >> np.uint64(31))) + flat.loop.astype(np.uint64) * np.uint64(
        0x165667B19E3779F9
    )
    ranked = np.sort(key)
    twice = ranked[1:][ranked[1:] == ranked[:-1]]
    return flat.loop[np.isin(key, twice)] if len(twice) else np.zeros(0, dtype=np.intp)


def find_crossings(loop: Loop) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the pairs of edges that cross each other properly; edge i starts at vertex i.

    Raises
    ------
    GeometryError
        If there are too many to be an outline.
    """
    count = len(loop)
    nothing = np.zeros(0, dtype=np.intp)
    if count < 4:
        return nothing, nothing
    start, end = loop, np.concatenate([loop[1:], loop[:1]])
    low, high = np.minimum(start, end), np.maximum(start, end)
    # Edges in order of their low end: only those that begin before this one ends can meet it.
    axis = int(np.argmin((high - low).sum(axis=0)))
    order = np.argsort(low[:, axis], kind="stable")
    until = np.searchsorted(low[order, axis], high[order, axis], side="right")
    following = until - np.arange(count) - 1
    found_first, found_second, found = [nothing], [nothing], 0
    for block in _blocks(following):
        i, j = _pairs(block, following[block])
        i, j = order[i], order[j]
        apart = np.abs(i - j)
        other = 1 - axis
        meet = (low[i, other] <= high[j, other]) & (high[i, other] >= low[j, other])
        meet &= (apart > 1) & (apart < count - 1)
        i, j = i[meet], j[meet]
        cross = _cross(start[i], end[i], start[j], end[j])
        found_first.append(i[cross])
        found_second.append(j[cross])
        found += int(cross.sum())
        if found > _MOST_CROSSINGS:
            raise GeometryError(
                f"a contour crosses itself more than {_MOST_CROSSINGS} times, which no outline does"
            )
    return np.concatenate(found_first), np.concatenate(found_second)


def _blocks(following: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Split the edges so that each block makes a bounded number of pairs."""
    piece = (np.cumsum(following) - following) // _CHUNK
    cuts = np.flatnonzero(np.diff(piece)) + 1
    return np.split(np.arange(len(following)), cuts)


def _pairs(
    block: NDArray[np.intp], following: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair each edge of the block with those that follow it in the sorted order."""
    edge, place = runs(following)
    first = block.take(edge)
    return first, first + 1 + place


def _side(p: Loop, q: Loop, r: Loop) -> NDArray[np.float64]:
    turn = (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])
    return np.asarray(turn)


def _cross(a: Loop, b: Loop, c: Loop, d: Loop) -> NDArray[np.bool_]:
    apart = _side(a, b, c) * _side(a, b, d) < 0
    return np.asarray(apart & (_side(c, d, a) * _side(c, d, b) < 0))


def _with_vertices(loop: Loop, first: NDArray[np.intp], second: NDArray[np.intp]) -> Loop:
    """Put one and the same vertex into both edges of each crossing."""
    along = np.concatenate([loop[1:], loop[:1]]) - loop
    u, v, between = along[first], along[second], loop[second] - loop[first]
    scale = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    on_first = (between[:, 0] * v[:, 1] - between[:, 1] * v[:, 0]) / scale
    on_second = (between[:, 0] * u[:, 1] - between[:, 1] * u[:, 0]) / scale
    points = loop[first] + on_first[:, None] * u
    edge = np.concatenate([np.arange(len(loop)), first, second])
    share = np.concatenate([np.zeros(len(loop)), on_first, on_second])
    vertices = np.concatenate([loop, points, points])
    return np.asarray(vertices[np.lexsort((share, edge))])


def without_twins(members: Sequence[Loop]) -> list[Loop]:
    """Leave out loops that run together with an earlier one all along.

    By the even-odd rule a loop that is exported twice would cut itself out.

    Parameters
    ----------
    members
        Loops of one plane.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> len(without_twins([square, square[::-1], square + 5.0]))
    2
    """
    boxes = np.array([[*loop.min(axis=0), *loop.max(axis=0)] for loop in members]).reshape(-1, 4)
    twins: set[int] = set()
    for index, loop in enumerate(members):
        alike = np.abs(boxes[:index] - boxes[index]).max(axis=1) <= SAME_OUTLINE_MM
        if any(
            earlier not in twins and _run_together(loop, members[earlier])
            for earlier in np.flatnonzero(alike).tolist()
        ):
            twins.add(index)
    return [loop for index, loop in enumerate(members) if index not in twins]


def _run_together(loop: Loop, other: Loop) -> bool:
    return max(_farthest(loop, other), _farthest(other, loop)) <= SAME_OUTLINE_MM


def _farthest(loop: Loop, other: Loop) -> float:
    """Largest distance of a choice of vertices from the other outline, in mm."""
    points = loop[:: max(1, len(loop) // 100)]
    along = np.concatenate([other[1:], other[:1]]) - other
    lever = points[:, None] - other[None]
    length2 = np.maximum((along * along).sum(axis=1), 1e-18)
    share = np.clip((lever * along).sum(axis=2) / length2, 0.0, 1.0)
    away = np.linalg.norm(lever - share[..., None] * along, axis=2)
    return float(away.min(axis=1).max())
