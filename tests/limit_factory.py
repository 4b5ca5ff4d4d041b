"""Small protocols, guidelines and plans for the tests of the dose-limit, coverage and structure
checks."""

from collections.abc import Iterable, Mapping
from typing import Any

import case_factory as factory

from constraints.model import (
    Comparison,
    Course,
    Criterion,
    Evidence,
    Governing,
    Guideline,
    Indication,
    Kind,
    Limit,
    Protocol,
    Source,
    Technique,
)
from planchecker.case import Prescription
from planchecker.checks.context import Check, Context, Outcome
from planchecker.dosimetry.structure import Structure
from planchecker.results import Finding, NotApplicable, Status

STEREOTACTIC = (Technique.STEREOTACTIC,)
CONVENTIONAL = (Technique.CONVENTIONAL,)
BOTH = (Technique.STEREOTACTIC, Technique.CONVENTIONAL)

Answers = Mapping[str, float | tuple[float, float, float]]


def limit(
    structure: str = "SpinalCord", metric: str = "Dmax", value: float = 17.0, **overrides: Any
) -> Limit:
    """Mandatory stereotactic limit of strength A for any number of fractions."""
    values: dict[str, Any] = {
        "id": f"{structure}-{metric}-{value}",
        "structures": (structure,),
        "metric": metric,
        "comparison": Comparison.AT_MOST,
        "value": value,
        "unit": "Gy",
        "kind": Kind.MANDATORY,
        "technique": Technique.STEREOTACTIC,
        "endpoint": "test",
        "evidence": Evidence.A,
        "where": "Table 1",
    }
    return Limit(**(values | overrides))


def guideline(*limits: Limit, name: str = "house") -> Guideline:
    """Guideline with these limits."""
    source = Source(title=f"Title of {name}", year=2020, doi=f"10.1/{name}")
    return Guideline(id=name, source=source, limits=limits)


def criterion(value: float) -> Criterion:
    """Local number."""
    return Criterion(value=value, unit="", mark="local", source="test")


CRITERIA = {
    "cord.eqd2_pass_gy": criterion(45),
    "cord.eqd2_fail_gy": criterion(50),
    "cord.eqd2_alpha_beta_gy": criterion(2),
    "scheme.dose_tolerance_percent": criterion(0.5),
    "coverage.ptv_d50_percent": criterion(95),
    "coverage.ptv_d95_percent": criterion(95),
    "coverage.ctv_v90_percent": criterion(90),
    "coverage.near_cord_mm": criterion(3),
    "hot_spot.ptv_max_percent_conventional": criterion(107),
}
FAMILY = ("SpinalCord", "SpinalCord_PRV", "ThecalSac", "SpinalCanal")


def protocol(*guidelines: str, cord: tuple[str, ...] = ("house",), **overrides: Any) -> Protocol:
    """Protocol in which `cord` governs the cord and the first guideline everything else."""
    governing = [
        Governing(structures=structures, technique=technique, guidelines=names)
        for technique in Technique
        for structures, names in ((FAMILY, cord), ((), guidelines[:1]))
    ]
    values: dict[str, Any] = {
        "id": "test",
        "title": "Test",
        "guidelines": guidelines,
        "scheme_tables": guidelines[:1],
        "indications": (
            Indication(id="spine_vertebra", title="Spine", spine=True),
            Indication(id="again", title="Again", spine=True, course=Course.REIRRADIATION),
        ),
        "governing": tuple(governing),
        "nested": (FAMILY,),
        "criteria": CRITERIA,
        "alpha_beta_gy": {"default": 3.0},
    }
    return Protocol(**(values | overrides))


def situation(
    rois: Mapping[str, Answers | None],
    *guidelines: Guideline,
    dose_gy: float | None = 24.0,
    fractions: int | None = 2,
    worlds: tuple[Technique, ...] = STEREOTACTIC,
    structures: Iterable[Structure] = (),
    prescription: Prescription | None = None,
    **overrides: Any,
) -> Context:
    """Context of a plan with these ROIs.

    Each ROI is drawn as a cylinder unless `structures` holds one of its name; its answers are
    those of its histogram, None for no histogram.
    """
    given = {s.name: s for s in structures}
    drawn = tuple(
        factory.changed(given[name], roi_number=number)
        if name in given
        else factory.cylinder(name, number=number)
        for number, name in enumerate(rois, start=1)
    )
    plan = factory.plan(dose_gy, fractions)
    if prescription is not None:
        plan = factory.changed(plan, prescription=prescription)
    structure_set = factory.changed(factory.structure_set(), structures=drawn)
    asked = guidelines or (guideline(limit()),)
    technique = factory.technique(*worlds)
    values: dict[str, Any] = {
        "protocol": protocol(*(g.id for g in asked)),
        "guidelines": {g.id: g for g in asked},
        "technique": factory.changed(technique, worlds=worlds),
        "dvhs": {
            s.roi_number: factory.StandInDvh(
                roi_number=s.roi_number, roi_name=s.name, answers=rois[s.name] or {}
            )
            for s in drawn
            if rois[s.name] is not None
        },
        "dvh_problems": {s.roi_number: "no volume" for s in drawn if rois[s.name] is None},
    }
    return factory.context(
        factory.case(plan=plan, structure_set=structure_set), **(values | overrides)
    )


def run(checks: Iterable[Check], code: str, context: Context) -> list[Outcome]:
    """Outcomes of one check of a family."""
    check = next(check for check in checks if check.code == code)
    return list(check.run(context))


def findings(outcomes: Iterable[Outcome]) -> list[Finding]:
    """Those with a status."""
    return [outcome for outcome in outcomes if isinstance(outcome, Finding)]


def statuses(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Status by subject, ``n/a`` for what does not apply; the worse where a subject repeats."""
    order = [status.value for status in Status]
    found: dict[str, str] = {}
    for outcome in outcomes:
        word = "n/a" if isinstance(outcome, NotApplicable) else outcome.status.value
        before = found.get(outcome.subject, word)
        ranked = [w for w in order if w in (word, before)]
        found[outcome.subject] = ranked[0] if ranked else word
    return found
