"""Family BM: each check passes, fires, and says where it cannot be evaluated."""

import case_factory as factory
import numpy as np
import pytest
from check_cases import BODY, CORD, CTV, PTV, RUN, ask, context, findings, with_plan, with_rois

from constraints.model import Technique
from planchecker.case import ControlPoint
from planchecker.checks.beam_view import axes_of

beam, beams, plan = factory.beam, factory.beams, factory.plan
FIRST = beam().control_points[0]


def points(*changes, kind="static"):
    """Control points of a beam, each changed."""
    found = list(beam(kind).control_points)
    for index, change in enumerate(changes):
        found[index] = factory.changed(found[index], **change)
    return tuple(found)


def with_beam(kind="static", **overrides):
    return with_plan(beams=(beam(kind, **overrides),))


def leaves(*positions, kind="MLCX", jaws=(-40.0, 40.0)):
    """First control point with other leaves and X jaws."""
    return ((("ASYMX", jaws)), ("ASYMY", (-30.0, 30.0)), (kind, positions))


def at(x=0.0, y=0.0, z=0.0):
    return points({"isocentre_mm": (x, y, z)})


def units(total, delivery="static conformal", worlds=(Technique.CONVENTIONAL,)):
    """Plan of 3 Gy a fraction with some monitor units."""
    of = factory.case(plan=plan(30, 10, beams=(beam(meterset=total),)))
    return context(of, technique=factory.technique(*worlds, delivery=delivery))


def beam_doses(*doses, point=(0.0, 0.0, 0.0), **overrides):
    found = tuple(
        beam(number=n, dose_gy=dose, dose_point_mm=point) for n, dose in enumerate(doses, start=1)
    )
    return context(factory.case(plan=plan(beams=found), **overrides))


def bolus(*, linked):
    sheet = factory.box("Bolus", number=8, interpreted_type="BOLUS", step_mm=3.0)
    of = factory.case(
        structure_set=factory.structure_set(PTV, CORD, BODY, sheet),
        plan=plan(beams=(beam(boli=int(linked), bolus_rois=(8,) if linked else ()),)),
    )
    return context(of)


def arc(step_deg, *, kind="vmat", direction="CW"):
    angles = np.arange(0.0, 60.0, step_deg)
    shapes = [(("MLCX", (-20.0 + n % 2, 20.0)),) for n in range(len(angles))]
    return tuple(
        ControlPoint(
            index=n,
            meterset_weight=n / (len(angles) - 1),
            gantry_deg=float(angle),
            gantry_direction=direction,
            isocentre_mm=(0.0, 0.0, 0.0),
            positions_mm=shapes[n] if kind == "vmat" else shapes[0],
        )
        for n, angle in enumerate(angles)
    )


WIDE = factory.cylinder(
    "BODY", number=9, radius_mm=350, length_mm=100, interpreted_type="EXTERNAL", step_mm=3.0
)
COUCH = factory.box("Couch", number=8, interpreted_type="SUPPORT", step_mm=3.0)
SKIN = {"ssd_mm": 930.0}
NO_UNITS = with_beam(meterset=None)
CASES = [
    ("BM001", context(), ["pass"]),
    ("BM001", with_beam(meterset=0.0), ["fail"]),
    ("BM001", with_beam(meterset=9.0), ["warn"]),
    ("BM001", with_beam(meterset=19.0, wedges=1), ["warn"]),
    ("BM001", with_plan(beams=(beam(), beam("setup", number=2))), ["pass"]),
    ("BM001", NO_UNITS, ["not-evaluated"]),
    ("BM001", with_beam(dosimeter_unit="MU"), ["pass"]),
    ("BM001", with_beam(dosimeter_unit="MINUTE"), ["not-evaluated"]),
    ("BM002", with_beam(dosimeter_unit="MINUTE"), ["not-evaluated"]),
    ("BM001", with_plan(beams=()), ["not-evaluated"]),
    ("BM002", units(400.0), ["pass"]),
    ("BM002", units(500.0), ["warn"]),
    ("BM002", units(700.0), ["manual"]),
    ("BM002", units(100.0), ["manual"]),
    ("BM002", units(900.0, "VMAT"), ["pass"]),
    ("BM002", units(1400.0, "VMAT", (Technique.STEREOTACTIC,)), ["pass"]),
    ("BM002", units(1900.0, "VMAT", (Technique.STEREOTACTIC,)), ["manual"]),
    ("BM002", NO_UNITS, ["not-evaluated"]),
    ("BM002", with_beam("proton"), ["n/a"]),
    ("BM003", beam_doses(1.5, 1.5), ["pass"]),
    ("BM003", beam_doses(1.5, 1.545), ["warn"]),
    ("BM003", beam_doses(1.5, 1.6), ["manual"]),
    ("BM003", beam_doses(1.5, 1.5, point=(500.0, 0.0, 0.0)), ["not-evaluated"]),
    ("BM003", beam_doses(1.5, 1.5, doses=()), ["n/a"]),
    ("BM003", context(), ["n/a"]),
    ("BM004", context(), ["pass"]),
    ("BM004", with_plan(beams=(beam(), beam(number=2, machine="LINAC2"))), ["manual"]),
    ("BM004", with_plan(beams=(beam(), beam("electron", number=2))), ["manual"]),
    ("BM004", with_plan(beams=(beam(), beam(number=2, control_points=points({"energy": 15.0})))),
     ["manual"]),
    ("BM004", with_beam(machine=""), ["not-evaluated"]),
    ("BM004", with_beam(control_points=points({"energy": None})), ["not-evaluated"]),
    ("BM005", context(), ["pass"]),
    ("BM005", with_beam(stated_points=3), ["fail"]),
    ("BM005", with_beam(final_weight=0.9), ["fail"]),
    ("BM005", with_beam(control_points=points({"meterset_weight": 0.2})), ["fail"]),
    ("BM005", with_beam(control_points=points({}, {"meterset_weight": None})), ["not-evaluated"]),
    ("BM005", with_beam("vmat", control_points=arc(2.0)), ["pass"]),
    ("BM005", with_beam("vmat", control_points=arc(6.0)), ["manual"]),
    ("BM005", with_beam("vmat", control_points=arc(6.0, kind="arc")), ["pass"]),
    ("BM005", with_beam("vmat", control_points=arc(2.0, direction="CC")), ["fail"]),
    ("BM006", context(), ["pass"]),
    ("BM006", with_beam(control_points=points({"gantry_deg": 400.0})), ["fail"]),
    ("BM006", with_beam(control_points=points({"couch_deg": 180.0})), ["manual"]),
    ("BM006", with_beam(control_points=points({"gantry_deg": None})), ["not-evaluated"]),
    ("BM007", context(), ["pass"]),
    ("BM007", with_beam(control_points=points({"positions_mm": leaves(20.0, -20.0)})), ["fail"]),
    ("BM007", with_beam(control_points=points({"positions_mm": leaves(-300.0, 20.0)})), ["fail"]),
    ("BM007", with_beam(control_points=points({"positions_mm": leaves(-20.0, 20.0, 5.0)})),
     ["fail"]),
    ("BM007", with_beam(control_points=points({"positions_mm": leaves(-20.0, 20.0, -5.0, 5.0)})),
     ["fail"]),
    ("BM007", with_beam(control_points=points({"positions_mm": ()})), ["n/a"]),
    ("BM008", context(), ["pass"]),
    ("BM008", with_beam(control_points=points(
        {"positions_mm": leaves(-20.0, 20.0, jaws=(-40.0, -15.0))})), ["manual"]),
    ("BM008", with_beam(control_points=points(
        {"positions_mm": leaves(-20.0, 20.0, jaws=(-10.0, 10.0))})), ["warn"]),
    ("BM008", with_beam(control_points=points({"positions_mm": ()})), ["n/a"]),
    ("BM009", context(), ["pass"]),
    ("BM009", with_plan(beams=(beam(), beam(number=2, control_points=at(x=0.5)))), ["manual"]),
    ("BM009", with_beam(control_points=points({"isocentre_mm": None})), ["not-evaluated"]),
    ("BM010", context(), ["pass"]),
    ("BM010", with_beam(control_points=at(x=100.0)), ["manual"]),
    ("BM010", with_beam(control_points=at(z=40.0)), ["manual"]),
    ("BM010", with_rois(PTV, CORD), ["not-evaluated"]),
    ("BM011", context(), ["pass"]),
    ("BM011", with_rois(PTV, CORD, WIDE), ["manual"]),
    ("BM011", with_beam(control_points=at(z=200.0)), ["not-evaluated"]),
    ("BM011", with_plan(patient_position=""), ["not-evaluated"]),
    ("BM012", with_beam(control_points=points(SKIN)), ["pass"]),
    ("BM012", with_beam(control_points=points({"ssd_mm": 920.0})), ["manual"]),
    ("BM012", context(), ["n/a"]),
    ("BM012", with_plan(patient_position="", beams=(beam(control_points=points(SKIN)),)),
     ["not-evaluated"]),
    ("BM013", context(), ["pass"]),
    ("BM013", bolus(linked=True), ["pass"]),
    ("BM013", bolus(linked=False), ["manual"]),
    ("BM013", with_beam(boli=1, bolus_rois=(77,)), ["manual"]),
    ("BM013", with_beam("vmat", wedges=1), ["manual"]),
    ("BM014", with_plan(tolerance_tables=(1,), beams=(beam(tolerance_table=1),)), ["pass"]),
    ("BM014", with_plan(tolerance_tables=(1,), beams=(beam(tolerance_table=2),)), ["manual"]),
    ("BM014", with_plan(tolerance_tables=(1,)), ["manual"]),
    ("BM014", with_plan(beams=(beam(), beam("setup", number=2, meterset=5.0))), ["manual"]),
    ("BM014", context(), ["n/a"]),
    ("BM015", context(), ["n/a"]),
    ("BM016", context(), ["pass"]),
    ("BM016", with_beam(control_points=at(x=10.0)), ["manual"]),
    ("BM016", with_beam(control_points=points({"positions_mm": ()})), ["not-evaluated"]),
    ("BM016", with_rois(CORD, BODY), ["not-evaluated"]),
    ("BM016", with_beam("proton"), ["n/a"]),
]  # fmt: skip
DIRECTIONS = [
    (0.0, 0.0, "HFS", (0, -1, 0)),
    (90.0, 0.0, "HFS", (1, 0, 0)),
    (180.0, 0.0, "HFS", (0, 1, 0)),
    (0.0, 0.0, "HFP", (0, 1, 0)),
    (90.0, 0.0, "FFS", (-1, 0, 0)),
    (90.0, 90.0, "HFS", (0, 0, -1)),
]


@pytest.mark.parametrize(("code", "situation", "expected"), CASES)
def test_each_outcome(code, situation, expected):
    assert ask(code, situation) == expected


@pytest.mark.parametrize(("gantry", "couch", "position", "expected"), DIRECTIONS)
def test_direction_to_the_source(gantry, couch, position, expected):
    assert axes_of(gantry, couch, position) == pytest.approx(expected, abs=1e-9)


def test_an_unknown_position_has_no_direction():
    assert axes_of(0.0, 0.0, "HFDL") is None


def test_without_treatment_beams_only_the_first_check_reports_it():
    nothing = with_plan(beams=())
    for code in ("BM004", "BM005", "BM006", "BM009", "BM016"):
        assert ask(code, nothing) == ["n/a"]


def test_set_up_beams_are_left_out():
    armed = beam("setup", number=2, control_points=points({"gantry_deg": 400.0}))
    assert ask("BM006", with_plan(beams=(beam(), armed))) == ["pass"]


def test_a_couch_that_is_contoured_is_named_no_more():
    bare = next(iter(RUN["BM011"](context()))).message
    held = factory.case(structure_set=factory.structure_set(PTV, CORD, BODY, COUCH))
    matches = tuple(
        factory.match(s, category="support" if s.name == "Couch" else factory.match(s).category)
        for s in held.structure_set.structures
    )
    seen = next(iter(RUN["BM011"](context(held, matches=matches)))).message
    assert "couch" in bare
    assert "couch" not in seen


def test_the_nearest_point_of_a_wide_patient_is_given():
    (finding,) = findings("BM011", with_rois(PTV, CORD, WIDE))
    assert finding.value == pytest.approx(30, abs=2)
    assert finding.location_mm is not None
    assert finding.location_mm[1] == pytest.approx(-350, abs=2)


def test_apertures_that_follow_any_target_are_accepted():
    second = factory.box("PTV_2", number=4, centre_mm=(40.0, 0.0, 0.0), step_mm=3.0)
    of = factory.case(
        structure_set=factory.structure_set(PTV, CORD, BODY, second, CTV),
        plan=plan(beams=(beam(control_points=at(x=40.0)),)),
    )
    assert ask("BM016", context(of)) == ["pass"]


def test_modulated_beams_of_several_targets_are_not_asked():
    second = factory.box("PTV_2", number=4, centre_mm=(40.0, 0.0, 0.0), step_mm=3.0)
    of = factory.case(structure_set=factory.structure_set(PTV, CORD, BODY, second))
    assert ask("BM016", context(of, technique=factory.technique(delivery="VMAT"))) == ["n/a"]


def comb(aside_mm):
    """Arc whose leaf pairs stand alternately aside."""
    shapes = []
    for shift in (0.0, 1.0):
        middle = np.where(np.arange(20) % 2, aside_mm, -aside_mm) + shift
        shapes.append((("MLCX", (*(middle - 10), *(middle + 10))),))
    return tuple(
        factory.changed(FIRST, index=n, meterset_weight=float(n), positions_mm=shape)
        for n, shape in enumerate(shapes)
    )


COMPLEXITY = [(0.0, ["pass"]), (60.0, ["manual"])]


@pytest.mark.parametrize(("aside", "expected"), COMPLEXITY)
def test_complexity_fires_only_where_it_is_absurd(aside, expected):
    of = factory.case(plan=plan(beams=(beam("vmat", control_points=comb(aside)),)))
    assert ask("BM015", context(of, technique=factory.technique(delivery="VMAT"))) == expected


def test_complexity_counts_a_closed_control_point_as_no_opening():
    closed = factory.changed(
        FIRST, index=2, meterset_weight=2.0, positions_mm=(("MLCX", (0.0,) * 40),)
    )
    points = (*comb(0.0), closed)
    of = factory.case(plan=plan(beams=(beam("vmat", control_points=points),)))
    assert ask("BM015", context(of, technique=factory.technique(delivery="VMAT"))) == ["pass"]
