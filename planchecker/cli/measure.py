"""Metrics and volumes of whole cases, for the commands that need no verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from constraints.loader import load_protocol
from constraints.metric import Metric
from constraints.vocabulary import load_vocabulary
from planchecker.case import Case, LinkKind, Plan
from planchecker.cli.summing import plan_sum
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import DVH, MetricValue, compute_dvh
from planchecker.dosimetry.many import cost_of
from planchecker.dosimetry.structure import Structure
from planchecker.errors import GeometryError, PlanCheckerError
from planchecker.naming import Match, match_structures
from planchecker.plan_dose import PlanDose, resolve_plan_dose
from planchecker.schemes.targets import prescribed_targets
from planchecker.side_by_side import Tick, processes_at_hand, side_by_side

__all__ = ["Measured", "Row", "measure_doses"]

_PROTOCOL: Final = "bone_metastases"
Answers = Callable[[Structure, Mapping[str, Metric]], tuple[DVH, dict[str, MetricValue]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One structure with its answers; an ROI that is no volume has none, and says why."""

    roi_number: int
    roi_name: str
    volume_cc: float | None
    outside_grid_cc: float | None
    metrics: Mapping[str, MetricValue]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One case: the label of its plan (empty without one), its rows, what was assumed."""

    label: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def measure_doses(
    cases: Sequence[Case],
    *,
    names: Sequence[str],
    metrics: Mapping[str, Metric],
    summed: bool = False,
    progress: Tick | None = None,
) -> tuple[Measured, ...]:
    """Answer metrics for the structures of every case.

    Parameters
    ----------
    names
        ROI names, TG-263 names or ROI numbers; empty for all structures.
    metrics
        Metric by the expression it is shown under.
    summed
        Whether the doses of all plans are added; there is one answer then, for the structures
        of the first plan that has some.
    progress
        Called with (done, total) after each structure of a case.

    Returns
    -------
    tuple of Measured
        One a case; a case that cannot be measured has no rows and a note that says why.

    Raises
    ------
    PlanCheckerError
        If no case can be measured, or no structure answers to a name.
    """
    if summed:
        cases = _first_with_structures(cases)
    _refuse_unknown(names, cases)
    measured: list[Measured] = []
    problems: list[tuple[bool, PlanCheckerError]] = []
    for case in cases:
        try:
            measured.append(
                _measure(case, names, metrics=metrics, summed=summed, progress=progress)
            )
        except PlanCheckerError as problem:
            problems.append((case.structure_set is None, problem))
            label = case.plan.label if case.plan else ""
            note = f"not measured: {problem}"
            measured.append(Measured(label=label, rows=(), notes=(note, *case.notes)))
    if len(problems) == len(cases):
        # A case with structures says more about what is missing than one without.
        raise min(problems, key=lambda one: one[0])[1]
    return tuple(measured)


def _first_with_structures(cases: Sequence[Case]) -> tuple[Case, ...]:
    planned = [case for case in cases if case.plan is not None]
    drawn = [case for case in planned if case.structure_set is not None]
    return tuple((drawn or planned or list(cases))[:1])


def _chosen(case: Case, names: Sequence[str]) -> tuple[Structure, ...]:
    structures = case.structure_set.structures if case.structure_set is not None else ()
    if not names:
        return structures
    matches = match_structures(structures, load_vocabulary())
    wanted = {name.casefold() for name in names}
    numbers = {m.roi_number for m in matches if wanted & _answers_to(m)}
    return tuple(s for s in structures if s.roi_number in numbers)


def _answers_to(match: Match) -> set[str]:
    names = (match.roi_name.strip(), match.name, str(match.roi_number))
    return {name.casefold() for name in names if name}


def _refuse_unknown(names: Sequence[str], cases: Sequence[Case]) -> None:
    for name in names:
        if not any(_chosen(case, (name,)) for case in cases):
            sets = (case.structure_set for case in cases if case.structure_set is not None)
            known = sorted({structure.name for one in sets for structure in one.structures})
            raise PlanCheckerError(f"no structure {name!r}; there are {', '.join(known)}")


def _measure(
    case: Case,
    names: Sequence[str],
    *,
    metrics: Mapping[str, Metric],
    summed: bool,
    progress: Tick | None,
) -> Measured:
    if case.structure_set is None:
        raise PlanCheckerError(
            "no RT structure set was found; export the structure set with the dose"
        )
    structures = _chosen(case, names)
    spacing_mm = case.slice_thickness_mm
    label, notes, answers = (_of_sum if summed else _of_plan)(case, spacing_mm)
    rows = side_by_side(
        partial(_row, metrics, answers),
        structures,
        cost=cost_of,
        processes=processes_at_hand(),
        progress=progress,
    )
    return Measured(label=label, rows=tuple(rows), notes=(*notes, *case.notes))


def _of_plan(case: Case, spacing_mm: float | None) -> tuple[str, tuple[str, ...], Answers]:
    grid, notes = _dose(case)
    prescription = case.plan.prescription if case.plan else None
    prescribed = prescription.dose_gy if prescription else None
    fractions = prescription.fractions if prescription else None

    def answers(
        structure: Structure, metrics: Mapping[str, Metric]
    ) -> tuple[DVH, dict[str, MetricValue]]:
        dvh = compute_dvh(structure, grid, spacing_mm=spacing_mm)
        return dvh, {
            name: dvh.metric(metric, prescription_gy=prescribed, fractions=fractions)
            for name, metric in metrics.items()
        }

    return case.plan.label if case.plan else "", notes, answers


def _of_sum(case: Case, spacing_mm: float | None) -> tuple[str, tuple[str, ...], Answers]:
    total = plan_sum(case, resolve=_resolved)

    def answers(
        structure: Structure, metrics: Mapping[str, Metric]
    ) -> tuple[DVH, dict[str, MetricValue]]:
        return total.answers(structure, metrics, spacing_mm=spacing_mm)

    return total.label, total.notes, answers


def _resolved(case: Case) -> PlanDose:
    targets = _targets(case, case.plan) if case.plan else ()
    return resolve_plan_dose(case, fraction_tolerance=_fraction_tolerance(), targets=targets)


def _dose(case: Case) -> tuple[DoseGrid, tuple[str, ...]]:
    """Return the dose to measure in, with what was decided on the way."""
    if case.plan is not None:
        resolved = _resolved(case)
        if resolved.grid is None:
            raise PlanCheckerError(
                f"plan {case.plan.label!r}: {resolved.problem}; {resolved.remedy}"
            )
        return resolved.grid, (f"dose: {resolved.how}", *resolved.notes)
    dose = next((dose for dose in case.doses if dose.grid is not None), None)
    if dose is None or dose.grid is None:
        problem = next((dose.problem for dose in case.doses if dose.problem), "no RT dose")
        raise PlanCheckerError(f"{problem}; export the plan dose with the structure set")
    kind = dose.summation or "unstated summation type"
    notes = [f"no plan; the first dose with a grid is used as it is ({kind})"]
    if any(
        link.kind is LinkKind.FRAME_OF_REFERENCE
        and dose.sop_instance_uid in (link.child, link.parent)
        for link in case.links
    ):
        notes.append("dose and structures are taken together by their frame of reference only")
    return dose.grid, tuple(notes)


def _targets(case: Case, plan: Plan) -> tuple[Structure, ...]:
    structures = case.structure_set.structures if case.structure_set is not None else ()
    matches = match_structures(structures, load_vocabulary())
    numbers = {match.roi_number for match in prescribed_targets(plan, matches)}
    return tuple(one for one in structures if one.roi_number in numbers)


def _fraction_tolerance() -> float:
    protocol = load_protocol(_PROTOCOL)
    return protocol.criteria["prescription.fraction_reading_percent"].value / 100


def _row(metrics: Mapping[str, Metric], answers: Answers, structure: Structure) -> Row:
    try:
        dvh, found = answers(structure, metrics)
    except GeometryError as error:
        return Row(
            roi_number=structure.roi_number,
            roi_name=structure.name,
            volume_cc=None,
            outside_grid_cc=None,
            notes=structure.notes,
            metrics={
                name: MetricValue(metric=metric, value=None, unit=metric.unit, reason=str(error))
                for name, metric in metrics.items()
            },
        )
    return Row(
        roi_number=structure.roi_number,
        roi_name=structure.name,
        volume_cc=dvh.volume_cc,
        outside_grid_cc=dvh.outside_cc,
        notes=(*structure.notes, *dvh.notes),
        metrics=found,
    )
