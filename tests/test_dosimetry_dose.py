"""The dose grid: interpolation, its rim, and what it refuses."""

import numpy as np
import pytest
from boxes import AXIAL, grid_of, ramp, rotation

from planchecker.dosimetry.dose import DoseGrid
from planchecker.errors import DoseError

ORIGIN_MM = np.array([-12.0, 30.0, -700.0])


def random_grid(axes=AXIAL, plane_mm=(0.0, 3.0, 6.0, 9.0)):
    values = np.random.default_rng(1).uniform(0, 70, (len(plane_mm), 5, 6))
    return DoseGrid(
        values_gy=values,
        origin_mm=ORIGIN_MM,
        axes=axes,
        plane_mm=np.array(plane_mm),
        row_mm=2.5 * np.arange(5),
        column_mm=2.0 * np.arange(6),
    )


def at_index(grid, plane, row, column):
    """Dose at a place given in fractional indices."""
    along = np.array(
        [
            np.interp(index, np.arange(len(nodes)), nodes)
            for index, nodes in zip(
                (plane, row, column), (grid.plane_mm, grid.row_mm, grid.column_mm), strict=True
            )
        ]
    )
    return float(grid.at((grid.origin_mm + along @ grid.axes)[None])[0])


ORIENTATIONS = {
    "head first supine": AXIAL,
    "feet first": np.array([[0.0, 0, -1], [0, 1, 0], [-1, 0, 0]]),
    "prone": np.array([[0.0, 0, 1], [0, -1, 0], [-1, 0, 0]]),
    "decubitus": np.array([[0.0, 0, 1], [-1, 0, 0], [0, 1, 0]]),
    "sagittal": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "left-handed, planes descending": np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]),
    "oblique": AXIAL @ rotation([1, 2, 3], 35),
}


@pytest.mark.parametrize("axes", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_dose_at_a_node_is_the_stored_value(axes):
    grid = random_grid(axes)
    for plane, row, column in [(0, 0, 0), (3, 4, 5), (1, 2, 4), (2, 0, 5)]:
        stored = grid.values_gy[plane, row, column]
        assert at_index(grid, plane, row, column) == pytest.approx(stored, abs=1e-6)
        place = np.array([grid.node_mm(plane, row, column)])
        assert grid.at(place)[0] == pytest.approx(stored, abs=1e-6)


@pytest.mark.parametrize("axes", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_dose_between_nodes_is_trilinear(axes):
    grid = random_grid(axes)
    a, b, c = 0.25, 0.6, 0.1
    corners = grid.values_gy[1:3, 2:4, 3:5].astype(float)
    weights = np.einsum("i,j,k->ijk", [1 - a, a], [1 - b, b], [1 - c, c])
    assert at_index(grid, 1 + a, 2 + b, 3 + c) == pytest.approx(
        float((weights * corners).sum()), abs=1e-5
    )


def test_unevenly_spaced_planes_interpolate_by_distance():
    grid = random_grid(plane_mm=(0.0, 2.0, 7.0, 8.0))
    low, high = grid.values_gy[1, 2, 3], grid.values_gy[2, 2, 3]
    place = grid.origin_mm + np.array([3.0, 5.0, 6.0]) @ grid.axes
    assert grid.at(place[None])[0] == pytest.approx(0.8 * low + 0.2 * high, abs=1e-5)
    assert grid.spacing_mm == (5.0, 2.5, 2.0)


OFFSETS_MM = [(-1.49, True), (-1.51, False), (10.49, True), (10.51, False)]


@pytest.mark.parametrize(("along_mm", "inside"), OFFSETS_MM)
def test_dose_is_held_for_half_a_voxel_beyond_the_end_planes_and_no_farther(along_mm, inside):
    grid = random_grid()
    place = grid.origin_mm + np.array([along_mm, 5.0, 6.0]) @ grid.axes
    found = grid.at(place[None])[0]
    if inside:
        end = 0 if along_mm < 0 else 3
        assert found == pytest.approx(grid.values_gy[end, 2, 3], abs=1e-6)
    else:
        assert np.isnan(found)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("side", [-1, 1])
def test_dose_outside_the_grid_is_not_a_number_on_every_side(axis, side):
    grid = random_grid()
    along = np.array([4.5, 5.0, 5.0])
    along[axis] += side * 50
    assert np.isnan(grid.at((grid.origin_mm + along @ grid.axes)[None])[0])


def test_interpolation_never_leaves_the_range_of_the_nodes():
    grid = random_grid()
    rng = np.random.default_rng(2)
    along = rng.uniform(-1, 1, (5000, 3)) * 8 + 4
    found = grid.at(grid.origin_mm + along @ grid.axes)
    found = found[~np.isnan(found)]
    assert len(found) > 1000
    assert found.min() >= grid.values_gy.min() - 1e-5
    assert found.max() <= grid.max_gy + 1e-5


def test_a_linear_dose_is_exact_on_any_grid():
    dose = ramp([0.4, -0.3, 0.7], 80)
    points = np.random.default_rng(3).uniform(-15, 15, (500, 3))
    for axes in ORIENTATIONS.values():
        grid = grid_of(dose, spacing_mm=(3.0, 2.0, 2.5), axes=axes)
        np.testing.assert_allclose(grid.at(points), dose(points), atol=2e-5)


def test_the_grid_cannot_be_changed_through_its_arrays():
    grid = random_grid()
    with pytest.raises(ValueError, match="read-only"):
        grid.values_gy[0, 0, 0] = 99.0
    with pytest.raises(ValueError, match="read-only"):
        grid.origin_mm[0] = 99.0


def with_value(value):
    values = np.ones((3, 3, 3))
    values[1, 1, 1] = value
    return values


BAD_VALUES = {
    "nan": (with_value(np.nan), "not finite"),
    "infinite": (with_value(np.inf), "not finite"),
    "beyond single precision": (with_value(1e300), "not finite"),
    "negative": (with_value(-0.5), "negative"),
    "one frame": (np.ones((1, 3, 3)), "at least 2 planes"),
    "one row": (np.ones((3, 1, 3)), "at least 2"),
    "one column": (np.ones((3, 3, 1)), "at least 2"),
    "no frame": (np.ones((0, 3, 3)), "at least 2"),
    "flat": (np.ones((3, 3)), "planes, rows and columns"),
    "four axes": (np.ones((2, 2, 2, 2)), "planes, rows and columns"),
}


@pytest.mark.parametrize(("values", "words"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_values_that_are_no_dose_are_refused(values, words):
    with pytest.raises(DoseError, match=words):
        DoseGrid.regular(values, spacing_mm=(2.0, 2.0, 2.0))


BAD_GEOMETRY = {
    "zero spacing": ({"row_mm": np.zeros(3)}, "row coordinates"),
    "negative spacing": ({"row_mm": -2.0 * np.arange(3)}, "row coordinates"),
    "spacing not a number": ({"plane_mm": np.array([0, np.nan, 4])}, "plane coordinates"),
    "endless": ({"column_mm": np.array([0, 2, np.inf])}, "column coordinates"),
    "planes that turn back": ({"plane_mm": np.array([0.0, 4.0, 2.0])}, "plane coordinates"),
    "planes that count from the patient": ({"plane_mm": np.array([5.0, 7.0, 9.0])}, "must be 0"),
    "too few planes": ({"plane_mm": np.array([0.0, 2.0])}, "do not fit"),
    "origin of two": ({"origin_mm": np.zeros(2)}, "origin"),
    "origin not a number": ({"origin_mm": np.array([0, 0, np.nan])}, "origin"),
    "axes skewed": ({"axes": AXIAL + np.array([[0, 0.1, 0]] * 3)}, "orthogonal"),
    "axes too long": ({"axes": 2 * AXIAL}, "orthogonal"),
    "axes not a number": ({"axes": np.full((3, 3), np.nan)}, "orthogonal"),
    "two axes": ({"axes": AXIAL[:2]}, "orthogonal"),
}


@pytest.mark.parametrize(("wrong", "words"), BAD_GEOMETRY.values(), ids=BAD_GEOMETRY)
def test_a_grid_that_is_no_grid_is_refused(wrong, words):
    right = {
        "values_gy": np.ones((3, 3, 3), dtype=np.float32),
        "origin_mm": np.zeros(3),
        "axes": AXIAL,
        "plane_mm": 2.0 * np.arange(3),
        "row_mm": 2.0 * np.arange(3),
        "column_mm": 2.0 * np.arange(3),
    }
    with pytest.raises(DoseError, match=words):
        DoseGrid(**(right | wrong))
