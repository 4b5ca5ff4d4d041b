import json
from dataclasses import replace

import pytest
from golden.hand_built import BESIDE, CANAL, CURVES, EVERYTHING, HOSTILE

from planchecker.reports import Style
from planchecker.reports.comparing import ChangeKind, as_json, as_text, changes
from planchecker.reports.overlay import as_html, overlay_svg
from planchecker.results import Finding, Report, Status


def pair(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[Report, Report]:
    return replace(EVERYTHING, findings=before), replace(EVERYTHING, findings=after)


LOWER = replace(CANAL, value=16.5, margin=0.5, status=Status.PASS)
TURNS = [
    ((), (CANAL,), ChangeKind.APPEARED),
    ((CANAL,), (), ChangeKind.VANISHED),
    ((CANAL,), (LOWER,), ChangeKind.MOVED),
    ((CANAL,), (replace(CANAL, value=18.0),), ChangeKind.CHANGED),
    ((CANAL,), (replace(CANAL, roi_number=7, value=18.0),), ChangeKind.CHANGED),
]


@pytest.mark.parametrize(("before", "after", "kind"), TURNS)
def test_what_became_of_a_finding(
    before: tuple[Finding, ...], after: tuple[Finding, ...], kind: ChangeKind
) -> None:
    assert [change.kind for change in changes(*pair(before, after))] == [kind]


def test_what_stayed_is_left_out() -> None:
    assert changes(EVERYTHING, EVERYTHING) == ()
    assert "No finding differs." in as_text(EVERYTHING, EVERYTHING, Style())


def test_the_difference_is_after_minus_before() -> None:
    (change,) = changes(*pair((CANAL,), (LOWER,)))
    assert change.difference == pytest.approx(16.5 - 18.4213)
    assert "−1.92 Gy" in as_text(*pair((CANAL,), (LOWER,)), Style())


def test_json_names_both_sides() -> None:
    found = json.loads(as_json(*pair((CANAL, BESIDE), (LOWER, BESIDE))))
    assert found["schema"] == "planchecker-comparison/1"
    (change,) = found["changes"]
    assert (change["before"]["status"], change["after"]["status"]) == ("fail", "pass")


def test_the_page_escapes_and_asks_for_nothing() -> None:
    text = as_html(*pair((CANAL,), (replace(CANAL, subject=HOSTILE),)))
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert "\u202e" not in text


def test_only_structures_of_both_plans_are_overlaid() -> None:
    svg = overlay_svg(CURVES[:3], CURVES[1:])
    assert svg.count("d1") == 2
    assert overlay_svg(CURVES[:1], CURVES[1:]) == ""


def test_hostile_names_stay_text_in_the_overlay() -> None:
    curve = replace(CURVES[0], roi_name=HOSTILE)
    assert "<script" not in overlay_svg([curve], [curve])
