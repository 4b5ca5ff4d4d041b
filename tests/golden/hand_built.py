"""Reports built by hand, for the golden files of the renderers."""

import math

import numpy as np

from planchecker.case import InputFile, Patient
from planchecker.drawing.png import grey_png
from planchecker.figures import Isodose, Outline, Plane, Scene, View
from planchecker.results import (
    Attestation,
    Curve,
    Finding,
    MissedTarget,
    NotApplicable,
    PlanSummary,
    PopulationRow,
    Relief,
    Report,
    SchemeMatch,
    Status,
    StructureRow,
    TargetAfter,
)

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnitirw"
LONG = "PTV_" + "very_" * 60 + "long"
DIGEST = "0123456789abcdef" * 4


def curve(number: int, name: str, middle_gy: float, width_gy: float) -> Curve:
    """A logistic fall-off about `middle_gy`."""
    dose = tuple(step * 0.25 for step in range(int((middle_gy + 8 * width_gy) / 0.25) + 2))
    volume = tuple(100 / (1 + math.exp((d - middle_gy) / width_gy)) for d in dose)
    percent = (100.0, *volume[1:-1], 0.0)
    return Curve(
        roi_number=number,
        roi_name=name,
        dose_gy=dose,
        volume_percent=percent,
        volume_cc=20.0,
        low_percent=tuple(max(value - 1, 0.0) for value in percent),
        high_percent=tuple(min(value + 1, 100.0) for value in percent),
    )


def limit(code: str, subject: str, status: Status, **rest: object) -> Finding:
    """A finding about a dose limit, most of it filled in."""
    known: dict[str, object] = {
        "message": f"{subject} against the limit.",
        "metric": "D0.03cc",
        "unit": "Gy",
        "comparison": "<=",
        "guideline": "hytec_cord_2021",
        "source": "Table 4, 2 fractions",
        "doi": "10.1016/j.ijrobp.2019.09.038",
        "evidence": "A",
        "roi_number": 3,
    }
    return Finding(code=code, subject=subject, status=status, **{**known, **rest})


PLAN = PlanSummary(
    label="T8 SBRT",
    sop_instance_uid="1.2.3.1",
    patient_id="P001",
    patient_name="Test^Case",
    prescribed_dose_gy=24.0,
    fractions=2,
    prescription_source="target prescription dose",
    technique="VMAT, stereotactic",
    scheme=SchemeMatch(
        id="spine-sbrt-24-2",
        indication="oligometastasis",
        confidence="certain",
        why="24 Gy in 2 fractions of 12 Gy, arcs, on a thoracic vertebra.",
        runners_up=("practice-24-2",),
    ),
)
STRUCTURES = (
    StructureRow(
        roi_number=1,
        roi_name="PTV_T8",
        matched="PTV",
        how="ROI type",
        volume_cc=62.41234567,
        outside_grid_cc=0.0,
    ),
    StructureRow(
        roi_number=3,
        roi_name="Canal medullaire",
        matched="SpinalCanal",
        how="alias",
        volume_cc=18.1,
        outside_grid_cc=0.42,
    ),
    StructureRow(
        roi_number=4,
        roi_name="zz_ring1",
        matched="",
        how="unmatched",
        volume_cc=None,
        outside_grid_cc=None,
    ),
)
INPUTS = tuple(
    InputFile(
        path=f"case/{name}.dcm",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.481.5",
        sop_instance_uid=f"1.2.3.{index}",
        modality=name,
        sha256=DIGEST,
        patient=Patient(id="P001", name="Test^Case"),
    )
    for index, name in enumerate(("RTPLAN", "RTSTRUCT", "RTDOSE"), start=1)
)
CURVES = (
    curve(1, "PTV_T8", 25.0, 0.5),
    curve(2, "CTV_T8", 25.6, 0.4),
    curve(3, "Canal medullaire", 9.0, 1.4),
    curve(5, "Esophagus", 7.0, 1.7),
    curve(6, "Lung_L", 2.0, 1.0),
    curve(7, "Lung_R", 1.6, 0.9),
    curve(8, "Heart", 3.2, 0.8),
    curve(9, "Skin", 0.8, 0.9),
    curve(10, "Body", 0.6, 1.2),
)
COMMON = {
    "plan": PLAN,
    "structures": STRUCTURES,
    "inputs": INPUTS,
    "curves": CURVES,
    "protocol": "bone_metastases",
    "library_version": "2026.1",
    "library_sha256": DIGEST,
    "program_version": "0.1.0",
}
PASSES = (
    Finding(
        code="ID001",
        subject="plan",
        status=Status.PASS,
        message="Plan, structures and dose belong to patient P001.",
    ),
    limit(
        "DL001",
        "Esophagus",
        Status.PASS,
        value=14.2,
        band=(14.0, 14.5),
        limit=20.0,
        margin=5.8,
        guideline="tg101_2010",
        source="Table III",
        evidence="B",
        governs=False,
    ),
)
CANAL = limit(
    "DL001",
    "SpinalCanal",
    Status.FAIL,
    value=18.4213,
    band=(18.31, 18.6),
    limit=17.0,
    margin=-1.4213,
    message="The point maximum of SpinalCanal exceeds the governing limit.",
    remedy="Lower the dose to SpinalCanal, or let a physician decide.",
    location_mm=(-3.25, 41.5, -120.0),
)
BESIDE = limit(
    "DL020",
    "SpinalCanal",
    Status.WARN,
    value=18.4213,
    limit=18.4,
    margin=-0.0213,
    guideline="another_2020",
    governs=False,
)


def square(centre_mm: float, half_mm: float) -> tuple[tuple[float, float], ...]:
    low, high = centre_mm - half_mm, centre_mm + half_mm
    return ((low, low), (high, low), (high, high), (low, high), (low, low))


def view(name: str, at_mm: float, **rest: object) -> View:
    """A view of a square structure in a square dose about the origin of its plane."""
    return View(
        plane=Plane(name=name, at_mm=at_mm, left="R", right="L", top="A", bottom="P"),
        u_mm=(-45.0, 45.0),
        v_mm=(-45.0, 45.0),
        cross_mm=(0.0, 0.0),
        isodoses=(
            Isodose(percent=50.0, dose_gy=12.0, lines=(square(0.0, 30.0),)),
            Isodose(percent=100.0, dose_gy=24.0, lines=(square(0.0, 20.0),)),
        ),
        outlines=(
            Outline(
                roi_number=3,
                roi_name="Canal medullaire",
                lines=(square(0.0, 8.0),),
                tested=True,
            ),
            Outline(roi_number=1, roi_name="PTV_T8", lines=(square(10.0, 15.0),)),
        ),
        **rest,
    )


SCENE = Scene(
    finding=CANAL.id,
    location_mm=(-3.25, 41.5, -120.0),
    dose_gy=18.4213,
    reference_gy=24.0,
    views=(
        view("axial", -120.0, image_png=grey_png(np.full((2, 2), 128, dtype=np.uint8))),
        view("sagittal", -3.25, missing="there is no CT"),
    ),
)
RELIEF = Relief(
    finding=CANAL.id,
    factor=0.914,
    reduction_gy=1.6,
    targets=(
        TargetAfter(
            roi_number=1,
            roi_name="PTV_T8",
            dose_gy=24.0,
            d95_gy=(23.9, 21.845),
            v100_percent=(95.2, None),
        ),
    ),
)
ATTESTATION = Attestation(
    finding=CANAL.id,
    status=Status.FAIL,
    reason="Tumour lies in the canal.",
    by="Dr Example",
    at="2026-01-31T12:00:00+00:00",
    basis=DIGEST,
    previous=DIGEST,
    sha256=DIGEST,
    void="the plan or its files changed since.",
)
MISSED = MissedTarget(
    roi_number=2,
    roi_name="PTV",
    contour="ThecalSac",
    margin_mm=3.0,
    level_percent=95.0,
    dose_gy=22.8,
    missed_cc=4.0,
    near_cc=3.0,
)
POPULATION = (
    PopulationRow(
        roi_number=1,
        roi_name="canal",
        matched="SpinalCanal",
        metric="D0.03cc",
        value=16.5,
        unit="Gy",
        band=(16.4, 16.8),
        cases=12,
        percentile=62.5,
        median=15.25,
        lowest=9.0,
        highest=21.0,
    ),
    PopulationRow(
        roi_number=2,
        roi_name="PTV",
        matched="PTV",
        metric="V100%[%]",
        value=None,
        unit="%",
        cases=12,
        reason="no answer",
    ),
    PopulationRow(
        roi_number=3,
        roi_name=HOSTILE,
        matched="Skin",
        metric="Dmean",
        value=2.0,
        unit="Gy",
        cases=3,
        reason="too few to compare",
    ),
)
EVERYTHING = Report(
    findings=(
        *PASSES,
        CANAL,
        BESIDE,
        limit(
            "DL001",
            "Skin",
            Status.BORDERLINE,
            value=25.9996,
            band=(25.4, 26.7),
            limit=26.0,
            margin=0.0004,
            message="The limit of 26 Gy lies inside the band.",
            remedy="Export the dose on a finer grid.",
        ),
        limit(
            "DL001",
            "Lung_L",
            Status.WARN,
            metric="CV1000cc",
            value=8.0,
            limit=7.4,
            margin=-0.6,
            source="Table III, advisory",
            governs=False,
        ),
        limit(
            "DL002",
            "CaudaEquina",
            Status.NOT_EVALUATED,
            metric="",
            unit="",
            comparison="",
            roi_number=None,
            message="No contour was taken for CaudaEquina.",
            remedy="Contour the cauda equina and name it CaudaEquina.",
        ),
        limit(
            "DL003",
            "SacralPlexus",
            Status.NOT_EVALUATED,
            band=(3.0, math.inf),
            limit=20.0,
            message="0.42 cc lie outside the dose grid.",
            remedy="Export the dose on a larger grid.",
        ),
        Finding(
            code="RX003",
            subject="scheme",
            status=Status.MANUAL,
            message="The prescription lies in a range of the table but is not named by it.",
            remedy="Confirm the scheme.",
        ),
        limit(
            "TC001",
            "PTV_T8",
            Status.PASS,
            metric="D95%",
            comparison=">=",
            value=23.9,
            limit=22.8,
            margin=1.1,
            guideline="",
            source="local",
            doi="",
            evidence="",
        ),
    ),
    not_applicable=(
        NotApplicable(code="RI001", subject="plan", reason="No earlier course was given."),
        NotApplicable(code="DL001", subject="Rectum", reason="The plan is thoracic."),
    ),
    notes=("rtdose.dcm: no transfer syntax; read as implicit little endian.",),
    appendix=("Whether the patient was positioned as planned.",),
    reliefs=(RELIEF,),
    scenes=(SCENE,),
    attestations=(ATTESTATION,),
    missed=(MISSED,),
    population=POPULATION,
    **COMMON,
)
CLEAN = Report(findings=PASSES, **COMMON)
EMPTY = Report(findings=())
NASTY = Report(
    findings=(
        Finding(
            code="ID001",
            subject=HOSTILE,
            status=Status.FAIL,
            message=HOSTILE,
            doi="javascript:alert(1)",
            source=HOSTILE,
            remedy="[bold]markup[/bold] {{ 7 * 7 }}",
        ),
        limit("DL001", LONG, Status.WARN, value=math.nan, limit=17.0, margin=math.nan),
    ),
    structures=(
        StructureRow(
            roi_number=1,
            roi_name=HOSTILE,
            matched="",
            how="unmatched",
            volume_cc=math.inf,
            outside_grid_cc=-0.0,
        ),
    ),
    curves=(curve(1, HOSTILE, 10.0, 1.0), curve(2, LONG, 5.0, 1.0)),
    notes=(HOSTILE, LONG),
)
REPORTS: dict[str, tuple[Report, ...]] = {
    "everything": (EVERYTHING,),
    "clean": (CLEAN,),
    "empty": (EMPTY,),
    "nasty": (NASTY,),
    "two-plans": (CLEAN, EVERYTHING),
}
