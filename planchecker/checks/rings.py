"""How far a target closes round the canal."""

import numpy as np

from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.solid_points import filled

__all__ = ["ring_share"]

_SECTORS = 36
_REACH_MM = 20.0


def ring_share(target: Structure, inner: Structure) -> float:
    """Return the largest share of directions round a canal in which a target lies.

    Seen plane by plane of `inner`: the share of 36 directions from its middle in which the
    target has a point within 20 mm of its edge.

    Parameters
    ----------
    inner
        Canal, sac or cord.

    Returns
    -------
    float
        0 to 1; 0 where one of them encloses no volume.
    """
    try:
        points, _ = filled(target, most=60_000)
        middle, _ = filled(inner)
    except PlanCheckerError:
        return 0.0
    heights = np.round(middle[:, 2])
    best = 0.0
    for height in np.unique(heights):
        here = middle[heights == height, :2]
        centre = here.mean(axis=0)
        edge = float(np.linalg.norm(here - centre, axis=1).max())
        layer = points[np.abs(points[:, 2] - height) <= 1.0, :2] - centre
        near = layer[np.linalg.norm(layer, axis=1) <= edge + _REACH_MM]
        angles = np.floor((np.arctan2(near[:, 1], near[:, 0]) / (2 * np.pi) % 1) * _SECTORS)
        best = max(best, len(np.unique(angles)) / _SECTORS)
    return best
