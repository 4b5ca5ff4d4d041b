"""One plan with everything that belongs to it, as plain frozen values; no DICOM types.

The reader (`planchecker.reading`) builds a `Case`; the checker asks it. An attribute that the
export does not hold is None or empty: it is never replaced by a default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from planchecker.beams import Beam, ControlPoint, LimitingDevice
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Structure

__all__ = [
    "Beam",
    "Case",
    "ControlPoint",
    "DoseObject",
    "ForeignFile",
    "ImageSlice",
    "InputFile",
    "LimitingDevice",
    "Link",
    "LinkKind",
    "Patient",
    "Plan",
    "PrescribedTarget",
    "Prescription",
    "Registration",
    "StoredDvh",
    "StructureSet",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Identity as one object states it; empty where absent."""

    id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class InputFile:
    """One file that was read."""

    path: str
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    sha256: str
    patient: Patient
    frame_of_reference_uid: str = ""
    notes: tuple[str, ...] = ()
    """What was assumed while reading, such as a missing transfer syntax."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignFile:
    """A file under the given paths that is no usable DICOM RT object; listed, never fatal."""

    path: str
    reason: str


class LinkKind(StrEnum):
    """What holds two objects together, strongest first."""

    REFERENCE = "reference"
    """One names the other's SOP Instance UID."""
    FRAME_OF_REFERENCE = "frame of reference"
    PATIENT = "patient"
    """Same patient only: the weakest link, never enough for a dose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Which link held between two objects of the case."""

    child: str
    """SOP Instance UID of the first object of `relation` (such as the dose)."""
    parent: str
    """SOP Instance UID of the second (such as the plan); of images the Series Instance UID."""
    relation: str
    """``dose-plan``, ``plan-structures``, ``dose-structures``, ``structures-image``, ..."""
    kind: LinkKind
    contradicts: bool = False
    """True where a reference exists and names another object than the one at hand."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrescribedTarget:
    """One item of the Dose Reference Sequence."""

    number: int
    structure_type: str = ""
    """POINT, VOLUME, COORDINATES or SITE."""
    reference_type: str = ""
    """TARGET or ORGAN_AT_RISK."""
    description: str = ""
    roi_number: int | None = None
    prescription_gy: float | None = None
    minimum_gy: float | None = None
    maximum_gy: float | None = None
    point_mm: tuple[float, float, float] | None = None
    """Where the dose is prescribed, for the structure type COORDINATES."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prescription:
    """What the plan says is prescribed.

    Parameters
    ----------
    dose_gy
        Total dose in Gy; None where the plan does not say.
    fractions
        Number of fractions planned; None where the plan does not say.
    source
        Where the dose was read: ``"target prescription dose"``, ``"beam doses"`` or ``""``.
    targets
        All dose references.
    """

    dose_gy: float | None = None
    fractions: int | None = None
    source: str = ""
    targets: tuple[PrescribedTarget, ...] = ()

    @property
    def dose_per_fraction_gy(self) -> float | None:
        """Total dose over fractions; None where either is unknown."""
        if self.dose_gy is None or not self.fractions:
            return None
        return self.dose_gy / self.fractions


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plan:
    """One RT Plan or RT Ion Plan."""

    sop_instance_uid: str
    sop_class_uid: str
    label: str
    patient: Patient
    name: str = ""
    description: str = ""
    planned_on: date | None = None
    approval: str = ""
    intent: str = ""
    geometry: str = ""
    """RT Plan Geometry: PATIENT or TREATMENT_DEVICE."""
    prescription_text: str = ""
    """Prescription Description, as somebody wrote it."""
    patient_position: str = ""
    frame_of_reference_uid: str = ""
    structure_set_uid: str = ""
    """SOP Instance UID of the structure set the plan names; empty where it names none."""
    dose_uids: tuple[str, ...] = ()
    """SOP Instance UIDs of the doses the plan names."""
    prescription: Prescription = Prescription()
    fraction_groups: int = 0
    """How many fraction groups the plan holds; only one can be read as one prescription."""
    stated_beams: int | None = None
    """Number of Beams of all fraction groups; None where one does not state it."""
    delivered_beams: tuple[int, ...] = ()
    """Beam numbers that the fraction groups name, in their order."""
    beams: tuple[Beam, ...] = ()
    brachy: bool = False
    software: str = ""
    tolerance_tables: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def treatment_beams(self) -> tuple[Beam, ...]:
        """Beams that deliver treatment dose."""
        return tuple(beam for beam in self.beams if beam.is_treatment)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StructureSet:
    """One RT Structure Set."""

    sop_instance_uid: str
    label: str
    patient: Patient
    structures: tuple[Structure, ...]
    drawn_on: date | None = None
    frame_of_reference_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    """Series Instance UIDs of the images it was drawn on."""
    image_uids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StoredDvh:
    """A DVH that the planning system stored in the RT Dose.

    `dose` and `volume` are the cumulative curve as stored, scaled but with the units the file
    states, which may lie: see `planchecker.dosimetry.second_opinion`.
    """

    roi_number: int
    dvh_type: str
    dose_units: str
    volume_units: str
    dose: NDArray[np.float64]
    volume: NDArray[np.float64]
    stated_minimum: float | None = None
    stated_mean: float | None = None
    stated_maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DoseObject:
    """One RT Dose.

    `grid` is None where the object holds no usable dose in Gy; `problem` then says why and
    what to export instead.
    """

    sop_instance_uid: str
    patient: Patient
    units: str = ""
    """GY or RELATIVE."""
    dose_type: str = ""
    """PHYSICAL, EFFECTIVE or ERROR."""
    summation: str = ""
    """PLAN, MULTI_PLAN, FRACTION, BEAM, ..."""
    grid: DoseGrid | None = None
    problem: str = ""
    plan_uids: tuple[str, ...] = ()
    structure_set_uid: str = ""
    beam_numbers: tuple[int, ...] = ()
    fraction_group: int | None = None
    frame_of_reference_uid: str = ""
    comment: str = ""
    heterogeneity: tuple[str, ...] = ()
    stored_dvhs: tuple[StoredDvh, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageSlice:
    """Header of one CT or MR slice; pixels are read later, from `path`, where needed."""

    sop_instance_uid: str
    series_uid: str
    patient: Patient
    path: str
    modality: str = "CT"
    frame_of_reference_uid: str = ""
    position_mm: tuple[float, float, float] | None = None
    orientation: tuple[float, ...] = ()
    """Six direction cosines, row then column."""
    spacing_mm: tuple[float, float] | None = None
    rows: int = 0
    columns: int = 0
    thickness_mm: float | None = None
    tilt_deg: float | None = None
    patient_position: str = ""
    acquired_on: date | None = None
    manufacturer: str = ""
    reconstruction_diameter_mm: float | None = None
    contrast: str = ""
    """Contrast/Bolus Agent; empty where none is stated."""
    scanner: str = ""
    """Manufacturer, model and station, as far as stated."""
    tube_voltage_kv: float | None = None
    kernel: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Registration:
    """One rigid or affine transformation between two frames of reference.

    `matrix`, of shape (4, 4), takes homogeneous points in mm from the source frame of reference
    to the target frame of reference.
    """

    sop_instance_uid: str
    patient: Patient
    source_frame_of_reference_uid: str
    target_frame_of_reference_uid: str
    matrix: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Case:
    """One plan with its structures, dose and images, and everything that did not fit.

    Parameters
    ----------
    plan, structure_set
        None where the folder holds none.
    doses
        Every dose that belongs to the plan (or, without a plan, to the structures).
    others
        Objects under the same paths that contradict the case or belong to no plan: the
        identity checks report them, nothing merges them.
    registrations
        Every rigid registration under the paths, whatever it registers.
    """

    plan: Plan | None = None
    structure_set: StructureSet | None = None
    doses: tuple[DoseObject, ...] = ()
    images: tuple[ImageSlice, ...] = ()
    links: tuple[Link, ...] = ()
    other_plans: tuple[Plan, ...] = ()
    other_structure_sets: tuple[StructureSet, ...] = ()
    other_doses: tuple[DoseObject, ...] = ()
    registrations: tuple[Registration, ...] = ()
    files: tuple[InputFile, ...] = ()
    foreign: tuple[ForeignFile, ...] = ()
    notes: tuple[str, ...] = ()
    hounsfield: Callable[[ImageSlice], NDArray[np.float32]] | None = None
    """Reads the CT numbers of one slice, shape (rows, columns), when they are asked for; raises
    `planchecker.errors.ReadError` where they cannot be read. None where nothing can."""

    @property
    def slice_thickness_mm(self) -> float | None:
        """The stated slice thickness; None where the images do not agree on one."""
        stated = {image.thickness_mm for image in self.images if image.thickness_mm}
        return stated.pop() if len(stated) == 1 else None
