"""Closed loops in a plane: area, keyholes, inscribed radius, rasters and distances.

A loop is an ndarray of shape (N, 2): vertices in mm, not repeated at the end.
"""

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.runs import runs

__all__ = [
    "box_of",
    "densify",
    "inside_raster",
    "nearest_edge",
    "signed_area",
    "split_keyholes",
    "unsigned_distance",
]

Loop = NDArray[np.float64]

# Distances are worked out for this many (point, edge) pairs at a time, to stay in the cache.
_CHUNK = 40_000


def _following(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return every item's successor, the first following the last; far faster than np.roll."""
    return np.concatenate([values[1:], values[:1]])


def signed_area(loop: Loop) -> float:
    """Area by the shoelace formula in mm², positive where the loop turns from x to y.

    Examples
    --------
    >>> signed_area(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0]]))
    6.0
    """
    x, y = (loop - loop[:1]).T
    return 0.5 * float(np.dot(x, _following(y)) - np.dot(_following(x), y))


def split_keyholes(loop: Loop) -> list[Loop]:
    """Cut a keyhole loop into its outer and inner loops.

    A keyhole runs along a bridge to the inner loop and back along the same vertices. Wherever
    an edge is walked once each way the two passes enclose nothing; they are taken out and what
    remains is joined again into closed loops.

    Returns
    -------
    list of ndarray
        The loop itself where it has no bridge.
    """
    # One complex number a vertex sorts far faster than rows do.
    distinct, index = np.unique(loop[:, 0] + 1j * loop[:, 1], return_inverse=True)
    if len(distinct) == len(loop):
        return [loop]
    vertices = np.stack([distinct.real, distinct.imag], axis=1)
    start = index.reshape(-1)
    edges = list(zip(start.tolist(), np.roll(start, -1).tolist(), strict=True))
    counted: dict[tuple[int, int], int] = {}
    for edge in edges:
        counted[edge] = counted.get(edge, 0) + 1
    kept: dict[int, list[int]] = {}
    for a, b in edges:
        if counted.get((b, a), 0) > 0 and counted[a, b] > 0:
            counted[a, b] -= 1
            counted[b, a] -= 1
    for (a, b), times in counted.items():
        kept.setdefault(a, []).extend([b] * times)
    return [vertices[walk] for walk in _walks(kept) if len(walk) >= 3]


def _walks(following: dict[int, list[int]]) -> list[list[int]]:
    """Follow directed edges into closed walks that visit no vertex twice."""
    walks = []
    for start in list(following):
        while following.get(start):
            path = [start]
            seen = {start: 0}
            while following.get(path[-1]):
                here = following[path[-1]].pop()
                if here in seen:
                    at = seen[here]
                    walks.append(path[at:])
                    for vertex in path[at + 1 :]:
                        del seen[vertex]
                    del path[at + 1 :]
                else:
                    seen[here] = len(path)
                    path.append(here)
            if len(path) <= 1:
                continue
            break
    return walks


def nearest_edge(
    points: Loop, starts: Loop, along: Loop
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find the nearest edge of each point.

    Parameters
    ----------
    points
        Shape (M, 2) in mm.
    starts, along
        First points of the edges and the vectors to their ends, shape (N, 2) in mm.

    Returns
    -------
    distance : ndarray of shape (M,)
        In mm, never negative.
    edge : ndarray of shape (M,)
        Number of the nearest edge.
    """
    length2 = np.maximum(np.einsum("ij,ij->i", along, along), 1e-18)
    distance = np.empty(len(points))
    edge = np.empty(len(points), dtype=np.intp)
    step = max(1, _CHUNK // len(starts))
    for first in range(0, len(points), step):
        part = points[first : first + step]
        dx = part[:, :1] - starts[:, 0]
        dy = part[:, 1:] - starts[:, 1]
        t = dx * along[:, 0]
        t += dy * along[:, 1]
        t /= length2
        np.minimum(np.maximum(t, 0.0, out=t), 1.0, out=t)
        dx -= t * along[:, 0]
        dy -= t * along[:, 1]
        dx *= dx
        dy *= dy
        dx += dy
        nearest = dx.argmin(axis=1)
        edge[first : first + step] = nearest
        distance[first : first + step] = dx[np.arange(len(part)), nearest]
    return np.sqrt(distance), edge


def box_of(loop: Loop) -> tuple[float, float, float, float]:
    """Return least x and y and greatest x and y; far faster than along the rows of two.

    Examples
    --------
    >>> box_of(np.array([[0.0, 1.0], [2.0, 1.0], [2.0, 3.0]]))
    (0.0, 1.0, 2.0, 3.0)
    """
    x, y = loop[:, 0], loop[:, 1]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def unsigned_distance(points: Loop, loop: Loop) -> NDArray[np.float64]:
    """Return the distance of points, shape (M, 2), from the outline of a loop in mm."""
    return nearest_edge(points, loop, _following(loop) - loop)[0]


def inside_raster(
    loop: Loop, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Mark the lattice points inside the loop by the even-odd rule.

    Parameters
    ----------
    x_mm, y_mm
        Rising lattice coordinates.

    Returns
    -------
    ndarray of shape (len(y_mm), len(x_mm))
    """
    width = len(x_mm) + 1
    x0, y0 = np.ascontiguousarray(loop.T)
    x1, y1 = _following(loop).T
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    # Rows with low <= y < high: a vertex on a row is counted once by the half-open interval.
    first = np.searchsorted(y_mm, low, side="left")
    count = np.searchsorted(y_mm, high, side="left") - first
    edge, place = runs(count)
    row = first[edge] + place
    share = (y_mm[row] - y0[edge]) / (y1[edge] - y0[edge])
    crossing = x0[edge] + share * (x1[edge] - x0[edge])
    flat = row * width + np.searchsorted(x_mm, crossing, side="right")
    toggles = np.bincount(flat, minlength=len(y_mm) * width).astype(np.uint8) & 1
    inside = np.bitwise_xor.accumulate(toggles.reshape(len(y_mm), width), axis=1)
    return np.ascontiguousarray(inside[:, :-1]).view(np.bool_)


def densify(loop: Loop, longest_mm: float) -> Loop:
    """Cut edges into equal pieces no longer than `longest_mm`; all vertices stay."""
    along = _following(loop) - loop
    pieces = np.maximum(1, np.ceil(np.hypot(along[:, 0], along[:, 1]) / longest_mm)).astype(int)
    edge, place = runs(pieces)
    share = place / pieces[edge]
    return np.asarray(loop[edge] + share[:, None] * along[edge])
