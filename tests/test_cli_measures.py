import csv
import io
import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import case_factory as make
import numpy as np
import pytest

import planchecker.cli
import planchecker.reading
from constraints.metric import Metric
from planchecker.case import Case, LinkKind
from planchecker.cli.measure import measure_doses
from planchecker.cli.output import progress
from planchecker.dosimetry.dose import DoseGrid
from planchecker.errors import PlanCheckerError

Run = Callable[..., tuple[int, str, str]]
METRICS = {"Dmean": Metric.parse("Dmean"), "D500cc": Metric.parse("D500cc")}
FORMULAS = ["=1+1", "+1", "-1", "@sum"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on cases that were never files."""

    def run_(cases: tuple[Case, ...], *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: cases)
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(arguments), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


def named(name: str) -> Case:
    return make.case(structure_set=make.structure_set(replace(make.box(), name=name)))


def test_dvh_json_has_the_keys_of_the_interface(run: Run) -> None:
    code, out, _ = run((make.case(),), "dvh", ".", "--format", "json", "--metric", "Dmean")
    document = json.loads(out)
    first = document["structures"][0]
    assert code == 0
    assert list(document) == ["structures", "notes"]
    assert list(first) == ["roi_number", "roi_name", "volume_cc", "outside_grid_cc", "metrics"]
    assert list(first["metrics"]["Dmean"]) == ["value", "unit", "band"]


def test_dvh_measures_what_can_be_worked_out_by_hand(run: Run) -> None:
    _, out, _ = run((make.case(),), "dvh", ".", "--format", "json", "--metric", "Dmean")
    box = json.loads(out)["structures"][0]
    assert box["metrics"]["Dmean"]["value"] == pytest.approx(30.0, abs=1e-4)
    assert box["volume_cc"] == pytest.approx(100.0, rel=0.02)


def test_a_metric_without_an_answer_is_null_with_a_reason(run: Run) -> None:
    arguments = ("dvh", ".", "--format", "json", "--metric", "D500cc", "--structure", "1")
    _, out, _ = run((make.case(),), *arguments)
    answer = json.loads(out)["structures"][0]["metrics"]["D500cc"]
    assert list(answer) == ["value", "reason"]
    assert answer["value"] is None
    assert answer["reason"]


def test_several_cases_are_a_json_array(run: Run) -> None:
    _, out, _ = run((make.case(), make.case()), "dvh", ".", "--format", "json")
    assert len(json.loads(out)) == 2


@pytest.mark.parametrize("name", ["SpinalCord", "spinalcord", "2"])
def test_a_structure_answers_to_its_name_and_number(name: str) -> None:
    (measured,) = measure_doses([make.case()], names=[name], metrics=METRICS)
    assert [row.roi_name for row in measured.rows] == ["SpinalCord"]


def test_a_structure_answers_to_its_tg263_name() -> None:
    structures = make.structure_set(replace(make.cylinder(), name="Moelle"))
    case = make.case(structure_set=structures)
    (measured,) = measure_doses([case], names=["SpinalCord"], metrics=METRICS)
    assert [row.roi_name for row in measured.rows] == ["Moelle"]


def test_an_unknown_structure_is_refused_with_those_there_are(run: Run) -> None:
    code, _, err = run((make.case(),), "dvh", ".", "--structure", "Heart")
    assert code == 2
    assert "no structure 'Heart'; there are BODY, PTV, SpinalCord" in err


def test_a_dose_that_is_refused_for_the_plan_is_refused_here(run: Run) -> None:
    relative = make.dose(units="RELATIVE")
    code, out, err = run((make.case(doses=(relative,)),), "dvh", ".")
    assert (code, out) == (2, "")
    assert "absolute units" in err


@pytest.mark.parametrize(
    ("missing", "words"),
    [({"structure_set": None}, "no RT structure set"), ({"doses": ()}, "no RT Dose")],
)
def test_what_is_missing_is_named(run: Run, missing: dict[str, Any], words: str) -> None:
    code, _, err = run((make.case(**missing),), "dvh", ".")
    assert code == 2
    assert words in err


def test_a_case_that_cannot_be_measured_stays_in_the_answer() -> None:
    first, second = measure_doses([make.case(), make.case(doses=())], names=(), metrics=METRICS)
    assert first.rows
    assert second.rows == ()
    assert second.notes[0].startswith("not measured: ")


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(PlanCheckerError, match="no RT structure set"):
        measure_doses([Case()], names=(), metrics=METRICS)


def test_without_a_plan_the_first_dose_is_used_and_the_answer_says_so() -> None:
    tie = make.link("dose-structures", parent=make.STRUCTURES_UID, kind=LinkKind.FRAME_OF_REFERENCE)
    case = make.case(plan=None, doses=(make.dose(plan_uids=()),), links=(tie,))
    (measured,) = measure_doses([case], names=(), metrics=METRICS)
    assert measured.label == ""
    assert "no plan; the first dose with a grid is used as it is (PLAN)" in measured.notes
    assert any("frame of reference only" in note for note in measured.notes)


def test_a_structure_that_is_no_volume_has_a_reason() -> None:
    empty = replace(make.box(), contours=())
    case = make.case(structure_set=make.structure_set(empty))
    (measured,) = measure_doses([case], names=(), metrics=METRICS)
    assert measured.rows[0].volume_cc is None
    assert all(answer.reason for answer in measured.rows[0].metrics.values())


def test_csv_has_one_line_a_structure_and_metric(run: Run) -> None:
    arguments = ("--format", "csv", "--metric", "Dmean", "--metric", "D500cc")
    _, out, _ = run((make.case(),), "dvh", ".", *arguments, "--structure", "PTV")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["metric"] for row in rows] == ["Dmean", "D500cc"]
    assert float(rows[0]["value"]) == pytest.approx(30.0, abs=1e-4)
    assert rows[1]["value"] == ""
    assert rows[1]["reason"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_csv_hands_no_formula_to_a_spreadsheet(run: Run, formula: str) -> None:
    _, out, _ = run((named(formula),), "dvh", ".", "--format", "csv", "--metric", "Dmean")
    assert next(csv.DictReader(io.StringIO(out)))["roi_name"] == f"'{formula}"


def test_the_table_names_what_lies_outside_the_grid(run: Run) -> None:
    values = np.full((9, 9, 9), 30.0, dtype=np.float32)
    grid = DoseGrid.regular(values, spacing_mm=(2.5, 2.5, 2.5), origin_mm=(-10.0, -10.0, -10.0))
    case = make.case(doses=(make.dose(grid),))
    _, out, _ = run((case,), "dvh", ".", "--metric", "Dmax")
    assert "cc outside the dose grid." in out


def test_the_table_holds_every_structure_once(run: Run) -> None:
    code, out, _ = run((make.case(),), "dvh", ".")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[2:5]] == ["PTV", "SpinalCord", "BODY"]


def test_structures_need_no_plan_and_no_dose(run: Run) -> None:
    case = make.case(plan=None, doses=(), links=())
    code, out, _ = run((case,), "structures", ".", "--format", "json")
    assert code == 0
    first, cord, _ = json.loads(out)["structures"]
    assert (first["roi_name"], first["matched"]) == ("PTV", "PTV")
    assert cord["matched"] == "SpinalCord"
    assert list(cord)[:4] == ["roi_number", "roi_name", "matched", "how"]


def test_the_structures_table_says_how_each_was_matched(run: Run) -> None:
    _, out, _ = run((make.case(),), "structures", ".")
    line = next(li for li in out.splitlines() if " SpinalCord " in li)
    assert "exact TG-263 name" in line


def test_structures_without_any_is_an_error(run: Run) -> None:
    code, _, err = run((Case(),), "structures", ".")
    assert code == 2
    assert "no RT structure set" in err


def test_names_of_the_export_cannot_drive_the_terminal(run: Run) -> None:
    for command in ("structures", "dvh"):
        _, out, _ = run((named("\x1b[2J\u202ename"),), command, ".")
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_progress_is_drawn_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    # A process with threads cannot share its work with others.
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    before = threading.active_count()
    with progress("reading") as tick:
        assert tick is not None
        tick(1, 2)
        assert threading.active_count() == before
        tick(2, 2)
    assert "reading" in screen.getvalue()
    assert "100%" in screen.getvalue()
