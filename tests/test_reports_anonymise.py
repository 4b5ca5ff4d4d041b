import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from golden.hand_built import ATTESTATION, CANAL, EVERYTHING, INPUTS, PLAN, SCENE, STRUCTURES

from planchecker.case import InputFile, Patient
from planchecker.reports import RENDERERS, Style, render, render_document
from planchecker.reports.anonymise import anonymised
from planchecker.results import Report

UID = "1.2.840.113619.2.55.3.604688119.971.1449570600.1"
SECRETS = (
    "Dupont",
    "Géraldine",
    "P-778812",
    "19510714",
    "14.07.1951",
    UID,
    "2024-03-05",
    "oncology",
)
FILE = replace(
    INPUTS[0],
    path="/srv/oncology/Dupont/RP.T8.dcm",
    sop_instance_uid=UID,
    patient=Patient(id="P-778812", name="Dupont^Géraldine", birth_date="19510714"),
)
REPORT = replace(
    EVERYTHING,
    plan=replace(
        PLAN,
        label="DUPONT T8",
        patient_id="P-778812",
        patient_name="Dupont^Géraldine",
        sop_instance_uid=UID,
    ),
    inputs=(FILE, *INPUTS[1:]),
    structures=(replace(STRUCTURES[0], roi_name="PTVDUPONT"), *STRUCTURES[1:]),
    findings=(
        replace(CANAL, subject="Cord_Dupont", message=f"Dose {UID} of 20240305, born 14.07.1951."),
        *EVERYTHING.findings,
    ),
    notes=(
        "/srv/oncology/Dupont/RP.T8.dcm: no preamble",
        "/mnt/oncology/other/readme.txt was not used: not a DICOM file",
        "planned 2024-03-05 for Géraldine",
    ),
)


@pytest.mark.parametrize("format_", RENDERERS)
def test_nothing_that_leads_back_is_left(format_: str) -> None:
    text = render(anonymised(REPORT), format_, style=Style(verbose=True))
    assert "Dupont" in render(REPORT, format_, style=Style(verbose=True))
    for secret in SECRETS:
        assert secret.casefold() not in text.casefold()
    assert not re.search(r"1\.2\.3\.\d", text)
    assert "P001" not in text


def test_the_pdf_holds_none_of_it_either(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (Debian poppler-utils) is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(render_document(anonymised(REPORT), "pdf"))
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    text = done.stdout.decode("utf-8").casefold()
    assert "spinalcanal" in text
    assert not [secret for secret in SECRETS if secret.casefold() in text]


def test_numbers_statuses_and_publications_stay() -> None:
    kept = anonymised(REPORT)
    assert [f.status for f in kept.findings] == [f.status for f in REPORT.findings]
    assert [f.value for f in kept.findings[1:]] == [f.value for f in REPORT.findings[1:]]
    assert [f.doi for f in kept.findings] == [f.doi for f in REPORT.findings]
    assert kept.library_sha256 == REPORT.library_sha256


def test_a_short_name_leaves_metrics_alone() -> None:
    finding = replace(CANAL, metric="Dmax", message="Dmax of Max is high.")
    file = InputFile(
        path="a.dcm",
        sop_class_uid="1.2",
        sop_instance_uid="",
        modality="RTPLAN",
        sha256="",
        patient=Patient(name="Max"),
    )
    (found,) = anonymised(Report(findings=(finding,), inputs=(file,))).findings
    assert found.message == "Dmax of [withheld] is high."
    assert found.metric == "Dmax"


def test_pictures_stay_with_their_finding() -> None:
    named = replace(CANAL, subject="Cord_Dupont")
    report = replace(REPORT, findings=(named,), scenes=(replace(SCENE, finding=named.id),))
    kept = anonymised(report)
    assert kept.scenes[0].finding == kept.findings[0].id != named.id


def test_attestations_go() -> None:
    assert EVERYTHING.attestations == (ATTESTATION,)
    assert anonymised(EVERYTHING).attestations == ()
