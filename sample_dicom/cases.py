"""The sample cases and what is known about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sample_dicom.wording import Wording

__all__ = ["CASES", "KnownAnswer", "SampleCase"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAnswer:
    """One dosimetric value of a sample.

    Parameters
    ----------
    structure
        ROI Name.
    metric
        ``"volume"``, ``"Dmax"``, ``"Dmean"``, ``"D0.03cc"``, ``"D95%"``, ``"V90%"`` (volume in
        percent that receives 90 % of the prescription), ``"V20Gy"`` (in percent) and so on.
    value, tolerance
        In `unit`; every sound calculation lies within the tolerance.
    unit
        ``"Gy"``, ``"cc"`` or ``"%"``.
    """

    structure: str
    metric: str
    value: float
    tolerance: float
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleCase:
    """A sample and its known answers.

    Parameters
    ----------
    title
        One line for a person.
    level
        Treated bone, such as ``"T10"``.
    scheme
        (total dose in Gy, number of fractions).
    technique
        ``"stereotactic"`` or ``"conventional"``.
    delivery
        ``"VMAT"`` or ``"static conformal"``.
    indication
        What the plan was made for, in plain words.
    status
        The right overall verdict: ``"pass"``, ``"manual"`` (a person must judge) or ``"fail"``.
    why
        What the verdict rests on.
    answers
        Values of the plan.
    """

    id: str
    title: str
    level: str
    scheme: tuple[float, int]
    technique: str
    delivery: str
    indication: str
    status: str
    why: str
    wording: Wording
    answers: tuple[KnownAnswer, ...]


def _answers(*rows: tuple[str, str, float, float]) -> tuple[KnownAnswer, ...]:
    return tuple(
        KnownAnswer(
            structure=structure, metric=metric, value=value, tolerance=tolerance, unit=_unit(metric)
        )
        for structure, metric, value, tolerance in rows
    )


def _unit(metric: str) -> str:
    if metric == "volume":
        return "cc"
    return "%" if metric.startswith("V") else "Gy"


def _wording(
    case_id: str,
    number: int,
    name: str,
    *,
    plan_label: str,
    plan_name: str,
    description: str,
    scheme: tuple[float, int],
    structures_label: str = "BONE",
) -> Wording:
    return Wording(
        case_id=case_id,
        patient_id=f"SAMPLE-{number:03d}",
        patient_name=f"SAMPLE^{name}",
        sex="F" if number % 2 else "M",
        plan_label=plan_label,
        plan_name=plan_name,
        plan_description=description,
        structures_label=structures_label,
        machine="SAMPLE_LINAC",
        dose_gy=scheme[0],
        fractions=scheme[1],
    )


_CASES = (
    SampleCase(
        id="spine-sbrt-24-in-2",
        title="Stereotactic treatment of an intact T10 vertebra, cord well spared",
        level="T10",
        scheme=(24.0, 2),
        technique="stereotactic",
        delivery="VMAT",
        indication="oligometastasis in the spine, first course",
        status="pass",
        why="Cord, planning volume and thecal sac are spared and the target is covered.",
        wording=_wording(
            "spine-sbrt-24-in-2",
            1,
            "SPINE1",
            plan_label="T10 24Gy/2",
            plan_name="T10 SBRT",
            description="Stereotactic, 2 arcs",
            scheme=(24.0, 2),
        ),
        answers=_answers(
            ("PTV", "volume", 53.9, 1.6),
            ("CTV", "volume", 34.7, 1.0),
            ("GTV", "volume", 21.7, 0.9),
            ("SpinalCord", "volume", 12.2, 0.25),
            ("SpinalCord", "Dmax", 11.1, 0.3),
            ("SpinalCord", "D0.03cc", 11.0, 0.3),
            ("SpinalCord", "D0.35cc", 10.6, 0.2),
            ("SpinalCord_PRV02", "Dmax", 13.0, 0.4),
            ("SpinalCord_PRV02", "D0.3cc", 12.0, 0.3),
            ("ThecalSac", "Dmax", 15.0, 0.4),
            ("PTV", "D50%", 27.1, 0.2),
            ("PTV", "D95%", 24.2, 0.4),
            ("PTV", "D98%", 21.7, 0.6),
            ("PTV", "V100%", 95.3, 1.0),
            ("CTV", "V90%", 100.0, 0.2),
            ("GTV", "V90%", 100.0, 0.2),
            ("External", "Dmax", 29.5, 0.1),
            ("Esophagus", "D0.03cc", 5.1, 0.2),
            ("Lungs", "Dmean", 0.49, 0.03),
        ),
    ),
    SampleCase(
        id="spine-sbrt-24-in-2-cord-over",
        title="The same vertebra with the canal not spared",
        level="T10",
        scheme=(24.0, 2),
        technique="stereotactic",
        delivery="VMAT",
        indication="oligometastasis in the spine, first course",
        status="fail",
        why="Cord, planning volume and thecal sac all receive more than the governing limit.",
        wording=_wording(
            "spine-sbrt-24-in-2-cord-over",
            2,
            "SPINE2",
            plan_label="T10 24Gy/2",
            plan_name="T10 SBRT",
            description="Stereotactic, 2 arcs",
            scheme=(24.0, 2),
        ),
        answers=_answers(
            ("SpinalCord", "Dmax", 18.5, 0.4),
            ("SpinalCord", "D0.03cc", 18.2, 0.3),
            ("SpinalCord_PRV02", "Dmax", 20.4, 0.4),
            ("ThecalSac", "Dmax", 21.6, 0.4),
            ("PTV", "D50%", 27.0, 0.2),
            ("PTV", "D95%", 24.5, 0.4),
            ("CTV", "V90%", 100.0, 0.2),
            ("External", "Dmax", 29.5, 0.1),
        ),
    ),
    SampleCase(
        id="cord-compression-30-in-10",
        title="Three static fields for a lesion of T8 that compresses the cord",
        level="T8",
        scheme=(30.0, 10),
        technique="conventional",
        delivery="static conformal",
        indication="spinal cord compression, first course",
        status="pass",
        why="A named scheme with an even dose: the cord receives about the prescription.",
        wording=_wording(
            "cord-compression-30-in-10",
            3,
            "SPINE3",
            plan_label="T8 30Gy/10",
            plan_name="T8 compression",
            description="Cord compression, 3 fields",
            scheme=(30.0, 10),
        ),
        answers=_answers(
            ("PTV", "volume", 95.4, 2.9),
            ("SpinalCord", "Dmax", 30.25, 0.1),
            ("SpinalCord", "D0.03cc", 30.24, 0.1),
            ("ThecalSac", "Dmax", 30.28, 0.1),
            ("PTV", "D50%", 30.03, 0.1),
            ("PTV", "D95%", 29.65, 0.15),
            ("PTV", "D98%", 29.58, 0.2),
            ("CTV", "V90%", 100.0, 0.1),
            ("External", "Dmax", 30.4, 0.1),
            ("Esophagus", "Dmean", 5.27, 0.25),
            ("Heart", "Dmean", 4.34, 0.15),
            ("Heart", "V25Gy", 1.0, 0.5),
            ("Lungs", "Dmean", 2.46, 0.1),
            ("Lungs", "V20Gy", 0.2, 0.2),
        ),
    ),
    SampleCase(
        id="postoperative-8-in-1",
        title="A single fraction after stabilisation of T9 to T11",
        level="T10",
        scheme=(8.0, 1),
        technique="conventional",
        delivery="static conformal",
        indication="post-operative",
        status="manual",
        why="The dose is sound, but the guideline table has no single fraction after surgery.",
        wording=_wording(
            "postoperative-8-in-1",
            4,
            "SPINE4",
            plan_label="T10 POSTOP 8/1",
            plan_name="T10 post-op",
            description="Post-operative, 3 fields",
            scheme=(8.0, 1),
        ),
        answers=_answers(
            ("PTV", "volume", 356.5, 8.0),
            ("Hardware", "volume", 11.7, 0.8),
            ("SpinalCord", "Dmax", 8.03, 0.05),
            ("ThecalSac", "Dmax", 8.05, 0.05),
            ("PTV", "D50%", 8.02, 0.05),
            ("PTV", "D95%", 7.89, 0.06),
            ("CTV", "V90%", 100.0, 0.1),
            ("External", "Dmax", 8.3, 0.05),
            ("Lungs", "Dmean", 1.27, 0.05),
        ),
    ),
    SampleCase(
        id="dose-of-another-plan",
        title="A set whose dose belongs to another plan",
        level="T8",
        scheme=(30.0, 10),
        technique="conventional",
        delivery="static conformal",
        indication="spinal cord compression, first course",
        status="fail",
        why="The dose names a plan that is not the one in the set.",
        wording=_wording(
            "dose-of-another-plan",
            5,
            "SPINE5",
            plan_label="T8 30Gy/10",
            plan_name="T8 compression",
            description="Cord compression, 3 fields",
            scheme=(30.0, 10),
        ),
        answers=_answers(
            ("PTV", "D50%", 30.03, 0.1),
            ("SpinalCord", "Dmax", 30.25, 0.1),
        ),
    ),
    SampleCase(
        id="long-bone-8-in-1",
        title="Parallel opposed pair to the shaft of the left femur",
        level="left femur",
        scheme=(8.0, 1),
        technique="conventional",
        delivery="static conformal",
        indication="painful lesion of a long bone",
        status="pass",
        why="A named scheme, an even dose, and no organ at risk in the field.",
        wording=_wording(
            "long-bone-8-in-1",
            6,
            "FEMUR1",
            plan_label="FEMUR L 8/1",
            plan_name="Left femur",
            description="Opposed pair",
            scheme=(8.0, 1),
        ),
        answers=_answers(
            ("PTV", "volume", 171.1, 4.0),
            ("PTV", "D50%", 7.95, 0.04),
            ("PTV", "D95%", 7.78, 0.05),
            ("CTV", "V90%", 100.0, 0.1),
            ("External", "Dmax", 8.18, 0.05),
            ("Femur_L", "Dmax", 8.03, 0.05),
            ("Femur_R", "Dmax", 0.0, 0.01),
        ),
    ),
)

CASES: Mapping[str, SampleCase] = MappingProxyType({case.id: case for case in _CASES})
"""Every sample by its id, in the order they are written."""
