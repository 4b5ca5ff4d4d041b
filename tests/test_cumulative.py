"""Adding up courses voxel by voxel, against sums worked out by hand."""

import numpy as np
import pytest
from test_registration import rigid

from planchecker.cumulative import Addend, add_up, cropped, largest_retreatment_eqd2
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.radiobiology import eqd2, physical_from_eqd2
from planchecker.registration import apply, inverted

AXES = {
    "straight": np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    "tilted": rigid(35.0)[:3, :3] @ np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
}
IDENTITY = np.eye(4)


def grid(values, *, origin=(-20.0, -20.0, -20.0), spacing=2.0):
    return DoseGrid.regular(values, spacing_mm=(spacing,) * 3, origin_mm=origin)


def uniform(gy, size=21):
    return grid(np.full((size,) * 3, gy))


def ramp(axes, *, at_origin=20.0, slope=(0.11, -0.07, 0.05), half=45.0, spacing=2.5):
    """Dose a + s.r of patient coordinates r, on a grid of any orientation; interpolated exactly."""
    steps = np.arange(0.0, 2 * half + spacing / 2, spacing)
    origin = -half * axes.sum(axis=0)
    plane, row, column = np.meshgrid(steps, steps, steps, indexing="ij")
    points = origin + np.stack([plane, row, column], axis=-1) @ axes
    values = at_origin + points @ np.array(slope)
    return DoseGrid(
        values_gy=values.astype(np.float32),
        origin_mm=origin,
        axes=axes,
        plane_mm=steps,
        row_mm=steps,
        column_mm=steps,
    )


def ramp_at(points, at_origin=20.0, slope=(0.11, -0.07, 0.05)):
    return at_origin + points @ np.array(slope)


def nodes(of):
    plane, row, column = np.meshgrid(of.plane_mm, of.row_mm, of.column_mm, indexing="ij")
    along = np.stack([plane, row, column], axis=-1)
    return (of.origin_mm + along @ of.axes).reshape(-1, 3)


UNIFORM = [
    # now, then, EQD2(2) of the sum
    ((30.0, 10), (30.0, 10), 75.0),
    ((20.0, 5), (30.0, 10), 67.5),
    ((8.0, 1), (8.0, 1), 40.0),
]


@pytest.mark.parametrize(("now", "then", "expected"), UNIFORM)
def test_uniform_courses_add_up_in_eqd2(now, then, expected):
    here = uniform(now[0])
    both = (
        Addend(grid=here, fractions=now[1], matrix=IDENTITY),
        Addend(grid=uniform(then[0]), fractions=then[1], matrix=IDENTITY),
    )
    summed = add_up(here, both, alpha_beta_gy=2.0)
    assert np.allclose(summed.value.values_gy, expected, atol=1e-4)
    assert summed.outside == 0.0
    assert np.array_equal(summed.low.values_gy, summed.high.values_gy)


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
@pytest.mark.parametrize("turn", [0.0, 25.0, -90.0])
def test_turned_and_shifted_courses_match_the_analytic_sum(axes, turn):
    here, old = uniform(10.0), ramp(axes)
    to_old = rigid(turn, (4.0, -3.0, 2.0))
    both = (
        Addend(grid=here, fractions=5, matrix=IDENTITY),
        Addend(grid=old, fractions=10, matrix=to_old),
    )
    summed = add_up(here, both, alpha_beta_gy=2.0)
    expected = eqd2(10.0, fractions=5, alpha_beta_gy=2.0) + eqd2(
        ramp_at(apply(to_old, nodes(here))), fractions=10, alpha_beta_gy=2.0
    )
    inside = ~np.isnan(old.at(apply(to_old, nodes(here))))
    off = np.abs(summed.value.values_gy.ravel() - expected)[inside]
    assert inside.mean() > 0.9
    assert off.max() < 0.1


def test_the_wrong_direction_shows():
    here, old = uniform(10.0), ramp(AXES["straight"])
    to_old = rigid(25.0, (15.0, -3.0, 2.0))
    wrong = Addend(grid=old, fractions=10, matrix=inverted(to_old))
    right = Addend(grid=old, fractions=10, matrix=to_old)
    sums = [add_up(here, (one,), alpha_beta_gy=2.0).value.values_gy for one in (right, wrong)]
    expected = eqd2(ramp_at(apply(to_old, nodes(here))), fractions=10, alpha_beta_gy=2.0)
    assert np.abs(sums[0].ravel() - expected).max() < 0.1
    assert np.abs(sums[1].ravel() - expected).max() > 1.0


def test_outside_a_grid_the_dose_is_unknown():
    here = uniform(10.0)
    old = grid(np.full((5, 5, 5), 30.0))
    summed = add_up(here, (Addend(grid=old, fractions=10, matrix=IDENTITY),), alpha_beta_gy=2.0)
    assert summed.outside > 0.9
    far = (-1, -1, -1)
    assert summed.low.values_gy[far] == summed.value.values_gy[far] == 0.0
    assert summed.high.values_gy[far] == pytest.approx(37.5)


def test_a_registration_that_may_be_off_widens_the_sum():
    here = uniform(0.0)
    old = ramp(AXES["straight"], slope=(1.0, 0.0, 0.0), at_origin=50.0)
    addend = Addend(grid=old, fractions=25, matrix=IDENTITY, uncertainty_mm=2.0)
    summed = add_up(here, (addend,), alpha_beta_gy=2.0)
    middle = (10, 10, 10)
    low, value, high = (one.values_gy[middle] for one in (summed.low, summed.value, summed.high))
    expected = [eqd2(gy, fractions=25, alpha_beta_gy=2.0) for gy in (48.0, 50.0, 52.0)]
    assert [low, value, high] == pytest.approx(expected, abs=1e-3)


def test_many_points_are_added_in_blocks():
    here = uniform(1.0, size=70)
    one = Addend(grid=here, fractions=1, matrix=IDENTITY)
    assert np.allclose(add_up(here, (one,), alpha_beta_gy=2.0).value.values_gy, 0.75)


def test_a_cropped_grid_keeps_dose_and_place():
    whole = ramp(AXES["tilted"])
    points = np.array([[1.0, 2.0, 3.0], [-4.0, 0.0, 6.0]])
    part = cropped(whole, points, margin_mm=3.0)
    assert part.values_gy.size < whole.values_gy.size / 10
    assert np.allclose(part.at(points), whole.at(points), atol=1e-4)


def test_a_structure_outside_the_grid_still_gives_a_grid():
    part = cropped(uniform(1.0), np.array([[500.0, 0.0, 0.0]]))
    assert min(part.values_gy.shape) >= 2


# Largest retreatment dose of the thecal sac: the conditions of hytec-cord-2021, computed.
TABLE = {
    (8, 1): (25.0, 20.0),
    (20, 5): (25.0, 25.0),
    (24, 6): (25.0, 25.0),
    (30, 10): (25.0, 25.0),
    (40, 20): (25.0, 25.0),
    (45, 25): (25.0, 25.0),
    (50, 25): (20.0, 20.0),
}
DMAX = {
    25.0: (9.0, 12.3, 14.6, 16.4, 17.9),
    20.0: (8.0, 10.8, 12.8, 14.3, 15.6),
}


@pytest.mark.parametrize("earlier", TABLE)
@pytest.mark.parametrize("with_share", [False, True])
def test_the_table_of_largest_retreatments_is_reproduced(earlier, with_share):
    before = eqd2(float(earlier[0]), fractions=earlier[1], alpha_beta_gy=2.0)
    most = largest_retreatment_eqd2(
        before, cumulative_gy=70.0, course_gy=25.0, share=0.5 if with_share else None
    )
    assert most == pytest.approx(TABLE[earlier][with_share])
    for fractions, printed in enumerate(DMAX[TABLE[earlier][with_share]], start=1):
        dose = physical_from_eqd2(most, fractions=fractions, alpha_beta_gy=2.0)
        assert eqd2(dose, fractions=fractions, alpha_beta_gy=2.0) == pytest.approx(most)
        assert round(dose, 1) == printed
