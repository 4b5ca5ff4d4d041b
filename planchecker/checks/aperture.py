"""Middle of apertures and targets, both as the source sees them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Beam, ControlPoint
from planchecker.checks.beam_view import axes_of, jaws_of, leaves_of, states
from planchecker.checks.planar import Planar

__all__ = ["aperture_middle", "offset_from_apertures"]

_MOST_STATES = 24
_MOST_POINTS = 500
_OPEN_MM = 1.0


def offset_from_apertures(
    beams: tuple[Beam, ...], targets: tuple[Planar, ...], *, position: str
) -> NDArray[np.float64] | None:
    """Return how far the nearest target lies from where the apertures are centred.

    Each view gives two components of the distance between the middle of the opening and the
    middle of the target; the distance in space that explains all views best is the answer,
    the shortest one where the views leave a direction open.

    Parameters
    ----------
    position
        Patient Position, such as ``"HFS"``.

    Returns
    -------
    ndarray of shape (3,)
        In patient coordinates, mm; None where anything needed is not stated.
    """
    views = tuple(_views(beams, position))
    if not views or not targets or any(view is None for view in views):
        return None
    clouds = [shape.points() for shape in targets]
    if len(clouds) > 1:
        clouds.append(np.concatenate(clouds))
    offsets = []
    for cloud in clouds:
        middles = cloud[:: max(1, len(cloud) // _MOST_POINTS)]
        sides, off = [], []
        for view in views:
            if view is None:
                return None
            isocentre, x, y, source, sad, opening = view
            relative = middles - isocentre
            scale = sad / np.maximum(sad - relative @ source, 1.0)
            for side, at in ((x, opening[0]), (y, opening[1])):
                seen = (relative @ side) * scale
                sides.append(side)
                off.append((seen.min() + seen.max()) / 2 - at)
        solved = np.linalg.lstsq(np.array(sides), np.array(off), rcond=1e-3)[0]
        offsets.append(np.asarray(solved, dtype=np.float64))
    return min(offsets, key=lambda offset: float(np.linalg.norm(offset)))


def aperture_middle(beam: Beam, point: ControlPoint) -> NDArray[np.float64] | None:
    """Return the middle of the box round the opening, in mm on the axes of the collimator."""
    x, y = jaws_of(point, "X"), jaws_of(point, "Y")
    found = leaves_of(point)
    edges = {device.kind: device.boundaries_mm for device in beam.devices}
    if found is not None:
        kind, leaves = found
        if len(edges.get(kind, ())) != len(leaves) + 1:
            return None
        bounds = np.array(edges[kind])
        across = y if kind != "MLCY" else x
        low, high = across or (-np.inf, np.inf)
        used = (leaves[:, 1] - leaves[:, 0] > _OPEN_MM) & (bounds[1:] > low) & (bounds[:-1] < high)
        if used.any():
            along = (leaves[used, 0].min() + leaves[used, 1].max()) / 2
            rows = (bounds[:-1][used].min() + bounds[1:][used].max()) / 2
            return np.array([along, rows] if kind != "MLCY" else [rows, along])
    if x is None or y is None:
        return None
    return np.array([sum(x) / 2, sum(y) / 2])


def _views(
    beams: tuple[Beam, ...], position: str
) -> Iterator[
    tuple[
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        float,
        NDArray[np.float64],
    ]
    | None
]:
    """Yield isocentre, the two axes and the source direction, SAD, and the opening's middle."""
    for beam in beams:
        every = states(beam)
        for point in every[:: max(1, len(every) // _MOST_STATES)]:
            opening = aperture_middle(beam, point)
            couch = point.couch_deg
            if point.gantry_deg is None or point.isocentre_mm is None or opening is None:
                yield None
                return
            if couch is None:
                yield None
                return
            source = axes_of(point.gantry_deg, couch, position)
            lateral = axes_of(point.gantry_deg + 90.0, couch, position)
            if source is None or lateral is None:
                yield None
                return
            turn = np.radians(point.collimator_deg or 0.0)
            upward = _cross(source, lateral)
            x = lateral * np.cos(turn) + upward * np.sin(turn)
            y = -lateral * np.sin(turn) + upward * np.cos(turn)
            sad = beam.source_axis_mm or 1000.0
            yield np.array(point.isocentre_mm), x, y, source, sad, opening


def _cross(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vector product; for single vectors far faster than `numpy.cross`."""
    (a, b, c), (x, y, z) = first.tolist(), second.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])
