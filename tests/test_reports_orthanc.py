"""The DICOM reports of a whole sample: a real archive stores them, a validator names no error."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hooks_support.services import free_port

import planchecker
from planchecker.reading import read_cases
from planchecker.reading.pixels import read_hounsfield
from planchecker.reports import Style, render_document
from planchecker.results import Report
from sample_dicom import write

OVER = "spine-sbrt-24-in-2-cord-over"
FORMATS = ["dicom", "dicom-sr"]


class Archive:
    """A real Orthanc that speaks HTTP alone, on this computer alone."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": port,
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["Orthanc", str(folder / "orthanc.json")], stdout=self._log, stderr=self._log
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.call("/system")
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise AssertionError((folder / "log").read_text())

    def call(self, path: str, data: bytes | None = None) -> bytes:
        # The address is our own, made above.
        request = urllib.request.Request(self.url + path, data=data)  # noqa: S310
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._log.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("case")
    write(OVER, home)
    return home


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    (case,) = read_cases([folder])
    return planchecker.check(case, pictures=True, pixels=read_hounsfield)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed")
    running = Archive(tmp_path_factory.mktemp("orthanc"))
    yield running
    running.stop()


def written(report: Report, format_: str, lang: str) -> bytes:
    if format_ == "dicom-sr":
        pytest.importorskip("highdicom", reason="highdicom (extra dicom-sr) is not installed")
    made_at = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    return render_document(report, format_, style=Style(lang=lang, made_at=made_at))


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("format_", FORMATS)
def test_the_report_of_a_sample_is_valid(
    report: Report, format_: str, lang: str, tmp_path: Path
) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (Debian dicom3tools) is not installed")
    path = tmp_path / "report.dcm"
    path.write_bytes(written(report, format_, lang))
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in done.stdout + done.stderr


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("format_", FORMATS)
def test_the_report_of_a_sample_is_stored_whole(
    report: Report, archive: Archive, format_: str, lang: str
) -> None:
    content = written(report, format_, lang)
    answer = json.loads(archive.call("/instances", content))
    assert answer["Status"] in ("Success", "AlreadyStored")
    kept = pydicom.dcmread(BytesIO(archive.call(f"/instances/{answer['ID']}/file")))
    sent = pydicom.dcmread(BytesIO(content))
    assert kept.StudyInstanceUID == sent.StudyInstanceUID
    if format_ == "dicom":
        assert kept.EncapsulatedDocument[:5] == b"%PDF-"
    else:
        assert len(kept.ContentSequence) == len(sent.ContentSequence) > 20


def test_plan_and_reports_stand_in_one_study_of_the_archive(
    folder: Path, report: Report, archive: Archive
) -> None:
    plan = next(
        path
        for path in sorted(folder.rglob("*.dcm"))
        if pydicom.dcmread(path, stop_before_pixels=True).Modality == "RTPLAN"
    )
    sent = [plan.read_bytes(), written(report, "dicom", "en")]
    studies = {json.loads(archive.call("/instances", one))["ParentStudy"] for one in sent}
    assert len(studies) == 1
    (study,) = studies
    modalities = {
        series["MainDicomTags"]["Modality"]
        for series in json.loads(archive.call(f"/studies/{study}/series"))
    }
    assert {"RTPLAN", "DOC"} <= modalities
