"""ST010 to ST017, TC005 and DG006: shape, margin and place of structures and dose."""

import case_factory as factory
import numpy as np
import pytest
from check_cases import BODY, CORD, CTV, PTV, RUN, ask, context, findings, with_rois

from constraints.model import Technique
from planchecker.checks.margin import margins
from planchecker.checks.pieces import pieces
from planchecker.checks.planar import planar, volume_cc
from planchecker.dosimetry.structure import Contour
from planchecker.errors import GeometryError

STEREOTACTIC = factory.technique(Technique.STEREOTACTIC, delivery="VMAT")
NOT_SPINE = factory.scheme("long_bone", spine=False)
HEART = factory.cylinder("Heart", number=5, radius_mm=15, centre_mm=(40.0, 0, 0), step_mm=3.0)


def without(structure, *indices):
    kept = tuple(c for n, c in enumerate(structure.contours) if n not in indices)
    return factory.changed(structure, contours=kept)


def square(x, y, z, half=3.0):
    corners = [[x - half, y - half, z], [x + half, y - half, z]]
    corners += [[x + half, y + half, z], [x - half, y + half, z]]
    return Contour(points_mm=np.array(corners))


def stray(structure, volume_side=3.0):
    z = float(structure.contours[5].points_mm[0, 2])
    extra = square(0.0, 60.0, z, half=volume_side)
    return factory.changed(structure, contours=(*structure.contours, extra))


def sagittal(structure):
    turned = tuple(
        factory.changed(c, points_mm=c.points_mm[:, [2, 1, 0]]) for c in structure.contours
    )
    return factory.changed(structure, contours=turned)


def stated(structure, volume):
    return factory.changed(structure, stated_volume_cc=volume)


def moved(structure, x=0.0, y=0.0, z=0.0):
    shifted = tuple(
        factory.changed(c, points_mm=c.points_mm + np.array([x, y, z])) for c in structure.contours
    )
    return factory.changed(structure, contours=shifted)


def prv(radius, name="SpinalCord_PRV02", margin=2.0):
    structure = factory.cylinder(name, number=6, radius_mm=radius, length_mm=90, step_mm=3.0)
    rois = (PTV, CORD, BODY, structure)
    matches = tuple(
        factory.match(s, prv_mm=margin) if s is structure else factory.match(s) for s in rois
    )
    of = factory.case(structure_set=factory.structure_set(*rois))
    return context(of, matches=matches)


def dosed(cord, grid, **overrides):
    of = factory.case(
        structure_set=factory.structure_set(PTV, cord, BODY), doses=(factory.dose(grid),)
    )
    return context(of, **overrides)


def local_dose(reach_mm):
    """30 Gy within some height of the target's middle, nothing beyond."""
    return factory.dose_of(lambda x, _y, z: np.where(np.abs(z) < reach_mm, 30.0, 0.0) + 0 * x)


LOCAL = local_dose(30.0)
NO_SET = context(factory.case(structure_set=None))
CASES = [
    ("ST010", with_rois(PTV, CORD, BODY), ["pass"]),
    ("ST010", with_rois(PTV, without(CORD, 9), BODY), ["manual"]),
    ("ST010", with_rois(PTV, CORD, BODY, without(HEART, 4)), ["warn"]),
    ("ST010", with_rois(PTV, without(CORD, *range(0, 40, 2)), BODY), ["manual"]),
    ("ST010", with_rois(sagittal(PTV), CORD, BODY), ["not-evaluated"]),
    ("ST010", NO_SET, ["n/a"]),
    ("ST011", with_rois(PTV, CORD, BODY), ["pass"]),
    ("ST011", with_rois(stray(PTV), CORD, BODY), ["manual"]),
    ("ST011", with_rois(PTV, CORD, BODY, stray(HEART)), ["warn"]),
    ("ST011", with_rois(stray(PTV, volume_side=10.0), CORD, BODY), ["pass"]),
    ("ST011", NO_SET, ["n/a"]),
    ("ST012", with_rois(stated(PTV, 105.0), CORD, BODY), ["pass"]),
    ("ST012", with_rois(stated(PTV, 120.0), CORD, BODY), ["manual"]),
    ("ST012", with_rois(PTV, stated(CORD, 5.0), BODY), ["n/a"]),
    ("ST012", with_rois(PTV, CORD, BODY), ["n/a"]),
    ("ST014", with_rois(PTV, CORD, BODY, CTV), ["pass"]),
    ("ST014", with_rois(PTV, CORD, BODY, moved(CTV, x=8.0)), ["manual"]),
    ("ST014", with_rois(PTV, CORD, BODY, moved(CTV, z=12.0)), ["manual"]),
    ("ST014", with_rois(PTV, CORD, BODY), ["n/a"]),
    ("ST015", prv(8.0), ["pass"]),
    ("ST015", prv(6.5), ["manual"]),
    ("ST015", prv(5.0), ["manual"]),
    ("ST015", prv(10.0), ["warn"]),
    ("ST015", prv(10.0, "SpinalCord_PRV", None), ["pass"]),
    ("ST015", with_rois(PTV, CORD, BODY), ["n/a"]),
    ("ST016", with_rois(PTV, CORD, BODY), ["pass"]),
    ("ST016", with_rois(moved(PTV, y=50.0), CORD, BODY), ["manual"]),
    ("ST016", with_rois(PTV, CORD, BODY, moved(HEART, x=30.0)), ["warn"]),
    ("ST016", with_rois(PTV, CORD, moved(BODY, z=60.0)), ["manual", "manual"]),
    ("ST016", with_rois(PTV, CORD), ["not-evaluated"]),
    ("ST016", NO_SET, ["n/a"]),
    ("ST017", dosed(CORD, LOCAL), ["pass"]),
    ("ST017", dosed(factory.cylinder(length_mm=60.0, step_mm=3.0), LOCAL), ["manual", "manual"]),
    ("ST017", dosed(CORD, local_dose(50.0)), ["manual"]),
    ("ST017", dosed(CORD, LOCAL, scheme=NOT_SPINE), ["n/a"]),
    ("ST017", with_rois(PTV, BODY), ["n/a"]),
]


@pytest.mark.parametrize(("code", "situation", "expected"), CASES)
def test_each_outcome(code, situation, expected):
    assert ask(code, situation) == expected


def test_next_to_the_cord_a_stereotactic_target_may_be_cut():
    cord = factory.cylinder("SpinalCord", number=2, centre_mm=(0, 20, 0), step_mm=3.0)
    cut = factory.box("PTV", size_mm=(50.0, 36.0, 42.0), centre_mm=(0, -7.0, 0), step_mm=3.0)
    grown = factory.box("CTV", number=3, size_mm=(12.0, 30.0, 30.0), centre_mm=(0, 0, 0), step_mm=3)
    rois = (cut, cord, BODY, grown)
    assert ask("ST014", with_rois(*rois, technique=STEREOTACTIC)) == ["pass"]
    assert ask("ST014", with_rois(*rois)) == ["manual"]


def test_targets_that_only_the_roi_type_makes_need_not_nest():
    wires = factory.box("Borders", number=3, size_mm=(80.0, 80.0, 6.0), step_mm=3.0)
    rois = (PTV, CORD, BODY, wires)
    matches = tuple(
        factory.match(s, "CTV", how="ROI type CTV") if s is wires else factory.match(s)
        for s in rois
    )
    of = factory.case(structure_set=factory.structure_set(*rois))
    assert ask("ST014", context(of, matches=matches)) == ["n/a"]


def test_the_place_of_a_gap_and_of_a_stray_piece_is_given():
    (gap,) = findings("ST010", with_rois(PTV, without(CORD, 9), BODY))
    assert gap.location_mm == pytest.approx((0.0, 0.0, -13.5), abs=0.1)
    (piece,) = findings("ST011", with_rois(stray(PTV), CORD, BODY))
    assert piece.location_mm == pytest.approx((0.0, 60.0, -4.5), abs=0.1)


MARGINS = [(2.0, 2.0), (5.0, 5.0), (8.0, 8.0)]


@pytest.mark.parametrize(("grown", "expected"), MARGINS)
def test_the_margin_of_a_sphere_is_measured_in_space(grown, expected):
    inner = planar(factory.sphere("CTV", radius_mm=20.0))
    outer = planar(factory.sphere("PTV", radius_mm=20.0 + grown))
    measured = margins(inner, outer).margin_mm
    assert measured.min() == pytest.approx(expected, abs=0.7)
    assert np.median(measured) == pytest.approx(expected, abs=0.3)


def test_what_sticks_out_is_negative_by_its_distance():
    inner = planar(factory.box("CTV", size_mm=(20, 20, 20), centre_mm=(0, 0, 0)))
    outer = planar(factory.box("PTV", size_mm=(30, 30, 30), centre_mm=(10, 0, 0)))
    assert margins(inner, outer).least()[0] == pytest.approx(-5.0, abs=0.01)


def test_pieces_know_holes_and_volumes():
    ring = factory.changed(
        CORD,
        contours=tuple(
            contour for z in (0.0, 3.0) for contour in (square(0, 0, z, 20), square(0, 0, z, 10))
        ),
    )
    (whole,) = pieces(planar(ring))
    assert whole.volume_cc == pytest.approx((1600 - 400) * 6 / 1000)


def test_volume_of_a_box():
    assert volume_cc(PTV) == pytest.approx(50 * 50 * 42 / 1000, rel=0.05)


def test_contours_that_are_not_axial_have_no_planes():
    with pytest.raises(GeometryError, match="not contoured on axial slices"):
        planar(sagittal(PTV))
    with pytest.raises(GeometryError, match="no closed contour"):
        planar(factory.changed(PTV, contours=()))


@pytest.mark.parametrize("place", [(9e15, 0.0, 0.0), (0.0, -2e4, 0.0), (1e150, 1e150, 0.0)])
def test_coordinates_that_no_patient_has_are_refused_before_anything_is_cut(place):
    first, *rest = PTV.contours
    points = np.concatenate([first.points_mm, first.points_mm[:1] + place])
    spoilt = factory.changed(PTV, contours=(Contour(points_mm=points), *rest))
    with pytest.raises(GeometryError, match="where no patient is"):
        planar(spoilt)


# TC005


def hot_at(x_mm, gy, base=30.0):
    def value(x, y, z):
        near = (np.abs(x - x_mm) < 3) & (np.abs(y) < 3) & (np.abs(z) < 3)
        return np.where(near, gy, base)

    return factory.dose_of(value)


HOT = [
    (hot_at(0.0, 31.0), None, "pass"),
    (hot_at(60.0, 31.0), None, "pass"),
    (hot_at(60.0, 37.0), None, "manual"),
    (hot_at(0.0, 40.0), STEREOTACTIC, "pass"),
    (hot_at(0.0, 46.0), STEREOTACTIC, "warn"),
    (hot_at(60.0, 31.0), STEREOTACTIC, "manual"),
]


@pytest.mark.parametrize(("grid", "technique", "expected"), HOT)
def test_place_of_the_highest_dose(grid, technique, expected):
    situation = dosed(CORD, grid, **({"technique": technique} if technique else {}))
    assert ask("TC005", situation) == [expected]


def test_a_body_that_is_hot_as_a_whole_warns():
    dvh = factory.StandInDvh(roi_number=9, answers={"D2cc": 32.0})
    assert ask("TC005", dosed(CORD, hot_at(60.0, 33.0), dvhs={9: dvh})) == ["warn"]


def test_without_a_dose_the_hot_spot_is_not_evaluated():
    assert ask("TC005", context(factory.case(doses=()))) == ["not-evaluated"]


# DG006

DEVICE = factory.box("Pacemaker", number=7, centre_mm=(55, 0, 0), size_mm=(10, 10, 10))
DEVICE_DOSES = [
    ({"Dmax": 1.0}, 1.0, ["pass"]),
    ({"Dmax": 3.0}, 3.0, ["manual"]),
    ({"Dmax": 1.0}, 5.0, ["warn"]),
    ({}, 1.0, ["not-evaluated"]),
]


@pytest.mark.parametrize(("answers", "around", "expected"), DEVICE_DOSES)
def test_dose_to_a_device(answers, around, expected):
    of = factory.case(
        structure_set=factory.structure_set(PTV, CORD, BODY, DEVICE),
        doses=(factory.dose(factory.uniform_dose(around)),),
    )
    dvh = factory.StandInDvh(roi_number=7, roi_name="Pacemaker", answers=answers)
    assert ask("DG006", context(of, dvhs={7: dvh})) == expected


def test_without_a_device_nothing_is_asked():
    assert ask("DG006", context()) == ["n/a"]


def test_a_gap_in_the_cord_is_told_where_it_receives_dose():
    upper = factory.cylinder("SpinalCord", number=2, step_mm=3.0, length_mm=84.0)
    lower = factory.cylinder("CaudaEquina", number=6, centre_mm=(0, 0, -62.0), step_mm=3.0)
    apart = factory.changed(
        lower, contours=tuple(c for c in lower.contours if c.points_mm[0, 2] < -54)
    )

    def asked(reach_mm):
        rois = (PTV, upper, BODY, apart)
        of = factory.case(
            structure_set=factory.structure_set(*rois),
            doses=(factory.dose(local_dose(reach_mm)),),
        )
        return findings("ST017", context(of))

    assert asked(30.0) == []
    told = [f for f in asked(50.0) if "is not contoured at z" in f.message]
    assert len(told) == 1
    assert -54 < told[0].location_mm[2] < -42


def test_without_a_dose_the_cord_is_not_said_to_leave_it():
    (outcome,) = RUN["ST017"](context(factory.case(doses=())))
    assert "out of the dose" not in outcome.message
