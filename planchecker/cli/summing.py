"""Metrics of the sum of several plans of one patient, as ``dvh --sum`` asks for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from constraints.loader import load_protocol
from constraints.metric import Metric, MetricKind
from planchecker.case import Case, Patient, Plan
from planchecker.checks.patient import is_same_person
from planchecker.courses import case_of_other
from planchecker.cumulative import Addend, SummedDose, add_up, dvhs_of_sum, fitted, metric_over
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import DVH, MetricValue
from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.grid_parts import cropped
from planchecker.plan_dose import PlanDose, names_plan
from planchecker.registration import find_mapping

__all__ = ["PlanSum", "plan_sum"]

_PROTOCOL: Final = "bone_metastases"
_MARGIN_MM: Final = 5.0
# Two bounds that lie this close together (Gy, cc or %) are one answer.
_SAME: Final = 0.05
_IN_GY: Final = (
    "percent of which prescription is not settled for a sum of plans; ask for a dose in Gy"
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlanSum:
    """Several plans whose doses are added voxel by voxel.

    Parameters
    ----------
    label
        Of all plans.
    template
        Dose grid of the plan whose structures are measured.
    addends
        The plans with the way from the frame of reference of the first to theirs.
    unstated
        Labels of the plans that do not state their number of fractions.
    notes
        What was added and how.
    """

    label: str
    template: DoseGrid
    addends: tuple[Addend, ...]
    unstated: tuple[str, ...]
    notes: tuple[str, ...]

    def answers(
        self, structure: Structure, metrics: Mapping[str, Metric], *, spacing_mm: float | None
    ) -> tuple[DVH, dict[str, MetricValue]]:
        """Answer metrics for a structure; the DVH is that of the physical dose.

        Raises
        ------
        GeometryError
            If the contours enclose no volume.
        PlanCheckerError
            If a scaled metric is asked and a plan does not state its number of fractions.
        """
        around = _reach(structure, spacing_mm)
        template = cropped(self.template, around, margin_mm=_MARGIN_MM)
        template = fitted(template, self.addends)
        known: dict[float | None, tuple[SummedDose, tuple[DVH, ...]]] = {}

        def summed(alpha_beta_gy: float | None) -> tuple[SummedDose, tuple[DVH, ...]]:
            if alpha_beta_gy not in known:
                total = add_up(template, self.addends, alpha_beta_gy=alpha_beta_gy)
                dvhs = dvhs_of_sum(structure, total, spacing_mm=spacing_mm)
                known[alpha_beta_gy] = total, dvhs
            return known[alpha_beta_gy]

        found = {name: self._answer(metric, structure, summed) for name, metric in metrics.items()}
        return summed(None)[1][0], found

    def _answer(
        self,
        metric: Metric,
        structure: Structure,
        summed: Callable[[float | None], tuple[SummedDose, tuple[DVH, ...]]],
    ) -> MetricValue:
        if metric.kind is MetricKind.VOLUME_AT_PERCENT:
            return MetricValue(metric=metric, value=None, unit=metric.unit, reason=_IN_GY)
        if metric.scale and self.unstated:
            raise PlanCheckerError(
                f"{metric} of a sum needs the number of fractions of every plan, and "
                f"{_named(self.unstated)} does not state it; export the plan with its fractions"
            )
        alpha_beta = metric.alpha_beta if metric.scale else None
        total, dvhs = summed(alpha_beta)
        plain, factor = metric, 1.0
        if metric.scale and alpha_beta is not None:
            # BED is EQD2 times (1 + 2 / (a/b)); so a threshold in BED is one in EQD2 over that.
            factor = 1 + 2 / alpha_beta if metric.scale == "BED" else 1.0
            level = metric.kind is MetricKind.VOLUME_AT_DOSE and metric.number is not None
            number = metric.number / factor if level and metric.number else metric.number
            factor = 1.0 if level else factor
            plain = replace(metric, scale="", alpha_beta=None, number=number)
        answer = replace(_times(metric_over(dvhs, plain), factor), metric=metric)
        band = answer.band
        if answer.value is None or not total.outside or band is None or band[1] - band[0] <= _SAME:
            return answer
        where = "the dose of a plan ends within or beside it"
        return replace(answer, value=None, reason=f"{structure.name}: {where}")


def plan_sum(
    case: Case, *, resolve: Callable[[Case], PlanDose], registrations_off_mm: float | None = None
) -> PlanSum:
    """Return the sum of the plan of a case and of the other plans under the same paths.

    Parameters
    ----------
    resolve
        What tells the dose of the whole course of a case with a plan.
    registrations_off_mm
        How far two frames of reference that are registered may be off; by default as the
        protocol has it.

    Raises
    ------
    PlanCheckerError
        If there is nothing to add, or a plan is of another patient, has no dose of its whole
        course in Gy, or lies in another frame of reference without a registration. A sum that
        leaves a plan out would be too low.
    """
    plan = case.plan
    if plan is None or not case.other_plans:
        raise PlanCheckerError(
            "--sum adds the doses of several plans, and fewer than two are there; give the plans "
            "with their doses, or leave --sum out"
        )
    cases = [case, *(_of_same_patient(case, plan, other) for other in case.other_plans)]
    doses = [_dose(one, resolve) for one in cases]
    if len({dose.effective for dose, _ in doses}) > 1:
        raise PlanCheckerError(
            "some of the plans have EFFECTIVE dose (weighted by RBE) and some PHYSICAL; export "
            "all of one kind"
        )
    own_frame = _frame(case, plan)
    off_mm = _registration_mm() if registrations_off_mm is None else registrations_off_mm
    addends, notes, labels, unstated = [], [], [], []
    for one, (dose, grid) in zip(cases, doses, strict=True):
        this = _plan(one)
        label = this.label or this.sop_instance_uid
        matrix, how, uncertainty = np.eye(4), "", 0.0
        if one is not case:
            matrix, how, uncertainty = _way(case, own_frame, this, _frame(one, this), off_mm)
        fractions = this.prescription.fractions
        if not fractions:
            unstated.append(label)
        addends.append(
            Addend(grid=grid, fractions=fractions or 1, matrix=matrix, uncertainty_mm=uncertainty)
        )
        labels.append(label)
        times = f", {fractions} fractions" if fractions else ", fractions not stated"
        notes.append(f"added: plan {label!r}, {dose.how}{times}{how}")
        notes += dose.notes
    notes.insert(0, f"sum of {len(addends)} plans; structures and grid of plan {labels[0]!r}")
    return PlanSum(
        label=" + ".join(labels),
        template=doses[0][1],
        addends=tuple(addends),
        unstated=tuple(unstated),
        notes=tuple(notes),
    )


def _plan(case: Case) -> Plan:
    if case.plan is None:
        raise AssertionError("asked only of a case with a plan")
    return case.plan


def _of_same_patient(case: Case, plan: Plan, other: Plan) -> Case:
    found = case_of_other(case, other)
    for patient in (other.patient, *(dose.patient for dose in found.doses)):
        if not is_same_person(patient, plan.patient):
            raise PlanCheckerError(
                f"plan {other.label!r} is of patient {_id(patient)}, plan {plan.label!r} of "
                f"{_id(plan.patient)}: their doses are not added; give the plans of one patient"
            )
    return found


def _id(patient: Patient) -> str:
    return repr(patient.id) if patient.id else "no stated ID"


def _dose(case: Case, resolve: Callable[[Case], PlanDose]) -> tuple[PlanDose, DoseGrid]:
    plan = _plan(case)
    if plan.brachy:
        raise PlanCheckerError(
            f"plan {plan.label!r} is of brachytherapy and is not added; leave it out of the paths"
        )
    dose = resolve(case)
    if dose.grid is None:
        raise PlanCheckerError(
            f"plan {plan.label!r} cannot be added: {dose.problem}; {dose.remedy}"
        )
    return dose, dose.grid


def _frame(case: Case, plan: Plan) -> str:
    frames = {dose.frame_of_reference_uid for dose in case.doses if names_plan(dose, plan)}
    return frames.pop() if len(frames) == 1 else ""


def _way(
    case: Case, own_frame: str, other: Plan, frame: str, off_mm: float
) -> tuple[NDArray[np.float64], str, float]:
    usable = [one for one in case.registrations if is_same_person(one.patient, other.patient)]
    way = find_mapping(own_frame, frame, usable)
    if way is None:
        stated = "states no frame of reference" if not frame else "lies in another one"
        raise PlanCheckerError(
            f"plan {other.label!r} cannot be added: its dose {stated}, and no registration "
            "connects it with the structures; export a rigid registration with the plans"
        )
    if not way.registered:
        return way.matrix, ", same frame of reference", 0.0
    return way.matrix, f", moved by {way.how}, which may be off by {off_mm:g} mm", off_mm


def _registration_mm() -> float:
    return load_protocol(_PROTOCOL).criteria["reirradiation.registration_mm"].value


def _reach(structure: Structure, spacing_mm: float | None) -> NDArray[np.float64]:
    """Return the contours and where they would lie one slice beyond: ends may reach so far."""
    stack = stack_planes(structure, spacing_mm=spacing_mm)
    points = stack.frame.to_patient(stack.vertices)
    step = stack.spacing_mm * stack.frame.axes[2]
    return np.concatenate([points, points - step, points + step])


def _times(answer: MetricValue, factor: float) -> MetricValue:
    band = None if answer.band is None else (answer.band[0] * factor, answer.band[1] * factor)
    value = None if answer.value is None else answer.value * factor
    return replace(answer, value=value, band=band)


def _named(labels: Sequence[str]) -> str:
    return " and ".join(f"plan {label!r}" for label in labels)
