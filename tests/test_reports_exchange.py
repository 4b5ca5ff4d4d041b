import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from golden.hand_built import CANAL, EVERYTHING, HOSTILE, NASTY

from planchecker.reports import render
from planchecker.results import ExitCode, Finding, Report, Status

GATE = [
    (Status.FAIL, "failure"),
    (Status.NOT_EVALUATED, "error"),
    (Status.BORDERLINE, "error"),
    (Status.MANUAL, "error"),
]


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(report, "csv"))))


def suite(report: Report) -> ET.Element:
    return ET.fromstring(render(report, "junit"))[0]  # noqa: S314 - made by the function under test


def test_every_finding_is_one_row_with_its_id() -> None:
    found = rows(EVERYTHING)
    assert len(found) == len(EVERYTHING.findings)
    assert {row["id"] for row in found} == set(EVERYTHING.ids)


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(start: str) -> None:
    (row,) = rows(Report(findings=(replace(CANAL, subject=start),)))
    assert row["subject"] == f"'{start}"


def test_control_characters_stay_out_of_the_rows() -> None:
    assert "\x1b" not in render(NASTY, "csv")


@pytest.mark.parametrize(("status", "tag"), GATE)
def test_what_is_not_answered_or_not_met_stops_a_gate(status: Status, tag: str) -> None:
    found = suite(Report(findings=(replace(CANAL, status=status),)))
    assert found.find(f"testcase/{tag}") is not None


@pytest.mark.parametrize("status", [Status.WARN, Status.PASS])
def test_what_exits_with_0_lets_a_gate_through(status: Status) -> None:
    report = Report(findings=(replace(CANAL, status=status),))
    assert report.exit_code is ExitCode.OK
    assert (suite(report).get("failures"), suite(report).get("errors")) == ("0", "0")


def test_an_empty_report_stops_a_gate() -> None:
    assert suite(Report(findings=())).get("errors") == "1"


def test_counts_are_those_of_the_cases() -> None:
    found = suite(EVERYTHING)
    assert found.get("tests") == str(len(found.findall("testcase")))
    assert found.get("skipped") == str(len(EVERYTHING.not_applicable))


def test_hostile_strings_stay_text_in_xml() -> None:
    name = suite(NASTY)[0].get("name") or ""
    assert name.startswith("<script>alert(1)</script>")
    assert "\u202e" not in name
    assert HOSTILE not in name


def test_ids_tell_repeated_findings_apart_and_follow_what_is_asked() -> None:
    one = Finding(code="ID007", subject="plan", status=Status.WARN, message="first")
    other = replace(one, message="second", status=Status.PASS)
    assert one.id == other.id
    assert Report(findings=(one, other)).ids == (one.id, f"{one.id}.2")
    assert replace(one, subject="dose").id != one.id
