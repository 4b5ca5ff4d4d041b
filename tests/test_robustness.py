"""Set-up errors on a static dose, against doses worked out by hand."""

import time

import numpy as np
import pytest
from shape_factory import cylinder, dose_of, ramp_dose, sphere, uniform_dose

from planchecker.robustness import SetupError, hottest_cc, percent_dose, setup_errors, spread
from planchecker.solid_points import filled, holds

ERRORS = setup_errors(shifts_mm=(1.0, 2.0, 3.0), turns_deg=(1.0, 2.0))


def test_every_axis_is_tried_both_ways():
    shifts = {e.shift_mm for e in ERRORS if any(e.shift_mm)}
    turns = {(e.turn_axis, e.turn_deg) for e in ERRORS if e.turn_deg}
    assert len(ERRORS) == len(shifts) + len(turns) == 18 + 12
    assert (0.0, -3.0, 0.0) in shifts
    assert (1, -2.0) in turns


@pytest.mark.parametrize(("axis", "expected"), [(0, (0, 0, 1)), (1, (0, 1, 0)), (2, (-1, 0, 0))])
def test_a_turn_is_right_handed_about_its_axis(axis, expected):
    error = SetupError(turn_deg=90.0, turn_axis=axis)
    moved = error.moved(np.array([[0.0, 1.0, 0.0]]), about_mm=np.zeros(3))
    assert np.allclose(moved, [expected])


def test_a_shift_along_a_ramp_changes_the_dose_by_its_slope():
    grid = ramp_dose(30.0, slope_gy_per_mm=(0.5, 0.0, 0.0))
    points, share_cc = filled(cylinder(length_mm=40.0))
    found = spread(
        points,
        grid,
        setup_errors(shifts_mm=(3.0,), turns_deg=()),
        about_mm=np.zeros(3),
        share_cc=share_cc,
        volume_cc=0.03,
    )
    assert found.high - found.planned == pytest.approx(1.5, abs=1e-3)
    assert found.planned - found.low == pytest.approx(1.5, abs=1e-3)
    assert found.worst.shift_mm == (3.0, 0.0, 0.0)
    # 0.03 cc of a cylinder of 6 mm lie at its very edge: 30 Gy + 6 mm of 0.5 Gy/mm.
    assert found.planned == pytest.approx(33.0, abs=0.3)


def test_an_even_dose_does_not_care():
    points, share_cc = filled(sphere())
    found = spread(
        points, uniform_dose(24.0), ERRORS, about_mm=np.zeros(3), share_cc=share_cc, percent=95.0
    )
    assert (found.low, found.planned, found.high) == pytest.approx((24.0, 24.0, 24.0))


def test_a_structure_that_leaves_the_grid_has_no_range():
    grid = uniform_dose(24.0, half_mm=(20.0, 20.0, 20.0))
    points, share_cc = filled(cylinder(length_mm=40.0))
    errors = setup_errors(shifts_mm=(3.0,), turns_deg=())
    assert (
        spread(points, grid, errors, about_mm=np.zeros(3), share_cc=share_cc, percent=95.0) is None
    )


def test_cord_and_target_take_less_than_five_seconds():
    grid = ramp_dose(30.0, half_mm=(100.0, 100.0, 80.0))
    start = time.process_time()
    for structure in (cylinder(), sphere(radius_mm=25.0)):
        points, share_cc = filled(structure, most=12_000)
        spread(points, grid, ERRORS, about_mm=np.zeros(3), share_cc=share_cc, percent=95.0)
    assert time.process_time() - start < 5.0


def test_points_fill_a_sphere_and_lie_in_it():
    ball = sphere(radius_mm=15.0)
    points, share_cc = filled(ball)
    assert len(points) * share_cc == pytest.approx(4 / 3 * np.pi * 3.375, rel=0.02)
    assert np.linalg.norm(points, axis=1).max() < 15.6
    assert holds(ball, points).mean() > 0.99
    assert not holds(ball, points + np.array([40.0, 0.0, 0.0])).any()


def test_the_hottest_volume_and_percent():
    doses = np.arange(1.0, 101.0)
    assert hottest_cc(doses, share_cc=0.01, volume_cc=0.1) == 91.0
    assert hottest_cc(doses, share_cc=1.0, volume_cc=0.03) == 100.0
    assert percent_dose(doses, 50.0) == pytest.approx(50.5)


def test_a_cord_longer_than_the_grid_has_a_range_where_the_sides_are_cold():
    hot = dose_of(
        lambda x, _y, z: np.where(abs(z) < 20, 12.0 + 0.1 * x, 1.0), half_mm=(40.0, 40.0, 30.0)
    )
    points, share_cc = filled(cylinder(length_mm=80.0))
    about = {"about_mm": np.zeros(3), "share_cc": share_cc, "volume_cc": 0.03}
    errors = setup_errors(shifts_mm=(1.0,), turns_deg=())
    found = spread(points, hot, errors, **about)
    assert found.high - found.planned == pytest.approx(0.1, abs=1e-3)
    assert spread(points, uniform_dose(12.0, half_mm=(40.0, 40.0, 30.0)), errors, **about) is None
