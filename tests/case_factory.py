"""Small frozen cases with synthetic structures and analytic doses, for the tests.

Every builder has sensible defaults and takes keyword overrides of the value it builds. The
default case is a conventional 30 Gy in 10 fractions plan on a thoracic vertebra: a PTV box of
50 x 50 x 40 mm about the origin, a cord cylinder behind its centre, a body, and 30 Gy
everywhere, all objects naming each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from shape_factory import (
    FRAME_UID,
    box,
    cylinder,
    dose_of,
    loops,
    ramp_dose,
    ring_dose,
    sphere,
    uniform_dose,
)

from constraints.loader import load, load_protocol
from constraints.metric import Metric
from constraints.model import Technique
from planchecker.case import (
    Beam,
    Case,
    ControlPoint,
    DoseObject,
    ImageSlice,
    InputFile,
    LimitingDevice,
    Link,
    LinkKind,
    Patient,
    Plan,
    Prescription,
    StructureSet,
)
from planchecker.checks.context import Context
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import MetricValue
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match
from planchecker.plan_dose import PlanDose
from planchecker.results import SchemeMatch
from planchecker.schemes import SchemeReading, TechniqueReading

__all__ = [
    "DOSE_UID",
    "FRAME_UID",
    "PATIENT",
    "PLAN_UID",
    "STRUCTURES_UID",
    "StandInDvh",
    "beam",
    "beams",
    "box",
    "case",
    "changed",
    "context",
    "cylinder",
    "dose",
    "dose_of",
    "images",
    "input_file",
    "link",
    "loops",
    "match",
    "plan",
    "ramp_dose",
    "ring_dose",
    "rules",
    "scheme",
    "sphere",
    "structure_set",
    "technique",
    "uniform_dose",
    "water",
]

PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.5"
DOSE_CLASS = "1.2.840.10008.5.1.4.1.1.481.2"
STRUCTURES_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
PLAN_UID = "1.2.3.1"
STRUCTURES_UID = "1.2.3.2"
SERIES_UID = "1.2.3.4"
DOSE_UID = "1.2.3.3"
PATIENT = Patient(id="P001", name="Test^Case", birth_date="19500101", sex="F")


# Objects


def structure_set(*structures: Structure, **overrides: Any) -> StructureSet:
    """Structure set of the given structures; PTV, cord and body when none is given."""
    body = cylinder("BODY", number=9, radius_mm=70, length_mm=100, interpreted_type="EXTERNAL")
    values: dict[str, Any] = {
        "sop_instance_uid": STRUCTURES_UID,
        "label": "STRUCTURES",
        "patient": PATIENT,
        "structures": structures or (box(), cylinder(), body),
        "drawn_on": date(2024, 3, 5),
        "frame_of_reference_uids": (FRAME_UID,),
        "series_uids": (SERIES_UID,),
        "image_uids": tuple(image.sop_instance_uid for image in images()),
    }
    return StructureSet(**(values | overrides))


def dose(grid: DoseGrid | None = None, **overrides: Any) -> DoseObject:
    """RT Dose of a grid (30 Gy everywhere by default): GY, PHYSICAL, PLAN, naming the plan."""
    values: dict[str, Any] = {
        "sop_instance_uid": DOSE_UID,
        "patient": PATIENT,
        "units": "GY",
        "dose_type": "PHYSICAL",
        "summation": "PLAN",
        "grid": uniform_dose() if grid is None and "problem" not in overrides else grid,
        "plan_uids": (PLAN_UID,),
        "frame_of_reference_uid": FRAME_UID,
    }
    return DoseObject(**(values | overrides))


# Images


@cache
def images(count: int = 41, *, spacing_mm: float = 3.0, **overrides: Any) -> tuple[ImageSlice, ...]:
    """Axial CT slices about the origin, 100 pixels of 2 mm across."""
    values: dict[str, Any] = {
        "series_uid": SERIES_UID,
        "patient": PATIENT,
        "path": "CT.dcm",
        "frame_of_reference_uid": FRAME_UID,
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "spacing_mm": (2.0, 2.0),
        "rows": 100,
        "columns": 100,
        "thickness_mm": spacing_mm,
        "tilt_deg": 0.0,
        "patient_position": "HFS",
        "acquired_on": date(2024, 3, 4),
    }
    return tuple(
        ImageSlice(
            sop_instance_uid=f"{SERIES_UID}.{index + 1}",
            position_mm=(-99.0, -99.0, spacing_mm * (index - (count - 1) / 2)),
            **(values | overrides),
        )
        for index in range(count)
    )


def water(image: ImageSlice) -> np.ndarray:
    """CT numbers of a slice of water."""
    return np.zeros((image.rows, image.columns), dtype=np.float32)


# Plan

_JAWS = (("ASYMX", (-40.0, 40.0)), ("ASYMY", (-30.0, 30.0)))
_STILL = (*_JAWS, ("MLCX", (-20.0, 20.0)))
_MOVED = (("MLCX", (-15.0, 20.0)),)


def beam(kind: str = "static", *, number: int = 1, **overrides: Any) -> Beam:
    """Beam of a kind: static, imrt, arc, vmat, proton, electron or setup."""
    turning = kind in ("arc", "vmat")
    moving = kind in ("imrt", "vmat")
    points = (
        ControlPoint(
            index=0,
            meterset_weight=0.0,
            gantry_deg=180.0 if turning else 0.0,
            gantry_direction="CW" if turning else "NONE",
            collimator_deg=10.0,
            couch_deg=0.0,
            energy=6.0,
            isocentre_mm=(0.0, 0.0, 0.0),
            positions_mm=_STILL,
        ),
        ControlPoint(
            index=1,
            meterset_weight=1.0,
            gantry_deg=179.0 if turning else None,
            gantry_direction="NONE" if turning else "",
            positions_mm=_MOVED if moving else (),
        ),
    )
    values: dict[str, Any] = {
        "number": number,
        "name": f"{kind} {number}",
        "beam_type": "DYNAMIC" if turning or moving else "STATIC",
        "radiation": {"proton": "PROTON", "electron": "ELECTRON"}.get(kind, "PHOTON"),
        "delivery": "SETUP" if kind == "setup" else "TREATMENT",
        "machine": "LINAC1",
        "scan_mode": "MODULATED" if kind == "proton" else "",
        "meterset": None if kind == "setup" else 200.0,
        "final_weight": 1.0,
        "source_axis_mm": 1000.0,
        "devices": (
            LimitingDevice(kind="ASYMX", pairs=1),
            LimitingDevice(kind="ASYMY", pairs=1),
            LimitingDevice(kind="MLCX", pairs=1, boundaries_mm=(-30.0, 30.0)),
        ),
        "control_points": points,
    }
    return Beam(**(values | overrides))


def beams(kind: str = "static", count: int = 2, **overrides: Any) -> tuple[Beam, ...]:
    """Numbered beams of one kind."""
    return tuple(beam(kind, number=i + 1, **overrides) for i in range(count))


def plan(
    dose_gy: float | None = 30.0,
    fractions: int | None = 10,
    *,
    beams: tuple[Beam, ...] = beams(),
    **overrides: Any,
) -> Plan:
    """Approved-for-test plan with a stated target prescription dose."""
    values: dict[str, Any] = {
        "sop_instance_uid": PLAN_UID,
        "sop_class_uid": PLAN_CLASS,
        "label": "T10",
        "patient": PATIENT,
        "planned_on": date(2024, 3, 7),
        "approval": "UNAPPROVED",
        "intent": "PALLIATIVE",
        "geometry": "PATIENT",
        "patient_position": "HFS",
        "frame_of_reference_uid": FRAME_UID,
        "structure_set_uid": STRUCTURES_UID,
        "prescription": Prescription(
            dose_gy=dose_gy,
            fractions=fractions,
            source="" if dose_gy is None else "target prescription dose",
        ),
        "fraction_groups": 1,
        "beams": beams,
    }
    return Plan(**(values | overrides))


# Case


def link(
    relation: str = "dose-plan", *, child: str = DOSE_UID, parent: str = PLAN_UID, **overrides: Any
) -> Link:
    """Reference link between two objects."""
    values: dict[str, Any] = {
        "child": child,
        "parent": parent,
        "relation": relation,
        "kind": LinkKind.REFERENCE,
    }
    return Link(**(values | overrides))


def input_file(uid: str = PLAN_UID, *, modality: str = "RTPLAN", **overrides: Any) -> InputFile:
    """One file as read."""
    values: dict[str, Any] = {
        "path": f"{modality}.dcm",
        "sop_class_uid": PLAN_CLASS,
        "sop_instance_uid": uid,
        "modality": modality,
        "sha256": "0" * 64,
        "patient": PATIENT,
        "frame_of_reference_uid": FRAME_UID,
    }
    return InputFile(**(values | overrides))


def case(**overrides: Any) -> Case:
    """Whole case; override any field, such as ``plan=plan(24, 2)`` or ``doses=()``."""
    values: dict[str, Any] = {
        "plan": plan(),
        "structure_set": structure_set(),
        "doses": (dose(),),
        "images": images(),
        "hounsfield": water,
        "links": (
            link(),
            link("plan-structures", child=PLAN_UID, parent=STRUCTURES_UID),
        ),
        "files": (
            input_file(),
            input_file(STRUCTURES_UID, modality="RTSTRUCT", sop_class_uid=STRUCTURES_CLASS),
            input_file(DOSE_UID, modality="RTDOSE", sop_class_uid=DOSE_CLASS),
        ),
    }
    return Case(**(values | overrides))


# Context


@dataclass(frozen=True, kw_only=True)
class StandInDvh:
    """A DVH with answers given by hand; what is not given has no answer.

    An answer is a value, or a (value, low, high) triple with a band.
    """

    roi_number: int = 1
    roi_name: str = "PTV"
    volume_cc: float = 100.0
    outside_cc: float = 0.0
    notes: tuple[str, ...] = ()
    answers: Mapping[str, float | tuple[float, float, float]] = field(default_factory=dict)

    def metric(
        self,
        metric: Metric | str,
        *,
        prescription_gy: float | None = None,  # noqa: ARG002 - as the real one
        fractions: int | None = None,  # noqa: ARG002
    ) -> MetricValue:
        """Answer from the table."""
        asked = Metric.parse(metric) if isinstance(metric, str) else metric
        answer = self.answers.get(str(asked))
        if answer is None:
            return MetricValue(metric=asked, value=None, unit=asked.unit, reason="no answer given")
        value, low, high = answer if isinstance(answer, tuple) else (answer, answer, answer)
        return MetricValue(metric=asked, value=value, unit=asked.unit, band=(low, high))


def match(structure: Structure, name: str | None = None, **overrides: Any) -> Match:
    """Match of a structure to a TG-263 name (its own name by default)."""
    found = structure.name if name is None else name
    upper = found.upper()
    if upper.startswith(("PTV", "CTV", "GTV")):
        category = "target"
    elif "_PRV" in upper:
        category = "prv"
    elif upper in ("BODY", "EXTERNAL"):
        category = "external"
    else:
        category = "organ" if found else "other"
    values: dict[str, Any] = {
        "roi_number": structure.roi_number,
        "roi_name": structure.name,
        "name": found,
        "how": "exact TG-263 name" if found else "unmatched",
        "category": category,
        "base": found.split("_PRV")[0],
    }
    return Match(**(values | overrides))


def technique(
    *worlds: Technique, delivery: str = "static conformal", cell: str = "3DCRT"
) -> TechniqueReading:
    """Technique reading; conventional static conformal by default."""
    return TechniqueReading(
        delivery=delivery,
        cell=cell,
        worlds=worlds or (Technique.CONVENTIONAL,),
        why="made for the test",
    )


def scheme(
    *indications: str, spine: bool | None = True, named: bool = True, in_range: bool = False
) -> SchemeReading:
    """Scheme reading; a named spine scheme by default."""
    return SchemeReading(
        match=SchemeMatch(
            id="test-scheme",
            indication=indications[0] if len(indications) == 1 else "",
            confidence="likely",
            why="made for the test",
        ),
        named=named,
        in_range=in_range,
        indications=indications or ("spine_vertebra",),
        spine=spine,
    )


def context(of: Case | None = None, **overrides: Any) -> Context:
    """Context of a case (the default one when none is given).

    Pass `protocol` and `guidelines` (the real ones, or small ones), and `dvhs` by ROI number;
    without `dvhs` there are none. Everything else has a default that fits the case.
    """
    of = case() if of is None else of
    structures = of.structure_set.structures if of.structure_set else ()
    grid = of.doses[0].grid if of.doses else None
    values: dict[str, Any] = {
        "case": of,
        "protocol": None,
        "guidelines": {},
        "matches": tuple(match(s) for s in structures),
        "plan_dose": PlanDose(
            grid=grid,
            how="PLAN dose" if grid else "",
            problem="" if grid else "there is no dose",
            remedy="" if grid else "export the plan dose",
        ),
        "technique": technique(),
        "scheme": scheme(),
        "dvhs": {},
        "dvh_problems": {},
    }
    return Context(**(values | overrides))


@cache
def rules() -> dict[str, Any]:
    """Protocol and guidelines as packaged, as keywords of `context`."""
    protocol = load_protocol("bone_metastases")
    names = dict.fromkeys((*protocol.guidelines, *protocol.scheme_tables))
    return {"protocol": protocol, "guidelines": {name: load(name) for name in names}}


def changed(value: Any, **changes: Any) -> Any:
    """Copy of a frozen value with some fields changed."""
    return replace(value, **changes)
