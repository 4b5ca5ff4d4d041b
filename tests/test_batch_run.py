"""A batch from the tree to the account: nothing lost, nothing counted twice."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_trees import write_case, write_dose, write_images, write_plan

import sample_dicom
from planchecker import __version__
from planchecker.batch.accounting import exit_code
from planchecker.batch.elsewhere import told_elsewhere
from planchecker.batch.engines import InProcess
from planchecker.batch.job import Job, Options, Outcome
from planchecker.batch.run import STORE, Ended, run_batch
from planchecker.batch.running import run_job
from planchecker.batch.store import read_store
from planchecker.checker import check
from planchecker.checker.centre import centre_of, protocol_digest
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.errors import PlanCheckerError, ReadError
from planchecker.plan_dose import resolve_plan_dose
from planchecker.reading import read_cases
from planchecker.reports import render
from planchecker.results import Finding, Report, Status

REAL = Path(__file__).parents[2] / "shared" / "real-dicom"
RULES = centre_of()
OPTIONS = Options(
    protocol=RULES.base,
    formats=(),
    program_version=__version__,
    protocol_sha256=protocol_digest(RULES.protocol),
)
INDICATION = RULES.protocol.indications[0].id


def batch(root: Path, out: Path, *, options: Options = OPTIONS, **given: Any) -> Ended:
    engine = given.pop("engine", None) or InProcess(options)
    return run_batch(root, out, options=options, engine=engine, **given)


def rows(out: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    with closing(read_store(out / STORE)) as store:
        return [dict(row) for row in store.execute(query, values)]


def cases(out: Path) -> dict[str, dict[str, Any]]:
    return {row["plan_label"]: row for row in rows(out, 'SELECT * FROM "case"')}


def report_of(out: Path, row: dict[str, Any]) -> Any:
    return json.loads((out / row["report_folder"] / "report.json").read_text("utf-8"))


def written(out: Path) -> dict[Path, bytes]:
    """Return every file that people and programs read, but for the page that tells the time."""
    kept = (".json", ".html", ".jsonl", ".xml", ".css", ".js")
    files = (path for path in sorted(out.rglob("*.*")) if path.suffix in kept)
    found = {path.relative_to(out): path.read_bytes() for path in files}
    assert found.pop(Path("index.html"))
    return found


def assert_accounted(root: Path, out: Path, ended: Ended) -> None:
    """Compare the store with the files on the disk, and the cases with their outcomes."""
    found = ended.account
    assert found.found == found.checked + found.failed + found.skipped
    on_disk = {path.as_posix() for path in root.rglob("*") if not path.is_dir()}
    stored = rows(out, "SELECT path FROM file WHERE batch_id = ?", ended.batch_id)
    assert {row["path"] for row in stored} == on_disk
    outcomes = rows(out, "SELECT * FROM batch_case WHERE batch_id = ?", ended.batch_id)
    assert len(outcomes) == found.found
    held = {row["key"]: row for row in rows(out, 'SELECT * FROM "case"')}
    for one in outcomes:
        case = held[one["key"]]
        if one["outcome"] == "failed":
            assert case["status"] is None
            assert case["exit_code"] == 2
            assert rows(out, "SELECT 1 FROM error WHERE case_id = ?", case["id"])
        else:
            assert (out / case["report_folder"] / "report.json").is_file()
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    assert sorted(json.loads(line)["key"] for line in lines) == sorted(o["key"] for o in outcomes)


def test_every_file_and_every_case_is_accounted_for(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "a" / "deep" / "er", 1)
    write_case(root / "b", 2)
    shutil.copytree(root / "b", root / "copy of b")
    write_images(root / "only images", 3)
    (root / "notes.txt").write_text("nothing to see")
    plan = write_plan(root / "cut", 4)
    plan.write_bytes(plan.read_bytes()[:-200])
    (root / "empty.dcm").touch()
    ended = batch(root, out)
    assert_accounted(root, out, ended)
    assert (ended.account.found, ended.account.checked) == (2, 2)
    assert ended.account.files == {"object": 10, "copy": 4, "foreign": 1, "unreadable": 2}
    assert ended.account.idle == 1
    assert ended.account.unreadable == 2
    assert rows(out, "SELECT count(*) AS n FROM error WHERE kind = 'unreadable'") == [{"n": 2}]


@pytest.mark.parametrize(
    ("damage", "code"),
    [(None, 3), ("cut", 2), ("emptied", 2)],
)
def test_what_could_not_be_read_is_never_zero(tmp_path, damage, code):
    root = tmp_path / "tree"
    write_case(root / "a", 1)
    plan = write_plan(root / "b", 2)
    if damage is None:
        plan.unlink()
    else:
        plan.write_bytes(plan.read_bytes()[:300] if damage == "cut" else b"")
    assert exit_code(batch(root, tmp_path / "out").account) == code


def test_a_tree_without_a_case_is_not_a_pass(tmp_path):
    (tmp_path / "tree").mkdir()
    assert exit_code(batch(tmp_path / "tree", tmp_path / "out").account) == 2
    with pytest.raises(ReadError, match="does not exist"):
        batch(tmp_path / "none", tmp_path / "out")


def test_flat_and_nested_trees_give_the_same_reports(tmp_path):
    for number in range(3):
        write_case(tmp_path / "nested" / str(number), number)
        for path in (tmp_path / "nested" / str(number)).iterdir():
            flat = tmp_path / "flat" / f"{number}.{path.name}"
            flat.parent.mkdir(exist_ok=True)
            shutil.copy(path, flat)
    batch(tmp_path / "nested", tmp_path / "one")
    batch(tmp_path / "flat", tmp_path / "two")
    one, two = cases(tmp_path / "one"), cases(tmp_path / "two")
    assert {k: (v["key"], v["status"]) for k, v in one.items()} == {
        k: (v["key"], v["status"]) for k, v in two.items()
    }
    assert len(one) == 3


def test_two_plans_in_one_frame_see_each_other_though_in_different_folders(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "first", 1)
    write_plan(root / "second", 1, number=1)
    write_dose(root / "second", 1, number=1)
    assert batch(root, out).account.found == 2
    for row in cases(out).values():
        findings = report_of(out, row)["findings"]
        overlap = next(f for f in findings if f["code"] == "RI002")
        assert "other plan" in overlap["message"]
        assert overlap["status"] != "pass"


def test_a_plan_that_names_structures_of_another_patient_fails_as_in_check(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "one", 1)
    write_case(root / "two", 2)
    write_plan(root / "two", 2, structures="1.2.826.2.1")
    batch(root, out)
    wrong = cases(out)["T2.0"]
    alone = check(read_cases([root])[-1])
    assert wrong["status"] == alone.status.value == "fail"
    assert any(
        f["code"] == "ID001" and f["status"] == "fail" for f in report_of(out, wrong)["findings"]
    )


def test_unrelated_patients_in_one_folder_do_not_disturb_each_other(tmp_path):
    root = tmp_path / "tree"
    for number in (1, 2):
        write_case(tmp_path / str(number), number)
        for path in (tmp_path / str(number)).iterdir():
            (root).mkdir(exist_ok=True)
            shutil.copy(path, root / f"{number}{path.name}")
    batch(root, tmp_path / "out")
    for label, row in cases(tmp_path / "out").items():
        alone = check(read_cases([tmp_path / label[1]])[0])
        assert row["status"] == alone.status.value
        ids = [f["status"] for f in report_of(tmp_path / "out", row)["findings"]]
        assert ids == [f.status.value for f in alone.ranked]


def test_files_that_differ_under_one_plan_uid_are_a_failed_case(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "a", 1)
    write_plan(root / "b", 1, label="another")
    ended = batch(root, out)
    assert_accounted(root, out, ended)
    assert (ended.account.found, ended.account.failed) == (1, 1)
    error = rows(out, "SELECT * FROM error")[0]
    assert error["kind"] == "refused"
    assert "differ but share the SOP Instance UID" in error["message"]


def test_a_plan_elsewhere_of_the_patient_is_no_silent_pass(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "now", 1)
    write_plan(root / "before", 1, number=1, structures="", frame="1.2.9.9")
    write_dose(root / "before", 1, number=1, frame="1.2.9.9")
    batch(root, out)
    report = report_of(out, cases(out)["T1.0"])
    (told,) = (f for f in report["findings"] if f["code"] == "RI002")
    assert told["status"] == "not-evaluated"
    assert "'T1.1'" in told["message"]
    assert not [f for f in report["findings"] if f["code"] == "ID007"]
    assert report["exit_code"] in (1, 3)


def test_what_passed_for_want_of_another_plan_is_taken_back():
    passed = [
        Finding(code=code, subject="plan", status=Status.PASS, message="none")
        for code in ("RI002", "ID007")
    ]
    other = Finding(code="DL001", subject="SpinalCord", status=Status.PASS, message="met")
    report = Report(findings=(*passed, other))
    assert told_elsewhere(report, (), anonymise=False) is report
    told = told_elsewhere(report, ("T8 <b>",), anonymise=True)
    assert [f.code for f in told.findings] == ["DL001", "RI002"]
    assert told.status is Status.NOT_EVALUATED
    assert "T8" not in told.findings[1].message


def test_the_output_within_the_tree_is_no_input(tmp_path):
    write_case(tmp_path / "a", 1)
    batch(tmp_path, tmp_path / "out")
    again = batch(tmp_path, tmp_path / "out")
    assert again.account.files == {"object": 4}


# Resuming


class Counting:
    """An engine that remembers what it was given."""

    name = "in-process"

    def __init__(self, options: Options = OPTIONS) -> None:
        self.given: list[str] = []
        self._options = options

    def run(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        for job in jobs:
            self.given.append(job.label)
            yield run_job(job, self._options)


def resumed(root: Path, out: Path, options: Options = OPTIONS, **given: Any) -> list[str]:
    engine = Counting(options)
    ended = batch(root, out, options=options, engine=engine, resume=True, **given)
    found = ended.account
    assert found.found == found.checked + found.failed + found.skipped
    return sorted(engine.given)


@pytest.fixture
def done(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    for number in (1, 2):
        write_case(root / str(number), number)
    batch(root, out)
    return root, out


def test_nothing_is_redone_where_nothing_changed(done):
    assert resumed(*done) == []
    assert exit_code(batch(*done, resume=True).account) == 3


def test_a_changed_file_redoes_its_case(done):
    root, out = done
    write_plan(root / "1", 1, label="new")
    assert resumed(root, out) == ["new"]


def test_a_touched_file_with_the_same_content_redoes_nothing(done):
    root, out = done
    os.utime(root / "1" / "RP.0.dcm", ns=(1, 1))
    assert resumed(root, out) == []


def test_a_change_behind_the_same_size_and_time_is_found_by_rehash(done):
    root, out = done
    path = root / "1" / "RD.0.dcm"
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert resumed(root, out, rehash=True) == ["T1.0"]


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_a_report_that_is_not_whole_is_made_again(done, how):
    root, out = done
    report = out / cases(out)["T2.0"]["report_folder"] / "report.json"
    if how == "gone":
        shutil.rmtree(report.parent)
    else:
        report.write_bytes(report.read_bytes()[:100])
    assert resumed(root, out) == ["T2.0"]


@pytest.mark.parametrize(
    "other",
    [
        {"indication": INDICATION},
        {"summed": True},
        {"second_opinion": True},
        {"protocol_sha256": "other"},
        {"program_version": ""},
        {"lang": "fr"},
    ],
)
def test_other_options_redo_everything(done, other):
    assert resumed(*done, replace(OPTIONS, **other)) == ["T1.0", "T2.0"]


def test_a_case_that_failed_is_tried_again(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "a", 1)
    batch(root, out, options=replace(OPTIONS, program_version="another"))
    assert cases(out)["T1.0"]["status"] is None
    assert "install the same version" in rows(out, "SELECT message FROM error")[0]["message"]
    assert resumed(root, out) == ["T1.0"]
    assert cases(out)["T1.0"]["status"] == "not-evaluated"


def test_a_moved_tree_needs_no_new_checks(done):
    root, out = done
    root.rename(root.with_name("moved"))
    assert resumed(root.with_name("moved"), out) == []


def test_what_an_earlier_run_found_and_this_one_did_not_is_told(done):
    root, out = done
    shutil.rmtree(root / "2")
    ended = batch(root, out, resume=True)
    assert (ended.account.found, ended.account.skipped, ended.account.earlier) == (1, 1, 1)
    assert len((out / "results.jsonl").read_text("utf-8").splitlines()) == 1


def test_a_case_that_came_back_worse_loses_its_report(done):
    root, out = done
    before = out / cases(out)["T1.0"]["report_folder"]
    write_plan(root / "x", 1, label="twin")
    batch(root, out, resume=True)
    assert not before.exists()
    assert rows(out, 'SELECT count(*) AS n FROM "case" WHERE status IS NULL') == [{"n": 1}]


# What the rows hold


def test_rows_agree_with_the_report(tmp_path):
    sample_dicom.write("spine-sbrt-24-in-2-cord-over", tmp_path / "tree")
    out = tmp_path / "out"
    batch(tmp_path / "tree", out, options=replace(OPTIONS, formats=("html", "csv")))
    row = next(iter(cases(out).values()))
    report = report_of(out, row)
    assert row["status"] == report["status"] == "fail"
    assert row["exit_code"] == 1
    assert row["scheme"] == report["plan"]["scheme"]["id"]
    case = read_cases([tmp_path / "tree"])[0]
    assert row["planned_on"] == case.plan.planned_on.isoformat()
    assert row["machine"] == case.plan.treatment_beams[0].machine
    findings = rows(out, "SELECT * FROM finding ORDER BY position")
    assert [f["finding_id"] for f in findings] == [f["id"] for f in report["findings"]]
    assert [f["bound"] for f in findings] == [f["limit"] for f in report["findings"]]
    inputs = rows(out, "SELECT path, sha256 FROM case_input ORDER BY path")
    assert [(i["path"], i["sha256"]) for i in inputs] == sorted(
        (i["path"], i["sha256"]) for i in report["inputs"]
    )
    assert {f.name for f in (out / row["report_folder"]).iterdir()} == {
        "report.json",
        "report.html",
        "report.csv",
    }
    metrics = rows(out, "SELECT * FROM metric WHERE structure = 'SpinalCord'")
    assert {"Dmax", "D0.03cc", "Dmean"} <= {m["expression"] for m in metrics}
    cord = next(m for m in metrics if m["expression"] == "D0.03cc")
    contour = next(s for s in case.structure_set.structures if s.roi_number == cord["roi_number"])
    spacing = case.images[0].thickness_mm
    dose = resolve_plan_dose(case, fraction_tolerance=0.2, targets=()).grid
    answer = compute_dvh(contour, dose, spacing_mm=spacing).metric("D0.03cc")
    assert (cord["value"], cord["unit"]) == (answer.value, "Gy")
    assert (cord["band_low"], cord["band_high"]) == answer.band


def test_without_the_patient(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "doe", 1)
    cut = write_plan(root / "doe2", 2)
    cut.write_bytes(cut.read_bytes()[:400])
    write_plan(root / "doe3", 3)
    write_plan(root / "doe4", 3, label="Doe^Jane")
    batch(root, out, options=replace(OPTIONS, anonymise=True, formats=("html",)))
    tell_tales = ("P00001", "Doe", "1.2.826", "T1.0", "20240229", "RP.0", str(root))
    for path in (*out.glob("cases/*/*"), out / "results.jsonl", out / "junit.xml"):
        text = path.read_text("utf-8")
        assert [word for word in tell_tales if word in text] == [], path
    for table in ('"case"', "finding", "metric", "error", "override"):
        for row in rows(out, f"SELECT * FROM {table}"):  # noqa: S608
            held = " ".join(str(v) for v in row.values())
            assert [word for word in tell_tales if word in held] == [], table


def test_the_report_carries_what_resuming_rests_on(tmp_path):
    write_case(tmp_path / "tree", 1)
    options = replace(OPTIONS, indication=INDICATION, summed=True)
    batch(tmp_path / "tree", tmp_path / "out", options=options)
    report = report_of(tmp_path / "out", next(iter(cases(tmp_path / "out").values())))
    assert report["options"] == {
        "indication": INDICATION,
        "second_opinion": False,
        "summed": True,
        "prior": [],
    }
    assert report["program"]["version"] == __version__
    assert report["protocol_sha256"] == options.protocol_sha256
    assert all(len(one["sha256"]) == 64 for one in report["inputs"])
    assert len(report["inputs"]) == 4


# The same verdicts as `check`


@pytest.mark.parametrize("name", sample_dicom.available())
def test_a_sample_gets_the_report_that_check_gives(tmp_path, name):
    for other in ("long-bone-8-in-1", name):
        sample_dicom.write(other, tmp_path / "tree" / other)
    out = tmp_path / "out"
    batch(tmp_path / "tree", out)
    alone = render(check(read_cases([tmp_path / "tree" / name])[0]), "json")
    assert alone in [p.read_text("utf-8") for p in out.glob("cases/*/report.json")]


def real_folders() -> list[Path]:
    return sorted(p for p in REAL.iterdir() if p.is_dir()) if REAL.is_dir() else []


# Two unrelated patients lie in one folder there: `check` must refuse to mix them, a batch must not.
MIXED = ("monaco-srs-structs", "pydicom-tiny-rt")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real exports at {REAL}")
@pytest.mark.parametrize("folder", real_folders(), ids=lambda path: path.name)
def test_a_real_export_gets_the_verdicts_that_check_gives(tmp_path, folder):
    if folder.name in MIXED:
        pytest.skip("unrelated patients in one folder")
    ended = batch(folder, tmp_path / "out")
    mine = [r["status"] for r in rows(tmp_path / "out", 'SELECT * FROM "case"') if r["status"]]
    assert sorted(mine) == sorted(check(case).status.value for case in read_cases([folder]))
    assert_accounted(folder, tmp_path / "out", ended)


def test_a_store_of_another_program_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    with closing(sqlite3.connect(tmp_path / "out" / STORE)) as other:
        other.execute("CREATE TABLE t (x)")
        other.commit()
    write_case(tmp_path / "tree", 1)
    with pytest.raises(PlanCheckerError, match="another program"):
        batch(tmp_path / "tree", tmp_path / "out")
