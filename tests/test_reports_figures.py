import math
import re
import xml.etree.ElementTree as ET

import pytest
from golden.hand_built import CURVES, HOSTILE, curve

from planchecker.reports.figures import MOST_CURVES, dvh_svg
from planchecker.results import Curve

USELESS = [
    Curve(roi_number=1, roi_name="one point", dose_gy=(1.0,), volume_percent=(100.0,)),
    Curve(roi_number=1, roi_name="ragged", dose_gy=(0.0, 1.0), volume_percent=(100.0,)),
    Curve(roi_number=1, roi_name="nan", dose_gy=(0.0, math.nan), volume_percent=(100.0, 0.0)),
    Curve(roi_number=1, roi_name="none", dose_gy=(), volume_percent=()),
]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - made by the function under test


def labels(svg: str) -> list[str]:
    found = [element.text or "" for element in parsed(svg).iter("text")]
    return [label for label in found if not re.fullmatch(r"[\d.]+( Gy)?", label)]


def test_the_figure_is_well_formed() -> None:
    assert parsed(dvh_svg(CURVES, prescribed_gy=24.0)).tag == "svg"


def test_the_legend_runs_from_the_highest_mean_dose() -> None:
    low, high = curve(1, "low", 5.0, 0.5), curve(2, "high", 20.0, 0.5)
    assert labels(dvh_svg([low, high]))[-2:] == ["high", "low"]


def test_the_order_of_the_curves_does_not_matter() -> None:
    assert dvh_svg(CURVES) == dvh_svg(CURVES[::-1])


def test_a_matched_name_stands_beside_a_differing_one() -> None:
    named = dvh_svg([curve(1, "Moelle", 5.0, 1.0)], names={1: "SpinalCord"})
    assert "Moelle (SpinalCord)" in labels(named)


@pytest.mark.parametrize("useless", USELESS, ids=lambda one: one.roi_name)
def test_a_curve_that_cannot_be_drawn_is_left_out(useless: Curve) -> None:
    assert dvh_svg([useless]) == ""
    assert "Cord" in dvh_svg([useless, curve(2, "Cord", 5.0, 1.0)])


def test_names_are_escaped() -> None:
    svg = dvh_svg([curve(1, HOSTILE, 5.0, 1.0)])
    assert "<script" not in svg
    parsed(svg)


def test_no_more_curves_than_are_legible() -> None:
    many = [curve(n, f"S{n}", 1.0 + n, 0.5) for n in range(1, MOST_CURVES + 5)]
    found = parsed(dvh_svg(many)).iter("path")
    drawn = [path for path in found if path.get("class", "").startswith("curve")]
    named = [path for path in drawn if path.find("title") is not None]
    assert len(named) == MOST_CURVES


def test_every_point_lies_in_the_picture() -> None:
    svg = dvh_svg([*CURVES, curve(99, "wild", 300.0, 2.0)], prescribed_gy=1e3)
    _, _, width, height = map(float, parsed(svg).attrib["viewBox"].split())
    for path in parsed(svg).iter("path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_a_dose_of_zero_can_be_drawn() -> None:
    flat = Curve(roi_number=1, roi_name="cold", dose_gy=(0.0, 0.0), volume_percent=(100.0, 0.0))
    assert "nan" not in dvh_svg([flat])
