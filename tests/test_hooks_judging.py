import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from dicom_factory import encode
from hooks_support.sets import small_set, write_set
from pydicom import dcmread

import planchecker
import planchecker.cli
import planchecker.reports
from planchecker.case import Beam, Case, DoseObject, ImageSlice, Patient, Plan, StructureSet
from planchecker.errors import PlanCheckerError
from planchecker.hooks import isolated
from planchecker.hooks.completeness import incomplete, missing_from
from planchecker.hooks.isolated import JudgingError, judge_isolated
from planchecker.hooks.judging import Options, Outcome, Request, judge, subject_of
from planchecker.results import Status

WHO = Patient(id="P1")
PLAN = Plan(
    sop_instance_uid="1.1",
    sop_class_uid="",
    label="",
    patient=WHO,
    structure_set_uid="1.2",
    beams=(
        Beam(number=1, name=""),
        Beam(number=2, name=""),
        Beam(number=9, name="", delivery="SETUP"),
    ),
)
STRUCTURES = StructureSet(
    sop_instance_uid="1.2", label="", patient=WHO, structures=(), image_uids=("1.4", "1.5")
)
DOSE = DoseObject(sop_instance_uid="1.3", patient=WHO, summation="PLAN", plan_uids=("1.1",))
IMAGES = tuple(
    ImageSlice(sop_instance_uid=uid, series_uid="", patient=WHO, path="") for uid in ("1.4", "1.5")
)
WHOLE = Case(plan=PLAN, structure_set=STRUCTURES, doses=(DOSE,), images=IMAGES)


def beam_dose(*numbers: int) -> DoseObject:
    return replace(DOSE, summation="BEAM", beam_numbers=numbers)


COMPLETE = {
    "everything": WHOLE,
    "a dose for every treatment beam": replace(WHOLE, doses=(beam_dose(1), beam_dose(2))),
    "a dose that names no plan": replace(WHOLE, doses=(replace(DOSE, plan_uids=()),)),
    "structures drawn on no image": replace(
        WHOLE, structure_set=replace(STRUCTURES, image_uids=()), images=()
    ),
    "a plan that names no structure set": replace(WHOLE, plan=replace(PLAN, structure_set_uid="")),
}
GAPS = {
    "plan": (replace(WHOLE, plan=None), "RT Plan"),
    "structures": (replace(WHOLE, structure_set=None), "structure set 1.2"),
    "the named structures": (
        replace(WHOLE, structure_set=replace(STRUCTURES, sop_instance_uid="1.9")),
        "structure set 1.2",
    ),
    "dose": (replace(WHOLE, doses=()), "dose"),
    "the dose of another plan": (
        replace(WHOLE, doses=(replace(DOSE, plan_uids=("1.9",)),)),
        "dose",
    ),
    "one beam": (replace(WHOLE, doses=(beam_dose(1),)), "dose"),
    "one slice": (replace(WHOLE, images=IMAGES[:1]), "1 of 2 image slices"),
    "all slices": (replace(WHOLE, images=()), "2 of 2 image slices"),
}


@pytest.mark.parametrize("case", COMPLETE.values(), ids=COMPLETE)
def test_a_whole_set_lacks_nothing(case: Case) -> None:
    assert missing_from(case) == ()


@pytest.mark.parametrize(("case", "words"), GAPS.values(), ids=GAPS)
def test_a_gap_is_named(case: Case, words: str) -> None:
    assert len(missing_from(case)) == 1
    assert words in missing_from(case)[0]


def test_images_are_not_waited_for_where_none_are_sent() -> None:
    assert missing_from(GAPS["all slices"][0], images_expected=False) == ()
    assert missing_from(GAPS["one slice"][0], images_expected=False) != ()


def test_the_finding_says_what_lacks_and_what_to_do() -> None:
    finding = incomplete(("the dose",), waited_s=60)
    assert finding.status is Status.NOT_EVALUATED
    assert "the dose" in finding.message
    assert "60 s" in finding.message
    assert finding.remedy


def test_the_finding_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        planchecker.cli.app(args=["explain", "hk001"], prog_name="planchecker")
    assert not stop.value.code
    assert "Not evaluated" in capsys.readouterr().out


@pytest.mark.parametrize("uid", ["", "..", "../1", "1.", "CON", "1/2", "1\\2", "1" * 65])
def test_a_folder_is_never_named_by_something_that_is_no_uid(uid: str) -> None:
    assert subject_of(uid).startswith("odd-")
    assert set(subject_of(uid)) <= set("od-0123456789abcdef")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sample_dicom import write  # noqa: PLC0415 - heavy

    folder = tmp_path_factory.mktemp("sample")
    write("long-bone-8-in-1", folder)
    return folder


def test_a_hook_gives_the_status_of_the_library_and_writes_every_form(
    sample: Path, tmp_path: Path
) -> None:
    outcome = judge(Request(paths=(str(sample),), folder=str(tmp_path), name="x"))[0]
    report = planchecker.check(planchecker.read(sample))
    assert (outcome.status, outcome.exit_code) == (report.status, report.exit_code)
    assert outcome.missing == ()
    folder = Path(outcome.folder)
    assert {path.name for path in folder.iterdir()} == {
        "report.json",
        "report.html",
        "report.txt",
        "report.dcm",
    }
    assert json.loads((folder / "report.json").read_text())["status"] == outcome.status
    result = dcmread(folder / "report.dcm")
    plan = dcmread(sample / "RP.dcm")
    assert (result.PatientID, result.StudyInstanceUID) == (plan.PatientID, plan.StudyInstanceUID)
    # The very object that `check --format dicom` writes.
    same = dcmread(BytesIO(planchecker.reports.render_document(report, "dicom")))
    assert result.EncapsulatedDocument[:4] == b"%PDF"
    assert result.DocumentTitle == same.DocumentTitle == f"Plan check: {report.status.value}"


def test_the_result_can_be_a_structured_report(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    write_set(tmp_path / "in")
    (tmp_path / "out").mkdir()
    request = Request(
        paths=(str(tmp_path / "in"),),
        folder=str(tmp_path / "out"),
        name="x",
        options=Options(result_form="sr"),
    )
    result = dcmread(Path(judge(request)[0].folder) / "report.dcm")
    assert result.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33"


def test_a_plan_that_can_be_filed_in_no_study_is_judged_all_the_same(tmp_path: Path) -> None:
    paths = write_set(tmp_path / "in")
    plan = dcmread(paths["RP"])
    del plan.StudyInstanceUID
    plan.save_as(paths["RP"])
    (tmp_path / "out").mkdir()
    request = Request(paths=(str(tmp_path / "in"),), folder=str(tmp_path / "out"), name="x")
    outcome = judge(request)[0]
    assert outcome.status
    assert not (Path(outcome.folder) / "report.dcm").exists()


@pytest.mark.parametrize("left_out", ["RD.dcm", "CT.001.dcm"])
def test_a_set_that_passes_when_whole_never_passes_with_a_gap(
    sample: Path, tmp_path: Path, left_out: str
) -> None:
    paths = tuple(str(path) for path in sample.iterdir() if path.name != left_out)
    outcome = judge(Request(paths=paths, folder=str(tmp_path), name="x", waited_s=5))[0]
    assert outcome.exit_code in (1, 3)
    assert outcome.status in ("fail", "not-evaluated")
    assert "HK001" in (Path(outcome.folder) / "report.json").read_text()


def test_nothing_is_judged_before_it_is_complete_where_that_is_asked(tmp_path: Path) -> None:
    paths = write_set(tmp_path / "in")
    request = Request(
        paths=(str(paths["RP"]), str(paths["RS"])),
        folder=str(tmp_path),
        name="x",
        only_complete=True,
    )
    outcome = judge(request)[0]
    assert (outcome.status, outcome.folder, len(outcome.missing)) == ("", "", 2)


def test_a_set_without_a_plan_has_a_folder_of_its_own(tmp_path: Path) -> None:
    paths = write_set(tmp_path / "in")
    outcome = judge(Request(paths=(str(paths["RD"]),), folder=str(tmp_path / "out"), name="x"))[0]
    assert outcome.subject.startswith("no-plan-")
    assert outcome.exit_code != 0


def test_another_process_gives_the_same_answer(tmp_path: Path) -> None:
    write_set(tmp_path / "in")
    request = Request(paths=(str(tmp_path / "in"),), folder=str(tmp_path / "a"), name="x")
    here = judge(request)
    there = judge_isolated(replace(request, folder=str(tmp_path / "b")), timeout_s=60)
    assert [replace(o, folder="") for o in there] == [replace(o, folder="") for o in here]


def test_what_cannot_be_read_is_an_error_of_the_set(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(b"nothing")
    request = Request(paths=(str(tmp_path),), folder=str(tmp_path / "out"), name="x")
    with pytest.raises(JudgingError, match="no DICOM plan") as caught:
        judge_isolated(request, timeout_s=60)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.kind == "judging refused: ReadError"


@pytest.mark.parametrize(
    ("code", "words", "timeout_s"),
    [
        ("import os; os.abort()", "code -6", 60),
        ("raise SystemExit(3)", "code 3", 60),
        ("print('{}')", "0 answers", 60),
        ("print('[1]')", "code 0", 60),
        ("print('not json')", "code 0", 60),
        ("raise MemoryError('huge')", "huge", 60),
        ("import time; time.sleep(600)", "longer than", 0.5),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="exit codes of signals are those of POSIX")
def test_a_process_that_goes_wrong_is_never_a_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, words: str, timeout_s: float
) -> None:
    stand_in(monkeypatch, tmp_path, code)
    with pytest.raises(JudgingError, match=words) as caught:
        judge_isolated(Request(paths=(), folder="", name=""), timeout_s=timeout_s)
    assert "huge" not in caught.value.kind


def test_others_are_seen_to_while_a_process_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(600)")
    stop, called = threading.Event(), []

    def meanwhile() -> None:
        called.append(1)
        if len(called) == 3:
            stop.set()

    request = Request(paths=(), folder="", name="")
    with pytest.raises(JudgingError, match="stopped"):
        judge_isolated(request, timeout_s=60, stop=stop, meanwhile=meanwhile)
    assert len(called) == 3


def test_a_process_is_ended_when_the_service_stops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(600)")
    stop = threading.Event()
    stop.set()
    started = time.monotonic()
    with pytest.raises(JudgingError, match="stopped"):
        judge_isolated(Request(paths=(), folder="", name=""), timeout_s=600, stop=stop)
    assert time.monotonic() - started < 50


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let some other code run in place of the child."""
    real = isolated.subprocess.Popen
    script = folder / "child.py"
    script.write_text(f"import sys; sys.stdin.read()\n{code}\n")

    def popen(_: list[str], **options: object) -> object:
        return real([sys.executable, str(script)], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(isolated.subprocess, "Popen", popen)


def test_the_library_may_be_called_from_several_threads(tmp_path: Path) -> None:
    for n in range(4):
        write_set(tmp_path / str(n), f"1.2.{n}", patient=f"P{n}")

    def one(n: int) -> str:
        report = planchecker.check(planchecker.read(tmp_path / str(n)))
        return planchecker.render(report, "json")

    alone = [one(n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(one, [0, 1, 2, 3, 3, 2, 1, 0]))
    assert together == [*alone, *reversed(alone)]


def test_two_plans_of_a_set_are_two_outcomes(tmp_path: Path) -> None:
    write_set(tmp_path / "in")
    second = small_set()["RP"]
    second.SOPInstanceUID = "1.2.3.77"
    (tmp_path / "in" / "RP2.dcm").write_bytes(encode(second))
    outcomes = judge(Request(paths=(str(tmp_path / "in"),), folder=str(tmp_path / "o"), name="x"))
    assert {outcome.subject for outcome in outcomes} == {"1.2.3.1", "1.2.3.77"}
    lacking = next(outcome for outcome in outcomes if outcome.subject == "1.2.3.77")
    assert lacking.missing


def test_an_unknown_protocol_is_an_error(tmp_path: Path) -> None:
    write_set(tmp_path / "in")
    request = Request(
        paths=(str(tmp_path / "in"),),
        folder=str(tmp_path / "o"),
        name="x",
        options=Options(indication="nonsense"),
    )
    judged: Callable[[], tuple[Outcome, ...]] = lambda: judge_isolated(request, timeout_s=60)  # noqa: E731
    with pytest.raises(PlanCheckerError, match="nonsense"):
        judged()
