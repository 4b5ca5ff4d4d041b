import case_factory as factory
import numpy as np
import pytest

from planchecker.checks import geometry
from planchecker.errors import GeometryError

DISC = factory.cylinder("Disc", radius_mm=10.0, length_mm=20.0)
# Ring: an inner loop on every plane, even-odd.
RING = factory.changed(
    DISC,
    contours=DISC.contours + factory.cylinder("Core", radius_mm=5.0, length_mm=20.0).contours,
)
POINTS = [
    # point, in the disc, in the ring, within 2 mm of the ring
    ((0.0, 0.0, 0.0), True, False, False),
    ((4.0, 0.0, 0.0), True, False, True),
    ((7.0, 0.0, 0.0), True, True, True),
    ((0.0, 9.9, 9.9), True, True, True),
    ((11.5, 0.0, 0.0), False, False, True),
    ((13.0, 0.0, 0.0), False, False, False),
    ((7.0, 0.0, 11.5), False, False, True),
    ((7.0, 0.0, 12.5), False, False, False),
    # Across a corner the distance is the straight one.
    ((11.5, 0.0, 11.5), False, False, False),
]


@pytest.mark.parametrize(("point", "disc", "ring", "near"), POINTS)
def test_points_in_and_near_a_structure(point, disc, ring, near):
    at = np.array([point])
    assert geometry.within(DISC, at)[0] == disc
    assert geometry.within(RING, at)[0] == ring
    assert geometry.within(RING, at, margin_mm=2.0)[0] == near


@pytest.mark.parametrize(("structure", "inner"), [(DISC, 0.0), (RING, 5.0)])
def test_interior_points_fill_the_structure_evenly(structure, inner):
    points = geometry.interior_points(structure)
    radius = np.hypot(points[:, 0], points[:, 1])
    assert radius.max() <= 10.0
    assert radius.min() >= inner - 0.3
    # Mean square radius of a ring is (R^2 + r^2) / 2.
    assert np.mean(radius**2) == pytest.approx((100 + inner**2) / 2, rel=0.02)
    assert abs(points[:, 2].mean()) < 1e-6


OVERLAPS = [
    ((0.0, 0.0, 0.0), True),
    ((19.0, 0.0, 0.0), True),
    ((21.0, 0.0, 0.0), False),
    ((0.0, 0.0, 19.0), True),
    ((0.0, 0.0, 23.0), False),
]


@pytest.mark.parametrize(("centre", "expected"), OVERLAPS)
def test_overlap_of_two_discs(centre, expected):
    other = factory.cylinder("Other", radius_mm=10.0, length_mm=20.0, centre_mm=centre)
    assert geometry.overlaps(DISC, other) is expected
    assert geometry.overlaps(other, DISC) is expected


def test_a_small_structure_inside_a_large_one_overlaps_it():
    dot = factory.cylinder("Dot", radius_mm=0.3, length_mm=4.0, centre_mm=(3.1, 0.2, 0.0))
    assert geometry.overlaps(DISC, dot)


def test_a_structure_without_volume_is_refused():
    with pytest.raises(GeometryError):
        geometry.interior_points(factory.changed(DISC, contours=()))


# Planes of the target stand at -19, -17, ... 19 mm.
SPANS = [(80.0, 0), (40.0, 0), (36.0, 2), (20.0, 10), (0.5, 20)]


@pytest.mark.parametrize(("length", "bare"), SPANS)
def test_planes_of_a_target_without_a_cord_are_counted(length, bare):
    target = factory.box(size_mm=(20, 20, 40))
    cord = factory.cylinder(length_mm=length)
    assert len(geometry.planes_without(target, (cord,))) == bare


def test_a_gap_in_the_cord_is_bare_unless_another_contour_fills_it():
    target = factory.box(size_mm=(20, 20, 40))
    cord = factory.cylinder(length_mm=80)
    gapped = factory.changed(
        cord,
        contours=tuple(c for c in cord.contours if abs(c.points_mm[0, 2]) > 5),
    )
    assert geometry.planes_without(target, (gapped,)) != ()
    assert geometry.planes_without(target, (gapped, factory.cylinder(length_mm=12))) == ()
    assert len(geometry.planes_without(target, ())) == 20
