"""Closed loops in the image planes: ellipses, offset ellipses and cuts through solids."""

import numpy as np

from sample_dicom.solids import Array, Solid

__all__ = ["ellipse", "level_loops", "offset_ellipse", "section"]

_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
# Corner bits of a cell: 1 upper left, 2 upper right, 4 lower right, 8 lower left. Each segment
# runs from edge to edge with the inside on the same hand, so that loops close by following.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((_LEFT, _TOP),),
    2: ((_TOP, _RIGHT),),
    3: ((_LEFT, _RIGHT),),
    4: ((_RIGHT, _BOTTOM),),
    5: ((_LEFT, _TOP), (_RIGHT, _BOTTOM)),
    6: ((_TOP, _BOTTOM),),
    7: ((_LEFT, _BOTTOM),),
    8: ((_BOTTOM, _LEFT),),
    9: ((_BOTTOM, _TOP),),
    10: ((_TOP, _RIGHT), (_BOTTOM, _LEFT)),
    11: ((_BOTTOM, _RIGHT),),
    12: ((_RIGHT, _LEFT),),
    13: ((_RIGHT, _TOP),),
    14: ((_TOP, _LEFT),),
}


def ellipse(
    *, centre_mm: tuple[float, float], semi_axes_mm: tuple[float, float], points: int
) -> Array:
    """Return an ellipse as a loop of shape (points, 2), in mm.

    Examples
    --------
    >>> ellipse(centre_mm=(1, 2), semi_axes_mm=(3, 4), points=4).round(6).tolist()
    [[4.0, 2.0], [1.0, 6.0], [-2.0, 2.0], [1.0, -2.0]]
    """
    return offset_ellipse(
        centre_mm=centre_mm, semi_axes_mm=semi_axes_mm, margin_mm=0.0, points=points
    )


def offset_ellipse(
    *,
    centre_mm: tuple[float, float],
    semi_axes_mm: tuple[float, float],
    margin_mm: float,
    points: int,
) -> Array:
    """Return the curve at a constant distance outside an ellipse, shape (points, 2), in mm.

    Examples
    --------
    >>> loop = offset_ellipse(
    ...     centre_mm=(0, 0), semi_axes_mm=(5, 4), margin_mm=2, points=4
    ... )
    >>> (loop.round(6) + 0.0).tolist()
    [[7.0, 0.0], [0.0, 6.0], [-7.0, 0.0], [0.0, -6.0]]
    """
    angle = 2 * np.pi * np.arange(points) / points
    curve = np.column_stack([semi_axes_mm[0] * np.cos(angle), semi_axes_mm[1] * np.sin(angle)])
    normal = curve / np.square(semi_axes_mm)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(curve + margin_mm * normal + centre_mm)


def section(
    solid: Solid,
    *,
    z_mm: float,
    box_mm: tuple[float, float, float, float],
    step_mm: float,
    spacing_mm: float,
) -> list[Array]:
    """Return the loops in which a solid is cut by an axial plane.

    Parameters
    ----------
    box_mm
        Lowest x, highest x, lowest y, highest y that hold the whole cut.
    step_mm
        Step of the lattice on which the solid is examined.
    spacing_mm
        Distance between the points of the loops. Loops of fewer than six points are left out:
        nobody contours the last fraction of a millimetre of a tip.
    """
    x = np.arange(box_mm[0], box_mm[1] + step_mm, step_mm)
    y = np.arange(box_mm[2], box_mm[3] + step_mm, step_mm)
    depth = solid(x[None, :], y[:, None], np.array(z_mm))
    loops = level_loops(depth)
    corner = np.array([x[0], y[0]])
    respaced = (_respace(corner + step_mm * loop, spacing_mm) for loop in loops)
    return [loop for loop in respaced if len(loop) >= 6]


def level_loops(field: Array) -> list[Array]:
    """Return the closed zero level lines of a field that is positive along its border.

    Parameters
    ----------
    field
        Values at the nodes of a square lattice, shape (rows, columns).

    Returns
    -------
    list of ndarray of shape (N, 2)
        Column and row coordinates of the crossings, in steps of the lattice.
    """
    inside = (field < 0).astype(np.uint8)
    cells = (
        inside[:-1, :-1]
        + 2 * inside[:-1, 1:]
        + 4 * inside[1:, 1:]
        + 8 * inside[1:, :-1]
    )  # fmt: skip
    follow: dict[int, int] = {}
    width, size = field.shape[1], field.size
    mixed_row, mixed_column = np.nonzero((cells > 0) & (cells < 15))
    mixed_code = cells[mixed_row, mixed_column]
    for code, segments in _SEGMENTS.items():
        node = (mixed_row * width + mixed_column)[mixed_code == code]
        edges = (node, size + node + 1, node + width, size + node)
        for first, second in segments:
            follow.update(zip(edges[first].tolist(), edges[second].tolist(), strict=True))
    return [_crossings(field, chain) for chain in _chains(follow)]


def _chains(follow: dict[int, int]) -> list[list[int]]:
    chains = []
    while follow:
        start, edge = follow.popitem()
        chain = [start]
        while edge != start:
            chain.append(edge)
            edge = follow.pop(edge)
        chains.append(chain)
    return chains


def _crossings(field: Array, edges: list[int]) -> Array:
    """Interpolate where the level line crosses the numbered lattice edges."""
    values, width = field.ravel(), field.shape[1]
    upright, node = np.divmod(np.array(edges), field.size)
    near, far = values[node], values[node + np.where(upright, width, 1)]
    part = near / (near - far)
    row, column = np.divmod(node, width)
    return np.column_stack([column + np.where(upright, 0, part), row + np.where(upright, part, 0)])


def _respace(loop: Array, spacing_mm: float) -> Array:
    """Return the loop with evenly spaced points."""
    closed = np.vstack([loop, loop[:1]])
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    count = round(travelled[-1] / spacing_mm)
    if count < 3:
        return np.empty((0, 2))
    stops = travelled[-1] * np.arange(count) / count
    return np.column_stack([np.interp(stops, travelled, closed[:, axis]) for axis in (0, 1)])
