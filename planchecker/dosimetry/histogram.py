"""From samples to cumulative dose-volume curves, one for each reading of the contours."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.readings import Reading
from planchecker.dosimetry.sampling import Samples

__all__ = ["Curves", "cumulate"]

Floats = NDArray[np.float64]

_BIN_GY = 0.01
_FEWEST_BINS = 1000
_MOST_BINS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curves:
    """Cumulative curves on common dose edges.

    Parameters
    ----------
    edges_gy
        Evenly spaced and rising, from the lowest to the highest dose, shape (E,).
    volume_mm3
        Volume that receives at least each edge, shape (readings, E); falls along the edges.
    mean_gy
        Mean dose inside the grid under each reading, shape (readings,).
    """

    edges_gy: Floats
    volume_mm3: Floats
    mean_gy: Floats


def cumulate(samples: Samples) -> Curves:
    """Sort samples into cumulative curves.

    Each cell spreads its volume evenly over the doses it spans, kept inside the extremes of the
    structure. The curves are linear between edges; mass and mean of every cell are kept exactly.

    Parameters
    ----------
    samples
        At least one cell inside the dose grid.
    """
    if samples.highest is None or samples.lowest is None:
        raise AssertionError("curves need samples inside the dose grid")
    # A cell on a rounded end may lie a hair outside the vertices and nodes looked at.
    low = min(samples.lowest.dose_gy, samples.highest.dose_gy)
    high = samples.highest.dose_gy
    # Ends read longer than the base may hold more extreme doses; the curves must reach them.
    inner = low, high
    low, high = min(low, samples.lowest_gy[0]), max(high, samples.highest_gy[1])
    count = int(np.clip(math.ceil((high - low) / _BIN_GY), _FEWEST_BINS, _MOST_BINS))
    width = max((high - low) / count, 1e-9)
    spread = np.maximum(samples.spread_gy, 0.5 * width)
    edges = samples.edge_mm3.shape[1]
    least, most = np.full((2, len(spread)), np.reshape(inner, (2, 1)))
    beyond = np.flatnonzero(samples.edge_mm3[Reading.BASE] == 0)
    least[beyond], most[beyond] = low, high
    least, most = (least - low) / width, (most - low) / width
    most = np.maximum(most, least + 1.0)
    start = np.clip((samples.dose_gy - spread - low) / width, least, most - 1.0)
    end = np.clip((samples.dose_gy + spread - low) / width, start + 0.5, most)
    start = np.minimum(start, end - 0.5)
    turns = _Turns(start, end, count)
    # Most cells are the same under every reading: they are sorted in once.
    common = np.concatenate([samples.edge_mm3[Reading.BASE], samples.full_mm3])
    shared = turns.of(common, slice(None))
    curves, means = [], []
    moment = float(np.dot(common, samples.dose_gy))
    for volumes, total in zip(samples.edge_mm3, samples.total_mm3, strict=True):
        change = volumes - samples.edge_mm3[Reading.BASE]
        differ = np.flatnonzero(change)
        slopes = shared + turns.of(change[differ], differ)
        below = np.concatenate([[0.0], np.cumsum(np.cumsum(slopes))[:count]])
        curves.append(np.minimum.accumulate(np.clip(total - below, 0.0, total)))
        mean = moment + float(np.dot(change[differ], samples.dose_gy[:edges][differ]))
        means.append(min(max(mean / total, low), high) if total > 0 else math.nan)
    return Curves(
        edges_gy=np.asarray(low + width * np.arange(count + 1), dtype=np.float64),
        volume_mm3=np.array(curves),
        mean_gy=np.array(means),
    )


class _Turns:
    """Where the cumulative curve of each cell changes its slope, on the edges of the bins."""

    def __init__(self, start: Floats, end: Floats, count: int) -> None:
        self._count = count
        self._width = end - start
        self._first = start.astype(np.intp)
        self._first_share = start - self._first
        self._last = end.astype(np.intp)
        self._last_share = end - self._last

    def of(self, volumes: Floats, cells: NDArray[np.intp] | slice) -> Floats:
        """Sum of the changes of slope of some cells with these volumes."""
        slope = volumes / self._width[cells]
        size = self._count + 2
        turns = np.zeros(size)
        for index, share, sign in (
            (self._first[cells], self._first_share[cells], 1.0),
            (self._last[cells], self._last_share[cells], -1.0),
        ):
            far = slope * share
            turns += sign * np.bincount(index, slope - far, size)
            turns[1:] += sign * np.bincount(index, far, size)[:-1]
        return turns
