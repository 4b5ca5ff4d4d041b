"""Dose-volume histograms against closed forms and against evenly sampled shapes."""

import numpy as np
import phantoms
import pytest

from planchecker.dosimetry.dvh import compute_dvh

UP = np.array([0.0, 0.0, 1.0])
LYING = np.array([0.8, 0.6, 0.0])
TILTED = np.array([0.3, 0.5, 0.81])

SPHERE_DIAMETERS_MM = (3.0, 5.0, 7.0, 10.0, 15.0, 20.0)


def measured(shape, *, spacing_mm, offset_mm, gradient, dose_grid_mm=2.0, centre=(1.3, -2.1, 4.7)):
    centre = np.array(centre)
    parts = phantoms.contours(shape, centre_mm=centre, spacing_mm=spacing_mm, offset_mm=offset_mm)
    dose = phantoms.LinearDose(
        at_origin_gy=100 - float(centre @ gradient), gradient_gy_mm=np.asarray(gradient)
    )
    grid = dose.grid(
        centre_mm=centre, half_mm=max(shape.half_mm) + 8, spacing_mm=(dose_grid_mm,) * 3
    )
    return compute_dvh(phantoms.structure(shape.name, parts), grid), dose, centre


@pytest.mark.parametrize("diameter_mm", SPHERE_DIAMETERS_MM)
@pytest.mark.parametrize("offset_share", [0.0, 0.3, 0.7])
def test_sphere_volume_is_within_3_percent_where_8_planes_cross_it(diameter_mm, offset_share):
    shape = phantoms.sphere(diameter_mm / 2)
    spacing = diameter_mm / 9
    dvh, _, _ = measured(
        shape, spacing_mm=spacing, offset_mm=offset_share * spacing, gradient=[0.0, 0.0, 1.0]
    )
    truth = np.pi * diameter_mm**3 / 6 / 1000
    assert dvh.volume_cc == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_volume_above_a_dose_follows_the_cap_formula_of_a_sphere(share):
    radius = 10.0
    dvh, _, _ = measured(
        phantoms.sphere(radius), spacing_mm=2.0, offset_mm=0.4, gradient=[0.6, 0.0, 0.8]
    )
    level = 90 + 20 * share
    height = 110 - level
    cap_cc = np.pi * height**2 * (3 * radius - height) / 3 / 1000
    asked = dvh.metric(f"V{level:g}Gy[cc]")
    assert asked.value == pytest.approx(cap_cc, rel=0.03, abs=0.002)


CASES = [
    (phantoms.cylinder(10.0, 30.0, UP), 2.0, 0.003),
    (phantoms.cylinder(10.0, 30.0, LYING), 2.0, 0.005),
    (phantoms.cylinder(8.0, 30.0, TILTED), 2.0, 0.02),
    (phantoms.cone(12.0, 24.0, LYING), 2.0, 0.02),
    (phantoms.ring(14.0, 8.0, 30.0), 2.0, 0.003),
    (phantoms.ellipsoid(12.0, 7.0, 9.0), 1.5, 0.005),
    (phantoms.ellipsoid(6.0, 14.0, 10.0), 3.0, 0.01),
]


@pytest.mark.parametrize(("shape", "spacing_mm", "tolerance"), CASES, ids=lambda v: str(v)[:40])
def test_volume_and_dose_agree_with_evenly_sampled_shapes(shape, spacing_mm, tolerance):
    # Slices that end where the shape ends: half a slice beyond the first and last plane.
    offset = -shape.half_mm[2] + spacing_mm / 2 + 4.7
    dvh, dose, centre = measured(
        shape, spacing_mm=spacing_mm, offset_mm=offset, gradient=[0.7, 0.5, 0.5]
    )
    doses = dose.at(shape.truth() + centre)
    volume = shape.volume_cc()
    assert dvh.volume_cc == pytest.approx(volume, rel=tolerance)
    for percent in (99, 95, 50, 5, 1):
        truth = phantoms.true_dose_at(doses, volume, percent / 100 * volume)
        assert dvh.metric(f"D{percent}%").value == pytest.approx(truth, abs=0.35)
    assert dvh.metric("Dmean").value == pytest.approx(doses.mean(), abs=0.1)


def test_nested_rings_and_keyholes_enclose_the_same():
    shape = phantoms.ring(14.0, 8.0, 30.0)
    centre = np.zeros(3)
    parts = phantoms.contours(shape, centre_mm=centre, spacing_mm=2.0, offset_mm=0.5)
    by_plane: dict[float, list] = {}
    for part in parts:
        by_plane.setdefault(float(part.points_mm[0, 2]), []).append(part.points_mm)
    keyholes = []
    for loops in by_plane.values():
        outer, inner = sorted(loops, key=lambda p: -np.ptp(p[:, 0]))
        keyholes.append(
            phantoms.Contour(points_mm=np.concatenate([outer, outer[:1], inner, inner[:1]]))
        )
    dose = phantoms.LinearDose(at_origin_gy=50, gradient_gy_mm=np.array([1.0, 0, 0]))
    grid = dose.grid(centre_mm=centre, half_mm=25, spacing_mm=(2.0, 2.0, 2.0))
    nested = compute_dvh(phantoms.structure("nested", parts), grid)
    keyhole = compute_dvh(phantoms.structure("keyhole", tuple(keyholes)), grid)
    assert nested.volume_cc == pytest.approx(shape.volume_cc(), rel=0.005)
    assert keyhole.volume_cc == pytest.approx(nested.volume_cc, rel=0.002)
    assert keyhole.metric("D5%").value == pytest.approx(nested.metric("D5%").value, abs=0.02)


def test_extremes_of_a_box_in_a_ramp_are_exact():
    square = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])
    parts = tuple(
        phantoms.Contour(points_mm=np.column_stack([square, np.full(4, z)]))
        for z in np.arange(1.0, 20.0, 2.0)
    )
    dose = phantoms.LinearDose(at_origin_gy=30, gradient_gy_mm=np.array([0.3, -0.2, 0.5]))
    grid = dose.grid(centre_mm=np.full(3, 10.0), half_mm=20, spacing_mm=(2.5, 2.5, 2.5))
    dvh = compute_dvh(phantoms.structure("box", parts), grid)
    assert dvh.volume_cc == pytest.approx(8.0, rel=1e-3)
    assert dvh.metric("Dmax").value == pytest.approx(30 + 6 + 10, abs=1e-3)
    assert dvh.metric("Dmin").value == pytest.approx(30 - 4, abs=1e-3)
    assert dvh.metric("Dmax").location_mm == pytest.approx((20.0, 0.0, 20.0), abs=1e-3)


def test_dose_peak_at_a_grid_node_inside_is_found():
    values = np.full((21, 21, 21), 10.0)
    values[10, 10, 10] = 40.0
    grid = phantoms.DoseGrid.regular(
        values, spacing_mm=(2.0, 2.0, 2.0), origin_mm=(-20.0, -20.0, -20.0)
    )
    parts = phantoms.contours(
        phantoms.sphere(9.0), centre_mm=np.array([0.3, 0.2, 0.1]), spacing_mm=2.0, offset_mm=1.0
    )
    dvh = compute_dvh(phantoms.structure("sphere", parts), grid)
    assert dvh.metric("Dmax").value == pytest.approx(40.0, abs=1e-3)
    assert dvh.metric("Dmax").location_mm == pytest.approx((0.0, 0.0, 0.0), abs=0.5)
