"""RX021: points of prescription, and statistics a plan may be normalised to."""

import case_factory as factory
import pytest
from check_cases import RUN, ask, context
from limit_factory import BOTH, CONVENTIONAL, STEREOTACTIC

from planchecker.case import PrescribedTarget
from planchecker.dosimetry.structure import Contour, ContourType, Structure
from planchecker.plan_dose import PlanDose
from planchecker.schemes.inference import INFERRED

# 30 Gy are prescribed. Along x the dose falls by 0.1 Gy per mm: 30 Gy at 0, 28.5 Gy at 15 mm.
RAMP = factory.dose_of(lambda x, y, z: 30.0 - 0.1 * x + 0 * y + 0 * z)
FAR = {"D50%": 33.0, "Dmean": 33.1, "D95%": 31.5, "D98%": 31.0, "D90%": 32.0}
NOWHERE = (factory.beam(control_points=()),)


def at(x_mm, gy=30.0, **overrides):
    values = {
        "number": 1,
        "structure_type": "COORDINATES",
        "reference_type": "TARGET",
        "prescription_gy": gy,
        "point_mm": (x_mm, 0.0, 0.0),
    }
    return PrescribedTarget(**(values | overrides))


def situation(*references, answers=None, worlds=CONVENTIONAL, grid=RAMP, **plan):
    of = factory.plan(**({"beams": NOWHERE} | plan))
    of = factory.changed(of, prescription=factory.changed(of.prescription, targets=references))
    case = factory.case(plan=of, doses=(factory.dose(grid),))
    dvhs = {} if answers is None else {1: factory.StandInDvh(answers=answers)}
    return context(case, dvhs=dvhs, technique=factory.technique(*worlds))


def marked(x_mm):
    """Context whose prescription is to an ROI that is a point."""
    made = situation(at(0, point_mm=None, structure_type="POINT", roi_number=5), answers=FAR)
    point = Structure(
        roi_number=5,
        name="Rx point",
        contours=(Contour(points_mm=[[x_mm, 0.0, 0.0]], geometric_type=ContourType.POINT),),
    )
    rois = (*made.case.structure_set.structures, point)
    case = factory.changed(made.case, structure_set=factory.structure_set(*rois))
    return factory.changed(made, case=case)


# name: (context, statuses, words of the first finding)
CASES = {
    "point gets it": (situation(at(0)), ["pass"], "gets 30.00 Gy of 30 Gy (+0.0 %)"),
    "1 % less": (situation(at(2.9)), ["pass"], "29.71 Gy of 30 Gy (-1.0 %)"),
    "2 % less": (situation(at(6)), ["manual"], "29.40 Gy of 30 Gy (-2.0 %)"),
    "2 % more": (situation(at(-6)), ["manual"], "30.60 Gy of 30 Gy (+2.0 %)"),
    "a point decides": (situation(at(6), answers={"D95%": 30.0}), ["manual"], "29.40"),
    "stereotactic too": (situation(at(6), worlds=STEREOTACTIC), ["manual"], "29.40"),
    "point outside the grid": (situation(at(900)), ["not-evaluated"], "outside the dose grid"),
    "point of an organ": (
        situation(at(6, reference_type="ORGAN_AT_RISK"), answers={"D95%": 30.0}),
        ["pass"],
        "D95% 30.00 Gy",
    ),
    "point of a second level": (
        situation(at(0, gy=30.0), at(6, gy=29.4)),
        ["pass", "pass"],
        "30.00",
    ),
    "point that is an ROI": (marked(0.0), ["pass"], "gets 30.00 Gy"),
    "ROI elsewhere": (marked(15.0), ["manual"], "gets 28.50 Gy"),
    "median": (situation(answers=FAR | {"D50%": 30.1}), ["pass"], "D50% 30.10 Gy (+0.3 %) is the"),
    "D95%": (situation(answers=FAR | {"D95%": 30.2}), ["pass"], "D95% 30.20 Gy (+0.7 %) is about"),
    "D98%": (situation(answers=FAR | {"D98%": 29.8}), ["pass"], "D98% 29.80 Gy (-0.7 %) is about"),
    "isocentre": (
        situation(answers=FAR, beams=factory.beams()),
        ["pass"],
        "Isocentre 30.00 Gy (+0.0 %) is the 30 Gy prescribed to PTV",
    ),
    "beam dose point": (
        situation(answers=FAR, beams=(factory.beam(control_points=(), dose_point_mm=(0, 0, 0)),)),
        ["pass"],
        "Beam dose point 30.00 Gy",
    ),
    "none fits": (situation(answers=FAR), ["warn"], "D98% 31.00 Gy (+3.3 %)"),
    "none fits, ambiguous": (situation(answers=FAR, worlds=BOTH), ["warn"], "No usual statistic"),
    "none fits, stereotactic": (situation(answers=FAR, worlds=STEREOTACTIC), ["n/a"], "any isod"),
    "no histogram": (situation(), ["not-evaluated"], "PTV has no dose"),
    "inferred": (
        situation(prescription=factory.changed(factory.plan().prescription, source=INFERRED)),
        ["n/a"],
        "stated prescription; RX020",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_dose_where_it_is_prescribed(name):
    made, expected, words = CASES[name]
    assert ask("RX021", made) == expected
    first = next(iter(RUN["RX021"](made)))
    assert words in (first.reason if expected == ["n/a"] else first.message)


def test_without_a_dose_it_does_not_pass():
    refused = PlanDose(grid=None, how="", problem="there is no dose", remedy="export it")
    assert ask("RX021", factory.changed(situation(at(0)), plan_dose=refused)) == ["n/a"]
