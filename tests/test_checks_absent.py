"""What was not there is never a pass: one part taken away, and the checks that needed it."""

import case_factory as factory
import pytest
from check_cases import BODY, CORD, PTV, ask, context, with_plan, with_rois

from constraints.model import Technique
from planchecker.checker.asking import _run
from planchecker.checks import CHECKS
from planchecker.results import Finding, NotApplicable, Status
from planchecker.schemes import TechniqueReading

IMAGES = factory.images()


def images(*kept, **changes):
    return context(
        factory.case(images=tuple(factory.changed(image, **changes) for image in kept or IMAGES))
    )


def beams(**changes):
    return with_plan(beams=tuple(factory.changed(beam, **changes) for beam in factory.beams()))


def points(**changes):
    found = [
        factory.changed(
            beam,
            control_points=tuple(
                factory.changed(point, **changes) for point in beam.control_points
            ),
        )
        for beam in factory.beams()
    ]
    return with_plan(beams=tuple(found))


def dated(**changes):
    return context(factory.case(structure_set=factory.structure_set(**changes)))


def empty(structure):
    return factory.changed(structure, contours=())


def untyped(*structures):
    return with_rois(*(factory.changed(one, interpreted_type="") for one in structures))


ONE_SLICE = images(IMAGES[20])
NO_IMAGES = context(factory.case(images=()))
NO_DOSE = context(factory.case(doses=()))
NO_BEAMS = with_plan(beams=())
NO_CONTOURS = with_rois(empty(PTV), empty(CORD), empty(BODY))
NO_TARGET = with_rois(CORD, BODY)
NO_BODY = with_rois(PTV, CORD)
BODY_ALONE = with_rois(BODY)
# (what is taken away, context, the checks that needed it)
TAKEN = [
    ("dates of the images", images(acquired_on=None), ("ID008", "ID009")),
    ("date of the structures", dated(drawn_on=None), ("ID008",)),
    ("date of the plan", with_plan(planned_on=None), ("ID008", "ID009")),
    ("images", NO_IMAGES, ("ID008", "ID009", *(f"IM{n:03d}" for n in range(1, 10)), "IM011")),
    (
        "all slices but one",
        ONE_SLICE,
        ("IM001", "IM004", "IM005", "IM006", "IM007", "IM008", "IM009", "IM011"),
    ),
    ("a slice", images(*IMAGES[:20], *IMAGES[21:]), ("IM001", "IM006", "IM008", "IM009", "IM011")),
    ("orientation", images(orientation=()), ("IM004", "IM005", "IM007", "IM008", "IM011")),
    ("positions", images(position_mm=None), ("IM004", "IM005", "IM007", "IM008", "IM011")),
    ("pixels", context(factory.case(hounsfield=None)), ("IM011",)),
    ("patient position of the images", images(patient_position=""), ("IM003",)),
    (
        "patient position of the plan",
        with_plan(patient_position=""),
        ("IM003", "BM011", "BM012", "BM016"),
    ),
    ("frame of the images", images(frame_of_reference_uid=""), ("IM002",)),
    ("dose", NO_DOSE, ("ID002", "ST017", "RX020", "RX021", "DG001", "DG002", "DG004", "TC005")),
    (
        "beams",
        NO_BEAMS,
        ("IM007", *(f"BM{n:03d}" for n in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16))),
    ),
    (
        "contours",
        NO_CONTOURS,
        (
            *("IM007", "IM008", "IM011", "ST001", "ST002", "ST003", "ST004", "ST005", "ST006"),
            *("ST010", "ST011", "ST013", "ST014", "ST015", "ST016", "ST017", "ST018"),
            *("BM010", "BM011", "BM016", "RX020", "RX021", "TC005"),
        ),
    ),
    (
        "target",
        NO_TARGET,
        ("IM007", "IM011", "ST006", "ST014", "ST017", "BM010", "BM016", "RX020", "RX021", "TC005"),
    ),
    ("body", NO_BODY, ("IM008", "ST016", "BM010", "BM011", "BM012")),
    (
        "targets and organs",
        BODY_ALONE,
        ("ST004", "ST005", "ST006", "ST014", "ST015", "ST016", "ST017", "BM010", "BM016"),
    ),
    ("ROI types", untyped(PTV, CORD, BODY), ("ST003",)),
    ("isocentre", points(isocentre_mm=None), ("IM007", "BM009", "BM010", "BM011", "BM016")),
    ("gantry angles", points(gantry_deg=None), ("BM006", "BM011", "BM012", "BM016")),
    ("couch angles", points(couch_deg=None), ("IM007", "BM006", "BM011", "BM012", "BM016")),
    ("collimator angles", points(collimator_deg=None), ("BM006",)),
    ("energies", points(energy=None), ("BM004",)),
    ("weights", points(meterset_weight=None), ("BM005",)),
    ("jaws and leaves", points(positions_mm=()), ("IM007", "BM007", "BM008", "BM016")),
    ("devices", beams(devices=()), ("BM007", "BM016")),
    ("machine", beams(machine=""), ("BM004",)),
    ("kind of radiation", beams(radiation=""), ("BM004",)),
    ("monitor units", beams(meterset=None), ("BM001", "BM002")),
    ("accessories", beams(wedges=None), ("BM013",)),
    ("boluses", beams(boli=None), ("BM013",)),
    ("control points", beams(control_points=()), ("IM007", "BM005", "BM006", "BM009", "BM016")),
    ("geometry of the plan", with_plan(geometry=""), ("ID005",)),
    ("approval", with_plan(approval=""), ("ID006",)),
    ("structure set", context(factory.case(structure_set=None)), ("ID003", "ID008", "ST001")),
    ("number of fractions", with_plan(fractions=None), ("RX002",)),
]
ROWS = [(what, made, code) for what, made, codes in TAKEN for code in codes]


@pytest.mark.parametrize(("what", "made", "code"), ROWS, ids=[f"{r[0]}-{r[2]}" for r in ROWS])
def test_what_was_not_there_is_never_a_pass(what, made, code):
    assert "pass" not in ask(code, made), what


@pytest.mark.parametrize(("what", "made", "codes"), TAKEN, ids=[row[0] for row in TAKEN])
def test_what_is_taken_away_breaks_no_check(what, made, codes):
    for check in CHECKS:
        assert all(outcome.code == check.code for outcome in check.run(made)), what


def test_the_whole_case_does_pass_them():
    codes = {code for _, _, code in ROWS} - {"ST013", "ST014", "ST015", "ST018", "BM012", "BM014"}
    made = context(dvhs={1: factory.StandInDvh(answers={"D50%": 30.0, "D95%": 29.5})})
    # The dose of the case is the same everywhere, so that the cord cannot leave it.
    assert {code for code in codes if "pass" not in ask(code, made)} == {"ST017"}


def test_a_pass_names_what_was_looked_at():
    """A sentence of a pass must not name a part that was not there."""
    for made, never in (
        (NO_DOSE, "dose share"),
        (NO_TARGET, "every target"),
        (NO_BEAMS, "beam names"),
        (NO_IMAGES, "Scan, structures"),
    ):
        said = [
            outcome.message
            for check in CHECKS
            for outcome in check.run(made)
            if isinstance(outcome, Finding) and outcome.status is Status.PASS
        ]
        assert said
        assert [message for message in said if never in message] == []


OF_STEREOTACTIC_PLANS = tuple(one for one in CHECKS if one.technique is not None)


@pytest.mark.parametrize("check", OF_STEREOTACTIC_PLANS, ids=lambda one: one.code)
def test_what_is_asked_of_one_technique_is_not_evaluated_where_it_is_unknown(check):
    unknown = TechniqueReading(delivery="", cell="", worlds=(), why="no beams")
    (told,) = _run(check, context(technique=unknown))
    assert told.status is Status.NOT_EVALUATED
    assert told.remedy


@pytest.mark.parametrize("check", OF_STEREOTACTIC_PLANS, ids=lambda one: one.code)
def test_what_is_asked_of_one_technique_does_not_apply_to_the_other(check):
    conventional = factory.technique(Technique.CONVENTIONAL)
    outcomes = _run(check, context(technique=conventional))
    assert outcomes
    assert all(isinstance(one, NotApplicable) for one in outcomes)


def test_the_margin_in_bone_is_not_evaluated_where_the_site_is_unknown():
    made = context(
        technique=factory.technique(Technique.STEREOTACTIC), scheme=factory.scheme(spine=None)
    )
    (check,) = (one for one in CHECKS if one.code == "DE005")
    (told,) = _run(check, made)
    assert told.status is Status.NOT_EVALUATED
