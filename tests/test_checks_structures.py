import case_factory as factory
import pytest
from limit_factory import STEREOTACTIC, findings, protocol, run, situation, statuses

from planchecker.checks.structures import CHECKS
from planchecker.results import NotApplicable, Status

PTV = factory.box("PTV")
CORD = factory.cylinder("SpinalCord")
BODY = factory.cylinder("BODY", radius_mm=70, interpreted_type="EXTERNAL")
NOT_SPINE = factory.scheme("long_bone", spine=False)
UNKNOWN = factory.scheme(spine=None)


def drawn(*structures, **overrides):
    """Structures numbered in order; ROI names may repeat."""
    numbered = tuple(factory.changed(s, roi_number=n) for n, s in enumerate(structures, start=1))
    names = overrides.pop("names", {})
    context = situation({}, worlds=STEREOTACTIC, **overrides)
    structure_set = factory.changed(factory.structure_set(), structures=numbered)
    return factory.changed(
        context,
        case=factory.changed(context.case, structure_set=structure_set),
        matches=tuple(factory.match(s, names.get(s.name)) for s in numbered),
    )


def outcomes(code, context):
    return run(CHECKS, code, context)


def empty(structure):
    return factory.changed(structure, contours=())


# ST001

EXPECTED = [
    ((PTV, CORD, BODY), None, {"target": "pass", "body": "pass", "cord": "pass"}),
    ((CORD, BODY), None, {"target": "not-evaluated", "body": "pass", "cord": "pass"}),
    ((PTV, CORD), None, {"target": "pass", "body": "warn", "cord": "pass"}),
    ((PTV, BODY), None, {"target": "pass", "body": "pass", "cord": "not-evaluated"}),
    ((PTV, BODY), UNKNOWN, {"target": "pass", "body": "pass", "cord": "not-evaluated"}),
    ((PTV, BODY), NOT_SPINE, {"target": "pass", "body": "pass", "SpinalCord": "n/a"}),
    (
        (empty(PTV), empty(CORD), empty(BODY)),
        None,
        {"target": "not-evaluated", "body": "warn", "cord": "not-evaluated"},
    ),
]
STANDS_FOR_CORD = ["SpinalCord_PRV02", "ThecalSac", "SpinalCanal", "CaudaEquina"]


@pytest.mark.parametrize(("structures", "scheme", "expected"), EXPECTED)
def test_target_body_and_cord_are_expected(structures, scheme, expected):
    context = drawn(*structures, **({"scheme": scheme} if scheme else {}))
    found = outcomes("ST001", context)
    assert statuses(found) == expected
    assert all(f.remedy for f in findings(found) if f.status is not Status.PASS)


@pytest.mark.parametrize("name", STANDS_FOR_CORD)
def test_other_contours_stand_for_the_cord(name):
    context = drawn(PTV, BODY, factory.changed(CORD, name=name))
    assert statuses(outcomes("ST001", context))["cord"] == "pass"


@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_without_a_structure_set_nothing_passes(code):
    context = factory.context(factory.case(structure_set=None), protocol=protocol("house"))
    found = findings(outcomes(code, context))
    assert Status.PASS not in {finding.status for finding in found}
    if code == "ST001":
        assert [finding.status for finding in found] == [Status.NOT_EVALUATED]


# ST002

SECOND_CORD = factory.changed(CORD, name="Moelle")
NAMES = [
    ((PTV, CORD), {}, {"structures": "pass"}),
    ((PTV, CORD, CORD), {}, {"SpinalCord": "manual"}),
    ((PTV, CORD, SECOND_CORD), {"Moelle": "SpinalCord"}, {"SpinalCord": "manual"}),
    ((PTV, CORD, empty(CORD)), {}, {"structures": "pass"}),
    # Several targets are usual; the same ROI name twice is not.
    ((PTV, factory.changed(PTV, name="PTV_2")), {"PTV_2": "PTV"}, {"structures": "pass"}),
    ((PTV, PTV), {}, {"PTV": "manual"}),
    # Two outlines of the body, whatever they are called.
    (
        (PTV, BODY, factory.changed(BODY, name="Outline_old")),
        {"Outline_old": "External"},
        {"External": "manual"},
    ),
]


@pytest.mark.parametrize(("structures", "names", "expected"), NAMES)
def test_names_that_stand_for_two_contours_ask_a_person(structures, names, expected):
    context = drawn(*structures, names=names)
    found = outcomes("ST002", context)
    assert statuses(found) == expected
    assert len(found) == 1


@pytest.mark.parametrize(("structure", "fires"), [(CORD, True), (empty(CORD), False)])
def test_an_ambiguous_name_asks_a_person(structure, fires):
    context = drawn(PTV, factory.changed(structure, name="canal"))
    vague = factory.changed(
        context.matches[1], name="", how="ambiguous: spinal canal or anal canal", category="other"
    )
    found = outcomes("ST002", factory.changed(context, matches=(context.matches[0], vague)))
    assert statuses(found) == ({"canal": "manual"} if fires else {"structures": "pass"})


# ST003

TYPES = [
    (PTV, "PTV", None),
    (PTV, "", "n/a"),
    (PTV, "CTV", None),
    (PTV, "ORGAN", "manual"),
    (PTV, "AVOIDANCE", "manual"),
    (PTV, "EXTERNAL", "manual"),
    (CORD, "ORGAN", None),
    (CORD, "AVOIDANCE", None),
    (CORD, "", "n/a"),
    (CORD, "PTV", "manual"),
    (CORD, "EXTERNAL", "manual"),
    (factory.changed(CORD, name="SpinalCord_PRV02"), "GTV", "manual"),
    (BODY, "EXTERNAL", None),
    (BODY, "ORGAN", "warn"),
]


@pytest.mark.parametrize(("structure", "kind", "status"), TYPES)
def test_a_type_that_contradicts_the_name_is_told(structure, kind, status):
    context = drawn(factory.changed(structure, interpreted_type=kind))
    subject = structure.name if status in ("manual", "warn") else "structures"
    assert statuses(outcomes("ST003", context)) == {subject: status or "pass"}


# ST004

HEART = factory.cylinder("Heart")
EMPTY = [
    ((PTV, CORD), {"structures": "pass"}),
    ((PTV, empty(CORD)), {"SpinalCord": "warn"}),
    ((empty(PTV), CORD), {"PTV": "warn"}),
    ((PTV, CORD, empty(HEART)), {"empty ROIs": "n/a", "structures": "pass"}),
]


@pytest.mark.parametrize(("structures", "expected"), EMPTY)
def test_an_empty_target_or_cord_warns_and_others_are_listed(structures, expected):
    assert statuses(outcomes("ST004", drawn(*structures))) == expected


# ST005

NOTED = ("2 contours of fewer than 3 points dropped",)
DROPPED = [
    (PTV, (), (), {"structures": "pass"}),
    (PTV, NOTED, (), {"PTV": "warn"}),
    (PTV, (), NOTED, {"PTV": "warn"}),
    (CORD, (), NOTED, {"SpinalCord": "warn"}),
    (factory.changed(CORD, name="CaudaEquina"), NOTED, NOTED, {"CaudaEquina": "warn"}),
    (HEART, NOTED, NOTED, {"structures": "n/a"}),
]


@pytest.mark.parametrize(("structure", "of_reader", "of_dvh", "expected"), DROPPED)
def test_what_was_dropped_from_targets_and_cord_is_said(structure, of_reader, of_dvh, expected):
    context = drawn(factory.changed(structure, notes=of_reader))
    context = factory.changed(context, dvhs={1: factory.StandInDvh(notes=of_dvh)})
    found = outcomes("ST005", context)
    assert statuses(found) == expected
    if "structures" not in expected:
        (finding,) = findings(found)
        assert finding.message.count(NOTED[0]) == 1


# ST006

SHORT = factory.cylinder("SpinalCord", length_mm=20.0)
CAUDA = factory.cylinder("CaudaEquina", length_mm=40.0, centre_mm=(0, 0, -28))
SPANS = [
    ((PTV, CORD), None, {"PTV": "pass"}),
    ((PTV, SHORT), None, {"PTV": "manual"}),
    ((PTV, SHORT), UNKNOWN, {"PTV": "manual"}),
    ((PTV, SHORT), NOT_SPINE, {"SpinalCord": "n/a"}),
    ((PTV, SHORT, CORD), None, {"PTV": "pass"}),
    ((PTV, SHORT, CAUDA), None, {"PTV": "manual"}),
    (
        (PTV, factory.cylinder("SpinalCord", length_mm=40, centre_mm=(0, 0, 12)), CAUDA),
        None,
        {"PTV": "pass"},
    ),
    ((factory.box("CTV"), SHORT), None, {"CTV": "manual"}),
]


@pytest.mark.parametrize(("structures", "scheme", "expected"), SPANS)
def test_the_cord_must_be_contoured_along_the_target(structures, scheme, expected):
    context = drawn(*structures, **({"scheme": scheme} if scheme else {}))
    assert statuses(outcomes("ST006", context)) == expected


def test_missing_target_or_cord_is_left_to_the_first_check():
    assert outcomes("ST006", drawn(PTV)) == []
    assert outcomes("ST006", drawn(CORD)) == []


def test_every_check_of_the_family_is_documented_and_named_once():
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    for check in CHECKS:
        for head in ("What", "Why", "Passes", "Fires", "Not evaluated", "References"):
            assert f"\n    {head}\n    ---" in (check.run.__doc__ or ""), (check.code, head)


def test_what_does_not_apply_has_no_status():
    (outcome,) = outcomes("ST006", drawn(PTV, SHORT, scheme=NOT_SPINE))
    assert isinstance(outcome, NotApplicable)
