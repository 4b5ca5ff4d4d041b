"""Seeded errors: made as DICOM files, found by the check that must find them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import case_factory as factory
import numpy as np
import pytest
from typer.testing import CliRunner

import sample_dicom
from benchmarks.commission import BEGIN, CLEAN, END, INFORMS, tables
from planchecker.checker import check
from planchecker.checks import CHECKS
from planchecker.cli import app
from planchecker.commission import MUTATIONS, Commissioning, Trial, commission, render
from planchecker.commission.memory import Memory
from planchecker.commission.runner import judged
from planchecker.errors import ReadError
from planchecker.reading import read_case, read_cases
from planchecker.results import Finding, Report, Status
from sample_dicom.scenarios import SCENARIOS, write_scenario

SAMPLE = "long-bone-8-in-1"
# One error a family, so that the test stays quick; benchmarks run them all on every sample.
SOME = (
    "dose-of-other-plan",
    "slice-not-exported",
    "target-gap",
    "swapped",
    "leaves-crossed",
    "isocentre-1cm",
    "relative-dose",
    "cold-half",
    "no-cord",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("sample")
    sample_dicom.write(SAMPLE, home)
    return home


@pytest.fixture(scope="module")
def run(folder):
    chosen = tuple(one for one in MUTATIONS if one.id in SOME)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = commission([folder], mutations=chosen, second_opinion=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return found


def test_every_possible_error_is_found(run):
    assert run.missed == ()
    assert run.sensitivity == 1.0
    assert {trial.exit_code for trial in run.possible} <= {1, 3}


def test_the_clean_plan_is_not_flagged(run):
    assert run.clean == ()
    assert run.false_flags == ()


def test_an_error_that_cannot_be_made_says_why(run):
    (trial,) = (trial for trial in run.trials if trial.id == "no-cord")
    assert trial.detected is None
    assert "not spine" in trial.said


def test_found_errors_quote_the_finding(run):
    (trial,) = (trial for trial in run.trials if trial.id == "leaves-crossed")
    assert trial.said.startswith("fail: Beam AP: MLCX at control point 0: pair")


def test_a_silent_check_counts_as_missed(folder):
    deaf = replace(next(m for m in MUTATIONS if m.id == "water"), code="ID001")
    (trial,) = commission([folder], mutations=(deaf,), second_opinion=False).trials
    assert trial.detected is False
    assert "not found by ID001; new are DG005 manual" in trial.said


def test_a_finding_that_does_not_name_the_error_counts_as_missed(folder):
    vague = replace(next(m for m in MUTATIONS if m.id == "water"), says="a leaf pair")
    (trial,) = commission([folder], mutations=(vague,), second_opinion=False).trials
    assert trial.detected is False


def test_a_finding_that_leaves_the_exit_code_at_0_counts_as_missed():
    (mutation,) = (m for m in MUTATIONS if m.id == "cold-spot")
    cold = Finding(code="TC013", subject="GTV", status=Status.WARN, message="away from the cord")
    trial = judged(mutation, Report(findings=(cold,)), frozenset())
    assert (trial.detected, trial.exit_code) == (False, 0)
    worse = Finding(code="TC003", subject="GTV", status=Status.FAIL, message="cold")
    assert judged(mutation, Report(findings=(cold, worse)), frozenset()).detected is True


def test_what_was_said_of_the_clean_plan_is_no_detection():
    (mutation,) = (m for m in MUTATIONS if m.id == "rejected-plan")
    old = Finding(code="ID006", subject="plan", status=Status.FAIL, message="The plan is REJECTED.")
    known = frozenset({(old.code, old.subject, old.status.value, old.message)})
    assert judged(mutation, Report(findings=(old,)), known).detected is False
    assert judged(mutation, Report(findings=(old,)), frozenset()).detected is True


def test_only_what_is_the_same_to_the_last_byte_is_remembered():
    memory = Memory()
    first, again = memory.same(factory.case()), memory.same(factory.case())
    one, other = first.structure_set.structures[0], again.structure_set.structures[0]
    assert one is other
    assert first.doses[0].grid is again.doses[0].grid
    moved = factory.changed(
        one.contours[0], points_mm=one.contours[0].points_mm + np.array([1e-9, 0.0, 0.0])
    )
    changed = factory.changed(one, contours=(moved, *one.contours[1:]))
    third = memory.same(factory.case(structure_set=factory.structure_set(changed)))
    assert third.structure_set.structures[0] is not one
    grid = first.doses[0].grid
    (known,) = memory.histograms([one], grid)
    found, again, other = memory.histograms([one, one, changed], grid)
    assert found is again is known
    assert other is not known


def test_a_folder_must_hold_one_plan(tmp_path, folder):
    with pytest.raises(ReadError, match="does not exist"):
        commission([tmp_path / "nothing"])
    (tmp_path / "RS.dcm").write_bytes((folder / "RS.dcm").read_bytes())
    with pytest.raises(ReadError, match="0 plans under the paths"):
        commission([tmp_path])


def test_mutations_are_written_as_files_that_other_readers_know(folder, tmp_path):
    from pydicom import dcmread  # noqa: PLC0415

    from constraints.loader import load_protocol  # noqa: PLC0415
    from planchecker.checker import build_context  # noqa: PLC0415
    from planchecker.commission.export import Export  # noqa: PLC0415

    (case,) = read_cases([folder])
    export = Export(build_context(case, load_protocol("bone_metastases")))
    next(m for m in MUTATIONS if m.id == "rejected-plan").apply(export)
    export.write(tmp_path)
    plans = [d for d in map(dcmread, Path(tmp_path).iterdir()) if d.Modality == "RTPLAN"]
    assert [d.ApprovalStatus for d in plans] == ["REJECTED"]


# Values and renderers

FOUND = Trial(
    id="a", title="first <error>", code="ID001", detected=True, exit_code=1, said="fail: x"
)
MISSED = Trial(id="b", title="second", code="ID002", detected=False, exit_code=0, said="not found")
NOT_MADE = Trial(id="c", title="third", code="ID002", detected=None, said="not possible: y")
RUN = Commissioning(
    plan="T10 <b>",
    codes=("ID001", "ID002"),
    clean=("ID002 warn plan: \x1b[31mred",),
    trials=(FOUND, MISSED, NOT_MADE),
    program_version="1",
)


def test_sensitivity_counts_what_could_be_made():
    assert RUN.sensitivity == 0.5
    assert RUN.of("ID002") == (0, 1)
    assert RUN.missed == (MISSED,)
    assert RUN.false_flags == ("ID002",)
    assert Commissioning(plan="", codes=(), clean=(), trials=()).sensitivity is None


def test_terminal_lists_what_was_missed():
    text = render(RUN, "terminal")
    assert "1 of 2 seeded errors found (50 %); 1 not possible" in text
    assert "MISSED" in text
    assert "\x1b" not in text


def test_json_is_one_object():
    content = json.loads(render(RUN, "json"))
    assert content["schema"] == "planchecker-commissioning/1"
    assert content["missed"] == ["b"]
    assert content["checks"] == [
        {"code": "ID001", "found": 1, "made": 1},
        {"code": "ID002", "found": 0, "made": 1},
    ]
    assert [trial["detected"] for trial in content["trials"]] == [True, False, None]


def test_html_escapes_and_asks_for_nothing():
    page = render(RUN, "html")
    assert "first &lt;error&gt;" in page
    assert "T10 &lt;b&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="unknown format 'pdf'"):
        render(RUN, "pdf")


@pytest.mark.parametrize(("missed", "code"), [((MISSED,), 1), ((), 0)])
def test_the_exit_code_tells_of_missed_errors(monkeypatch, folder, missed, code):
    import planchecker.commission  # noqa: PLC0415

    done = replace(RUN, trials=(FOUND, *missed))
    monkeypatch.setattr(planchecker.commission, "commission", lambda *_, **__: done)
    result = CliRunner().invoke(app, ["commission", str(folder)])
    assert result.exit_code == code
    assert "seeded errors found" in result.stdout


def test_mutations_never_want_a_pass_and_say_what_they_want_to_hear():
    assert all(one.statuses and Status.PASS not in one.statuses for one in MUTATIONS)
    assert all(len(one.says) > 2 for one in MUTATIONS)


# The table of the README


@pytest.mark.parametrize("name", CLEAN)
def test_the_clean_samples_are_flagged_by_nothing(name, tmp_path):
    if name in SCENARIOS:
        home = write_scenario(name, tmp_path)[0]
    else:
        sample_dicom.write(name, tmp_path)
        home = tmp_path
    assert check(read_case(home)).attention == ()


def test_the_benchmark_makes_its_tables_of_runs():
    run_of = json.loads(render(RUN, "json"))
    text = tables({"one": run_of, "two": run_of})
    assert "| one | 2 | 1 | 1 | ID002 warn |" in text
    assert "| ID001 | 1 | 2 | 2 |" in text
    assert "| ID002 | 2 | 2 | 0 |" in text


def test_the_readme_lists_every_check_and_found_every_error():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    shown = text.split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| ")]
    by_sample = {row[0]: row for row in rows if row[0] in (*sample_dicom.available(), *SCENARIOS)}
    by_check = {row[0]: row for row in rows if re.fullmatch(r"[A-Z]{2}\d{3}", row[0])}
    assert set(CLEAN) <= set(by_sample)
    assert all(int(made) == int(found) for _, made, _, found, _ in by_sample.values())
    assert all(by_sample[name][4] == "none" for name in CLEAN)
    assert set(by_check) == {check.code for check in CHECKS}
    assert all(made == found for _, _, made, found in by_check.values())
    assert [code for code, row in by_check.items() if row[2] == "–"] == list(INFORMS)
