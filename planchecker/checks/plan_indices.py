"""TC010 to TC012: conformity, fall-off and dose at a distance of stereotactic targets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric
from constraints.model import Evidence, Technique, VolumeTable
from planchecker.checks.body import bodies, inside
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits import judging
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.limits.selection import prescription
from planchecker.checks.saying import moot, say
from planchecker.checks.targets import target_dose, targets
from planchecker.errors import PlanCheckerError
from planchecker.isodose_volume import isodose_cc, reaches_edge
from planchecker.naming import Match
from planchecker.results import Status
from planchecker.solid_points import filled

__all__ = ["Indices", "conformity", "dose_at_distance", "fall_off", "indices_of"]

_COVERED = Metric.parse("V100%[cc]")
_FAR_MM = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Indices:
    """Volumes of a stereotactic plan and the indices that follow.

    Parameters
    ----------
    target_cc
        Volume of all PTVs.
    covered_cc
        Of it, what receives the prescription.
    isodose_cc, half_cc
        Volume of everything that receives the prescription, and half of it.
    """

    dose_gy: float
    target_cc: float
    covered_cc: float
    isodose_cc: float
    half_cc: float

    @property
    def rtog(self) -> float:
        """Prescription isodose volume over target volume."""
        return self.isodose_cc / self.target_cc

    @property
    def paddick(self) -> float:
        """Square of the covered volume over target volume times isodose volume."""
        return self.covered_cc**2 / (self.target_cc * self.isodose_cc)

    @property
    def gradient(self) -> float:
        """Volume of half the prescription over that of the prescription."""
        return self.half_cc / self.isodose_cc

    @property
    def r50(self) -> float:
        """Volume of half the prescription over target volume."""
        return self.half_cc / self.target_cc


def conformity(context: Context) -> Iterator[Outcome]:
    """Ask whether the prescription isodose of a stereotactic plan fits its target.

    What
    ----
    Conformity index of RTOG, the volume of the prescription isodose over that of all PTVs,
    against the published bound; the index of Paddick beside.

    Why
    ---
    High dose outside the target is of no use; the index of RTOG alone is blind to a dose that
    misses the target, which that of Paddick shows.

    Passes
    ------
    The index keeps every bound that is not from memory.

    Fires
    -----
    The status of the bound: `manual` where it rests on one transcription, else `warn`.

    Not evaluated
    -------------
    The isodose leaves the dose grid or a PTV has no volume. Conventional plans, and targets
    whose dose is not sure: not applicable.

    Where the technique of the plan is unknown.

    References
    ----------
    Shaw et al. 1993, doi 10.1016/0360-3016(93)90548-A; Paddick's index as ICRU report 91
    defines it.
    """
    code = "TC010"
    found = _indices(context, code)
    if not isinstance(found, Indices):
        yield found
        return
    said = f"CI (RTOG) {found.rtog:.2f}, Paddick {found.paddick:.2f}"
    fractions = prescription(context).fractions
    bounds = [
        (guideline, row)
        for guideline in context.guidelines.values()
        for row in guideline.indices
        if row.index == "CI_RTOG" and row.evidence is not Evidence.D and fractions in row.fractions
    ]
    if not bounds:
        yield moot(code, "PTV", f"no bound for {fractions} fractions; shown: {said}")
    for guideline, row in bounds:
        kept = found.rtog <= row.value
        excess = judging.excess_status(kind=row.kind, evidence=row.evidence, governs=True)
        yield say(
            code,
            "PTV",
            Status.PASS if kept else excess,
            f"{said}; asked {row.comparison.value} {row.value:g} for the first.",
            remedy="Shape the prescription isodose to the target.",
            value=found.rtog,
            comparison=row.comparison.value,
            limit=row.value,
            margin=row.value - found.rtog,
            guideline=guideline.id,
            source=row.where,
            doi=guideline.source.doi,
            evidence=row.evidence.value,
        )


def fall_off(context: Context) -> Iterator[Outcome]:
    """Ask whether the dose falls off as fast as the table by PTV volume asks.

    What
    ----
    R50, the volume of half the prescription over that of the PTV, against the table,
    interpolated; the gradient index beside.

    Why
    ---
    A slow fall-off bathes the neighbouring vertebrae and whatever lies round them.

    Passes
    ------
    No deviation or a minor one.

    Fires
    -----
    `warn` beyond a minor deviation, `manual` where a row of one transcription decides. The
    table was built for lung targets.

    Not evaluated
    -------------
    As for TC010. Other numbers of fractions and PTV volumes outside the table: not applicable.

    Where the technique of the plan is unknown.

    References
    ----------
    RTOG 0915 and 0813, conformity table; ICRU report 91 for the gradient index.
    """
    code = "TC011"
    found = _indices(context, code)
    if not isinstance(found, Indices):
        yield found
        return
    beside = f"gradient index {found.gradient:.2f}"
    yield from _against_table(context, code, "R50", found.r50, found.target_cc, beside)


def dose_at_distance(context: Context) -> Iterator[Outcome]:
    """Ask how high the dose is 2 cm from the target.

    What
    ----
    Highest dose in the body at 2 cm or more from every PTV, in percent of the prescription,
    against the table by PTV volume, interpolated.

    Why
    ---
    Streaks of high dose far from the target are seldom meant.

    Passes
    ------
    No deviation or a minor one.

    Fires
    -----
    `warn` beyond a minor deviation, `manual` where a row of one transcription decides.

    Not evaluated
    -------------
    As for TC011.

    Where the technique of the plan is unknown.

    References
    ----------
    RTOG 0915 and 0813, conformity table.
    """
    code = "TC012"
    found = _indices(context, code)
    if not isinstance(found, Indices):
        yield found
        return
    if not any(_tables(context, "D2cm")):
        yield moot(code, "PTV", "no table for this number of fractions")
        return
    highest = _highest_far(context)
    if highest is None:
        yield moot(code, "PTV", "no voxel lies 2 cm from the PTV")
        return
    percent = 100 * highest / found.dose_gy
    yield from _against_table(context, code, "D2cm", percent, found.target_cc, "")


def indices_of(context: Context, ptvs: tuple[Match, ...]) -> Indices:
    """Return the volumes the indices are made of, for all PTVs together.

    Raises
    ------
    PlanCheckerError
        If the dose of a PTV is not sure, a volume is missing, or the isodose of half the
        prescription leaves the grid.
    """
    meant = {target_dose(context, ptv).dose_gy for ptv in ptvs}
    sure = len(ptvs) == 1 or all(target_dose(context, ptv).sure for ptv in ptvs)
    dose_gy = meant.pop() if len(meant) == 1 else None
    grid = context.plan_dose.grid
    if dose_gy is None or not sure or grid is None:
        raise PlanCheckerError("the PTVs do not have one known prescription")
    covered, volume = 0.0, 0.0
    for ptv in ptvs:
        dvh = context.dvhs.get(ptv.roi_number)
        got = measure(context, ptv.roi_number, _COVERED, prescription_gy=dose_gy)
        if dvh is None or got.value is None:
            raise PlanCheckerError(f"{ptv.roi_name}: {got.reason or 'no volume'}")
        covered, volume = covered + got.value, volume + dvh.volume_cc
    isodose, half = isodose_cc(grid, dose_gy), isodose_cc(grid, dose_gy / 2)
    if isodose <= 0:
        raise PlanCheckerError(f"no voxel receives the prescription of {dose_gy:g} Gy")
    if reaches_edge(grid, dose_gy / 2):
        raise PlanCheckerError("the isodose of half the prescription leaves the dose grid")
    return Indices(
        dose_gy=dose_gy, target_cc=volume, covered_cc=covered, isodose_cc=isodose, half_cc=half
    )


def _indices(context: Context, code: str) -> Indices | Outcome:
    ptvs = targets(context, "PTV")
    if context.technique.worlds != (Technique.STEREOTACTIC,) or not ptvs:
        return moot(code, "PTV", "asked of the PTV of stereotactic plans only")
    try:
        return indices_of(context, ptvs)
    except PlanCheckerError as error:
        remedy = "Export the whole plan dose on a grid that holds the isodoses."
        if "one known prescription" in str(error):
            return moot(code, "PTV", str(error))
        return say(code, "PTV", Status.NOT_EVALUATED, f"{error}.", remedy=remedy)


def _tables(context: Context, index: str) -> Iterator[tuple[str, VolumeTable]]:
    fractions = prescription(context).fractions
    for guideline in context.guidelines.values():
        for table in guideline.volume_tables:
            if table.index == index and fractions in table.fractions:
                yield guideline.id, table


def _against_table(
    context: Context, code: str, index: str, value: float, volume_cc: float, beside: str
) -> Iterator[Outcome]:
    unit = " %" if index == "D2cm" else ""
    said = ", ".join(part for part in (f"{index} {value:.1f}{unit}", beside) if part)
    tables = list(_tables(context, index))
    if not tables:
        yield moot(code, "PTV", f"no table for this number of fractions; shown: {said}")
    for name, table in tables:
        bounds = table.bounds(volume_cc)
        if bounds is None:
            reason = f"a PTV of {volume_cc:.0f} cc lies outside the table; shown: {said}"
            yield moot(code, "PTV", reason)
            continue
        evidence = _strength(table, volume_cc)
        excess = judging.excess_status(kind=table.kind, evidence=evidence, governs=False)
        kind = "no deviation" if value <= bounds[0] else "a minor deviation"
        beyond = value > bounds[1]
        yield say(
            code,
            "PTV",
            excess if beyond else Status.PASS,
            f"{said}: {'more than a minor deviation' if beyond else kind} for {volume_cc:.0f} cc "
            f"(none up to {bounds[0]:.1f}{unit}, minor up to {bounds[1]:.1f}{unit}).",
            remedy="Let a physicist see whether the fall-off can be steeper.",
            value=value,
            unit=unit.strip(),
            comparison="<=",
            limit=bounds[1],
            margin=bounds[1] - value,
            guideline=name,
            source=table.where,
            evidence=evidence.value,
            governs=False,
        )


def _strength(table: VolumeTable, volume_cc: float) -> Evidence:
    """Return the weaker strength of the two rows a volume lies between."""
    below = [row for row in table.rows if row.volume_cc <= volume_cc][-1:]
    above = [row for row in table.rows if row.volume_cc >= volume_cc][:1]
    return max(row.evidence or table.evidence for row in (*below, *above))


def _highest_far(context: Context) -> float | None:
    """Return the highest dose in the body at 2 cm or more from every PTV."""
    grid = context.plan_dose.grid
    if grid is None:
        return None
    drawn = drawn_structures(context)
    ptvs = [drawn[m.roi_number] for m in targets(context, "PTV")]
    clouds = [filled(ptv, most=6_000)[0] for ptv in ptvs]
    # Points that fill a target leave out a rim of half their spacing; its contour does not.
    clouds += [contour.points_mm for ptv in ptvs for contour in ptv.contours]
    target = np.concatenate(clouds)
    low, high = target.min(axis=0) - _FAR_MM, target.max(axis=0) + _FAR_MM
    body = bodies(context)
    order = np.argsort(grid.values_gy, axis=None)[::-1]
    block = 4_000
    for first in range(0, len(order), block):
        part = order[first : first + block]
        plane, row, column = np.unravel_index(part, grid.values_gy.shape)
        along = np.column_stack([grid.plane_mm[plane], grid.row_mm[row], grid.column_mm[column]])
        points = grid.origin_mm + along @ grid.axes
        far = ((points < low) | (points > high)).any(axis=1)
        near = np.flatnonzero(~far)
        far[near] = _away(points[near], target)
        if body:
            far[far] = inside(body, points[far])
        if far.any():
            return float(grid.values_gy[plane[far], row[far], column[far]].max())
    return None


def _away(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.bool_]:
    away = np.ones(len(points), dtype=bool)
    for first in range(0, len(points), 500):
        part = points[first : first + 500]
        squared = (
            (part**2).sum(axis=1)[:, None] - 2 * part @ target.T + (target**2).sum(axis=1)[None, :]
        )
        away[first : first + 500] = squared.min(axis=1) >= _FAR_MM**2
    return away
