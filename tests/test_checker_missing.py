import math
from dataclasses import replace

import pytest
from boxes import PLANES_MM, grid_of, ramp, rectangle, stack, structure

import planchecker
from planchecker.checker.missing import missed_cc
from planchecker.reading import read_cases
from planchecker.reports import render, render_document
from planchecker.results import MissedTarget, Report
from sample_dicom import write

# Dose 60 Gy + 1 Gy/mm along x: the half x < 0 of the target gets less than 60 Gy.
DOSE = grid_of(ramp((1.0, 0.0, 0.0)))
TARGET = structure(stack(rectangle(-10, -10, 10, 10)), "PTV")


def test_missed_volume_near_a_contour_is_that_of_the_closed_form() -> None:
    # Rounded by 3 mm, the strip from y -5 to 5 and x -10 to -5 has 5 x 10 mm2 itself, 3 x 10
    # on its right, 2 x 3 x 5 above and below, and two quarter circles at its right corners.
    cord = structure(stack(rectangle(-14, -5, -5, 5)), "SpinalCord")
    ((missed, near),) = missed_cc(TARGET, cord, DOSE, levels_gy=(60.0,), margin_mm=3.0)
    assert missed == pytest.approx(20 * 10 * 20 / 1000, rel=0.005)
    area = 5 * 10 + 3 * 10 + 2 * 3 * 5 + math.pi * 9 / 2
    assert near == pytest.approx(area * 20 / 1000, rel=0.03)


def test_what_is_missed_elsewhere_is_not_near() -> None:
    cord = structure(stack(rectangle(13.5, -5, 20, 5)), "SpinalCord")
    ((missed, near),) = missed_cc(TARGET, cord, DOSE, levels_gy=(60.0,), margin_mm=3.0)
    assert missed == pytest.approx(4.0, rel=0.005)
    assert near == 0.0


def test_a_contour_round_all_that_is_missed_holds_all_of_it() -> None:
    cord = structure(stack(rectangle(-20, -20, 5, 20)), "ThecalSac")
    found = missed_cc(TARGET, cord, DOSE, levels_gy=(60.0, 55.0), margin_mm=3.0)
    assert [near for _missed, near in found] == [missed for missed, _near in found]
    assert found[1][0] == pytest.approx(20 * 5 * 20 / 1000, rel=0.01)


def test_along_the_patient_the_margin_counts_from_the_end_of_the_contour() -> None:
    # The cord ends at z = 0; 3 mm beyond it still count.
    short = structure(stack(rectangle(-20, -20, 20, 20), PLANES_MM[:5]), "SpinalCord")
    ((missed, near),) = missed_cc(TARGET, short, DOSE, levels_gy=(60.0,), margin_mm=3.0)
    assert near / missed == pytest.approx(13 / 20, abs=0.03)


def test_a_level_below_every_dose_misses_nothing() -> None:
    assert missed_cc(TARGET, TARGET, DOSE, levels_gy=(1.0,), margin_mm=3.0) == ((0.0, 0.0),)


def test_the_sample_gives_up_its_target_next_to_the_sac_and_says_so(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write("spine-sbrt-24-in-2", tmp_path)
    (case,) = read_cases([tmp_path])
    report = planchecker.check(case)
    ptv = next(one for one in report.missed if one.roi_name == "PTV" and one.level_percent == 100)
    row = next(one for one in report.structures if one.roi_name == "PTV")
    assert 0 < ptv.near_cc <= ptv.missed_cc < (row.volume_cc or 0)
    assert (ptv.contour, ptv.margin_mm) == ("ThecalSac", 3.0)
    # Nearly all of what this plan misses lies round the sac.
    assert ptv.near_percent > 50


SHOWN = MissedTarget(
    roi_number=1,
    roi_name="PTV <b>",
    contour="ThecalSac",
    margin_mm=3.0,
    level_percent=95.0,
    dose_gy=22.8,
    missed_cc=4.0,
    near_cc=3.0,
)


def test_every_format_shows_the_share() -> None:
    report = replace(Report(findings=()), missed=(SHOWN,))
    page = render(report, "html")
    assert "75.0 %" in page
    assert "PTV &lt;b&gt;" in page
    assert '"near_percent": 75.0' in render(report, "json")
    assert render_document(report, "pdf").startswith(b"%PDF-")
