import hashlib
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from golden.hand_built import EVERYTHING, PLAN

from planchecker.case import InputFile, Patient
from planchecker.errors import PlanCheckerError
from planchecker.reports import Style, render_document
from planchecker.reports.anonymise import anonymised
from planchecker.results import Report
from sample_dicom import write

FORMATS = ["dicom", "dicom-sr"]
STYLE = Style(made_at=datetime(2026, 1, 31, 12, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    write("spine-sbrt-24-in-2", folder)
    return next(
        path
        for path in sorted(folder.rglob("*.dcm"))
        if pydicom.dcmread(path, stop_before_pixels=True).Modality == "RTPLAN"
    )


def report_of(path: Path) -> Report:
    """A hand-built report about a plan file that is there."""
    plan = pydicom.dcmread(path)
    file = InputFile(
        path=str(path),
        sop_class_uid=plan.SOPClassUID,
        sop_instance_uid=plan.SOPInstanceUID,
        modality="RTPLAN",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        patient=Patient(id=plan.PatientID),
    )
    named = replace(PLAN, sop_instance_uid=plan.SOPInstanceUID)
    accented = replace(EVERYTHING.findings[0], subject="Moelle épinière")
    return replace(
        EVERYTHING, plan=named, inputs=(file,), findings=(accented, *EVERYTHING.findings[1:])
    )


def rendered(path: Path, format_: str) -> pydicom.Dataset:
    if format_ == "dicom-sr":
        pytest.importorskip("highdicom", reason="highdicom (extra dicom-sr) is not installed")
    return pydicom.dcmread(BytesIO(render_document(report_of(path), format_, style=STYLE)))


@pytest.mark.parametrize("format_", FORMATS)
def test_it_is_filed_with_the_plan_and_refers_to_it(plan_path: Path, format_: str) -> None:
    plan, found = pydicom.dcmread(plan_path), rendered(plan_path, format_)
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID"):
        assert found[keyword].value == plan[keyword].value
    assert found.SeriesInstanceUID != plan.SeriesInstanceUID
    assert plan.SOPInstanceUID in str(found)


@pytest.mark.parametrize("format_", FORMATS)
def test_dciodvfy_finds_no_error(plan_path: Path, format_: str, tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (Debian dicom3tools) is not installed")
    if format_ == "dicom-sr":
        pytest.importorskip("highdicom", reason="highdicom (extra dicom-sr) is not installed")
    path = tmp_path / "report.dcm"
    path.write_bytes(render_document(report_of(plan_path), format_, style=STYLE))
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert "Error" not in told
    assert ("EncapsulatedPDF" if format_ == "dicom" else "ComprehensiveSR") in told


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_report_gives_the_same_object(plan_path: Path, format_: str) -> None:
    first, second = rendered(plan_path, format_), rendered(plan_path, format_)
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert (first.ContentDate, first.ContentTime) == ("20260131", "120000")


def test_the_pdf_inside_is_whole(plan_path: Path) -> None:
    found = rendered(plan_path, "dicom")
    document = found.EncapsulatedDocument[: found.EncapsulatedDocumentLength]
    assert document.startswith(b"%PDF-")
    assert document.rstrip().endswith(b"%%EOF")


def test_the_structured_report_holds_values_units_and_accents(plan_path: Path) -> None:
    elements = rendered(plan_path, "dicom-sr").iterall()
    text = " ".join(repr(element.value) for element in elements if element.VR != "SQ")
    for words in ("18.4213", "'Gy'", "Moelle épinière", "fail"):
        assert words in text


@pytest.mark.parametrize("format_", FORMATS)
def test_a_plan_that_changed_since_is_refused(
    plan_path: Path, format_: str, tmp_path: Path
) -> None:
    copy = tmp_path / "plan.dcm"
    copy.write_bytes(plan_path.read_bytes())
    report = report_of(copy)
    copy.write_bytes(plan_path.read_bytes() + b"\0\0")
    with pytest.raises(PlanCheckerError, match="changed since"):
        render_document(report, format_, style=STYLE)
    copy.unlink()
    with pytest.raises(PlanCheckerError, match="no longer be read"):
        render_document(report, format_, style=STYLE)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_belongs_to_no_patient_is_refused(plan_path: Path, format_: str) -> None:
    report = report_of(plan_path)
    with pytest.raises(PlanCheckerError, match="anonymised"):
        render_document(anonymised(report), format_, style=STYLE)
    with pytest.raises(PlanCheckerError, match="holds one plan"):
        render_document([report, report], format_, style=STYLE)
    with pytest.raises(PlanCheckerError, match="there is none"):
        render_document(Report(findings=()), format_, style=STYLE)
