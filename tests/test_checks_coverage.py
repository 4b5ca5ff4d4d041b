import case_factory as factory
import pytest
from limit_factory import (
    BOTH,
    CONVENTIONAL,
    CRITERIA,
    STEREOTACTIC,
    findings,
    protocol,
    run,
    situation,
    statuses,
)

from planchecker.case import PrescribedTarget, Prescription
from planchecker.checks.coverage import CHECKS
from planchecker.dosimetry.dvh import MetricValue
from planchecker.results import NotApplicable, Status
from planchecker.schemes.inference import INFERRED

GOOD = {
    "D50%": 30.0,
    "D95%": 29.0,
    "D98%": 28.5,
    "D2%": 31.0,
    "V100%[%]": 60.0,
    "V90%[%]": 100.0,
    "Dmax": 31.5,
}


def plan(rois, **overrides):
    values = {"dose_gy": 30, "fractions": 10, "worlds": CONVENTIONAL} | overrides
    return situation(rois, **values)


def outcomes(code, context):
    return run(CHECKS, code, context)


FLOORS = [
    # code, target, metric, answer, expected; 30 Gy prescribed
    ("TC001", "PTV", "D50%", 28.5, "pass"),
    ("TC001", "PTV", "D50%", 28.49, "fail"),
    ("TC001", "PTV", "D50%", (28.6, 28.4, 28.8), "borderline"),
    ("TC001", "PTV", "D50%", None, "not-evaluated"),
    ("TC002", "PTV", "D95%", 28.5, "pass"),
    ("TC002", "PTV", "D95%", 28.49, "warn"),
    ("TC002", "PTV", "D95%", (28.6, 28.4, 28.8), "warn"),
    ("TC002", "PTV", "D95%", None, "not-evaluated"),
    ("TC003", "CTV", "V90%[%]", 90.0, "pass"),
    ("TC003", "GTV", "V90%[%]", 89.9, "fail"),
    ("TC003", "CTV", "V90%[%]", (90.2, 89.8, 90.4), "borderline"),
    ("TC003", "GTV", "V90%[%]", None, "not-evaluated"),
    ("TC004", "PTV", "Dmax", 32.1, "pass"),
    ("TC004", "PTV", "Dmax", 32.11, "warn"),
    ("TC004", "PTV", "Dmax", None, "not-evaluated"),
]


@pytest.mark.parametrize(("code", "target", "metric", "answer", "expected"), FLOORS)
def test_a_target_against_its_floor(code, target, metric, answer, expected):
    answers = {k: v for k, v in GOOD.items() if k != metric}
    if answer is not None:
        answers[metric] = answer
    found = outcomes(code, plan({target: answers}))
    assert statuses(found) == {target: expected}
    (finding,) = findings(found)
    assert bool(finding.remedy) is (expected != "pass")
    assert finding.source == "test"


def test_the_other_metrics_of_a_target_stand_beside():
    (finding,) = findings(outcomes("TC002", plan({"PTV": GOOD})))
    assert "D98% 28.50 Gy" in finding.message
    assert "V100%[%] 60.00 %" in finding.message


def test_without_a_ptv_coverage_is_not_evaluated_and_said_once():
    context = plan({"SpinalCord": {}, "CTV": GOOD})
    (finding,) = findings(outcomes("TC001", context))
    assert finding.status is Status.NOT_EVALUATED
    assert "Contour the PTV" in finding.remedy
    assert [outcomes(code, context) for code in ("TC002", "TC004")] == [[], []]


def test_without_ctv_and_gtv_nothing_is_asked_of_them():
    (outcome,) = outcomes("TC003", plan({"PTV": GOOD}))
    assert isinstance(outcome, NotApplicable)


def test_an_empty_ptv_is_no_ptv():
    empty = factory.changed(factory.box(), contours=())
    context = plan({"PTV": GOOD}, structures=[empty])
    assert statuses(outcomes("TC001", context)) == {"PTV": "not-evaluated"}


@pytest.mark.parametrize("code", ["TC001", "TC002", "TC003", "TC004"])
def test_without_a_histogram_the_reason_is_given(code):
    target = "CTV" if code == "TC003" else "PTV"
    (finding,) = findings(outcomes(code, plan({target: None})))
    assert finding.status is Status.NOT_EVALUATED
    assert "no volume" in finding.message


@pytest.mark.parametrize("code", ["TC001", "TC002", "TC003", "TC004"])
def test_without_a_prescription_or_a_number_of_the_protocol_nothing_is_judged(code):
    target = "CTV" if code == "TC003" else "PTV"
    for context in (
        plan({target: GOOD}, dose_gy=None),
        plan({target: GOOD}, protocol=protocol("house", criteria={})),
    ):
        (finding,) = findings(outcomes(code, context))
        assert finding.status is Status.NOT_EVALUATED
        assert finding.remedy


# Hot spot by technique

HOT = [
    (CONVENTIONAL, "warn"),
    (BOTH, "warn"),
    (STEREOTACTIC, "n/a"),
    ((), "not-evaluated"),
]


@pytest.mark.parametrize(("worlds", "expected"), HOT)
def test_hot_spots_are_a_matter_of_conventional_plans(worlds, expected):
    context = plan({"PTV": GOOD | {"Dmax": 40.0}}, worlds=worlds)
    assert list(statuses(outcomes("TC004", context)).values()) == [expected]


@pytest.mark.parametrize(("dmax", "expected"), [(33.0, "warn"), (32.0, "pass")])
def test_a_hot_spot_above_the_highest_dose_is_one_for_every_target(dmax, expected):
    rois = {"PTV_1": GOOD | {"Dmax": dmax}, "PTV_2": GOOD | {"Dmax": dmax}}
    assert statuses(outcomes("TC004", plan(rois))) == {"PTV_1": expected, "PTV_2": expected}


# Which dose a target is meant to get


def prescribed(*targets, dose_gy=30.0, source="target prescription dose"):
    return Prescription(dose_gy=dose_gy, fractions=10, source=source, targets=targets)


def level(dose_gy, roi_number=None, **overrides):
    return PrescribedTarget(number=1, prescription_gy=dose_gy, roi_number=roi_number, **overrides)


TWO = {"PTV_20": GOOD | {"D50%": 20.0}, "PTV_30": GOOD}
LEVELS = [
    # Each PTV against the dose its own reference states.
    (TWO, prescribed(level(20.0, 1), level(30.0, 2)), {"PTV_20": "pass", "PTV_30": "pass"}),
    (TWO, prescribed(level(30.0, 1), level(30.0, 2)), {"PTV_20": "fail", "PTV_30": "pass"}),
    # Not said: the highest dose is taken, and a shortfall proves nothing.
    (TWO, prescribed(), {"PTV_20": "manual", "PTV_30": "pass"}),
    (TWO, prescribed(level(20.0), level(30.0)), {"PTV_20": "manual", "PTV_30": "pass"}),
    (TWO, prescribed(level(40.0)), {"PTV_20": "manual", "PTV_30": "manual"}),
    (TWO, prescribed(level(20.0, 1), level(25.0, 1)), {"PTV_20": "manual", "PTV_30": "pass"}),
    # The tolerance dose of an organ is no level.
    (
        {"PTV": GOOD},
        prescribed(level(45.0, 7, reference_type="ORGAN_AT_RISK")),
        {"PTV": "pass"},
    ),
    ({"PTV": GOOD}, prescribed(level(20.0)), {"PTV": "pass"}),
    ({"PTV": GOOD | {"D50%": 20.0}}, prescribed(level(20.0)), {"PTV": "manual"}),
    ({"PTV": GOOD | {"D50%": 20.0}}, prescribed(), {"PTV": "fail"}),
]


@pytest.mark.parametrize(("rois", "prescription", "expected"), LEVELS)
def test_a_target_is_judged_by_its_own_dose(rois, prescription, expected):
    context = plan(rois, prescription=prescription)
    assert statuses(outcomes("TC001", context)) == expected


def test_the_percent_of_the_tumour_is_asked_of_its_own_dose():
    asked = []

    class Asking(factory.StandInDvh):
        def metric(self, metric, *, prescription_gy=None, **_asked):
            asked.append((str(metric), prescription_gy))
            return MetricValue(metric=metric, value=95.0, unit="%")

    own = prescribed(level(20.0, 1), dose_gy=30.0)
    context = plan({"CTV": {}}, prescription=own, dvhs={1: Asking()})
    assert statuses(outcomes("TC003", context)) == {"CTV": "pass"}
    assert asked == [("V90%[%]", 20.0)]


@pytest.mark.parametrize("median", [30.0, 20.0])
def test_an_inferred_prescription_leaves_coverage_to_a_person(median):
    rois = {"PTV": GOOD | {"D50%": median}}
    context = plan(rois, prescription=prescribed(source=INFERRED))
    assert statuses(outcomes("TC001", context)) == {"PTV": "manual"}


# What is given up for the cord: a ring-shaped dose that spares the axis

RING = factory.ring_dose(24.0, core_gy=4.0, inner_mm=10.0)
PTV = factory.box("PTV", size_mm=(40, 40, 40))
CORD = factory.cylinder("SpinalCord", radius_mm=6.0)
CENTRAL = factory.cylinder("PTV", radius_mm=10.0, length_mm=40, interpreted_type="PTV")
COLD = {"D50%": 20.0, "D95%": 18.0, "V90%[%]": 80.0}


def spine(structures, *, grid=RING, worlds=STEREOTACTIC, answers=COLD, **overrides):
    names = [s.name for s in structures]
    rois = {name: answers if name[:3] in ("PTV", "CTV") else {} for name in names}
    plan_dose = factory.changed(factory.context().plan_dose, grid=grid)
    return situation(
        rois,
        dose_gy=24,
        fractions=2,
        worlds=worlds,
        structures=structures,
        plan_dose=plan_dose,
        **overrides,
    )


CTV = factory.box("CTV", size_mm=(40, 40, 40))
NO_NUMBER = {k: v for k, v in CRITERIA.items() if k != "coverage.near_cord_mm"}
FLAT_COLD = factory.uniform_dose(20.0)
NEAR_CORD = [
    ("TC002", spine([PTV, CORD]), "PTV", "pass"),
    ("TC001", spine([PTV, CORD]), "PTV", "warn"),
    ("TC003", spine([CTV, CORD]), "CTV", "warn"),
    # The loss does not lie next to the cord.
    ("TC002", spine([PTV, CORD], grid=FLAT_COLD), "PTV", "warn"),
    ("TC001", spine([PTV, CORD], grid=FLAT_COLD), "PTV", "fail"),
    ("TC003", spine([CTV, CORD], grid=FLAT_COLD), "CTV", "fail"),
    # Nothing is exempt in a plan that may be conventional.
    ("TC001", spine([PTV, CORD], worlds=CONVENTIONAL), "PTV", "fail"),
    ("TC001", spine([PTV, CORD], worlds=BOTH), "PTV", "fail"),
    # No contour round the cord, no number, no dose there: nothing is exempt.
    ("TC001", spine([PTV]), "PTV", "fail"),
    ("TC001", spine([PTV, factory.changed(CORD, name="SpinalCanal")]), "PTV", "fail"),
    ("TC001", spine([PTV, CORD], protocol=protocol("house", criteria=NO_NUMBER)), "PTV", "fail"),
    ("TC001", spine([PTV, CORD], grid=None), "PTV", "fail"),
    (
        "TC001",
        spine([PTV, CORD], grid=factory.ring_dose(24, core_gy=4, half_mm=(16, 16, 60))),
        "PTV",
        "fail",
    ),
    # Most of the target next to the cord is no loss at its edge.
    ("TC001", spine([CENTRAL, factory.cylinder("SpinalCord", radius_mm=8)]), "PTV", "fail"),
]


@pytest.mark.parametrize(("code", "context", "target", "expected"), NEAR_CORD)
def test_loss_next_to_the_cord_is_exempt_and_shown(code, context, target, expected):
    assert statuses(outcomes(code, context)) == {target: expected}


def test_what_was_given_up_for_the_cord_is_in_the_message():
    (finding,) = findings(outcomes("TC002", spine([PTV, CORD])))
    # Square of 40 mm with a disc of 6 + 3 mm cut out: 15.9 % of it.
    assert "16 % of it lies within 3 mm of SpinalCord" in finding.message
    assert finding.value == 18.0, "the value of the whole target stays the value"
    assert finding.margin < 0


def test_the_outermost_contour_round_the_cord_sets_the_exempt_part():
    sac = factory.cylinder("ThecalSac", radius_mm=9.0)
    (finding,) = findings(outcomes("TC002", spine([PTV, CORD, sac])))
    # Disc of 9 + 3 mm: 28.3 % of the square.
    assert "28 % of it lies within 3 mm of ThecalSac" in finding.message


def test_a_target_whose_dose_is_not_sure_stays_manual_next_to_the_cord():
    context = spine(
        [PTV, CORD],
        prescription=Prescription(dose_gy=24, fractions=2, targets=(level(20.0),)),
    )
    assert statuses(outcomes("TC001", context)) == {"PTV": "manual"}


def test_every_check_of_the_family_is_documented_and_named_once():
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    for check in CHECKS:
        for head in ("What", "Why", "Passes", "Fires", "Not evaluated", "References"):
            assert f"\n    {head}\n    ---" in (check.run.__doc__ or ""), (check.code, head)
