import case_factory as factory
import pytest
from limit_factory import (
    BOTH,
    CONVENTIONAL,
    STEREOTACTIC,
    findings,
    guideline,
    limit,
    protocol,
    run,
    situation,
    statuses,
)

import constraints
from constraints.model import Comparison, Course, Evidence, Kind, Technique
from planchecker.case import Prescription
from planchecker.checks.dose_limits import CHECKS
from planchecker.checks.limits import judging
from planchecker.dosimetry.dvh import MetricValue
from planchecker.results import NotApplicable, Status
from planchecker.schemes.inference import INFERRED

INF = float("inf")
NAN = float("nan")
REAL = constraints.load_protocol("bone_metastases")
REAL_GUIDELINES = {name: constraints.load(name) for name in REAL.guidelines}


def real(rois, dose_gy, fractions, worlds, **overrides):
    """A plan tested with the packaged library."""
    return situation(
        rois,
        dose_gy=dose_gy,
        fractions=fractions,
        worlds=worlds,
        protocol=REAL,
        guidelines=REAL_GUIDELINES,
        **overrides,
    )


def outcomes(code, context):
    return run(CHECKS, code, context)


# Value, band and bound

MOST, BELOW, LEAST, ABOVE = Comparison
COMPARED = [
    (17.0, None, MOST, 17.0, "met"),
    (17.0, None, BELOW, 17.0, "exceeded"),
    (17.0000001, None, MOST, 17.0, "exceeded"),
    (16.9, (16.7, 17.2), MOST, 17.0, "open"),
    (16.9, (16.7, 17.0), MOST, 17.0, "met"),
    (16.9, (16.7, 17.0), BELOW, 17.0, "open"),
    (17.3, (17.1, 17.5), MOST, 17.0, "exceeded"),
    (17.3, (17.0, 17.5), MOST, 17.0, "open"),
    (17.3, (17.0, 17.5), BELOW, 17.0, "exceeded"),
    # A value outside its own band widens the band; it is never ignored.
    (17.3, (16.0, 16.5), MOST, 17.0, "open"),
    (None, (17.1, INF), MOST, 17.0, "exceeded"),
    (None, (16.0, INF), MOST, 17.0, "none"),
    (None, (15.0, 16.9), MOST, 17.0, "met"),
    (None, None, MOST, 17.0, "none"),
    (NAN, None, MOST, 17.0, "none"),
    (16.0, (15.0, NAN), MOST, 17.0, "none"),
    (16.0, (15.0, INF), MOST, 17.0, "open"),
    (16.0, None, MOST, NAN, "none"),
    (95.0, None, LEAST, 95.0, "met"),
    (95.0, None, ABOVE, 95.0, "exceeded"),
    (95.5, (94.0, 96.0), LEAST, 95.0, "open"),
    (94.0, (93.0, 94.5), LEAST, 95.0, "exceeded"),
    (None, (95.0, INF), LEAST, 95.0, "met"),
]


@pytest.mark.parametrize(("value", "band", "comparison", "bound", "expected"), COMPARED)
def test_compares_a_value_and_its_band_without_tolerance(value, band, comparison, bound, expected):
    measured = MetricValue(metric=limit().metric, value=value, unit="Gy", band=band)
    assert judging.compare(measured, comparison, bound, unit="Gy").value == expected


def test_an_answer_in_another_unit_is_no_answer():
    measured = MetricValue(metric=limit().metric, value=1.0, unit="%")
    assert judging.compare(measured, MOST, 17.0, unit="Gy") is judging.Answer.NONE


EXCESS = [
    (Kind.MANDATORY, Evidence.A, True, "fail"),
    (Kind.REPORTED, Evidence.B, True, "fail"),
    (Kind.OPTIMAL, Evidence.A, True, "warn"),
    (Kind.MANDATORY, Evidence.A, False, "warn"),
    (Kind.MANDATORY, Evidence.C, True, "manual"),
    (Kind.OPTIMAL, Evidence.C, True, "manual"),
    (Kind.REPORTED, Evidence.C, False, "manual"),
    (Kind.MANDATORY, Evidence.D, True, "manual"),
]


@pytest.mark.parametrize(("kind", "evidence", "governs", "expected"), EXCESS)
def test_status_of_an_excess(kind, evidence, governs, expected):
    status = judging.excess_status(kind=kind, evidence=evidence, governs=governs)
    assert status.value == expected


@pytest.mark.parametrize("excess", [Status.FAIL, Status.WARN, Status.MANUAL])
def test_a_doubt_never_weighs_more_than_the_certainty(excess):
    doubt = judging.verdict(judging.Answer.OPEN, excess=excess)
    assert doubt is (Status.BORDERLINE if excess is Status.FAIL else excess)


# DL001, the stereotactic cord rule, with the packaged library

HYTEC = {1: 14.0, 2: 17.0, 3: 20.3, 4: 23.0, 5: 25.3}
CONTOURS = ["SpinalCord", "SpinalCord_PRV02", "SpinalCord_PRV2.5", "SpinalCord_PRV", "ThecalSac"]


@pytest.mark.parametrize("contour", [*CONTOURS, "SpinalCanal"])
@pytest.mark.parametrize(("fractions", "most"), HYTEC.items())
def test_stereotactic_cord_fails_just_above_the_limit(fractions, most, contour):
    above = real({contour: {"Dmax": most + 0.001}}, 24, fractions, STEREOTACTIC)
    assert statuses(outcomes("DL001", above)) == {contour: "fail"}


@pytest.mark.parametrize("contour", [*CONTOURS, "SpinalCanal"])
@pytest.mark.parametrize(("fractions", "most"), [*HYTEC.items(), (1, 12.4)])
def test_stereotactic_cord_at_the_limit(fractions, most, contour):
    at = real({contour: {"Dmax": most}}, 24, fractions, STEREOTACTIC)
    expected = "warn" if most == 14.0 else "pass"
    assert statuses(outcomes("DL001", at)) == {contour: expected}


SINGLE_FRACTION = [
    (12.4, "pass"),
    (12.41, "warn"),
    (14.0, "warn"),
    (14.01, "fail"),
    ((12.3, 12.1, 12.5), "warn"),
    ((13.9, 13.7, 14.1), "borderline"),
    ((14.5, 14.1, 14.9), "fail"),
]


@pytest.mark.parametrize(("dmax", "expected"), SINGLE_FRACTION)
def test_single_fraction_range_warns_between_its_ends(dmax, expected):
    context = real({"SpinalCord": {"Dmax": dmax}}, 18, 1, STEREOTACTIC)
    assert statuses(outcomes("DL001", context)) == {"SpinalCord": expected}


COMBINATIONS = [
    # The outermost of sac, PRV and cord decides; a canal beside them is not asked.
    ({"SpinalCord": 15, "ThecalSac": 16.5}, {"ThecalSac": "pass"}),
    ({"SpinalCord": 15, "ThecalSac": 17.5}, {"SpinalCord": "pass", "ThecalSac": "fail"}),
    (
        {"SpinalCord": 15, "SpinalCord_PRV02": 17.5},
        {"SpinalCord": "pass", "SpinalCord_PRV02": "fail"},
    ),
    (
        {"SpinalCord_PRV02": 15, "SpinalCord_PRV05": 17.5},
        {"SpinalCord_PRV02": "pass", "SpinalCord_PRV05": "fail"},
    ),
    ({"SpinalCord": 15, "SpinalCanal": 23}, {"SpinalCord": "pass"}),
    ({"CaudaEquina": 23, "SpinalCord": 15}, {"SpinalCord": "pass"}),
    # An inner contour that gets more than the outer one lies outside it somewhere.
    ({"SpinalCord": 17.5, "ThecalSac": 15}, {"SpinalCord": "fail", "ThecalSac": "pass"}),
    ({"SpinalCord": 16, "ThecalSac": 15}, {"SpinalCord": "pass", "ThecalSac": "pass"}),
    # Without an answer on the outermost contour the inner one does not rescue the plan.
    ({"SpinalCord": 15, "ThecalSac": None}, {"SpinalCord": "pass", "ThecalSac": "not-evaluated"}),
    ({"CaudaEquina": 15}, {"CaudaEquina": "manual"}),
    ({"CaudaEquina": 17.5}, {"CaudaEquina": "fail"}),
]


@pytest.mark.parametrize(("dmax", "expected"), COMBINATIONS)
def test_the_outermost_contour_round_the_cord_decides(dmax, expected):
    rois = {name: None if value is None else {"Dmax": value} for name, value in dmax.items()}
    assert statuses(outcomes("DL001", real(rois, 24, 2, STEREOTACTIC))) == expected


def test_the_finding_carries_what_it_rests_on():
    context = real({"SpinalCord": {"Dmax": (16.0, 15.5, 16.5)}}, 24, 2, STEREOTACTIC)
    (finding,) = findings(outcomes("DL001", context))
    assert (finding.metric, finding.value, finding.unit, finding.band) == (
        "Dmax",
        16.0,
        "Gy",
        (15.5, 16.5),
    )
    assert (finding.comparison, finding.limit, finding.margin) == ("<=", 17.0, 1.0)
    assert (finding.guideline, finding.doi) == ("hytec-cord-2021", "10.1016/j.ijrobp.2019.09.038")
    assert (finding.evidence, finding.governs, finding.roi_number) == ("A", True, 1)
    assert "Abstract" in finding.source
    assert "ThecalSac" in finding.message, "the contour the figure was measured on is named"


def test_an_excess_on_the_canal_names_the_contour_to_add():
    context = real({"SpinalCanal": {"Dmax": 18.0}}, 24, 2, STEREOTACTIC)
    (finding,) = findings(outcomes("DL001", context))
    assert finding.status is Status.FAIL
    assert "Contour SpinalCord" in finding.remedy
    assert "encloses SpinalCord" in finding.message


OUTSIDE_GRID = [((15.0, INF), "not-evaluated"), ((17.5, INF), "fail"), ((15.0, 16.5), "pass")]


@pytest.mark.parametrize(("band", "expected"), OUTSIDE_GRID)
def test_volume_outside_the_grid_is_bounded_never_truncated(band, expected):
    class Cut(factory.StandInDvh):
        def metric(self, metric, **_asked):
            return MetricValue(
                metric=metric, value=None, unit="Gy", band=band, reason="2 cc lie outside the grid"
            )

    context = real({"SpinalCord": {}}, 24, 2, STEREOTACTIC, dvhs={1: Cut(outside_cc=2.0)})
    (finding,) = findings(outcomes("DL001", context))
    assert finding.status.value == expected
    assert "outside the grid" in finding.message
    assert bool(finding.remedy) is (expected != "pass")


REFUSED = [
    ({"worlds": CONVENTIONAL}, "n/a"),
    ({"rois": {"Heart": {}}}, "not-evaluated"),
    ({"rois": {"Heart": {}}, "scheme": factory.scheme(spine=None)}, "not-evaluated"),
    ({"rois": {"Heart": {}}, "scheme": factory.scheme("long_bone", spine=False)}, "n/a"),
    ({"fractions": None}, "not-evaluated"),
    ({"fractions": 6}, "not-evaluated"),
    ({"fractions": 10}, "not-evaluated"),
    ({"rois": {"SpinalCord": {}}}, "not-evaluated"),
    ({"rois": {"SpinalCord": None}}, "not-evaluated"),
    ({"scheme": factory.scheme("reirradiation_spine")}, "not-evaluated"),
    ({"scheme": factory.scheme("reirradiation", "spine_vertebra")}, "pass"),
    # A cord that is contoured is judged, spine or not.
    ({"scheme": factory.scheme("long_bone", spine=False)}, "pass"),
]


@pytest.mark.parametrize(("changes", "expected"), REFUSED)
def test_stereotactic_cord_rule_needs_its_premises(changes, expected):
    asked = {
        "rois": {"SpinalCord": {"Dmax": 10.0}},
        "dose_gy": 24,
        "fractions": 2,
        "worlds": STEREOTACTIC,
    } | changes
    found = outcomes("DL001", real(**asked))
    assert list(statuses(found).values()) == [expected]
    assert all(f.remedy for f in findings(found) if f.status is Status.NOT_EVALUATED)


def test_an_empty_cord_is_no_cord():
    empty = factory.changed(factory.cylinder("SpinalCord"), contours=())
    context = real({"SpinalCord": {"Dmax": 1.0}}, 24, 2, STEREOTACTIC, structures=[empty])
    assert statuses(outcomes("DL001", context)) == {"SpinalCord": "not-evaluated"}


def test_unrecognised_names_near_the_cord_are_mentioned():
    context = real({"Mdulla": {}}, 24, 2, STEREOTACTIC)
    near = factory.match(context.case.structure_set.structures[0], "", suggestions=("SpinalCord",))
    (finding,) = findings(outcomes("DL001", factory.changed(context, matches=(near,))))
    assert "Mdulla" in finding.message


def test_two_contours_named_cord_are_both_tested():
    context = real({"Cord A": {"Dmax": 12.0}, "Cord B": {"Dmax": 18.0}}, 24, 2, STEREOTACTIC)
    both = tuple(factory.match(s, "SpinalCord") for s in context.case.structure_set.structures)
    found = statuses(outcomes("DL001", factory.changed(context, matches=both)))
    assert found["Cord B"] == "fail"


# DL002, the conventional cord rule, with the packaged library

EQD2 = "EQD2(2):D0.03cc"
NAMED = factory.scheme()
RANGE = factory.changed(
    factory.scheme(named=False, in_range=True),
    match=factory.changed(factory.scheme().match, id=""),
)
UNKNOWN = factory.changed(RANGE, in_range=False)
CONVENTIONAL_CORD = [
    # dose, fractions, D0.03cc, EQD2, scheme, expected
    (30, 10, 31.0, 38.0, NAMED, "pass"),
    (30, 10, 31.0, 45.0, NAMED, "pass"),
    (30, 10, 31.0, 45.01, NAMED, "manual"),
    (30, 10, 31.0, 50.0, NAMED, "manual"),
    (30, 10, 31.0, 50.01, NAMED, "fail"),
    (30, 10, 31.0, (44.9, 44.0, 45.5), NAMED, "manual"),
    (30, 10, 31.0, (49.9, 49.0, 50.5), NAMED, "borderline"),
    (30, 10, 31.0, None, NAMED, "not-evaluated"),
    (30, 10, 31.0, 38.0, RANGE, "warn"),
    (30, 10, 31.0, 38.0, UNKNOWN, "manual"),
    (30, 10, 31.0, 46.0, RANGE, "manual"),
    (30, 10, 31.0, 51.0, UNKNOWN, "fail"),
    # SUPR-3D: below 110 % for 8/1 and 20/5, suggested by the protocol.
    (8, 1, 8.7, 23.0, NAMED, "pass"),
    (8, 1, 8.8, 23.0, NAMED, "warn"),
    (20, 5, 21.9, 32.0, NAMED, "pass"),
    (20, 5, 22.1, 32.0, NAMED, "warn"),
    # Rades: at most 101.5 % for 25/5 and 18 x 2.33.
    (25, 5, 25.375, 44.9, NAMED, "pass"),
    (25, 5, 25.38, 44.9, NAMED, "fail"),
    (41.94, 18, 42.5, 45.0, NAMED, "pass"),
    (41.94, 18, 42.6, 45.0, NAMED, "fail"),
    # The percent limits belong to their own schemes.
    (20, 4, 23.0, 44.0, NAMED, "pass"),
]


@pytest.mark.parametrize(
    ("dose", "fractions", "cc", "eqd2", "scheme", "expected"), CONVENTIONAL_CORD
)
@pytest.mark.parametrize("contour", ["SpinalCord", "SpinalCanal", "ThecalSac", "SpinalCord_PRV05"])
def test_conventional_cord(dose, fractions, cc, eqd2, scheme, expected, contour):
    answers = {"D0.03cc": cc} | ({} if eqd2 is None else {EQD2: eqd2})
    context = real({contour: answers}, dose, fractions, CONVENTIONAL, scheme=scheme)
    assert statuses(outcomes("DL002", context)) == {contour: expected}


def test_conventional_rule_tests_the_cord_where_a_canal_is_drawn_too():
    rois = {"SpinalCanal": {EQD2: 60.0}, "SpinalCord": {EQD2: 38.0}}
    assert statuses(outcomes("DL002", real(rois, 30, 10, CONVENTIONAL))) == {"SpinalCord": "pass"}


def test_cauda_alone_stands_for_the_cord_but_a_person_must_judge():
    context = real({"CaudaEquina": {EQD2: 38.0}}, 30, 10, CONVENTIONAL)
    assert statuses(outcomes("DL002", context)) == {"CaudaEquina": "manual"}


def test_a_percent_limit_is_turned_into_gray_and_says_so():
    context = real({"SpinalCord": {"D0.03cc": 8.0, EQD2: 20.0}}, 8, 1, CONVENTIONAL)
    percent = next(f for f in findings(outcomes("DL002", context)) if f.metric == "D0.03cc")
    assert percent.limit == 8.8
    assert "110 % of 8 Gy" in percent.message


def test_an_inferred_prescription_never_passes_the_conventional_rule():
    inferred = Prescription(dose_gy=30, fractions=10, source=INFERRED)
    context = real({"SpinalCord": {EQD2: 38.0}}, 30, 10, CONVENTIONAL, prescription=inferred)
    assert statuses(outcomes("DL002", context)) == {"SpinalCord": "manual"}


def test_conventional_rule_without_its_numbers_is_not_evaluated():
    bare = protocol("house", criteria={})
    context = situation(
        {"SpinalCord": {EQD2: 20.0}}, worlds=CONVENTIONAL, protocol=bare, scheme=NAMED
    )
    assert statuses(outcomes("DL002", context)) == {"SpinalCord": "not-evaluated"}


# Technique

AMBIGUOUS = [
    (10.0, 20.0, {"DL001": "manual", "DL002": "manual"}),
    (14.5, 20.0, {"DL001": "fail", "DL002": "manual"}),
    (10.0, 51.0, {"DL001": "manual", "DL002": "fail"}),
]


@pytest.mark.parametrize(("dmax", "eqd2", "expected"), AMBIGUOUS)
def test_ambiguous_technique_asks_both_worlds_and_never_passes(dmax, eqd2, expected):
    rois = {"SpinalCord": {"Dmax": dmax, "D0.03cc": 8.0, EQD2: eqd2}}
    context = real(rois, 8, 1, BOTH)
    found = {code: statuses(outcomes(code, context))["SpinalCord"] for code in expected}
    assert found == expected
    assert statuses(outcomes("DL005", context)) == {"plan": "manual"}


@pytest.mark.parametrize("code", ["DL001", "DL002", "DL010", "DL020"])
def test_unknown_technique_is_left_to_dl005(code):
    context = real({"SpinalCord": {"Dmax": 1.0}, "Heart": {}}, 24, 2, ())
    assert findings(outcomes(code, context)) == []
    assert statuses(outcomes("DL005", context)) == {"plan": "not-evaluated"}
    assert statuses(outcomes("DL900", context)) == {"SpinalCord": "not-evaluated"}


OTHER_WORLD = [
    (CONVENTIONAL, 8, 1, "hytec-cord-2021"),
    (CONVENTIONAL, 20, 5, "tg101-2010"),
    (STEREOTACTIC, 20, 5, "supr-3d-2019"),
]


@pytest.mark.parametrize(("worlds", "dose", "fractions", "absent"), OTHER_WORLD)
def test_limits_of_the_other_technique_are_never_asked(worlds, dose, fractions, absent):
    rois = {n: {} for n in ("SpinalCord", "Esophagus", "Kidney_L", "Lungs-GTV", "Heart")}
    context = real(rois, dose, fractions, worlds)
    asked = [
        f for c in ("DL001", "DL002", "DL010", "DL020") for f in findings(outcomes(c, context))
    ]
    assert asked
    assert absent not in {f.guideline for f in asked}


# DL005

PREMISES = [
    ({}, {"plan": "pass"}),
    ({"fractions": None}, {"plan": "not-evaluated"}),
    ({"dose_gy": None}, {"plan": "not-evaluated"}),
    ({"scheme": factory.scheme("again")}, {"plan": "not-evaluated"}),
    (
        {"plan_dose": factory.context(factory.case(doses=())).plan_dose},
        {"dose": "not-evaluated"},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), PREMISES)
def test_premises_are_stated_or_missed(changes, expected):
    context = situation({"SpinalCord": {}}, **changes)
    found = outcomes("DL005", context)
    assert statuses(found) == expected
    assert all(f.remedy for f in findings(found) if f.status is not Status.PASS)


def test_without_structures_the_premises_fail():
    context = factory.context(
        factory.case(structure_set=None), protocol=protocol("house"), guidelines={}
    )
    assert statuses(outcomes("DL005", context))["structures"] == "not-evaluated"


def test_a_plan_without_an_earlier_course_says_it_is_judged_as_the_first():
    (finding,) = findings(outcomes("DL005", situation({"SpinalCord": {}})))
    assert "first course" in finding.message


# DL010, other organs

ORGAN = [
    ({}, {"Dmax": 10.0}, "pass"),
    ({}, {"Dmax": 18.0}, "fail"),
    ({}, {"Dmax": (16.9, 16.5, 17.5)}, "borderline"),
    ({}, {}, "not-evaluated"),
    ({}, None, "not-evaluated"),
    ({"kind": Kind.REPORTED}, {"Dmax": 18.0}, "fail"),
    ({"kind": Kind.OPTIMAL}, {"Dmax": 18.0}, "warn"),
    ({"kind": Kind.OPTIMAL}, {"Dmax": (16.9, 16.5, 17.5)}, "warn"),
    ({"evidence": Evidence.C}, {"Dmax": 18.0}, "manual"),
    ({"evidence": Evidence.C}, {"Dmax": (16.9, 16.5, 17.5)}, "manual"),
    # The only limit on a maximum dose, known from one transcription: met, but unconfirmed.
    ({"evidence": Evidence.C}, {"Dmax": 10.0}, "warn"),
    ({"evidence": Evidence.C, "metric": "Dmean"}, {"Dmean": 10.0}, "pass"),
    ({"sites": ("lumbar",)}, {"Dmax": 18.0}, "manual"),
    ({"sites": ("lumbar",)}, {"Dmax": 10.0}, "pass"),
    ({"comparison": Comparison.BELOW}, {"Dmax": 17.0}, "fail"),
    ({"unit": "%Rx", "value": 100}, {"Dmax": 24.0}, "pass"),
    ({"unit": "%Rx", "value": 100}, {"Dmax": 24.1}, "fail"),
    ({"unit": "cc"}, {"Dmax": 1.0}, "not-evaluated"),
    ({"unit": "%Rx", "metric": "EQD2(3):Dmax"}, {"EQD2(3):Dmax": 1.0}, "not-evaluated"),
    ({"metric": "CV700cc", "value": 15}, {"CV700cc": 14.0}, "pass"),
    ({"metric": "CV700cc", "value": 15}, {}, "not-evaluated"),
]


@pytest.mark.parametrize(("changes", "answers", "expected"), ORGAN)
def test_governing_limit_of_an_organ(changes, answers, expected):
    house = guideline(limit(**({"structure": "Heart"} | changes)))
    found = outcomes("DL010", situation({"Heart": answers}, house))
    assert statuses(found) == {"Heart": expected}
    assert all(
        f.remedy
        for f in findings(found)
        if f.status is not Status.PASS and f.status is not Status.WARN
    )


def test_a_confirmed_limit_beside_an_unconfirmed_one_lets_it_pass():
    house = guideline(
        limit("Heart", evidence=Evidence.C), limit("Heart", "D15cc", 16, evidence=Evidence.B)
    )
    context = situation({"Heart": {"Dmax": 1.0, "D15cc": 1.0}}, house)
    assert statuses(outcomes("DL010", context)) == {"Heart": "pass"}


def test_percent_limit_without_a_prescription_is_not_evaluated():
    house = guideline(limit("Heart", unit="%Rx", value=100))
    context = situation({"Heart": {"Dmax": 1.0}}, house, dose_gy=None)
    assert statuses(outcomes("DL010", context)) == {"Heart": "not-evaluated"}


SCOPE = [
    ({"fractions": (1, 2)}, True),
    ({"fractions": (1, 3)}, False),
    ({"fractions": ()}, True),
    ({"schemes": ((24.0, 2),)}, True),
    ({"schemes": ((24.1, 2),)}, True),
    ({"schemes": ((24.0, 3), (20.0, 2))}, False),
    ({"dose_per_fraction_gy": (12.0, 20.0)}, True),
    ({"dose_per_fraction_gy": (12.1, 20.0)}, False),
    ({"technique": Technique.CONVENTIONAL}, False),
    ({"course": Course.FIRST}, True),
    ({"course": Course.REIRRADIATION}, False),
    ({"evidence": Evidence.D}, False),
]


@pytest.mark.parametrize(("changes", "applies"), SCOPE)
def test_a_limit_applies_to_exactly_what_it_was_given_for(changes, applies):
    house = guideline(limit("Heart", **changes))
    found = outcomes("DL010", situation({"Heart": {"Dmax": 99.0}}, house))
    assert bool(findings(found)) is applies
    if not applies:
        assert all(isinstance(outcome, NotApplicable) for outcome in found)
        assert {"house", "Heart"} <= {outcome.subject for outcome in found}


def test_a_figure_from_memory_never_speaks_even_when_grossly_exceeded():
    house = guideline(limit("Heart", evidence=Evidence.D), limit(evidence=Evidence.D))
    context = situation({"Heart": {"Dmax": 99.0}, "SpinalCord": {"Dmax": 99.0}}, house)
    for code in ("DL010", "DL020"):
        assert findings(outcomes(code, context)) == []
    assert statuses(outcomes("DL001", context)) == {"SpinalCord": "not-evaluated"}


def test_each_side_of_a_pair_is_tested():
    house = guideline(limit("Kidney_L", structures=("Kidney_L", "Kidney_R")))
    rois = {"Kidney_L": {"Dmax": 1.0}, "Kidney_R": {"Dmax": 18.0}}
    found = statuses(outcomes("DL010", situation(rois, house)))
    assert found == {"Kidney_L": "pass", "Kidney_R": "fail"}


def test_an_organ_drawn_in_two_sides_is_said_not_to_be_one_structure():
    house = guideline(limit("Lungs", "Dmean"))
    found = outcomes("DL010", situation({"Lung_L": {}, "Lung_R": {}}, house))
    lungs = next(outcome for outcome in found if outcome.subject == "Lungs")
    assert isinstance(lungs, NotApplicable)
    assert "not contoured as one structure" in lungs.reason


def test_an_organ_not_contoured_is_listed_once_for_a_guideline():
    house = guideline(limit("Heart"), limit("Heart", "D15cc"), limit("Liver", "CV700cc"))
    found = outcomes("DL010", situation({"SpinalCord": {}}, house))
    assert [o.subject for o in found if isinstance(o, NotApplicable)] == ["Heart", "Liver"]
    assert "Dmax, D15cc" in found[0].reason


GOVERNANCE = [
    # The first guideline of the entry that has a limit for the plan governs.
    ((limit("Heart", value=20),), (limit("Heart", value=10),), {"first": "pass", "second": "warn"}),
    (
        (limit("Heart", value=20, fractions=(5,)),),
        (limit("Heart", value=10),),
        {"second": "fail"},
    ),
    ((limit("Liver"),), (limit("Heart", value=10),), {"second": "fail"}),
]


@pytest.mark.parametrize(("first", "second", "expected"), GOVERNANCE)
def test_one_guideline_governs_an_organ_and_the_others_stand_beside(first, second, expected):
    books = (guideline(*first, name="first"), guideline(*second, name="second"))
    context = situation({"Heart": {"Dmax": 15.0}}, *books)
    asked = [f for c in ("DL010", "DL020") for f in findings(outcomes(c, context))]
    assert {f.guideline: f.status.value for f in asked} == expected
    assert {f.guideline: f.governs for f in asked} == {
        name: status != "warn" for name, status in expected.items()
    }


def test_a_prv_stands_for_its_organ_for_a_maximum_and_not_for_a_mean():
    house = guideline(limit("Brainstem"), limit("Brainstem", "Dmean"))
    rois = {"Brainstem_PRV03": {"Dmax": 10.0, "Dmean": 1.0}}
    found = outcomes("DL010", situation(rois, house))
    assert statuses(found) == {"Brainstem_PRV03": "pass", "Brainstem": "n/a"}


def test_re_irradiation_is_asked_no_first_course_limit():
    house = guideline(limit("Heart"))
    context = situation({"Heart": {"Dmax": 99.0}}, house, scheme=factory.scheme("again"))
    assert findings(outcomes("DL010", context)) == []


@pytest.mark.parametrize("code", ["DL010", "DL020"])
def test_without_any_dose_the_premises_say_so_once(code):
    house = guideline(limit("Heart"))
    no_dose = factory.context(factory.case(doses=())).plan_dose
    context = situation({"Heart": None}, house, plan_dose=no_dose, dvhs={})
    assert findings(outcomes(code, context)) == []
    assert statuses(outcomes("DL005", context)) == {"dose": "not-evaluated"}


# Bones that are the target

PTV = factory.box("PTV", centre_mm=(0, 0, 0), size_mm=(30, 30, 30))
BONE_PLACES = [((5.0, 0.0, 0.0), "manual"), ((80.0, 0.0, 0.0), "fail")]


@pytest.mark.parametrize(("centre", "expected"), BONE_PLACES)
def test_a_bone_that_overlaps_the_target_never_fails_the_plan(centre, expected):
    rib = factory.cylinder("Rib", centre_mm=centre)
    house = guideline(limit("Rib"))
    context = situation(
        {"PTV": {}, "Rib": {"Dmax": 30.0}},
        house,
        structures=[PTV, rib],
        protocol=protocol("house", treated_bones=("Rib",)),
    )
    assert statuses(outcomes("DL010", context)) == {"Rib": expected}


def test_an_organ_that_is_no_bone_fails_inside_the_target_too():
    context = situation(
        {"PTV": {}, "Esophagus": {"Dmax": 30.0}},
        guideline(limit("Esophagus")),
        structures=[PTV],
        protocol=protocol("house", treated_bones=("Rib",)),
    )
    assert statuses(outcomes("DL010", context)) == {"Esophagus": "fail"}


def test_a_bone_whose_overlap_cannot_be_worked_out_keeps_failing():
    flat = factory.changed(PTV, contours=PTV.contours[:1])
    line = factory.changed(
        flat, contours=(factory.changed(flat.contours[0], points_mm=[[0, 0, 0], [1, 0, 0]]),)
    )
    context = situation(
        {"PTV": {}, "Rib": {"Dmax": 30.0}},
        guideline(limit("Rib")),
        structures=[line],
        protocol=protocol("house", treated_bones=("Rib",)),
    )
    assert statuses(outcomes("DL010", context)) == {"Rib": "fail"}


# DL020, beside the governing ones

BESIDE = [
    (limit("SpinalCord", value=13), {"SpinalCord": 15.0}, {"SpinalCord": "warn"}),
    (
        limit("SpinalCord", value=13, kind=Kind.OPTIMAL),
        {"SpinalCord": 15.0},
        {"SpinalCord": "warn"},
    ),
    (
        limit("SpinalCord", value=13, evidence=Evidence.C),
        {"SpinalCord": 15.0},
        {"SpinalCord": "manual"},
    ),
    (limit("SpinalCord", value=16), {"SpinalCord": 15.0}, {"SpinalCord": "pass"}),
    (limit("SpinalCord", value=13), {"SpinalCord": (13.1, 12.5, 13.5)}, {"SpinalCord": "warn"}),
    # Worded for a contour inside the one that is drawn: conservative.
    (limit("SpinalCord", value=16), {"ThecalSac": 15.0}, {"ThecalSac": "pass"}),
    (limit("SpinalCord", value=13), {"ThecalSac": 15.0}, {"ThecalSac": "warn"}),
    # Worded for a contour round the one that is drawn: it may exceed, never pass.
    (limit("ThecalSac", value=16), {"SpinalCord": 15.0}, {"ThecalSac": "n/a"}),
    (limit("ThecalSac", value=13), {"SpinalCord": 15.0}, {"SpinalCord": "warn"}),
    (limit("SpinalCord", "D10%", value=13), {"ThecalSac": 15.0}, {"SpinalCord": "n/a"}),
]


@pytest.mark.parametrize(("other", "dmax", "expected"), BESIDE)
def test_limits_beside_the_governing_one_warn(other, dmax, expected):
    books = (guideline(limit()), guideline(other, name="beside"))
    rois = {name: {"Dmax": value} for name, value in dmax.items()}
    assert statuses(outcomes("DL020", situation(rois, *books))) == expected


def test_the_governing_cord_limit_is_not_repeated_beside():
    context = situation({"SpinalCord": {"Dmax": 15.0}})
    assert outcomes("DL020", context) == []


# Nested structures that govern

NESTED = [
    ("pass", "Outer", 15.0),
    ("fail", "Outer", 18.0),
    ("manual", "Inner", 15.0),
    ("fail", "Inner", 18.0),
    ("manual", "Inner", None),
]


@pytest.mark.parametrize(("expected", "drawn", "dmax"), NESTED)
def test_nested_contours_of_a_governing_limit(expected, drawn, dmax):
    nested = protocol("house", nested=(("Inner", "Middle", "Outer"),))
    answers = {} if dmax is None else {"Dmax": dmax}
    context = situation({drawn: answers}, guideline(limit("Middle")), protocol=nested)
    (finding,) = findings(outcomes("DL010", context))
    wanted = "not-evaluated" if dmax is None else expected
    assert finding.status.value == wanted
    if wanted != "pass":
        assert "Middle" in finding.message


TRANSFERS = [
    ("Dmax", True),
    ("D0.03cc", True),
    ("V10Gy[cc]", True),
    ("V90%[cc]", True),
    ("D10%", False),
    ("V10Gy[%]", False),
    ("Dmean", False),
    ("Dmin", False),
    ("CV700cc", False),
]


@pytest.mark.parametrize(("metric", "transfers"), TRANSFERS)
def test_only_maximum_like_metrics_transfer_between_nested_contours(metric, transfers):
    nested = protocol("house", nested=(("Middle", "Outer"),))
    unit = constraints.Metric.parse(metric).unit
    house = guideline(limit("Middle", metric, unit=unit))
    context = situation({"Outer": {metric: 1.0}}, house, protocol=nested)
    assert bool(findings(outcomes("DL010", context))) is transfers


def test_a_lower_bound_does_not_transfer():
    nested = protocol("house", nested=(("Middle", "Outer"),))
    house = guideline(limit("Middle", comparison=Comparison.AT_LEAST))
    context = situation({"Outer": {"Dmax": 99.0}}, house, protocol=nested)
    assert findings(outcomes("DL010", context)) == []


# DL900

FLOOR = [
    ({"SpinalCord": {"Dmax": 10.0}}, True, "pass"),
    ({"SpinalCord": {"Dmax": 30.0}}, True, "pass"),
    ({"CaudaEquina": {"Dmax": 10.0}}, True, "pass"),
    ({"SpinalCord": {}}, True, "not-evaluated"),
    ({"Heart": {"Dmax": 1.0}}, True, "not-evaluated"),
    ({"Heart": {"Dmax": 1.0}}, None, "not-evaluated"),
    ({"Heart": {"Dmax": 1.0}}, False, "n/a"),
    ({}, None, "not-evaluated"),
]


@pytest.mark.parametrize(("rois", "spine", "expected"), FLOOR)
def test_no_plan_of_the_spine_or_an_unknown_site_passes_untested(rois, spine, expected):
    context = real(rois, 24, 2, STEREOTACTIC, scheme=factory.scheme(spine=spine))
    assert statuses(outcomes("DL900", context)) == {"SpinalCord": expected}


# The packaged library as a whole


def test_a_single_fraction_plan_is_asked_the_organs_of_tg101():
    rois = {"Esophagus": {"D5cc": 12.0, "D0.035cc": 15.0}, "SpinalCord": {"Dmax": 11.0}}
    context = real(rois, 18, 1, STEREOTACTIC)
    found = findings(outcomes("DL010", context))
    assert {(f.metric, f.limit, f.status.value) for f in found if f.subject == "Esophagus"} == {
        ("D5cc", 11.9, "fail"),
        ("D0.035cc", 15.4, "pass"),
    }


def test_every_check_of_the_family_is_documented_and_named_once():
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    for check in CHECKS:
        for head in ("What", "Why", "Passes", "Fires", "Not evaluated", "References"):
            assert f"\n    {head}\n    ---" in (check.run.__doc__ or ""), (check.code, head)
