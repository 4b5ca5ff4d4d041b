"""The part of a structure that lies near a target, and a metric on it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric
from planchecker.checks.context import Context
from planchecker.checks.limits.selection import prescription
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import MetricValue, compute_dvh
from planchecker.dosimetry.planes import PlaneStack, stack_planes
from planchecker.dosimetry.structure import Contour, Structure
from planchecker.errors import PlanCheckerError

__all__ = ["PartAnswer", "PartOfStructure", "measure_part", "part_near"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PartOfStructure:
    """The planes of a structure that lie near a target.

    Parameters
    ----------
    likely
        The planes whose middle lies within the mean of the two distances.
    least, most
        Those that lie wholly within the smaller one, and all that reach into the larger one:
        every way to cut the part lies between them.
    spacing_mm
        Between the planes.
    covers
        Whether the structure is contoured along the whole target.
    """

    likely: Structure
    least: Structure
    most: Structure
    spacing_mm: float
    covers: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PartAnswer:
    """A metric on the part, with a band that holds every way to cut it."""

    value: MetricValue
    covers: bool = True


def part_near(
    structure: Structure, target: Structure, extent_mm: tuple[float, float]
) -> PartOfStructure | None:
    """Return the part of a structure from above to below a target; None where they do not meet.

    Each plane stands for a slab of one plane spacing, of the structure and of the target.

    Parameters
    ----------
    extent_mm
        Smallest and largest distance beyond the ends of the target, along the planes' normal.

    Raises
    ------
    GeometryError
        If either has no volume.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    >>> def tower(name: str, low: int, high: int) -> Structure:
    ...     planes = [np.column_stack([square, np.full(4, float(z))]) for z in range(low, high)]
    ...     contours = tuple(Contour(points_mm=p) for p in planes)
    ...     return Structure(roi_number=1, name=name, contours=contours)
    >>> part = part_near(tower("cord", 0, 100), tower("PTV", 40, 61), (5, 6))
    >>> len(part.least.contours), len(part.most.contours), part.covers
    (31, 33, True)
    """
    stack = stack_planes(structure, spacing_mm=1.0)
    aim = stack_planes(target, spacing_mm=stack.spacing_mm)
    half = stack.spacing_mm / 2
    heights = _heights(target, stack)
    bottom = float(heights.min()) - aim.spacing_mm / 2
    top = float(heights.max()) + aim.spacing_mm / 2
    low, high = extent_mm
    middle = (low + high) / 2

    def within(reach: float, slack: float) -> Callable[[float], bool]:
        return lambda z: bottom - reach - slack < z < top + reach + slack

    # A rounded coordinate must not move a plane across the cut.
    least = _kept(structure, stack, within(low, 1e-6 - half))
    likely = _kept(structure, stack, within(middle, 1e-6))
    most = _kept(structure, stack, within(high, half - 1e-6))
    if not most.contours:
        return None
    positions = [plane.position_mm for plane in stack.planes]
    return PartOfStructure(
        likely=likely if likely.contours else most,
        least=least if least.contours else most,
        most=most,
        spacing_mm=stack.spacing_mm,
        covers=min(positions) - half <= bottom and max(positions) + half >= top,
    )


def measure_part(
    context: Context,
    structure: Structure,
    target: Structure,
    *,
    metric: Metric,
    extent_mm: tuple[float, float],
) -> PartAnswer:
    """Answer a metric on the part of a structure near a target.

    Parameters
    ----------
    extent_mm
        As in `part_near`.
    """
    grid = context.plan_dose.grid

    def silent(reason: str) -> PartAnswer:
        value = MetricValue(metric=metric, value=None, unit=metric.unit, reason=reason)
        return PartAnswer(value=value)

    if grid is None:
        return silent(context.plan_dose.problem or "there is no plan dose")
    try:
        part = part_near(structure, target, extent_mm)
        if part is None:
            return silent(f"{structure.name} is not contoured near {target.name}")
        answers = [
            _answer(context, grid, one, metric, part.spacing_mm)
            for one in (part.likely, part.least, part.most)
        ]
    except PlanCheckerError as error:
        return silent(str(error))
    return PartAnswer(value=_together(answers), covers=part.covers)


def _answer(
    context: Context, grid: DoseGrid, structure: Structure, metric: Metric, spacing_mm: float
) -> MetricValue:
    stated = prescription(context)
    dvh = compute_dvh(structure, grid, spacing_mm=spacing_mm)
    return dvh.metric(metric, prescription_gy=stated.dose_gy, fractions=stated.fractions)


def _together(answers: list[MetricValue]) -> MetricValue:
    """Return the first answer with a band that holds all of them; none where one has none."""
    lacking = next((answer for answer in answers if answer.value is None), None)
    if lacking is not None:
        return replace(lacking, band=None)
    ends = [end for a in answers for end in (a.value, *(a.band or ())) if end is not None]
    return replace(answers[0], band=(min(ends), max(ends)))


def _kept(structure: Structure, stack: PlaneStack, keep: Callable[[float], bool]) -> Structure:
    contours = tuple(
        contour
        for contour in structure.contours
        if contour.geometric_type.is_closed and keep(_height(contour, stack))
    )
    return replace(structure, contours=contours, stated_volume_cc=None)


def _height(contour: Contour, stack: PlaneStack) -> float:
    return float(np.mean(stack.frame.from_patient(contour.points_mm)[:, 2]))


def _heights(target: Structure, stack: PlaneStack) -> NDArray[np.float64]:
    points = [c.points_mm for c in target.contours if c.geometric_type.is_closed]
    return stack.frame.from_patient(np.concatenate(points))[:, 2]
