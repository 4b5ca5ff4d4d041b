"""Adding up courses voxel by voxel, against sums worked out by hand."""

import numpy as np
import pytest
from test_registration import rigid

from constraints.loader import load_protocol
from planchecker.cumulative import Addend, add_up, fitted, largest_retreatment_eqd2
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.radiobiology import eqd2, log_logistic_risk, physical_from_eqd2
from planchecker.grid_parts import cropped
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


def spike(*, spacing=1.0, half=20.0, gy=30.0, at=(0.5, 0.5, 0.5)):
    """Course with one hot node and 2 Gy everywhere else."""
    count = round(2 * half / spacing) + 1
    values = np.full((count,) * 3, 2.0)
    column, row, plane = (round((a + half) / spacing) for a in at)
    values[plane, row, column] = gy
    return grid(values, origin=(-half,) * 3, spacing=spacing)


def test_a_hot_spot_between_the_nodes_of_the_plan_is_found():
    here, old = uniform(0.0), spike(spacing=0.5, at=(1.0, 1.0, 1.0))
    course = Addend(grid=old, fractions=10, matrix=IDENTITY)
    assert add_up(here, (course,), alpha_beta_gy=2.0).value.max_gy < 3
    fine = fitted(cropped(here, np.zeros((1, 3)), margin_mm=6.0), (course,))
    assert add_up(fine, (course,), alpha_beta_gy=2.0).value.max_gy == pytest.approx(37.5)


def test_a_template_on_the_nodes_of_all_courses_stays():
    here = uniform(1.0)
    part = cropped(here, np.zeros((1, 3)), margin_mm=6.0)
    assert fitted(part, (Addend(grid=here, fractions=1, matrix=IDENTITY),)) is part


@pytest.mark.parametrize("turn", [0.0, 10.0])
def test_a_template_is_refined_for_shifted_and_turned_courses(turn):
    here = uniform(1.0)
    old = Addend(grid=here, fractions=1, matrix=rigid(turn, (0.6, 0.0, 0.0)))
    assert max(fitted(here, (old,)).spacing_mm) == pytest.approx(1.0)


def test_a_large_template_is_never_refined_beyond_its_bound():
    here = uniform(1.0, size=120)
    old = Addend(grid=here, fractions=1, matrix=rigid(3.0))
    assert fitted(here, (old,)) is here


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_worth_sampling_is_still_bounded(seed):
    rng = np.random.default_rng(seed)
    here = uniform(1.0, size=15)
    old = grid(rng.uniform(0, 40, (30, 28, 26)), origin=(-25.0, -24.0, -26.0), spacing=1.7)
    course = Addend(grid=old, fractions=10, matrix=rigid(25.0), uncertainty_mm=1.5)
    sampled = add_up(here, (course,), alpha_beta_gy=2.0)
    rough = add_up(here, (course,), alpha_beta_gy=2.0, worth_gy=1e9)
    assert np.array_equal(rough.value.values_gy, sampled.value.values_gy)
    assert (rough.low.values_gy <= sampled.low.values_gy + 1e-4).all()
    assert (rough.high.values_gy >= sampled.high.values_gy - 1e-4).all()
    partly = add_up(here, (course,), alpha_beta_gy=2.0, worth_gy=30.0)
    hot = sampled.high.values_gy >= 30.0
    assert np.array_equal(partly.high.values_gy[hot], sampled.high.values_gy[hot])


def test_memory_grows_with_the_template_alone():
    import tracemalloc  # noqa: PLC0415

    here, old = uniform(1.0, size=110), uniform(20.0, size=41)
    courses = tuple(
        Addend(grid=old, fractions=10, matrix=rigid(5.0), uncertainty_mm=1.0) for _ in range(2)
    )
    tracemalloc.start()
    add_up(here, courses, alpha_beta_gy=2.0, worth_gy=1e9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 16 bytes a node for the sums and their copies, and about 500 bytes a point of a block.
    assert peak < 24 * 110**3 + 700 * 200_000


# Risk in percent at full dose to the cord, alpha/beta 0.87, printed with two digits.
RISKS = {
    (8, 1): 4.1e-07,
    (10, 1): 0.0012,
    (16, 2): 0.18,
    (20, 4): 0.005,
    (20, 5): 0.00015,
    (24, 6): 0.0046,
    (25, 5): 0.33,
    (24, 4): 2.8,
    (28, 7): 0.083,
    (30, 10): 0.0041,
    (30, 6): 9.1,
    (30, 5): 65.0,
    (30, 4): 99.0,
    (20, 8): 1.5e-07,
    (20, 10): 7.7e-09,
}


@pytest.mark.parametrize("scheme", RISKS)
def test_the_logistic_risk_of_common_schemes(scheme):
    dose = eqd2(float(scheme[0]), fractions=scheme[1], alpha_beta_gy=0.87)
    criteria = load_protocol("bone_metastases").criteria
    risk = log_logistic_risk(
        dose, d50_gy=criteria["cord_risk.d50_gy"].value, slope=criteria["cord_risk.slope"].value
    )
    assert float(f"{100 * risk:.2g}") == pytest.approx(RISKS[scheme], rel=0.08)


@pytest.mark.parametrize(("dose_gy", "percent"), [(45.0, 0.03), (50.0, 0.2), (59.3, 5.0)])
def test_the_logistic_risk_meets_the_published_points(dose_gy, percent):
    assert 100 * log_logistic_risk(dose_gy, d50_gy=69.4, slope=18.72) == pytest.approx(
        percent, rel=0.12
    )
    assert log_logistic_risk(0.0, d50_gy=69.4, slope=18.72) == 0.0
    assert log_logistic_risk(1e-30, d50_gy=69.4, slope=18.72) < 1e-100


def test_a_risk_needs_a_curve():
    with pytest.raises(ValueError, match="must be above 0"):
        log_logistic_risk(50.0, d50_gy=0.0, slope=18.72)
