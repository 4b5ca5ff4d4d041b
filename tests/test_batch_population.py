"""A plan among the plans of its kind: percentiles worked out by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from batch_store_factory import C, M, write_store
from typer.testing import CliRunner

from planchecker.batch.metrics import EXPRESSIONS, Measured, Remembering, measured
from planchecker.batch.population import compare_with_archive, percentile_of
from planchecker.checker import check
from planchecker.cli import app
from planchecker.errors import ReadError
from planchecker.reading import read_cases
from planchecker.results import PlanSummary, PopulationRow, Report, SchemeMatch, StructureRow
from sample_dicom import write

PLAN = PlanSummary(
    label="OWN",
    sop_instance_uid="1.2.999",
    patient_id="P",
    patient_name="N",
    prescribed_dose_gy=24.0,
    fractions=2,
    prescription_source="stated",
    technique="VMAT, stereotactic",
    scheme=SchemeMatch(id="SC24-1/24-2"),
)
REPORT = Report(findings=(), plan=PLAN)

# (own value, values of the others, percentile, median)
PERCENTILES = [
    (5.0, [1.0, 2.0, 3.0, 4.0], 100.0, 2.5),
    (0.5, [1.0, 2.0, 3.0, 4.0], 0.0, 2.5),
    (3.0, [1.0, 2.0, 3.0, 4.0], 62.5, 2.5),
    (2.0, [2.0, 2.0, 2.0, 2.0], 50.0, 2.0),
    (2.0, [1.0, 2.0, 2.0, 5.0, 9.0], 40.0, 2.0),
]


def cord(value: float | None, **changes: object) -> Measured:
    one = Measured(
        roi_number=1,
        roi_name="Cord",
        structure="SpinalCord",
        expression="D0.03cc",
        value=value,
        unit="Gy",
    )
    return replace(one, **changes)


def stored(values: list[float | None], **changes: object) -> list[C]:
    return [
        replace(
            C(key=f"k{i}-{len(changes)}-{changes!r}"[:60], plan_uid=f"1.2.{i}"),
            metrics=[M(structure="SpinalCord", expression="D0.03cc", value=value)],
            **changes,
        )
        for i, value in enumerate(values)
    ]


def placed(tmp_path: Path, cases: list[C], one: Measured, fewest: int | None = 1) -> PopulationRow:
    tmp_path.mkdir(exist_ok=True)
    store = write_store(tmp_path / "store.sqlite", cases)
    (row,) = compare_with_archive(REPORT, [one], store, fewest=fewest)
    return row


@pytest.mark.parametrize(("own", "others", "percentile", "median"), PERCENTILES)
def test_percentile_median_and_range_are_those_of_the_others(
    tmp_path, own, others, percentile, median
):
    row = placed(tmp_path, stored(others), cord(own))
    assert (row.percentile, row.median, row.cases) == (percentile, median, len(others))
    assert (row.lowest, row.highest, row.reason) == (min(others), max(others), "")
    assert percentile_of(own, others) == percentile


def test_the_plan_itself_is_left_out_by_its_uid(tmp_path):
    own = stored([100.0], plan_uid="1.2.999")
    row = placed(tmp_path, [*stored([1.0, 3.0]), *own], cord(2.0))
    assert (row.cases, row.percentile, row.highest) == (2, 50.0, 3.0)


def test_a_stored_case_without_a_uid_could_be_the_plan_and_is_left_out(tmp_path):
    nameless = stored([100.0], plan_uid="")
    row = placed(tmp_path, [*stored([1.0, 3.0]), *nameless], cord(2.0))
    assert (row.cases, row.percentile, row.highest) == (2, 50.0, 3.0)
    row = placed(tmp_path / "anonymised", nameless, cord(2.0))
    assert (row.cases, row.reason) == (0, "the archive is without plan UIDs")


@pytest.mark.parametrize(
    ("count", "percentile", "reason"),
    [(9, None, "too few to compare"), (10, 100.0, ""), (0, None, "too few to compare")],
)
def test_fewer_plans_than_the_protocol_asks_give_no_percentile(tmp_path, count, percentile, reason):
    row = placed(tmp_path, stored([1.0] * count), cord(2.0), fewest=10)
    assert (row.cases, row.percentile, row.reason) == (count, percentile, reason)
    if percentile is None:
        assert (row.median, row.lowest, row.highest) == (None, None, None)


def test_an_empty_archive_gives_no_percentile_even_where_none_is_asked_for(tmp_path):
    row = placed(tmp_path, [], cord(2.0), fewest=0)
    assert (row.percentile, row.cases, row.reason) == (None, 0, "too few to compare")


def test_a_protocol_that_does_not_say_how_many_are_enough_tells_no_percentile(tmp_path):
    row = placed(tmp_path, stored([1.0] * 20), cord(2.0), fewest=None)
    assert (row.percentile, row.cases) == (None, 20)
    assert row.reason == "the protocol does not say how many plans are enough"


OTHERS = {
    "another scheme": {"scheme": "T7-01/30-10"},
    "another technique": {"technique": "static conformal, conventional"},
    "a case that failed": {"status": None},
}


@pytest.mark.parametrize("what", OTHERS)
def test_only_plans_of_the_same_kind_count(tmp_path, what):
    row = placed(tmp_path, [*stored([1.0]), *stored([50.0], **OTHERS[what])], cord(2.0))
    assert (row.cases, row.highest) == (1, 1.0)


def test_only_the_same_structure_metric_and_unit_count(tmp_path):
    other = [
        M(structure="ThecalSac", expression="D0.03cc", value=50.0),
        M(structure="SpinalCord", expression="Dmax", value=50.0, roi_number=2),
        M(structure="SpinalCord", expression="D0.03cc", value=50.0, roi_number=3, unit="%"),
    ]
    row = placed(
        tmp_path, [*stored([1.0]), C(key="other", plan_uid="1.2.77", metrics=other)], cord(2.0)
    )
    assert (row.cases, row.highest) == (1, 1.0)


def test_stored_metrics_without_an_answer_are_no_zero(tmp_path):
    row = placed(tmp_path, stored([None, 4.0, None]), cord(2.0))
    assert (row.cases, row.percentile, row.lowest) == (1, 0.0, 4.0)


def test_two_contours_of_one_plan_are_one_plan(tmp_path):
    both = [
        M(structure="SpinalCord", expression="D0.03cc", value=value, roi_number=number)
        for number, value in ((1, 1.0), (2, 3.0))
    ]
    row = placed(tmp_path, [C(key="both", plan_uid="1.2.77", metrics=both)], cord(2.0), fewest=2)
    assert (row.cases, row.reason) == (1, "too few to compare")


NOT_PLACED = [
    (cord(None), REPORT, "no answer"),
    (cord(1.0), replace(REPORT, plan=None), "there is no plan"),
    (
        cord(1.0),
        replace(REPORT, plan=replace(PLAN, scheme=SchemeMatch())),
        "scheme or technique unknown",
    ),
    (cord(1.0), replace(REPORT, plan=replace(PLAN, technique="")), "scheme or technique unknown"),
]


@pytest.mark.parametrize(("one", "report", "reason"), NOT_PLACED)
def test_what_cannot_be_placed_says_why(tmp_path, one, report, reason):
    unknown = stored([1.0], scheme="", technique="")
    store = write_store(tmp_path / "store.sqlite", [*stored([1.0]), *unknown])
    (row,) = compare_with_archive(report, [one], store, fewest=1)
    assert (row.percentile, row.reason) == (None, reason)


def test_targets_and_organs_are_asked_different_metrics(tmp_path):
    store = write_store(tmp_path / "store.sqlite")
    asked = [
        cord(1.0, structure=structure, expression=expression)
        for structure in ("SpinalCord", "PTV_High", "")
        for expression in EXPRESSIONS
    ]
    rows = compare_with_archive(REPORT, asked, store, fewest=1)
    assert [(row.matched, row.metric) for row in rows] == [
        ("SpinalCord", "Dmax"),
        ("SpinalCord", "D0.03cc"),
        ("SpinalCord", "Dmean"),
        ("PTV_High", "D50%"),
        ("PTV_High", "D95%"),
        ("PTV_High", "D98%"),
        ("PTV_High", "V100%[%]"),
    ]


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "text").write_text("no database at all, but long enough to be read " * 9)
    for path in (tmp_path / "absent", tmp_path / "text"):
        with pytest.raises(ReadError, match="store"):
            compare_with_archive(REPORT, [cord(1.0)], path, fewest=1)


def test_a_number_used_twice_gives_no_metric():
    row = StructureRow(
        roi_number=1, roi_name="A", matched="", how="", volume_cc=None, outside_grid_cc=None
    )
    report = replace(REPORT, structures=(row, replace(row, roi_name="B")))
    found = list(measured(report, {}))
    assert [one.expression for one in found] == list(EXPRESSIONS)
    assert {(one.value, one.reason) for one in found} == {
        (None, "ROI number 1 is used more than once")
    }


@pytest.fixture(scope="module")
def femur(tmp_path_factory):
    home = tmp_path_factory.mktemp("femur")
    write("long-bone-8-in-1", home)
    return home


def test_metrics_of_a_check_are_those_of_its_histograms(femur):
    (case,) = read_cases([femur])
    remember = Remembering()
    report = check(case, histograms=remember)
    found = {(one.structure, one.expression): one for one in measured(report, remember.dvhs)}
    assert found["PTV", "D50%"].value == pytest.approx(7.95, abs=0.04)
    assert found["PTV", "V100%[%]"].unit == "%"
    low, high = found["Femur_L", "Dmax"].band
    assert low <= found["Femur_L", "Dmax"].value <= high


def test_the_command_shows_the_place_and_keeps_status_and_exit_code(femur, tmp_path):
    alone = CliRunner().invoke(app, ["check", str(femur), "--format", "json"])
    plain = json.loads(alone.stdout)
    plan = plain["plan"]
    ptv = [M(structure="PTV", expression="D50%", value=value) for value in (1.0,)]
    cases = [
        C(key=f"k{i}", plan_uid=f"1.2.{i}", scheme=plan["scheme"]["id"], metrics=ptv,
          technique=plan["technique"])
        for i in range(10)
    ]  # fmt: skip
    store = write_store(tmp_path / "store.sqlite", cases)
    command = ["check", str(femur), "--population", str(store), "--format", "json"]
    beside = CliRunner().invoke(app, command)
    found = json.loads(beside.stdout)
    rows = {(row["matched"], row["metric"]): row for row in found.pop("population")}
    assert plain.pop("population") == []
    assert found == plain
    assert alone.exit_code == beside.exit_code == 0
    assert (rows["PTV", "D50%"]["percentile"], rows["PTV", "D50%"]["cases"]) == (100.0, 10)
    assert rows["PTV", "D95%"]["reason"] == "too few to compare"


def test_the_command_refuses_what_is_no_store_before_it_reads_anything(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"")
    done = CliRunner().invoke(
        app, ["check", str(tmp_path), "--population", str(tmp_path / "store.sqlite")]
    )
    assert done.exit_code == 2
    assert "no store" in done.stderr
