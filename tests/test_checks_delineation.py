"""DE: sectors, rings, margins, on synthetic vertebrae."""

import case_factory as factory
import numpy as np
import pytest
from limit_factory import BOTH, CONVENTIONAL, STEREOTACTIC, findings, run
from vertebra_factory import canal, target, vertebra

from constraints.loader import load
from constraints.model import Evidence
from planchecker.checks.delineation import CHECKS
from planchecker.checks.delineation_sectors import recommended
from planchecker.sectors import Part

P = Part
ARCHES = (P.ARCH_LEFT, P.ARCH_RIGHT)
PEDICLES = (P.PEDICLE_LEFT, P.PEDICLE_RIGHT)


def context_of(*structures, worlds=STEREOTACTIC, **overrides):
    case = factory.case(structure_set=factory.structure_set(*structures), doses=())
    values = {"technique": factory.technique(*worlds), **factory.rules()}
    return factory.context(case, **(values | overrides))


def spine(gtv, ctv, **overrides):
    return context_of(
        vertebra(), canal(), target("GTV", 3, *gtv), target("CTV", 4, *ctv), **overrides
    )


def asked(code, context):
    return findings(run(CHECKS, code, context))


def verdicts(found):
    return [finding.status.value for finding in found]


# Table of what goes with what: GTV, needed CTV, row; left stands for either side.
ROWS = {
    "pedicle": (
        {P.PEDICLE_LEFT},
        {P.PEDICLE_LEFT, P.ARCH_LEFT},
        "ISRC-04",
    ),
    "lamina": (
        {P.ARCH_RIGHT},
        {P.ARCH_RIGHT, P.PEDICLE_RIGHT, P.SPINOUS},
        "ISRC-05",
    ),
    "spinous": ({P.SPINOUS}, {P.SPINOUS, *ARCHES}, "ISRC-06"),
    "body and pedicle": (
        {P.BODY, P.PEDICLE_RIGHT},
        {P.BODY, P.PEDICLE_RIGHT, P.ARCH_RIGHT},
        "ISRC-07",
    ),
    "body and both pedicles": (
        {P.BODY, *PEDICLES},
        {P.BODY, *PEDICLES, *ARCHES},
        "ISRC-08",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_table_names_the_sectors(name):
    gtv, ctv, row = ROWS[name]
    asked_for = recommended(iter(load("isrc-2012").sectors), frozenset(gtv))
    assert asked_for.needed == ctv
    assert row in asked_for.rows
    assert asked_for.complete
    assert asked_for.single is (row == "ISRC-05")


def test_rows_from_memory_never_ask_and_only_allow():
    asked_for = recommended(iter(load("isrc-2012").sectors), frozenset({P.BODY}))
    assert asked_for.needed == {P.BODY}
    assert asked_for.allowed >= {P.BODY, *PEDICLES}
    assert not asked_for.rows
    assert not asked_for.complete


@pytest.mark.parametrize("name", ROWS)
def test_a_ctv_that_follows_the_table_passes(name):
    gtv, ctv, _ = ROWS[name]
    assert verdicts(asked("DE001", spine(gtv, ctv))) == ["pass"]


def test_a_missing_sector_warns_and_is_shown():
    gtv, ctv, _ = ROWS["body and pedicle"]
    found = asked("DE001", spine(gtv, ctv - {P.ARCH_RIGHT}))
    assert verdicts(found) == ["warn"]
    assert P.ARCH_RIGHT.value in found[0].message
    # The finding points into the sector: to the patient's right and behind.
    x, y, _ = np.array(found[0].location_mm) - np.array([15.0, -40.0, 120.0])
    assert x < -9
    assert y > 0


def test_a_row_of_one_transcription_asks_a_person():
    gtv, ctv, _ = ROWS["lamina"]
    assert verdicts(asked("DE001", spine(gtv, ctv - {P.SPINOUS}))) == ["manual"]


def test_a_superfluous_sector_warns():
    gtv, ctv, _ = ROWS["body and pedicle"]
    found = asked("DE001", spine(gtv, ctv | {P.SPINOUS}))
    assert verdicts(found) == ["warn"]
    assert "not asked for" in found[0].message


def test_a_gtv_that_the_ctv_leaves_out_warns():
    found = asked("DE001", spine({P.BODY, P.PEDICLE_LEFT}, {P.BODY}))
    assert {f.status.value for f in found} == {"warn"}
    assert any(P.PEDICLE_LEFT.value in f.message for f in found)


SILENT = {
    "conventional": spine({P.BODY}, {P.BODY}, worlds=CONVENTIONAL),
    "ambiguous": spine({P.BODY}, {P.BODY}, worlds=BOTH),
    "operated": spine({P.BODY}, {P.BODY}, scheme=factory.scheme("postoperative")),
    "no canal": context_of(vertebra(), target("GTV", 3, P.BODY), target("CTV", 4, P.BODY)),
    "body alone": context_of(
        vertebra(None, P.BODY), canal(), target("GTV", 3, P.BODY), target("CTV", 4, P.BODY)
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_the_table_is_asked_of_stereotactic_intact_vertebrae_only(name):
    outcomes = run(CHECKS, "DE001", SILENT[name])
    assert outcomes
    assert not findings(outcomes)


# Rings

RING = (P.BODY, *PEDICLES, *ARCHES, P.SPINOUS)


def ring(name, number, *, gap=False):
    """Ring of 10 to 20 mm round the canal, open to the back where asked."""
    outer = factory.cylinder("outer", radius_mm=20, length_mm=20)
    hole = factory.cylinder("hole", radius_mm=10, length_mm=20)
    contours = [*outer.contours, *hole.contours]
    if gap:
        box = factory.box("cut", centre_mm=(0, -15, 0), size_mm=(40, 14, 20))
        contours = list(box.contours)
    return factory.changed(
        outer, name=name, roi_number=number, interpreted_type=name, contours=tuple(contours)
    )


RINGS = {
    "no ring": (True, True, "pass"),
    "ring for a ring": (False, False, "pass"),
    "ring for an open tumour": (True, False, "manual"),
}


@pytest.mark.parametrize("name", RINGS)
def test_a_ring_is_for_tumour_all_round(name):
    gtv_open, ctv_open, status = RINGS[name]
    sac = factory.cylinder("ThecalSac", number=2, radius_mm=8)
    context = context_of(sac, ring("GTV", 3, gap=gtv_open), ring("CTV", 4, gap=ctv_open))
    assert verdicts(asked("DE002", context)) == [status]


# PTV and cord


def test_the_ptv_rule_rests_on_memory_and_has_no_status():
    context = context_of(factory.box(), factory.cylinder())
    outcomes = run(CHECKS, "DE003", context)
    assert not findings(outcomes)
    assert "share 4.52 cc" in outcomes[0].reason or "share 4.5" in outcomes[0].reason


def test_a_confirmed_ptv_rule_fails_on_overlap():
    isrc = load("isrc-2012")
    rows = tuple(
        r.model_copy(update={"evidence": Evidence.A})
        if r.rule == "ptv_contains_gtv_and_ctv_and_spares_cord"
        else r
        for r in isrc.delineation
    )
    guidelines = {"isrc-2012": isrc.model_copy(update={"delineation": rows})}
    over = context_of(factory.box(), factory.cylinder(), guidelines=guidelines)
    clear = context_of(
        factory.box(centre_mm=(60.0, 0.0, 0.0)), factory.cylinder(), guidelines=guidelines
    )
    assert verdicts(asked("DE003", over)) == ["fail"]
    assert verdicts(asked("DE003", clear)) == ["pass"]


def test_the_ptv_rule_is_never_asked_of_a_conventional_plan():
    context = context_of(factory.box(), factory.cylinder(), worlds=CONVENTIONAL)
    assert not asked("DE003", context)


# Bones outside the spine


def femur(ctv_margin_mm):
    bone = factory.cylinder("Femur_L", number=2, radius_mm=15, length_mm=120)
    gtv = factory.cylinder("GTV", number=3, radius_mm=15, length_mm=30, interpreted_type="GTV")
    ctv = factory.cylinder(
        "CTV", number=4, radius_mm=15, length_mm=30 + 2 * ctv_margin_mm, interpreted_type="CTV"
    )
    return context_of(bone, gtv, ctv, scheme=factory.scheme("nonspine_sbrt", spine=False))


@pytest.mark.parametrize(("margin_mm", "status"), [(0, "warn"), (8, "pass"), (25, "warn")])
def test_the_ctv_reaches_into_the_bone_round_the_tumour(margin_mm, status):
    context = femur(margin_mm)
    assert verdicts(asked("DE005", context)) == [status]


# Sacrum and operated spine


def test_a_sacral_plan_needs_a_neural_structure():
    sacrum = factory.box("Sacrum", number=5, size_mm=(60.0, 60.0, 60.0))
    cauda = factory.cylinder("CaudaEquina", number=6)
    assert verdicts(asked("DE006", context_of(factory.box(), sacrum))) == ["not-evaluated"]
    assert verdicts(asked("DE006", context_of(factory.box(), sacrum, cauda))) == ["pass"]


def test_rules_after_surgery_are_listed():
    outcomes = run(
        CHECKS, "DE007", context_of(factory.box(), scheme=factory.scheme("postoperative"))
    )
    assert {"PO-01", "PO-02", "PO-03"} == {o.subject for o in outcomes}
    assert not findings(outcomes)


# Contoured sectors

SECTOR_NAMES = {
    P.BODY: "T10_Body",
    P.PEDICLE_LEFT: "T10 pedicle L",
    P.PEDICLE_RIGHT: "T10 pedicle R",
    P.ARCH_LEFT: "T10_lamina_left",
    P.ARCH_RIGHT: "T10_lamina_right",
    P.SPINOUS: "T10_spinous",
}


def named_sectors(*left_out):
    return [
        factory.changed(vertebra(None, part), name=name, roi_number=20 + number)
        for number, (part, name) in enumerate(SECTOR_NAMES.items())
        if part not in left_out
    ]


def test_contoured_sectors_need_no_canal_and_no_vertebra():
    gtv, ctv, row = ROWS["body and pedicle"]
    targets = target("GTV", 3, *gtv), target("CTV", 4, *ctv)
    found = asked("DE001", context_of(*named_sectors(), *targets))
    assert verdicts(found) == ["pass"]
    assert found[0].subject == "T10"
    assert row in found[0].message
    short = target("CTV", 4, *(ctv - {P.ARCH_RIGHT}))
    found = asked("DE001", context_of(*named_sectors(), targets[0], short))
    assert verdicts(found) == ["warn"]
    assert P.ARCH_RIGHT.value in found[0].message


def test_contoured_sectors_stand_over_the_division():
    gtv, ctv, _ = ROWS["spinous"]
    found = asked(
        "DE001",
        context_of(
            vertebra(),
            canal(),
            *named_sectors(),
            target("GTV", 3, *gtv),
            target("CTV", 4, *ctv),
        ),
    )
    assert [f.subject for f in found] == ["T10"]


def test_some_contoured_sectors_alone_are_not_used():
    gtv, ctv, _ = ROWS["spinous"]
    targets = target("GTV", 3, *gtv), target("CTV", 4, *ctv)
    some = named_sectors(P.BODY)
    assert not asked("DE001", context_of(*some, *targets))
    found = asked("DE001", context_of(vertebra(), canal(), *some, *targets))
    assert [f.subject for f in found] == ["VB_T10"]


def test_two_ctvs_hold_a_sector_together():
    gtv, ctv, _ = ROWS["body and pedicle"]
    parts = [target("CTV_1", 4, P.BODY), target("CTV_2", 5, *(ctv - {P.BODY}))]
    context = context_of(vertebra(), canal(), target("GTV", 3, *gtv), *parts)
    assert verdicts(asked("DE001", context)) == ["pass"]


# More than one cord, contours that cannot be filled, tumour outside the bone


def confirmed():
    isrc = load("isrc-2012")
    rows = tuple(
        r.model_copy(update={"evidence": Evidence.A})
        if r.rule == "ptv_contains_gtv_and_ctv_and_spares_cord"
        else r
        for r in isrc.delineation
    )
    return {"isrc-2012": isrc.model_copy(update={"delineation": rows})}


def test_every_cord_contour_is_asked():
    clear = factory.cylinder("SpinalCord", number=2, centre_mm=(80.0, 0.0, 0.0))
    inside = factory.cylinder("SpinalCord", number=5)
    context = context_of(factory.box(), clear, inside, guidelines=confirmed())
    assert sorted(verdicts(asked("DE003", context))) == ["fail", "pass"]


def test_a_sacral_target_that_cannot_be_filled_still_asks_for_the_nerves():
    sacrum = factory.box("Sacrum", number=5, size_mm=(60.0, 60.0, 60.0))
    flat = factory.changed(factory.box(), contours=factory.box().contours[:1])
    line = factory.changed(
        flat,
        contours=(factory.changed(flat.contours[0], points_mm=flat.contours[0].points_mm[:2]),),
    )
    assert verdicts(asked("DE006", context_of(line, sacrum))) == ["not-evaluated"]


@pytest.mark.parametrize(("radius_mm", "status"), [(21, "warn"), (28, "pass"), (40, "warn")])
def test_the_ctv_reaches_round_tumour_outside_the_bone(radius_mm, status):
    bone = factory.cylinder("Femur_L", number=2, radius_mm=15, length_mm=120)
    gtv = factory.cylinder("GTV", number=3, radius_mm=20, length_mm=30, interpreted_type="GTV")
    ctv = factory.cylinder(
        "CTV",
        number=4,
        radius_mm=radius_mm,
        length_mm=2 * radius_mm - 10,
        interpreted_type="CTV",
    )
    context = context_of(bone, gtv, ctv, scheme=factory.scheme("nonspine_sbrt", spine=False))
    outside = [f for f in asked("DE005", context) if "outside the bone" in f.message]
    assert verdicts(outside) == [status]
