"""Six sectors of a vertebra, on a vertebra of boxes in several poses."""

from dataclasses import replace

import numpy as np
import pytest
from vertebra_factory import canal, target, turn, vertebra, volume_cc

from planchecker.errors import GeometryError
from planchecker.sectors import Part, divide, gather, shares

POSES = {
    "straight": turn(),
    "flexed": turn(x_deg=25.0),
    "bent": turn(y_deg=20.0),
    "rotated": turn(z_deg=30.0),
    "all of it": turn(15.0, -10.0, 20.0),
    "prone": turn(z_deg=180.0) @ np.eye(3),
}


def moved(structure, up_mm):
    contours = tuple(
        replace(c, points_mm=c.points_mm + np.array([0.0, 0.0, up_mm])) for c in structure.contours
    )
    return replace(structure, contours=contours)


@pytest.mark.parametrize("name", [n for n in POSES if n != "prone"])
def test_each_part_falls_into_its_sector(name):
    found = divide(vertebra(POSES[name]), canal(POSES[name]))
    for part in Part:
        assert found.volume_cc(part) == pytest.approx(volume_cc(part), rel=0.12), part


def test_left_is_the_patients_left_even_upside_down():
    # Turned about the long axis by half a turn: front is back, left is still to +x.
    found = divide(vertebra(POSES["prone"]), canal(POSES["prone"]))
    assert found.middle_mm(Part.PEDICLE_LEFT)[0] > found.middle_mm(Part.PEDICLE_RIGHT)[0]


def test_a_canal_that_slants_through_axial_slices_keeps_its_axis():
    found = divide(vertebra(slant=0.3), canal(slant=0.3))
    axis = found.pose.axes[2]
    expected = np.array([0.0, 0.3, 1.0]) / np.hypot(0.3, 1.0)
    assert abs(axis @ expected) == pytest.approx(1.0, abs=1e-3)
    for part in (Part.BODY, Part.SPINOUS, Part.ARCH_LEFT):
        assert found.volume_cc(part) == pytest.approx(volume_cc(part), rel=0.12), part


def test_a_target_touches_its_sector_only():
    found = shares(divide(vertebra(), canal()), target("GTV", 3, Part.PEDICLE_RIGHT))
    assert found[Part.PEDICLE_RIGHT][0] > 0.95
    assert all(cc < 0.12 for part, (_, cc) in found.items() if part is not Part.PEDICLE_RIGHT)


def test_a_body_alone_has_no_arch():
    found = divide(vertebra(turn(), Part.BODY), canal())
    assert found.volume_cc(Part.BODY) > 20
    assert found.volume_cc(Part.SPINOUS) == 0
    assert found.middle_mm(Part.SPINOUS) is None


def test_a_canal_at_another_height_is_refused():
    with pytest.raises(GeometryError, match="does not pass the vertebra"):
        divide(vertebra(), moved(canal(half_mm=12.0), 60.0))


def test_a_vertebra_round_its_canal_alone_has_no_front():
    with pytest.raises(GeometryError, match="not lie behind"):
        divide(canal(name="VB"), canal())


def contoured(*, pose=None):
    """Each sector as its own contour, numbered from 20 on."""
    return {
        part: [replace(vertebra(pose, part), roi_number=20 + number)]
        for number, part in enumerate(Part)
    }


@pytest.mark.parametrize("name", ["straight", "all of it"])
def test_contoured_sectors_stand_as_they_were_drawn(name):
    found = gather(contoured(pose=POSES[name]))
    for part in Part:
        assert found.volume_cc(part) == pytest.approx(volume_cc(part), rel=0.05), part
    inside = shares(found, target("GTV", 3, Part.SPINOUS, pose=POSES[name]))
    assert inside[Part.SPINOUS][0] > 0.99
    assert inside[Part.BODY][1] == 0


def test_two_targets_cover_a_sector_together():
    sectors = divide(vertebra(), canal())
    halves = [target("CTV", n, Part.PEDICLE_LEFT, Part.BODY) for n in (3, 4)]
    upper, lower = (
        replace(half, contours=tuple(c for c in half.contours if (c.points_mm[0, 2] > 120) == up))
        for half, up in zip(halves, (True, False), strict=True)
    )
    alone, both = shares(sectors, upper), shares(sectors, upper, lower)
    assert alone[Part.PEDICLE_LEFT][0] == pytest.approx(0.5, abs=0.05)
    assert both[Part.PEDICLE_LEFT][0] > 0.95
