"""Technique, scheme, indication and site of a plan."""

import pytest
from case_factory import beam, beams, box, changed, cylinder, match, plan, rules

from constraints.model import Evidence, Technique
from constraints.vocabulary import load_vocabulary
from planchecker.case import PrescribedTarget, Prescription
from planchecker.schemes import (
    delivery_of,
    infer_prescription,
    is_modulated,
    read_technique,
    recognise,
)
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import cells, full_dose_eqd2_gy, named, nearest
from planchecker.schemes.targets import prescribed_targets

RULES = rules()
WORLDS = {"C": Technique.CONVENTIONAL, "S": Technique.STEREOTACTIC}


def technique_of(of):
    return read_technique(of, of.prescription, **RULES)


def recognised(of, names=("PTV",), **options):
    matches = tuple(match(box(name, number=i)) for i, name in enumerate(names))
    return recognise(of, technique_of(of), matches, **RULES, **options)


# dose, fractions, delivery -> worlds, start of the scheme id, named by the house, in its range
SCHEMES = [
    (8, 1, "static", "C", "T7-01-single/8-1", True, False),
    (8, 1, "imrt", "CS", "T7-01-single/8-1", True, False),
    (8, 1, "arc", "CS", "T7-01-single/8-1", True, False),
    (8, 1, "vmat", "CS", "T7-01-single/8-1", True, False),
    (8, 1, "proton", "CS", "T7-01-single/8-1", True, False),
    (9, 1, "static", "C", "", False, True),
    (10, 1, "static", "C", "T7-05-exceptional/10-1", True, False),
    (10, 1, "vmat", "CS", "T7-05-exceptional/10-1", True, False),
    (12, 1, "static", "CS", "", False, False),
    (12, 1, "vmat", "S", "", False, False),
    (16, 1, "vmat", "S", "COM-2/16-1", False, False),
    (18, 1, "vmat", "S", "FR-09/18-1", False, False),
    (20, 1, "vmat", "S", "COM-2/20-1", False, False),
    (24, 1, "vmat", "S", "FR-09/24-1", False, False),
    (16, 2, "static", "C", "AST-05/16-2", False, False),
    (16, 2, "vmat", "CS", "AST-05/16-2", False, False),
    (24, 2, "vmat", "S", "SC24-1/24-2", False, False),
    (24, 2, "imrt", "S", "SC24-1/24-2", False, False),
    (24, 2, "static", "CS", "SC24-1/24-2", False, False),
    (24, 3, "vmat", "S", "GUC-14/24-3", False, False),
    (27, 3, "vmat", "S", "FR-10/27-3", False, False),
    (28, 3, "vmat", "S", "", False, False),
    (30, 3, "vmat", "S", "COM-2/30-3", False, False),
    (20, 4, "static", "C", "", False, True),
    (20, 4, "vmat", "C", "", False, True),
    (24, 4, "static", "C", "", False, True),
    (24, 4, "vmat", "CS", "", False, True),
    (30, 4, "static", "C", "", False, True),
    (30, 4, "vmat", "CS", "", False, True),
    (20, 5, "static", "C", "T7-01/20-5", True, False),
    (20, 5, "vmat", "C", "T7-01/20-5", True, False),
    (25, 5, "vmat", "C", "FX-06/25-5", False, True),
    (30, 5, "static", "CS", "NSB-04/30-5", False, True),
    (30, 5, "vmat", "CS", "NSB-04/30-5", False, True),
    (35, 5, "vmat", "S", "COM-1/35-5", False, False),
    (24, 6, "static", "C", "T7-01/24-6", True, False),
    (30, 6, "static", "C", "", False, True),
    (28, 7, "static", "C", "", False, True),
    (20, 8, "static", "C", "", False, True),
    (20, 10, "static", "C", "", False, True),
    (30, 10, "static", "C", "T7-01/30-10", True, False),
    (30, 10, "vmat", "C", "T7-01/30-10", True, False),
    (30, 10, "proton", "C", "T7-01/30-10", True, False),
    (30.15, 10, "static", "C", "T7-01/30-10", True, False),
    (30.16, 10, "static", "C", "", False, False),
    (37.5, 15, "static", "C", "", False, False),
    (40, 20, "static", "C", "", False, False),
    (50, 25, "imrt", "C", "", False, False),
]


@pytest.mark.parametrize(("dose", "fractions", "kind", "worlds", "id_", "house", "held"), SCHEMES)
def test_pair_and_delivery_give_worlds_and_scheme(dose, fractions, kind, worlds, id_, house, held):
    of = plan(dose, fractions, beams=beams(kind))
    assert technique_of(of).worlds == tuple(WORLDS[letter] for letter in worlds)
    reading = recognised(of)
    assert reading.match.id == id_, reading.match
    assert (reading.named, reading.in_range) == (house, held)
    assert (reading.match.confidence == "unknown") is (id_ == "")
    assert reading.match.runners_up or id_


def test_twenty_in_four_names_twenty_in_five_as_near_and_is_not_it():
    reading = recognised(plan(20, 4))
    assert reading.match.id == ""
    assert any(id_.endswith("/20-5") for id_ in reading.match.runners_up)


DELIVERIES = {
    "static conformal": beams("static"),
    "IMRT": beams("imrt"),
    "conformal arc": beams("arc"),
    "VMAT": (*beams("static"), beam("vmat", number=3), beam("setup", number=4)),
    "proton": beams("proton"),
    "electron": beams("electron"),
}


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_delivery_is_read_from_the_treatment_beams(delivery):
    assert delivery_of(plan(beams=DELIVERIES[delivery])) == delivery


UNTOLD = {
    "no beams": (),
    "set-up only": (beam("setup"),),
    "mixed particles": (beam("static"), beam("electron", number=2)),
    "no control points": (beam("static", control_points=()),),
    "ions": (beam("static", radiation="ION"),),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_beams_that_do_not_tell_leave_the_delivery_open(name):
    assert delivery_of(plan(beams=UNTOLD[name])) == ""


def test_a_single_fraction_by_unknown_delivery_may_be_either():
    assert technique_of(plan(8, 1, beams=())).worlds == tuple(WORLDS.values())


def test_a_low_dose_per_fraction_is_conventional_whatever_the_delivery():
    assert technique_of(plan(30, 10, beams=())).worlds == (Technique.CONVENTIONAL,)


def test_beams_labelled_stereotactic_make_a_conventional_pair_ambiguous():
    of = plan(20, 5, beams=beams("static", high_dose_technique="SRS"))
    assert technique_of(of).worlds == tuple(WORLDS.values())


@pytest.mark.parametrize(("dose", "fractions"), [(None, 10), (30, None)])
def test_an_unknown_prescription_leaves_technique_and_scheme_unknown(dose, fractions):
    of = plan(dose, fractions)
    assert technique_of(of).worlds == ()
    assert recognised(of).match.confidence == "unknown"


CELLS = [
    (30, 10, "static", "3DCRT"),
    (30, 10, "arc", "3DCRT"),
    (30, 10, "vmat", "IMRT"),
    (24, 2, "vmat", "SBRT"),
    (8, 1, "vmat", "IMRT"),
    (30, 10, "proton", ""),
]


@pytest.mark.parametrize(("dose", "fractions", "kind", "cell"), CELLS)
def test_technique_is_named_in_the_words_of_the_table(dose, fractions, kind, cell):
    assert technique_of(plan(dose, fractions, beams=beams(kind))).cell == cell


def test_only_shaping_deliveries_are_modulated():
    assert [d for d in DELIVERIES if is_modulated(d)] == [
        "IMRT",
        "conformal arc",
        "VMAT",
        "proton",
    ]


# label, target and structure names, irradiated contours, indication given -> spine
SITES = [
    ("PLAN1", ("PTV",), (), None, None),
    ("PLAN1", ("PTV",), ("SpinalCord",), None, True),
    ("PLAN1", ("PTV",), ("CaudaEquina",), None, True),
    ("PLAN1", ("PTV",), ("Esophagus",), None, None),
    ("T10", ("PTV",), (), None, True),
    ("D12-L1", ("PTV",), (), None, True),
    ("PLAN1", ("PTV_L3",), (), None, True),
    ("PLAN1", ("PTV", "L3"), (), None, None),
    ("FEMUR L", ("PTV",), (), None, False),
    ("PLAN1", ("PTV_Fémur",), (), None, False),
    ("FEMUR L", ("PTV",), ("SpinalCord",), None, True),
    ("FEMUR L", ("PTV_T10",), (), None, True),
    ("PLAN1", ("PTV",), (), "long_bone", False),
    ("PLAN1", ("PTV",), (), "spine_vertebra", True),
    ("PLAN1", ("PTV",), (), "postoperative", None),
    ("T10", ("PTV",), (), "long_bone", True),
    ("PTVT10", ("PTV",), (), None, None),
]


@pytest.mark.parametrize(("label", "names", "irradiated", "indication", "spine"), SITES)
def test_site_is_spine_not_spine_or_unknown(label, names, irradiated, indication, spine):
    reading = recognised(
        plan(30, 10, label=label), names, indication=indication, irradiated=irradiated
    )
    assert reading.spine is spine


# label, structure names, given -> indications, confidence
INDICATIONS = [
    ("PLAN1", ("PTV",), "mscc", ("mscc",), "certain"),
    ("PLAN1", ("PTV", "Hardware"), None, ("postoperative",), "likely"),
    ("PLAN1", ("PTV", "pedicle screws"), None, ("postoperative",), "likely"),
    ("PostOp T10", ("PTV",), None, ("postoperative",), "likely"),
    ("MSCC T10", ("PTV",), None, ("mscc",), "likely"),
    ("MSCC postop", ("PTV",), None, ("postoperative", "mscc"), "guess"),
    ("PLAN1", ("PTV", "Hardware"), "mscc", ("mscc",), "certain"),
]


@pytest.mark.parametrize(("label", "names", "given", "indications", "confidence"), INDICATIONS)
def test_indication_is_given_hinted_or_open(label, names, given, indications, confidence):
    reading = recognised(plan(30, 10, label=label), names, indication=given)
    assert reading.indications == indications
    assert reading.match.confidence == confidence


def test_without_hints_every_row_that_fits_remains_possible():
    reading = recognised(plan(8, 1, label="PLAN1"))
    assert {"spine_vertebra", "long_bone", "mscc"} <= set(reading.indications)
    assert "postoperative" not in reading.indications
    assert reading.match.confidence == "guess"
    assert reading.match.indication == ""


def test_a_spine_site_rules_out_the_long_bone():
    assert "long_bone" not in recognised(plan(8, 1, label="T10")).indications


def test_a_stereotactic_pair_leaves_the_rows_that_allow_it_possible():
    possible = recognised(plan(24, 2, beams=beams("vmat"), label="X")).indications
    assert "spine_vertebra" in possible
    assert not {"mscc", "postoperative", "reirradiation"} & set(possible)


def test_a_pair_named_for_other_indications_only_is_no_scheme_of_this_one():
    match_ = recognised(plan(8, 1), indication="postoperative").match
    assert (match_.id, match_.confidence) == ("", "unknown")
    assert "no scheme for postoperative" in match_.why
    assert "T7-01-single/8-1" in match_.runners_up


def test_a_stereotactic_pair_of_another_source_serves_a_row_that_allows_stereotaxy():
    of = plan(24, 2, beams=beams("vmat"))
    assert recognised(of, indication="spine_vertebra").match.id == "SC24-1/24-2"
    assert recognised(of, indication="mscc").match.id == ""


def test_schemes_of_a_second_course_count_only_when_it_is_told():
    told = recognised(plan(20, 8), indication="reirradiation_spine")
    assert told.match.id == "AST-07/20-8"
    assert recognised(plan(20, 8)).match.id == ""


def test_an_inferred_prescription_is_a_guess():
    of = plan(30, 10)
    of = changed(of, prescription=Prescription(dose_gy=30.0, fractions=10, source=INFERRED))
    reading = recognised(of, indication="mscc")
    assert reading.match.confidence == "guess"
    assert "inferred" in reading.match.why


def test_an_inferred_prescription_never_makes_a_plan_stereotactic_alone():
    of = plan(24, 2, beams=beams("vmat"))
    of = changed(of, prescription=Prescription(dose_gy=24.0, fractions=2, source=INFERRED))
    assert len(technique_of(of).worlds) == 2


INFERENCES = [(29.6, 10, 30.0), (19.8, 5, 20.0), (33.0, 10, 33.0), (23.9, 2, 24.0)]


@pytest.mark.parametrize(("median", "fractions", "dose"), INFERENCES)
def test_prescription_is_guessed_from_the_median(median, fractions, dose):
    guess = infer_prescription(fractions, median, **RULES)
    assert (guess.dose_gy, guess.fractions, guess.source) == (dose, fractions, INFERRED)


@pytest.mark.parametrize(("median", "fractions"), [(None, 10), (30.0, None), (0.0, 10)])
def test_nothing_is_guessed_from_nothing(median, fractions):
    assert infer_prescription(fractions, median, **RULES).dose_gy is None


def test_evidence_d_is_never_recognised():
    house = RULES["protocol"].scheme_tables[0]
    guideline = RULES["guidelines"][house]
    off = guideline.model_copy(
        update={
            "schemes": tuple(
                s.model_copy(update={"evidence": Evidence.D}) for s in guideline.schemes
            )
        }
    )
    found = named(8, 1, protocol=RULES["protocol"], guidelines={house: off})
    assert found == ()


def test_nearest_names_each_pair_once():
    near = nearest(20, 4, **RULES)
    pairs = [(e.scheme.dose_gy, e.scheme.fractions) for e in near]
    assert pairs[0] == (20, 5)
    assert len(set(pairs)) == len(pairs) == 3


def test_rows_without_stereotaxy_are_those_of_surgery_and_compression():
    rows = ("spine_vertebra", "long_bone", "postoperative", "mscc", "oligometastasis")
    without = [row for row in rows if "SBRT" not in cells(row, **RULES)]
    assert without == ["postoperative", "mscc"]


# Worked by hand: D (D/n + 2) / 4.
EQD2 = [(8, 1, 20.0), (30, 10, 37.5), (20, 5, 30.0), (30, 4, 71.25), (24, 4, 48.0), (30, 5, 60.0)]


@pytest.mark.parametrize(("dose", "fractions", "eqd2"), EQD2)
def test_full_dose_eqd2(dose, fractions, eqd2):
    assert full_dose_eqd2_gy(dose, fractions, alpha_beta_gy=2.0) == pytest.approx(eqd2)


def test_prescription_belongs_to_the_contour_the_plan_names():
    of = plan(30, 10)
    targets = (PrescribedTarget(number=1, roi_number=5, prescription_gy=30.0),)
    of = changed(of, prescription=changed(of.prescription, targets=targets))
    matches = tuple(match(box(n, number=i)) for i, n in ((1, "PTV"), (5, "CTV")))
    assert [m.roi_number for m in prescribed_targets(of, matches)] == [5]


def test_prescription_belongs_to_the_ptv_before_ctv_and_gtv():
    matches = tuple(match(box(n, number=i)) for i, n in ((1, "GTV"), (2, "CTV"), (3, "PTV")))
    matches += (match(cylinder(number=4)),)
    assert [m.roi_number for m in prescribed_targets(plan(), matches)] == [3]
    assert [m.roi_number for m in prescribed_targets(plan(), matches[:2])] == [2]
    assert prescribed_targets(plan(), matches[3:]) == ()


def test_keywords_and_spine_structures_of_the_protocol_exist():
    protocol = RULES["protocol"]
    known = {row.id for row in protocol.indications}
    assert all(set(keyword.indications) <= known for keyword in protocol.keywords)
    assert protocol.spine_structures
    assert all(name in load_vocabulary() for name in protocol.spine_structures)


# dose, fractions, delivery, label, given indication -> pieces of what would change the match
OPEN = [
    (30, 10, "static", "PLAN1", None, ["--indication"]),
    (30, 10, "static", "PLAN1", "mscc", []),
    (8, 1, "vmat", "PLAN1", "spine_vertebra", ["whether it is stereotactic"]),
    (30, 4, "static", "PLAN1", "spine_vertebra", ["such as 30 Gy in 5, 30 Gy in 3, 35 Gy in 5"]),
    (24, 2, "vmat", "PLAN1", "mscc", ["an indication the pair is named for", "spine_sbrt_painful"]),
    (None, 10, "static", "PLAN1", "mscc", ["a total dose and a number of fractions"]),
]


@pytest.mark.parametrize(("dose", "fractions", "kind", "label", "given", "told"), OPEN)
def test_what_would_change_the_match_is_told(dose, fractions, kind, label, given, told):
    of = plan(dose, fractions, beams=beams(kind), label=label)
    said = recognised(of, indication=given).match.would_change
    assert [piece for piece in told if piece not in said] == []
    assert bool(said) is bool(told)


def test_a_guess_from_the_dose_would_change_with_a_stated_dose():
    of = plan(30, 10)
    of = changed(of, prescription=changed(of.prescription, source=INFERRED))
    assert "a total dose stated in the plan" in recognised(of).match.would_change
