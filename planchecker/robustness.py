"""Set-up errors on the static dose: contours moved and turned, the dose left where it is.

This is an approximation: dose moves with the machine only where the tissue is even, and each
displacement stands for the whole course.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid

__all__ = ["Range", "SetupError", "hottest_cc", "percent_dose", "setup_errors", "spread"]

Points = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetupError:
    """A displacement in mm along x, y and z, and a turn in degrees about an axis through a point.

    Parameters
    ----------
    turn_axis
        0, 1 or 2 for the patient's x, y or z axis.
    """

    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn_deg: float = 0.0
    turn_axis: int = 2

    def moved(self, points_mm: Points, *, about_mm: Points) -> Points:
        """Move points, shape (N, 3), as the patient would move."""
        angle = np.radians(self.turn_deg)
        first, second = ((1, 2), (2, 0), (0, 1))[self.turn_axis]
        matrix = np.eye(3)
        matrix[first, first] = matrix[second, second] = np.cos(angle)
        matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
        turned = (points_mm - about_mm) @ matrix.T + about_mm
        return np.asarray(turned + np.array(self.shift_mm), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A metric without error and its lowest and highest value over all errors, in Gy."""

    planned: float
    low: float
    high: float
    worst: SetupError


def setup_errors(
    *, shifts_mm: tuple[float, ...], turns_deg: tuple[float, ...]
) -> tuple[SetupError, ...]:
    """Return shifts along each axis in both directions, and turns about each.

    Examples
    --------
    >>> len(setup_errors(shifts_mm=(1.0, 2.0, 3.0), turns_deg=(1.0, 2.0)))
    30
    """
    return tuple(_errors(shifts_mm, turns_deg))


def _errors(shifts_mm: tuple[float, ...], turns_deg: tuple[float, ...]) -> Iterator[SetupError]:
    for axis, sign in itertools.product(range(3), (-1.0, 1.0)):
        for size in shifts_mm:
            step = [0.0, 0.0, 0.0]
            step[axis] = sign * size
            yield SetupError(shift_mm=(step[0], step[1], step[2]))
        for size in turns_deg:
            yield SetupError(turn_deg=sign * size, turn_axis=axis)


def hottest_cc(doses_gy: Points, *, share_cc: float, volume_cc: float) -> float:
    """Return the dose that the hottest `volume_cc` get at least.

    Parameters
    ----------
    doses_gy
        Dose at points that stand for `share_cc` each, shape (N,).

    Examples
    --------
    >>> hottest_cc(np.arange(100.0), share_cc=0.01, volume_cc=0.03)
    97.0
    """
    count = min(len(doses_gy), max(1, round(volume_cc / share_cc)))
    return float(np.partition(doses_gy, -count)[-count])


def percent_dose(doses_gy: Points, percent: float) -> float:
    """Return the dose that `percent` of the points get at least.

    Examples
    --------
    >>> round(percent_dose(np.arange(101.0), 95.0), 6)
    5.0
    """
    return float(np.quantile(doses_gy, 1 - percent / 100))


def spread(
    points_mm: Points,
    grid: DoseGrid,
    errors: tuple[SetupError, ...],
    *,
    about_mm: Points,
    share_cc: float,
    volume_cc: float | None = None,
    percent: float | None = None,
) -> Range | None:
    """Return the range of one metric of a structure over set-up errors.

    Parameters
    ----------
    points_mm
        Points that fill the structure, shape (N, 3), each standing for `share_cc`.
    about_mm
        Point the turns go about, such as the isocentre.
    volume_cc, percent
        Ask for D<volume>cc or, where it is None, D<percent>%.

    Returns
    -------
    Range or None
        None where a point leaves the dose grid: the range is then not known. The hottest volume
        of a structure that is longer than the grid is known where the dose is lower at the side
        through which it leaves.
    """

    def metric(error: SetupError) -> float | None:
        moved = error.moved(points_mm, about_mm=about_mm)
        doses = grid.at(moved)
        outside = np.isnan(doses)
        if volume_cc is None:
            share = 95.0 if percent is None else percent
            return None if outside.any() else percent_dose(doses, share)
        hottest = hottest_cc(np.nan_to_num(doses), share_cc=share_cc, volume_cc=volume_cc)
        hidden = outside.any() and _beside(grid, moved[outside]).max() >= hottest
        return None if hidden else hottest

    planned = metric(SetupError())
    values = [metric(error) for error in errors]
    known = [value for value in values if value is not None]
    if planned is None or len(known) < len(values) or not known:
        return None
    high_is_bad = volume_cc is not None
    index = int(np.argmax(known) if high_is_bad else np.argmin(known))
    return Range(
        planned=planned,
        low=min(planned, *known),
        high=max(planned, *known),
        worst=errors[index],
    )


def _beside(grid: DoseGrid, points_mm: Points) -> Points:
    """Return the dose at the place of the grid's border that is nearest to points outside it."""
    ends = np.array([grid.plane_mm[-1], grid.row_mm[-1], grid.column_mm[-1]])
    along = np.clip(grid.index_coordinates(points_mm), 0.0, ends)
    return grid.at(grid.origin_mm + along @ grid.axes)
