"""The plan a DICOM report is filed under: patient, study, and what it refers to."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from planchecker.errors import PlanCheckerError
from planchecker.results import Report

__all__ = ["derived_uid", "only", "plan_header", "reference", "study_of"]

_PLANS: Final = ("RTPLAN", "RTIONPLAN")
_STUDY: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "IssuerOfPatientID",
    "SpecificCharacterSet",
)
_REQUIRED: Final = ("StudyInstanceUID", "SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID")


def only(reports: Sequence[Report]) -> Report:
    """Return the one report a DICOM object can hold.

    Raises
    ------
    PlanCheckerError
        If there are several, or the report has no plan.
    """
    if len(reports) != 1:
        raise PlanCheckerError(
            f"a DICOM report holds one plan, there are {len(reports)}; give the files of one plan"
        )
    if reports[0].plan is None:
        raise PlanCheckerError("a DICOM report is filed under its plan, and there is none")
    return reports[0]


def plan_header(report: Report) -> Dataset:
    """Read the plan file once more, for the patient and study the report belongs to.

    Raises
    ------
    PlanCheckerError
        If the report is anonymised, or the file is gone or no longer the one that was checked.
    """
    uid = report.plan.sop_instance_uid if report.plan else ""
    file = next((f for f in report.inputs if uid and f.sop_instance_uid == uid), None)
    if file is None:
        raise PlanCheckerError(
            "the report names no plan file (is it anonymised?), so it can be filed under no "
            "patient; write DICOM from a report that is not anonymised"
        )
    try:
        content = Path(file.path).read_bytes()
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise PlanCheckerError(f"{file.path!r} changed since it was checked; check it again")
        header = dcmread(file.path, force=True, stop_before_pixels=True)
    except OSError as error:
        raise PlanCheckerError(f"{file.path!r} can no longer be read") from error
    # What is written beside the plan's own words may hold any letter.
    header.decode()
    header.SpecificCharacterSet = "ISO_IR 192"
    missing = [name for name in _REQUIRED if not header.get(name)]
    if missing:
        raise PlanCheckerError(
            f"{file.path!r} lacks {', '.join(missing)}, so no DICOM object can be filed with it"
        )
    for keyword in _STUDY[:10]:
        if keyword not in header:
            # What must be present may be empty.
            setattr(header, keyword, "")
    return header


def study_of(header: Dataset) -> Dataset:
    """Return patient and study as the plan states them; what must be present may be empty."""
    study = Dataset()
    for keyword in _STUDY:
        if keyword in header:
            study[keyword] = header[keyword]
    for keyword in _STUDY[:10]:
        if keyword not in study:
            setattr(study, keyword, "")
    return study


def reference(header: Dataset) -> Dataset:
    """Return the item that names an instance by class and UID."""
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item


def derived_uid(*parts: Any) -> str:
    """Return a UID that follows from the content: the same report gives the same object.

    Examples
    --------
    >>> derived_uid("a") == derived_uid("a")
    True
    """
    return str(generate_uid(entropy_srcs=[str(part) for part in parts]))
