"""From samples to cumulative dose-volume curves, one for each reading of the contours."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.readings import Reading
from planchecker.dosimetry.samples import Samples

__all__ = ["Curves", "cumulate"]

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]

_BIN_GY = 0.01
_FEWEST_BINS = 1000
_MOST_BINS = 20_000
# Cells sorted in at a time, to stay in the cache.
_AT_ONCE = 16_384
# Metrics of this share of the volume at either end rest on few cells.
_END_OF_CURVE = 0.01


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
    bins = _Bins(low=low, width=width, number=count, inner=inner, highest=high)
    # Most cells are the same under every reading: they are sorted in once.
    edge = _sorted_in(samples, slice(samples.edges), bins)
    shared, held, moment = edge.slopes, edge.held_mm3, edge.moment
    for begin in range(samples.edges, len(samples.dose_gy), _AT_ONCE):
        some = _sorted_in(samples, slice(begin, begin + _AT_ONCE), bins)
        shared = shared + some.slopes
        held = held + some.held_mm3
        moment += some.moment
    curves: list[Floats] = []
    means: list[float] = []
    for reading, total in zip(Reading, samples.total_mm3.tolist(), strict=True):
        if reading is Reading.MIDDLES:
            curves.append(_with_middles(held, curves[Reading.BASE]))
            means.append(means[Reading.BASE])
            continue
        slopes, mean = shared, moment
        if reading in samples.changes:
            cells, change = samples.changes[reading]
            slopes = shared + edge.turns.of(change, cells)
            mean = moment + float((change * samples.dose_gy.take(cells)).sum())
        below = np.concatenate([[0.0], np.cumsum(np.cumsum(slopes))[:count]])
        curves.append(np.minimum.accumulate(np.clip(total - below, 0.0, total)))
        means.append(min(max(mean / total, low), high) if total > 0 else math.nan)
    return Curves(
        edges_gy=np.asarray(low + width * np.arange(count + 1), dtype=np.float64),
        volume_mm3=np.array(curves),
        mean_gy=np.array(means),
    )


def _with_middles(held_mm3: Floats, base: Floats) -> Floats:
    """Return a curve that ends as if every cell had the dose of its middle alone.

    Away from its ends the curve stays as it is: whole rows of cells may share one dose there, and
    would make steps that mean nothing.

    Parameters
    ----------
    held_mm3
        Volume of the cells with their middle in each bin.
    """
    middles = base[0] - np.concatenate([[0.0], np.cumsum(held_mm3)])
    nearest = np.minimum(base, base[0] - base) / max(_END_OF_CURVE * float(base[0]), 1e-9)
    curve = base + (2 - nearest).clip(0.0, 1.0) * (middles - base)
    return np.asarray(np.minimum.accumulate(curve.clip(0.0, base[0])))


class _Bins(NamedTuple):
    """Even bins of dose, in Gy."""

    low: float
    width: float
    number: int
    inner: tuple[float, float]
    """Lowest and highest dose under `Reading.BASE`."""
    highest: float
    """Highest dose under any reading; `low` is the lowest."""


class _Sorted(NamedTuple):
    """Some cells sorted into bins."""

    turns: "_Turns"
    """To sort the same cells in with other volumes."""
    slopes: Floats
    """Changes of slope of their cumulative curve."""
    held_mm3: Floats
    """Volume of the cells with their middle in each bin."""
    moment: float
    """Sum of volume times dose."""


def _sorted_in(samples: Samples, some: slice, bins: _Bins) -> _Sorted:
    dose, volume = samples.dose_gy[some], samples.volume_mm3[some]
    middle = dose - bins.low
    middle /= bins.width
    half = samples.spread_gy[some] / bins.width
    turns = _Turns(*_spans(middle, half, volume, bins), bins.number)
    middle.clip(0.0, bins.number - 1.0, out=middle)
    return _Sorted(
        turns=turns,
        slopes=turns.of(volume, None),
        held_mm3=np.asarray(np.bincount(middle.astype(np.intp), volume, bins.number), dtype=float),
        # Not np.dot: for so many numbers it wakes threads, which costs more than it saves.
        moment=float((volume * dose).sum()),
    )


def _spans(
    middle: AnyFloats, half: AnyFloats, volume_mm3: AnyFloats, bins: _Bins
) -> tuple[AnyFloats, AnyFloats]:
    """Return where each cell's doses begin and end, in bins from the lowest dose.

    Cells that only other readings hold may reach the extremes of those.
    """
    half.clip(0.5, np.inf, out=half)
    start, end = middle - half, middle + half
    least, most = ((dose - bins.low) / bins.width for dose in bins.inner)
    most = max(most, least + 1.0)
    beyond = np.flatnonzero(volume_mm3 == 0)
    far_start, far_end = start.take(beyond), end.take(beyond)
    start.clip(least, most - 1.0, out=start)
    np.maximum(end, start + 0.5, out=end)
    end.clip(-np.inf, most, out=end)
    if len(beyond):
        most = max((bins.highest - bins.low) / bins.width, 1.0)
        start[beyond] = far_start.clip(0.0, most - 1.0, out=far_start)
        end[beyond] = np.maximum(far_end, far_start + 0.5).clip(0.0, most)
    return np.minimum(start, end - 0.5, out=start), end


class _Turns:
    """Where the cumulative curve of each cell changes its slope, on the edges of the bins."""

    def __init__(self, start: AnyFloats, end: AnyFloats, count: int) -> None:
        self._count = count
        self._inverse = 1 / (end - start)
        self._sides = []
        for place, sign in ((start, 1.0), (end, -1.0)):
            index = place.astype(np.intp)
            self._sides.append((index, place - index, sign))

    def of(self, volumes: AnyFloats, cells: NDArray[np.intp] | None) -> Floats:
        """Sum of the changes of slope of some cells with these volumes."""
        size = self._count + 2
        turns = np.zeros(size)
        slope = volumes * (self._inverse if cells is None else self._inverse.take(cells))
        for places, shares, sign in self._sides:
            index, far = (
                (places, shares) if cells is None else (places.take(cells), shares.take(cells))
            )
            far = slope * far
            turns += sign * np.bincount(index, slope - far, size)
            turns[1:] += sign * np.bincount(index, far, size)[:-1]
        return turns
