"""What must hold for any structure in any dose."""

import numpy as np
from boxes import AXIAL, grid_of, loop, moved, ramp, rectangle, rotation, stack, structure
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import compute_dvh

settings.register_profile(
    "dosimetry",
    derandomize=True,
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
EXAMPLES = settings.get_profile("dosimetry")

DOSES = ("Dmin", "D99%", "D95%", "D50%", "D5%", "D1%", "D0.03cc", "Dmax", "Dmean", "CV0.1cc")
GRADIENTS = st.tuples(*[st.floats(-1.0, 1.0)] * 3)
SHIFTS = st.tuples(*[st.floats(-400.0, 400.0)] * 3)
AXES = st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda a: np.linalg.norm(a) > 0.1)
ANGLES = st.floats(-180.0, 180.0)
SEEDS = st.integers(0, 10_000)
ABOVE_ZERO_GY = 110.0
"""At the origin: no corner of the grid, turned as it may be, comes to lie below 0 Gy."""


class Blob(tuple):
    """Contours that are shown in a word; their points would fill pages."""

    __slots__ = ()

    def __repr__(self):
        return f"Blob of {len(self)} contours"


@st.composite
def blobs(draw):
    """A lumpy body on 5 to 9 slices, at times with a hole, as contours."""
    spacing = draw(st.floats(1.0, 3.0))
    count = draw(st.integers(5, 9))
    radius = draw(st.floats(4.0, 10.0))
    lump = draw(st.floats(0.0, 0.3))
    turn = draw(st.floats(0.0, 3.0))
    lean = draw(st.floats(-0.5, 0.5))
    hollow = draw(st.booleans())
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    contours = []
    for k in range(count):
        z = (k - (count - 1) / 2) * spacing
        size = radius * np.sqrt(max(1 - (2 * z / (count * spacing)) ** 2, 0.1))
        around = size * (1 + lump * np.sin(3 * angle + turn * k / count))
        flat = np.column_stack([around * np.cos(angle) + lean * z, around * np.sin(angle)])
        contours.append(loop(flat, z))
        if hollow:
            contours.append(loop(0.4 * flat + [0.6 * lean * z, 0], z))
    return Blob(contours)


def rough_grid(seed: int, lowest_gy: float = 10.0) -> DoseGrid:
    """Dose with hills and hollows, nowhere linear."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(4, 3)) / 8
    phases = rng.uniform(0, 6, 4)
    return grid_of(
        lambda p: (
            lowest_gy + sum(8 + 8 * np.sin(p @ w + f) for w, f in zip(waves, phases, strict=True))
        )
    )


def assert_same(found, expected, *, atol=0.06):
    """Compare doses.

    The extremes in the end caps are looked for on cells of some 0.3 mm; the dose changes by up
    to 6 Gy/mm.
    """
    at_extreme = np.isin(DOSES, ("Dmin", "Dmax"))
    np.testing.assert_array_less(abs(found - expected), np.where(at_extreme, 1.0, atol))


def doses_of(contours, grid):
    dvh = compute_dvh(structure(contours), grid)
    return dvh, np.array([dvh.metric(metric).value for metric in DOSES])


@EXAMPLES
@given(blobs(), SEEDS)
def test_no_dose_metric_leaves_the_extremes_and_every_value_lies_in_its_band(contours, seed):
    dvh, values = doses_of(contours, rough_grid(seed))
    lowest, highest = dvh.metric("Dmin").value, dvh.metric("Dmax").value
    assert (values >= lowest - 1e-6).all()
    assert (values <= highest + 1e-6).all()
    for metric in (*DOSES, "V40Gy[cc]", "V40Gy[%]", "EQD2(2):Dmean", "EQD2(2):D0.03cc"):
        answer = dvh.metric(metric, fractions=5)
        assert answer.band[0] <= answer.value <= answer.band[1], metric
    low, high = dvh.volume_band_cc
    assert low <= dvh.volume_cc <= high


@EXAMPLES
@given(blobs(), SEEDS)
def test_the_extremes_are_the_highest_and_lowest_dose_of_the_structure(contours, seed):
    grid = rough_grid(seed)
    dvh = compute_dvh(structure(contours), grid)
    vertices = grid.at(np.concatenate([contour.points_mm for contour in contours]))
    assert dvh.metric("Dmax").value >= vertices.max() - 1e-6
    assert dvh.metric("Dmin").value <= vertices.min() + 1e-6
    assert dvh.metric("Dmax").value <= grid.max_gy
    place = np.array([dvh.metric("Dmax").location_mm])
    assert abs(grid.at(place)[0] - dvh.metric("Dmax").value) < 2.0


@EXAMPLES
@given(blobs(), SEEDS)
def test_the_curve_never_rises_and_begins_with_the_whole_volume(contours, seed):
    dvh = compute_dvh(structure(contours), rough_grid(seed))
    for curve, total in zip(dvh.curves.volume_mm3, dvh.volumes_cc, strict=True):
        assert (np.diff(curve) <= 1e-9).all()
        assert np.isclose(curve[0] / 1000, total, rtol=1e-6)
        assert (curve >= 0).all()


@EXAMPLES
@given(blobs(), SEEDS)
def test_dose_falls_as_the_volume_asked_for_grows(contours, seed):
    dvh = compute_dvh(structure(contours), rough_grid(seed))
    falling = [dvh.metric(f"D{percent}%").value for percent in (0.5, 1, 2, 10, 30, 60, 90, 98, 100)]
    assert (np.diff(falling) <= 1e-9).all()
    share = np.array([0.01, 0.2, 0.5, 0.8, 0.99]) * dvh.volume_cc
    hottest = [dvh.metric(f"D{cc:.6f}cc").value for cc in share]
    coldest = [dvh.metric(f"CV{cc:.6f}cc").value for cc in share]
    assert (np.diff(hottest) <= 1e-9).all()
    assert (np.diff(coldest) >= -1e-9).all()


@EXAMPLES
@given(blobs(), SEEDS)
def test_volume_at_a_dose_undoes_dose_at_a_volume(contours, seed):
    dvh = compute_dvh(structure(contours), rough_grid(seed))
    for percent in (5, 40, 75, 95):
        level = dvh.metric(f"D{percent}%").value
        volume = dvh.metric(f"V{level:.9f}Gy[%]").value
        assert abs(volume - percent) < 0.5


@EXAMPLES
@given(blobs(), GRADIENTS, SHIFTS, AXES, ANGLES)
def test_turning_and_moving_patient_and_dose_together_changes_nothing(
    contours, gradient, shift, axis, angle
):
    turn = rotation(axis, angle)
    dose, there = ramp(gradient, ABOVE_ZERO_GY), np.array(shift)
    before, expected = doses_of(contours, grid_of(dose))
    grid = grid_of(
        lambda points: dose((points - there) @ turn), centre_mm=there, axes=AXIAL @ turn.T
    )
    after, found = doses_of(moved(contours, turn, there), grid)
    # The lattice lies elsewhere on the turned planes; cells are about 0.5 mm, doses 1 Gy/mm.
    assert np.isclose(after.volume_cc, before.volume_cc, rtol=0.004)
    assert_same(found, expected)


@EXAMPLES
@given(blobs(), GRADIENTS, AXES, ANGLES)
def test_turning_the_grid_alone_changes_nothing_in_a_linear_dose(contours, gradient, axis, angle):
    dose = ramp(gradient, ABOVE_ZERO_GY)
    _, expected = doses_of(contours, grid_of(dose))
    _, found = doses_of(contours, grid_of(dose, axes=AXIAL @ rotation(axis, angle)))
    assert_same(found, expected, atol=0.02)


@EXAMPLES
@given(blobs(), GRADIENTS, st.tuples(*[st.floats(1.0, 5.0)] * 3))
def test_refining_the_grid_of_a_linear_dose_changes_nothing(contours, gradient, spacing):
    dose = ramp(gradient, ABOVE_ZERO_GY)
    _, expected = doses_of(contours, grid_of(dose))
    _, found = doses_of(contours, grid_of(dose, spacing_mm=spacing))
    assert_same(found, expected)


@EXAMPLES
@given(blobs(), SEEDS, st.integers(0, 2))
def test_a_mirrored_patient_in_a_mirrored_dose_is_the_same(contours, seed, axis):
    flip = np.eye(3)
    flip[axis, axis] = -1
    grid = rough_grid(seed)
    mirrored = DoseGrid(
        values_gy=grid.values_gy,
        origin_mm=grid.origin_mm @ flip,
        axes=grid.axes @ flip,
        plane_mm=grid.plane_mm,
        row_mm=grid.row_mm,
        column_mm=grid.column_mm,
    )
    before, expected = doses_of(contours, grid)
    after, found = doses_of(moved(contours, flip, np.zeros(3)), mirrored)
    assert np.isclose(after.volume_cc, before.volume_cc, rtol=0.003)
    assert_same(found, expected, atol=0.15)


@EXAMPLES
@given(blobs(), SEEDS, st.floats(0.1, 5.0))
def test_scaling_the_dose_scales_doses_and_bands(contours, seed, factor):
    grid = rough_grid(seed)
    scaled = DoseGrid.regular(
        grid.values_gy * np.float32(factor), spacing_mm=grid.spacing_mm, origin_mm=grid.origin_mm
    )
    before, expected = doses_of(contours, grid)
    after, found = doses_of(contours, scaled)
    assert after.volume_cc == before.volume_cc
    # Extremes are exact; what lies between is spread over dose bins.
    np.testing.assert_allclose(found, factor * expected, atol=0.05 * factor + 0.01)
    narrow, wide = (np.array(dvh.metric("D0.03cc").band) for dvh in (before, after))
    np.testing.assert_allclose(wide, factor * narrow, atol=0.05 * factor + 0.01)


@EXAMPLES
@given(blobs(), SEEDS, st.floats(0.5, 20.0))
def test_adding_a_constant_dose_adds_it_to_every_metric(contours, seed, constant):
    _, expected = doses_of(contours, rough_grid(seed))
    _, found = doses_of(contours, rough_grid(seed, lowest_gy=10.0 + constant))
    np.testing.assert_allclose(found, expected + constant, atol=0.03)


@EXAMPLES
@given(blobs(), SEEDS, st.randoms(use_true_random=False))
def test_order_and_direction_of_contours_change_nothing(contours, seed, random):
    grid = rough_grid(seed)
    before, expected = doses_of(contours, grid)
    order = list(contours)
    random.shuffle(order)
    turned = [
        loop(
            np.roll(c.points_mm[:: random.choice((1, -1)), :2], random.randrange(40), axis=0),
            c.points_mm[0, 2],
        )
        for c in order
    ]
    after, found = doses_of(turned, grid)
    assert np.isclose(after.volume_cc, before.volume_cc, rtol=1e-3)
    assert_same(found, expected)


@EXAMPLES
@given(blobs(), SEEDS)
def test_more_points_on_the_same_outlines_change_nothing(contours, seed):
    def denser(contour):
        flat = contour.points_mm[:, :2]
        middle = (flat + np.roll(flat, -1, axis=0)) / 2
        return loop(np.stack([flat, middle], axis=1).reshape(-1, 2), contour.points_mm[0, 2])

    grid = rough_grid(seed)
    before, expected = doses_of(contours, grid)
    after, found = doses_of([denser(contour) for contour in contours], grid)
    assert np.isclose(after.volume_cc, before.volume_cc, rtol=1e-3)
    assert_same(found, expected)


@EXAMPLES
@given(blobs(), SEEDS)
def test_volumes_of_structures_apart_add_up(contours, seed):
    grid = rough_grid(seed)
    left = moved(contours, np.eye(3), [-14.0, 0, 0])
    right = moved(contours, np.eye(3), [14.0, 0, 0])
    parts = [compute_dvh(structure(one), grid) for one in (left, right)]
    both = compute_dvh(structure([*left, *right]), grid)
    assert np.isclose(both.volume_cc, sum(part.volume_cc for part in parts), rtol=0.01)
    for level in (20.0, 35.0, 50.0):
        of_parts = sum(part.metric(f"V{level}Gy[cc]").value for part in parts)
        assert np.isclose(both.metric(f"V{level}Gy[cc]").value, of_parts, rtol=0.02, atol=0.01)
    hottest = max(part.metric("Dmax").value for part in parts)
    assert np.isclose(both.metric("Dmax").value, hottest, atol=1.0)


SIDES: SearchStrategy[float] = st.floats(4.0, 12.0)


@EXAMPLES
@given(SIDES, SIDES, st.floats(-6.0, 6.0), st.floats(-6.0, 6.0))
def test_union_and_intersection_add_up(width, height, x, y):
    grid = grid_of(ramp([0.5, 0.3, 0.2]))
    a = rectangle(-width, -height, width, height)
    b = rectangle(x - 7.0, y - 7.0, x + 7.0, y + 7.0)
    # Walls thinner than a cell are counted roughly.
    assume(np.abs(a - b).min() > 0.8)
    low = np.maximum(a[0], b[0])
    high = np.minimum(a[2], b[2])
    only_one, one, other, both = (
        compute_dvh(structure([c for flat in flats for c in stack(flat)]), grid).volume_cc
        for flats in ((a, b), (a,), (b,), (rectangle(*low, *high),))
    )
    # Loops of one plane combine by even-odd: what lies in both counts twice and is left out.
    assert np.isclose(only_one, one + other - 2 * both, rtol=0.01, atol=0.06)


@EXAMPLES
@given(blobs(), SEEDS)
def test_a_structure_is_no_hotter_than_one_that_encloses_it(contours, seed):
    grid = rough_grid(seed)
    planes = sorted({float(c.points_mm[0, 2]) for c in contours})
    part = [c for c in contours if c.points_mm[0, 2] < planes[-2]]
    whole, some = compute_dvh(structure(contours), grid), compute_dvh(structure(part), grid)
    assert some.volume_cc < whole.volume_cc
    # The caps of the part lie within the whole but for the bulge between planes, in a dose that
    # changes by up to 6 Gy/mm.
    assert some.metric("Dmax").value <= whole.metric("Dmax").value + 1.0
    assert some.metric("D0.03cc").value <= whole.metric("D0.03cc").value + 1.0
