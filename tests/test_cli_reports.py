"""The report commands from end to end, on a bundled synthetic case."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sample_dicom import write

OVER = "spine-sbrt-24-in-2-cord-over"


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "planchecker", *arguments], capture_output=True, check=False
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write(OVER, folder / "case")
    return folder


@pytest.fixture(scope="module")
def report(home: Path) -> Path:
    path = home / "report.json"
    assert run("check", str(home / "case"), "--format", "json", "-o", str(path)).returncode == 1
    return path


def test_the_page_shows_the_voxel_with_ct_and_what_would_make_it_pass(home: Path) -> None:
    path = home / "page.html"
    done = run("check", str(home / "case"), "--format", "html", "-o", str(path))
    text = path.read_text(encoding="utf-8")
    assert done.returncode == 1
    assert text.count('<svg class="view"') >= 3
    assert "data:image/png;base64," in text
    assert "without image" not in text
    assert "What would make it pass" in text
    assert path.stat().st_size < 2_000_000


def test_an_acceptance_is_carried_over_and_leaves_the_exit_code(home: Path, report: Path) -> None:
    entry = json.loads(report.read_text(encoding="utf-8"))["findings"][0]
    signed, again = home / "signed.json", home / "again.json"
    words = ("--finding", entry["id"], "--reason", "tumour in the canal", "--by", "Dr A")
    assert run("attest", str(report), *words, "-o", str(signed)).returncode == 0
    checked = ("check", str(home / "case"), "--attested", str(signed))
    assert run(*checked, "--format", "json", "-o", str(again)).returncode == 1
    found = json.loads(again.read_text(encoding="utf-8"))
    assert [(one["by"], one["void"]) for one in found["attestations"]] == [("Dr A", "")]
    assert found["findings"][0] == entry


def test_a_forged_acceptance_is_refused(home: Path, report: Path) -> None:
    forged = json.loads(report.read_text(encoding="utf-8"))
    entry = forged["findings"][0]
    signed = home / "forged.json"
    words = ("--finding", entry["id"], "--reason", "x", "--by", "Dr A", "-o", str(signed))
    assert run("attest", str(report), *words).returncode == 0
    text = signed.read_text(encoding="utf-8").replace("Dr A", "Dr B")
    signed.write_text(text, encoding="utf-8")
    done = run("check", str(home / "case"), "--attested", str(signed))
    assert done.returncode == 2
    assert b"altered" in done.stderr


def test_two_exports_of_one_plan_do_not_differ(home: Path) -> None:
    done = run("compare", str(home / "case"), str(home / "case"))
    assert done.returncode == 1
    assert b"No finding differs." in done.stdout


def test_plans_of_two_patients_are_not_compared(home: Path) -> None:
    write("spine-sbrt-24-in-2", home / "other")
    done = run("compare", str(home / "case"), str(home / "other"))
    assert done.returncode == 2
    assert b"two plans of one patient" in done.stderr


def test_bytes_go_to_stdout_where_it_is_no_terminal(home: Path) -> None:
    done = run("check", str(home / "case"), "--format", "pdf", "--paper", "Letter", "--anonymise")
    assert done.stdout.startswith(b"%PDF-")
    assert b"SAMPLE-002" not in done.stdout
