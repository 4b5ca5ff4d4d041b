"""Tests against the real Orthanc and the real tools of dcmtk.

Run by ``test_hooks_real_servers.py``, in a private network namespace where there can be one:
Orthanc listens on every address, whatever it is told.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dicom_factory import encode, item, make_dose
from hooks_support.services import Service, free_port
from hooks_support.sets import small_set
from pydicom import dcmread
from pydicom.dataset import Dataset

import planchecker
import planchecker.hooks
from planchecker.audit import verify
from sample_dicom import write

LUA = Path(planchecker.hooks.__file__).parent / "orthanc.lua"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"


class Server:
    """A real Orthanc."""

    def __init__(self, folder: Path, bell: int) -> None:
        self.http, self.dicom = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self.bell = bell
        folder.mkdir()
        # The script names the port of the manual; here any port must do.
        script = folder / "hook.lua"
        script.write_text(LUA.read_text().replace("8114", str(bell)))
        settings = {
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "StableAge": 1,
            "LuaScripts": [str(script)],
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            ["Orthanc", str(folder / "orthanc.json")], stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is None:
                try:
                    self.call("/system")
                except OSError:
                    time.sleep(0.05)
                else:
                    return
        raise AssertionError((folder / "log").read_text())

    def call(self, path: str, data: bytes | None = None, method: str | None = None) -> bytes:
        # The address is our own, made above.
        request = urllib.request.Request(self.url + path, data=data, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def add(self, data: bytes) -> None:
        self.call("/instances", data)

    def introduce(self, title: str, port: int) -> None:
        """Enter a node, as an administrator would."""
        node = json.dumps([title, "127.0.0.1", port]).encode()
        self.call(f"/modalities/{title}", node, "PUT")

    def results(self) -> list[Dataset]:
        """Return every encapsulated document it holds."""
        query = {"Level": "Series", "Query": {"Modality": "DOC"}, "Expand": True}
        series = json.loads(self.call("/tools/find", json.dumps(query).encode()))
        found = []
        for row in series:
            for instance in row["Instances"]:
                path = Path(self.log.name).parent / "result.dcm"
                path.write_bytes(self.call(f"/instances/{instance}/file"))
                found.append(dcmread(path))
        return found

    def wait_for_stable_study(self) -> None:
        """Wait until a study has become stable after what is the last change now."""
        before = json.loads(self.call("/changes?last"))["Last"]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            changes = json.loads(self.call(f"/changes?since={before}&limit=1000"))["Changes"]
            if any(change["ChangeType"] == "StableStudy" for change in changes):
                return
            time.sleep(0.2)
        raise AssertionError("no study has become stable")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self.log.close()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write("long-bone-8-in-1", folder)
    return folder


@pytest.fixture(scope="module")
def held() -> dict[str, Dataset]:
    """Make the set that lies in Orthanc, and a dose of another plan of the same study."""
    found = small_set()
    found["stray"] = make_dose("1.2.3.99", plan="1.2.3.98")
    found["stray"].update(
        item(PatientID="P1", StudyInstanceUID="1.2.3.50", SeriesInstanceUID="1.2.3.97")
    )
    return found


@pytest.fixture(scope="module")
def orthanc(held: dict[str, Dataset], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed")
    server = Server(tmp_path_factory.mktemp("server") / "orthanc", free_port())
    try:
        for dataset in held.values():
            server.add(encode(dataset))
        yield server
    finally:
        server.stop()


def planchecker_(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "planchecker", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def dcmtk(tool: str, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of dcmtk is not installed")
    return subprocess.run(
        [tool, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "TCP_NODELAY": "1"},
    )


def latest(reports: Path, plan: Dataset) -> dict[str, Any]:
    text = (reports / str(plan.SOPInstanceUID) / "latest.json").read_text()
    content: dict[str, Any] = json.loads(text)
    return content


def test_dcmtk_sends_the_verdict_comes_and_the_result_goes_to_orthanc(
    orthanc: Server, sample: Path, tmp_path: Path
) -> None:
    plan = dcmread(sample / "RP.dcm")
    reports = tmp_path / "reports"
    service = Service(
        *("listen", "--spool", tmp_path / "spool", "--reports", reports, "--port", "0"),
        *(
            "--min-free-gb",
            "0",
            "--settle",
            "0.5",
            "--quiet",
            "60",
            "--allow",
            "STORESCU@127.0.0.1",
        ),
        *("--send-to", f"ORTHANC@127.0.0.1:{orthanc.dicom}"),
    )
    try:
        port = service.wait_for("started")["port"]
        to = ("127.0.0.1", str(port))
        wrong_called = dcmtk("storescu", "-aec", "OTHER", *to, sample / "RP.dcm")
        assert "Called AE Title Not Recognized" in wrong_called.stderr
        wrong_caller = dcmtk("echoscu", "-aet", "OTHER", "-aec", "PLANCHECKER", *to)
        assert "Calling AE Title Not Recognized" in wrong_caller.stderr
        assert dcmtk("echoscu", "-aet", "STORESCU", "-aec", "PLANCHECKER", *to).returncode == 0
        sent = dcmtk("storescu", "-aec", "PLANCHECKER", *to, "+sd", sample)
        assert sent.returncode == 0, sent.stderr
        verdict = service.wait_for("verdict", subject=str(plan.SOPInstanceUID))
        assert (verdict["status"], verdict["missing"]) == ("pass", 0)
        service.wait_for("result-sent")
    finally:
        ended = service.stop()
    assert ended == (0, "")
    assert len(latest(reports, plan)["inputs"]) == len(list(sample.iterdir()))
    kept = dcmread(next((reports / str(plan.SOPInstanceUID)).glob("*/report.dcm")))
    assert [dataset for dataset in orthanc.results() if dataset == kept]
    assert kept.SOPClassUID == PDF
    if shutil.which("dciodvfy"):
        judged = dcmtk("dciodvfy", kept.filename)
        assert "Error" not in judged.stdout + judged.stderr


def test_a_plan_is_pulled_from_orthanc_with_its_own_dose_only(
    orthanc: Server, held: dict[str, Dataset], tmp_path: Path
) -> None:
    port = free_port()
    orthanc.introduce("PLANCHECKER", port)
    plan = held["RP"]
    done = planchecker_(
        *("fetch", "--node", f"ORTHANC@127.0.0.1:{orthanc.dicom}", "--port", str(port)),
        *("--reports", tmp_path, "--patient", plan.PatientID, "--plan-label", plan.RTPlanLabel),
    )
    assert "1 doses of other plans were left out" in done.stderr
    found = latest(tmp_path, plan)
    assert found["missing"] == []
    assert set(found["inputs"]) == {o.SOPInstanceUID for o in held.values()} - {"1.2.3.99"}
    assert verify(tmp_path / "journal.sqlite", reports=tmp_path).problems == ()
    folder = tmp_path / "same"
    folder.mkdir()
    for name, dataset in small_set().items():
        (folder / f"{name}.dcm").write_bytes(encode(dataset))
    here = planchecker.check(planchecker.read(folder))
    assert (found["status"], done.returncode) == (here.status, here.exit_code)


def test_a_node_that_does_not_know_us_is_named(
    orthanc: Server, held: dict[str, Dataset], tmp_path: Path
) -> None:
    plan = held["RP"]
    done = planchecker_(
        *("fetch", "--node", f"ORTHANC@127.0.0.1:{orthanc.dicom}", "--aet", "STRANGER"),
        *("--port", "0", "--reports", tmp_path, "--plan-uid", str(plan.SOPInstanceUID)),
    )
    assert done.returncode == 2
    assert f"ORTHANC@127.0.0.1:{orthanc.dicom}" in done.stderr
    assert "Traceback" not in done.stderr


def test_orthanc_rings_a_study_is_judged_once_and_again_when_images_come_late(
    orthanc: Server, held: dict[str, Dataset], tmp_path: Path
) -> None:
    plan = held["RP"]
    reports = tmp_path / "reports"
    before = len(orthanc.results())
    service = Service(
        *("watch", "--orthanc", orthanc.url, "--spool", tmp_path / "spool", "--reports", reports),
        # It looks once at the start and then only when it is called.
        *("--push", "--poll", "6000", "--health-s", "1", "--notify-port", str(orthanc.bell)),
    )
    try:
        verdict = service.wait_for("verdict", subject=str(plan.SOPInstanceUID))
        service.wait_for("result-sent")
        # The result makes the study stable once more; that must not start a check.
        orthanc.wait_for_stable_study()
        for _ in range(3):
            service.wait_for("health", waiting=0)
        assert service.names().count("verdict") == 1
        pushed = orthanc.results()
        assert len(pushed) == before + 1
        assert "1.2.3.50" in {result.StudyInstanceUID for result in pushed}
        late = small_set("1.2.77", patient="LATE")
        for name in ("RP", "RS", "RD"):
            orthanc.add(encode(late[name]))
        early = service.wait_for("verdict", subject="1.2.77.1", missing=1)
        for name in ("CT0", "CT1"):
            orthanc.add(encode(late[name]))
        whole = service.wait_for("verdict", subject="1.2.77.1", missing=0)
        assert whole["supersedes"] >= early["journal_seq"]
    finally:
        ended = service.stop()
    assert ended == (0, "")
    # The study also holds a dose of a plan that is not there: the checks must see it.
    assert "1.2.3.99" in latest(reports, plan)["inputs"]
    assert latest(reports, plan)["status"] == verdict["status"]
    assert orthanc.process.poll() is None
