import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from golden.hand_built import CLEAN, EVERYTHING

import planchecker.checker
import planchecker.cli
import planchecker.reading
import sample_dicom
from planchecker.case import Case
from planchecker.cli import demo

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(arguments), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Make the demonstration write and check nothing; gives the folders it would fill."""
    folders: list[Path] = []
    left = [CLEAN, EVERYTHING]

    def write(case_id: str, directory: Path) -> tuple[Path, ...]:
        assert case_id in sample_dicom.CASES
        folders.append(directory)
        return ()

    monkeypatch.setattr(sample_dicom, "write", write)
    monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: (Case(),))
    monkeypatch.setattr(planchecker.checker, "check", lambda _, **__: left.pop(0))
    return folders


def test_the_demonstration_works_whatever_the_verdicts(
    run: Run, quick: list[Path], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    code, out, _ = run("demo", "-o", str(page))
    assert code == 0
    assert out.startswith("Synthetic data")
    assert "FAIL" in out
    assert str(page) in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_goes_to_the_current_folder(
    run: Run, quick: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("demo")[0] == 0
    assert (tmp_path / "planchecker-report.html").is_file()


def test_nothing_else_is_left_behind(run: Run, quick: list[Path], tmp_path: Path) -> None:
    run("demo", "-o", str(tmp_path / "page.html"))
    assert len(quick) == 2
    assert not any(folder.exists() for folder in quick)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_samples_of_the_demonstration_exist() -> None:
    assert set(demo.CASES) <= set(sample_dicom.CASES)


def test_a_real_export_is_checked_end_to_end(run: Run, tmp_path: Path) -> None:
    sample_dicom.write("long-bone-8-in-1", tmp_path)
    code, out, err = run("check", str(tmp_path), "--format", "json")
    document: dict[str, Any] = json.loads(out)
    assert err == ""
    assert document["exit_code"] == code
    assert document["plan"]["prescribed_dose_gy"] == 8.0
    assert document["findings"]
    assert document["library"]["sha256"]
    assert all(file["sha256"] for file in document["inputs"])
