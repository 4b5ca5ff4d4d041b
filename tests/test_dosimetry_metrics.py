"""Every kind of metric against values worked out by hand on a box of 8 cc in a ramp."""

import math
from functools import cache

import numpy as np
import pytest
from boxes import SQUARE, grid_of, moved, ramp, rectangle, stack, structure

from constraints.errors import MetricSyntaxError
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.errors import MetricError

# 0.4 cc for every mm along x; the dose there is 60 Gy + x, from 50 to 70 Gy.
RAMP = compute_dvh(structure(stack(SQUARE)), grid_of(ramp([1.0, 0.0, 0.0])))


@cache
def uniform(dose_gy):
    grid = DoseGrid.regular(
        np.full((20, 20, 20), dose_gy), spacing_mm=(3.0,) * 3, origin_mm=(-28.5,) * 3
    )
    return compute_dvh(structure(stack(SQUARE)), grid)


@cache
def sticking_out(mm):
    """The box, shifted so that a slice of it of this thickness lies beyond the grid at 31 mm."""
    shift = np.array([21.0 + mm, 0.0, 0.0])
    grid = grid_of(ramp([1.0, 0.0, 0.0]))
    return compute_dvh(structure(moved(stack(SQUARE), np.eye(3), shift)), grid)


BY_HAND = [
    ("Dmin", 50.0, "Gy"),
    ("Dmax", 70.0, "Gy"),
    ("Dmean", 60.0, "Gy"),
    ("D100%", 50.0, "Gy"),
    ("D98%", 50.4, "Gy"),
    ("D95%", 51.0, "Gy"),
    ("D50%", 60.0, "Gy"),
    ("D2%", 69.6, "Gy"),
    ("D0.1%", 69.98, "Gy"),
    ("D0.03cc", 69.925, "Gy"),
    ("D0.35cc", 69.125, "Gy"),
    ("D1cc", 67.5, "Gy"),
    ("D7.9cc", 50.25, "Gy"),
    ("CV0.4cc", 51.0, "Gy"),
    ("CV1cc", 52.5, "Gy"),
    ("CV7.9cc", 69.75, "Gy"),
    ("V0Gy[cc]", 8.0, "cc"),
    ("V49Gy[%]", 100.0, "%"),
    ("V55Gy[cc]", 6.0, "cc"),
    ("V62Gy[cc]", 3.2, "cc"),
    ("V62Gy[%]", 40.0, "%"),
    ("V69.9Gy[cc]", 0.04, "cc"),
    ("V71Gy[cc]", 0.0, "cc"),
    ("V71Gy[%]", 0.0, "%"),
    ("V100%[%]", 50.0, "%"),
    ("V110%[cc]", 1.6, "cc"),
    ("V50%[%]", 100.0, "%"),
    ("V200%[cc]", 0.0, "cc"),
]


@pytest.mark.parametrize(("metric", "value", "unit"), BY_HAND)
def test_metrics_of_a_box_in_a_ramp(metric, value, unit):
    answer = RAMP.metric(metric, prescription_gy=60.0)
    tolerance = {"Gy": 0.03, "cc": 0.02, "%": 0.15}[unit]
    assert answer.value == pytest.approx(value, abs=tolerance)
    assert answer.unit == unit
    assert answer.reason == ""


@pytest.mark.parametrize("metric", [metric for metric, _, _ in BY_HAND])
def test_the_value_lies_in_its_band(metric):
    answer = RAMP.metric(metric, prescription_gy=60.0)
    assert answer.band[0] <= answer.value <= answer.band[1]


PLACES = [("Dmax", 10.0), ("D0.03cc", 10.0), ("D2%", 10.0), ("Dmin", -10.0), ("D95%", -10.0)]


@pytest.mark.parametrize(("metric", "x_mm"), PLACES)
def test_a_metric_of_an_extreme_says_where_it_is(metric, x_mm):
    assert RAMP.metric(metric).location_mm[0] == pytest.approx(x_mm, abs=0.5)


# --- no answer -------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["D8.1cc", "D700cc", "CV8.1cc", "CV700cc", "EQD2(2):D9cc"])
def test_a_volume_larger_than_the_structure_has_no_answer(metric):
    answer = RAMP.metric(metric, fractions=10)
    assert answer.value is None
    assert answer.band is None
    assert "has 8 cc, less than" in answer.reason


@pytest.mark.parametrize("prescription_gy", [None, 0.0])
def test_percent_of_an_unknown_prescription_is_an_error(prescription_gy):
    with pytest.raises(MetricError, match="needs the prescribed dose"):
        RAMP.metric("V95%[%]", prescription_gy=prescription_gy)


@pytest.mark.parametrize("prescription_gy", [-30.0, math.nan, math.inf])
def test_percent_of_an_absurd_prescription_is_an_error(prescription_gy):
    with pytest.raises(MetricError, match="is no prescribed dose"):
        RAMP.metric("V95%[%]", prescription_gy=prescription_gy)


@pytest.mark.parametrize("metric", ["EQD2(2):Dmax", "BED(10):Dmean", "EQD2(3):V20Gy[cc]"])
def test_scaled_dose_without_fractions_is_an_error(metric):
    with pytest.raises(MetricError, match="needs the number of fractions"):
        RAMP.metric(metric)
    with pytest.raises(MetricError, match="is no number of fractions"):
        RAMP.metric(metric, fractions=-5)


@pytest.mark.parametrize("text", ["D0,03cc", "V20Gy", "Dmedian", "D-1%", "D101%", "D0cc", ""])
def test_a_misspelt_metric_is_an_error(text):
    with pytest.raises(MetricSyntaxError):
        RAMP.metric(text)


# --- scaled dose -----------------------------------------------------------------------------

FRACTIONS = 30


def eqd2(dose_gy, alpha_beta_gy=2.0):
    return dose_gy * (dose_gy / FRACTIONS + alpha_beta_gy) / (2 + alpha_beta_gy)


# Mean of D (D / 30 + 2) / 4 for D even from 50 to 70 Gy: E[D^2] = 60^2 + 20^2 / 12.
MEAN_EQD2_GY = ((3600 + 400 / 12) / 30 + 2 * 60) / 4

SCALED = [
    ("EQD2(2):Dmin", eqd2(50.0)),
    ("EQD2(2):Dmax", eqd2(70.0)),
    ("EQD2(2):D50%", 60.0),
    ("EQD2(2):D95%", eqd2(51.0)),
    ("EQD2(2):D0.03cc", eqd2(69.925)),
    ("EQD2(10):D1cc", eqd2(67.5, 10.0)),
    ("EQD2(2):CV1cc", eqd2(52.5)),
    ("EQD2(2):Dmean", MEAN_EQD2_GY),
    ("BED(2):D50%", 120.0),
    ("BED(2):Dmean", 2 * MEAN_EQD2_GY),
    ("BED(10):Dmax", 70 * (1 + 70 / 300)),
    ("EQD2(2):V60Gy[%]", 50.0),
    ("BED(2):V120Gy[cc]", 4.0),
    (f"EQD2(2):V{eqd2(65.0):.6f}Gy[cc]", 2.0),
    ("EQD2(2):V100%[%]", 50.0),
    ("EQD2(10):V100%[%]", 50.0),
    ("BED(3):V100%[cc]", 4.0),
    # 120 % of 60 Gy EQD2 are 72 Gy EQD2: 15 (sqrt(42.4) - 2) Gy in 30 fractions, not 72 Gy.
    ("EQD2(2):V120%[%]", 100 * (70 - 15 * (42.4**0.5 - 2)) / 20),
]


@pytest.mark.parametrize(("metric", "value"), SCALED)
def test_scaled_metrics_convert_the_dose_before_the_histogram(metric, value):
    answer = RAMP.metric(metric, fractions=FRACTIONS, prescription_gy=60.0)
    assert answer.value == pytest.approx(value, rel=2e-3)
    assert answer.band[0] <= answer.value <= answer.band[1]


def test_mean_eqd2_is_not_the_eqd2_of_the_mean():
    mean = RAMP.metric("Dmean").value
    scaled = RAMP.metric("EQD2(2):Dmean", fractions=FRACTIONS).value
    assert scaled > eqd2(mean) + 0.2


def test_all_of_the_prescription_is_the_same_volume_on_every_scale():
    # 8 Gy in one fraction is 12 Gy EQD2(10): a plan that gives 7 Gy everywhere covers nothing.
    covered = uniform(7.0).metric("EQD2(10):V100%[%]", prescription_gy=8.0, fractions=1)
    assert covered.value == pytest.approx(0.0, abs=1e-6)


def test_the_band_of_a_scaled_mean_is_scaled_too():
    rng = np.random.default_rng(5)
    rough = DoseGrid.regular(
        rng.uniform(20, 30, (20, 20, 20)), spacing_mm=(3.0,) * 3, origin_mm=(-28.5,) * 3
    )
    dvh = compute_dvh(structure(stack(SQUARE)), rough)
    plain, scaled = dvh.metric("Dmean"), dvh.metric("BED(2):Dmean", fractions=1)
    # dBED / dD = 1 + 2 D / 2 in a single fraction.
    steepness = 1 + plain.value
    assert scaled.band[1] - scaled.value == pytest.approx(
        steepness * (plain.band[1] - plain.value), rel=0.25
    )


# --- uniform dose ----------------------------------------------------------------------------

UNIFORM = [
    ("Dmin", 5.0),
    ("Dmax", 5.0),
    ("Dmean", 5.0),
    ("D95%", 5.0),
    ("D0.03cc", 5.0),
    ("CV1cc", 5.0),
    ("V4.99Gy[%]", 100.0),
    ("V5Gy[%]", 100.0),
    ("V100%[cc]", 8.0),
    ("V5.01Gy[cc]", 0.0),
    ("EQD2(2):Dmean", 5.0 * 7 / 4),
    ("EQD2(2):V8.75Gy[%]", 100.0),
]


@pytest.mark.parametrize(("metric", "value"), UNIFORM)
def test_metrics_of_a_uniform_dose(metric, value):
    answer = uniform(5.0).metric(metric, prescription_gy=5.0, fractions=1)
    assert answer.value == pytest.approx(value, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("dose_gy", [0.1, 5.0, 7.3, 8.0, 18.0, 30.0])
@pytest.mark.parametrize("spacing_mm", [2.0, 2.5, 3.0])
def test_the_prescribed_dose_everywhere_covers_everything(dose_gy, spacing_mm):
    # Weights of an interpolation need not add up to one in single precision.
    grid = grid_of(lambda p: np.full(len(p), dose_gy), spacing_mm=(spacing_mm,) * 3)
    dvh = compute_dvh(structure(stack(SQUARE)), grid)
    covered = dvh.metric("V100%[%]", prescription_gy=dose_gy)
    assert covered.value == pytest.approx(100.0, abs=1e-6)


@pytest.mark.parametrize("metric", ["Dmin", "Dmax", "Dmean", "D95%", "D0.03cc", "V1Gy[cc]"])
def test_a_structure_in_the_grid_but_out_of_the_beam_has_no_dose(metric):
    answer = uniform(0.0).metric(metric)
    assert answer.value == pytest.approx(0.0, abs=1e-6)
    assert answer.reason == ""


# --- partly outside the grid -------------------------------------------------------------------

ANY = [
    *("Dmin", "Dmax", "Dmean", "D99%", "D50%", "D1%", "D0.03cc", "D7.9cc", "CV1cc", "CV7.9cc"),
    *("V60Gy[cc]", "V60Gy[%]", "V85Gy[cc]", "V0Gy[%]", "V100%[%]"),
    *("EQD2(2):Dmax", "EQD2(2):Dmean", "EQD2(2):D0.03cc", "EQD2(2):V60Gy[cc]"),
]


@pytest.mark.parametrize("metric", ANY)
def test_half_a_structure_outside_gives_bounds_and_a_reason(metric):
    answer = sticking_out(10.0).metric(metric, prescription_gy=60.0, fractions=30)
    assert answer.value is None
    assert "of 8 cc of Box lie outside the dose grid" in answer.reason
    assert answer.band[0] <= answer.band[1]
    assert answer.band[0] >= 0


# From 21 to 31 mm, where the grid ends, lie 4 cc at 81 to 90 Gy (the last mm at 90); 4 cc do not.
# Metric, bounds by hand, and how much wider the doubts of outline and ends may make them.
BOUNDS = [
    ("Dmin", 0.0, 81.0, 0.2),
    ("Dmax", 90.0, math.inf, 0.2),
    ("D99%", 0.0, 81.2, 0.5),
    ("D75%", 0.0, 86.0, 0.5),
    ("D25%", 86.0, math.inf, 0.5),
    ("D0.03cc", 90.0, math.inf, 0.2),
    ("D7.9cc", 0.0, 81.25, 2.5),
    ("V85Gy[cc]", 2.4, 6.4, 0.75),
    ("V85Gy[%]", 30.0, 80.0, 2.0),
    ("V95Gy[cc]", 0.0, 4.0, 0.5),
    ("V0Gy[%]", 50.0, 100.0, 2.0),
]
# The rim of the grid cuts a structure at the nearest cell.
CELL = {"Gy": 0.25, "cc": 0.1, "%": 1.25}


@pytest.mark.parametrize(("metric", "low", "high", "wider"), BOUNDS)
def test_bounds_take_the_outside_as_nothing_and_as_anything(metric, low, high, wider):
    answer = sticking_out(10.0).metric(metric)
    cell = CELL[answer.unit]
    assert low - wider - cell <= answer.band[0] <= low + cell
    assert high - cell <= answer.band[1] <= high + wider + cell


def test_the_mean_of_a_cut_structure_has_no_upper_bound():
    low, high = sticking_out(10.0).metric("Dmean").band
    # 4 cc of 8 cc at (81 Gy to 90 Gy over 9 mm, then 90 Gy over 1 mm), the rest at nothing.
    assert low == pytest.approx(0.5 * (0.9 * 85.5 + 0.1 * 90), abs=1.2)
    assert high == math.inf


def test_a_metric_that_the_outside_cannot_change_has_an_answer():
    grid = grid_of(lambda points: np.where(points[:, 0] > 0, 50.0, 20.0))
    bar = structure(stack(rectangle(-31.5, -1.5, 20, 1.5)))
    dvh = compute_dvh(bar, grid)
    assert 0 < dvh.outside_cc < 0.05
    hot = dvh.metric("V40Gy[cc]")
    # Half of the voxel between 0 and 2 mm is above 40 Gy by two thirds of its slope.
    assert hot.value == pytest.approx((20 - 4 / 3) * 0.06, rel=0.02)
    assert hot.band[0] <= hot.value <= hot.band[1]
    assert hot.band[1] >= hot.value + dvh.outside_cc
    assert dvh.metric("Dmax").value is None


def test_the_dose_of_the_outside_is_never_taken_for_nothing():
    for mm in (0.5, 5.0, 15.0):
        dvh = sticking_out(mm)
        for metric in ("Dmean", "D50%", "D98%", "Dmin"):
            assert dvh.metric(metric).value is None
        for metric in ("Dmax", "D0.03cc"):
            assert dvh.metric(metric).band[1] == math.inf


def test_the_volume_has_a_band_around_it():
    low, high = RAMP.volume_band_cc
    # Half a slice less or more at either end: 18 mm to 22 mm of 20 mm.
    assert low == pytest.approx(7.2, abs=0.1)
    assert high == pytest.approx(8.8, abs=0.1)


def test_the_curve_for_drawing_starts_whole_and_never_rises():
    doses, volumes = RAMP.curve(points=321)
    assert len(doses) == len(volumes) == 321
    assert doses[0] == 0.0
    assert volumes[0] == pytest.approx(8.0, rel=0.005)
    assert (np.diff(volumes) <= 1e-12).all()
    assert np.interp(62.0, doses, volumes) == pytest.approx(3.2, abs=0.02)


# --- what the ends of the structure leave open -------------------------------------------------

# The box ends at 10 mm by convention; the export leaves 9 to 11 mm open. Dose is 60 Gy + z.
UP = compute_dvh(structure(stack(SQUARE)), grid_of(ramp([0.0, 0.0, 1.0])))
ENDS = [
    ("Dmax", 69.0, 71.0),
    ("D0.03cc", 68.925, 70.925),
    ("D1%", 68.8, 70.8),
    ("D99%", 49.2, 51.2),
    ("Dmin", 49.0, 51.0),
    ("V68Gy[cc]", 0.4, 1.2),
    ("V70.5Gy[cc]", 0.0, 0.2),
]


@pytest.mark.parametrize(("metric", "low", "high"), ENDS)
def test_the_band_reaches_as_far_as_the_ends_may_lie(metric, low, high):
    answer = UP.metric(metric)
    cell = {"Gy": 0.05, "cc": 0.02}[answer.unit]
    assert answer.band[0] <= low + cell
    assert answer.band[1] >= high - cell


def test_a_hot_spot_just_beyond_the_last_contour_is_in_the_band():
    # 40 Gy from 11 mm on, on the axis of the box only; the next slice would lie at 11 mm.
    grid = grid_of(
        lambda p: (
            np.where(p[:, 2] > 10.5, 40.0, 10.0) * np.exp(-(p[:, 0] ** 2 + p[:, 1] ** 2) / 50)
        ),
        half_mm=20.0,
        spacing_mm=(1.0, 1.0, 1.0),
    )
    dvh = compute_dvh(structure(stack(SQUARE)), grid)
    assert dvh.metric("Dmax").value == pytest.approx(10.0, abs=0.5)
    assert dvh.metric("Dmax").band[1] > 20.0
    assert dvh.metric("D0.03cc").band[1] > 15.0
