"""Reading and measuring a case once, for every check."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from constraints.model import Guideline, Protocol
from planchecker.case import Case, Plan
from planchecker.checker.centre import Centre, centre_of
from planchecker.checker.earlier import Prior, courses_for
from planchecker.checks.context import Context
from planchecker.dosimetry.dvh import DVH
from planchecker.dosimetry.many import Histograms, compute_dvhs
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.plan_dose import PlanDose, resolve_plan_dose
from planchecker.results import SchemeMatch
from planchecker.schemes import (
    SchemeReading,
    TechniqueReading,
    infer_prescription,
    read_technique,
    recognise,
)
from planchecker.schemes.targets import median_dose_gy, prescribed_targets

__all__ = ["build_context"]


def build_context(
    case: Case,
    rules: Protocol | Centre,
    *,
    indication: str | None = None,
    second_opinion: bool = False,
    prior: Sequence[Prior] = (),
    summed: bool = False,
    histograms: Histograms = compute_dvhs,
) -> Context:
    """Read and measure a case: names, plan dose, histograms, prescription, technique, scheme.

    Where the plan states no prescription, a guess from the target dose takes its place and is
    labelled as such (`planchecker.schemes.inference.INFERRED`).

    Parameters
    ----------
    rules
        A published protocol, or the rules of a centre.
    prior
        Earlier courses of the patient.
    summed
        Whether other plans of the patient under the same paths are added up with this one.
    histograms
        Computes histograms as `compute_dvhs` does; one that remembers saves time where many
        cases share structures and dose.

    Raises
    ------
    PlanCheckerError
        If the indication is unknown to the protocol, or an earlier course is of another
        patient.
    """
    centre = centre_of(rules) if isinstance(rules, Protocol) else rules
    protocol, guidelines = centre.protocol, centre.guidelines
    known = tuple(row.id for row in protocol.indications)
    if indication is not None and indication not in known:
        raise PlanCheckerError(f"no indication {indication!r}; there are {', '.join(known)}")
    structures = case.structure_set.structures if case.structure_set else ()
    matches = centre.match(structures)
    courses = courses_for(
        case, protocol, guidelines, prior=prior, summed=summed, matcher=centre.match
    )
    plan = case.plan
    if plan is None or plan.brachy:
        return _without_plan(case, protocol, guidelines, matches)
    wanted = {m.roi_number for m in prescribed_targets(plan, matches)}
    dose = resolve_plan_dose(
        case,
        fraction_tolerance=protocol.criteria["prescription.fraction_reading_percent"].value / 100,
        targets=tuple(s for s in structures if s.roi_number in wanted),
    )
    dvhs, problems = _histograms(case, dose, histograms)
    plan = _with_prescription(plan, matches, dvhs, protocol, guidelines)
    technique = read_technique(plan, plan.prescription, protocol, guidelines)
    scheme = recognise(
        plan,
        technique,
        matches,
        protocol,
        guidelines,
        indication=indication,
        irradiated=tuple(_irradiated(plan, matches, dvhs, protocol)),
    )
    return Context(
        case=replace(case, plan=plan),
        protocol=protocol,
        guidelines=guidelines,
        matches=matches,
        plan_dose=dose,
        technique=technique,
        scheme=scheme,
        dvhs=dvhs,
        dvh_problems=problems,
        second_opinion=second_opinion,
        courses=courses,
        summed=summed,
        site=centre.site,
    )


def _without_plan(
    case: Case,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    matches: tuple[Match, ...],
) -> Context:
    why = "the plan is of brachytherapy" if case.plan else "there is no RT Plan"
    return Context(
        case=case,
        protocol=protocol,
        guidelines=guidelines,
        matches=matches,
        plan_dose=PlanDose(
            grid=None,
            problem=why,
            remedy="Export the external beam RT Plan together with structures and dose.",
        ),
        technique=TechniqueReading(delivery="", cell="", worlds=(), why=why),
        scheme=SchemeReading(
            match=SchemeMatch(why=why),
            named=False,
            in_range=False,
            indications=tuple(row.id for row in protocol.indications),
            spine=None,
        ),
        dvhs={},
        dvh_problems={match.roi_number: why for match in matches},
    )


def _histograms(
    case: Case, dose: PlanDose, histograms: Histograms
) -> tuple[dict[int, DVH], dict[int, str]]:
    """Compute the histogram of every structure with a volume; say why where there is none."""
    dvhs: dict[int, DVH] = {}
    problems: dict[int, str] = {}
    frames = {d.frame_of_reference_uid for d in case.doses if d.frame_of_reference_uid}
    structures = case.structure_set.structures if case.structure_set else ()
    used = Counter(structure.roi_number for structure in structures)
    wanted: list[Structure] = []
    for structure in structures:
        number = structure.roi_number
        if used[number] > 1:
            problems[number] = f"ROI number {number} is used more than once"
        elif problem := _no_histogram(structure, dose, frames):
            problems[number] = problem
        else:
            wanted.append(structure)
    if dose.grid is None:
        return dvhs, problems
    found = histograms(wanted, dose.grid, spacing_mm=case.slice_thickness_mm)
    for structure, answer in zip(wanted, found, strict=True):
        if isinstance(answer, DVH):
            dvhs[structure.roi_number] = answer
        else:
            problems[structure.roi_number] = str(answer)
    return dvhs, problems


def _no_histogram(structure: Structure, dose: PlanDose, frames: set[str]) -> str:
    if dose.grid is None:
        return dose.problem or "there is no plan dose"
    if not any(contour.geometric_type.is_closed for contour in structure.contours):
        return "it has no closed contours"
    if structure.dropped_contours:
        # A shape with a piece missing would be judged by what happens to be left of it.
        return f"{structure.dropped_contours} of its contours could not be read"
    if frames and structure.frame_of_reference_uid not in {"", *frames}:
        return "it is contoured in another frame of reference than the dose"
    return ""


def _with_prescription(
    plan: Plan,
    matches: Iterable[Match],
    dvhs: Mapping[int, DVH],
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> Plan:
    if plan.prescription.dose_gy is not None:
        return plan
    guess = infer_prescription(
        plan.prescription.fractions,
        median_dose_gy(prescribed_targets(plan, matches), dvhs),
        protocol=protocol,
        guidelines=guidelines,
    )
    if guess.dose_gy is None:
        return plan
    stated = replace(plan.prescription, dose_gy=guess.dose_gy, source=guess.source)
    return replace(plan, prescription=stated)


def _irradiated(
    plan: Plan, matches: Iterable[Match], dvhs: Mapping[int, DVH], protocol: Protocol
) -> Iterator[str]:
    """Yield the organs whose contour reaches the high dose."""
    share = protocol.criteria["site.high_dose_percent"].value / 100
    for match in matches:
        dvh, stated = dvhs.get(match.roi_number), plan.prescription.dose_gy
        highest = dvh.metric("Dmax").value if dvh else None
        if highest is not None and stated is not None and highest >= share * stated:
            yield match.base or match.name
