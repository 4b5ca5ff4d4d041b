"""Comparing rule files: every difference is found, and which way a limit moved."""

import pytest

from constraints.compare import Difference, compare_guidelines, compare_protocols
from constraints.loader import available, load, load_protocol
from constraints.model import Guideline


def _changed(guideline: Guideline, id_: str, **changes: object) -> Guideline:
    rows = tuple(
        row.model_copy(update=changes) if row.id == id_ else row for row in guideline.limits
    )
    return guideline.model_copy(update={"limits": rows})


@pytest.mark.parametrize("id_", available())
def test_a_guideline_does_not_differ_from_itself(id_: str) -> None:
    assert compare_guidelines(load(id_), load(id_)) == ()


@pytest.mark.parametrize(("value", "direction"), [(24.0, "tightened"), (26.0, "loosened")])
def test_a_value_that_moved_says_which_way(value: float, direction: str) -> None:
    before = load("hytec-cord-2021")
    assert compare_guidelines(before, _changed(before, "HYT/5", value=value)) == (
        Difference(where="HYT/5 value", before="25.3", after=f"{value:g}", direction=direction),
    )


def test_a_floor_that_rises_is_tighter() -> None:
    before = load("lovelock-2010")
    (found,) = compare_guidelines(before, _changed(before, "COV-1", value=16.0))
    assert found.direction == "tightened"


def test_a_value_in_another_unit_has_no_direction() -> None:
    before = load("hytec-cord-2021")
    found = compare_guidelines(before, _changed(before, "HYT/5", value=95.0, unit="%Rx"))
    assert {d.where: d.direction for d in found} == {
        "HYT/5 value": "changed",
        "HYT/5 unit": "changed",
    }


def test_rows_that_came_and_went_are_named() -> None:
    before = load("sahgal-2013")
    fewer = before.model_copy(update={"limits": before.limits[1:]})
    assert [(d.where, d.direction) for d in compare_guidelines(before, fewer)] == [
        (before.limits[0].id, "dropped")
    ]
    assert [(d.where, d.direction) for d in compare_guidelines(fewer, before)] == [
        (before.limits[0].id, "added")
    ]


def test_the_source_is_compared() -> None:
    before = load("sahgal-2013")
    source = before.source.model_copy(update={"year": 2014})
    (found,) = compare_guidelines(before, before.model_copy(update={"source": source}))
    assert (found.where, found.before, found.after) == ("source year", "2013", "2014")


def test_the_corrected_printing_of_tg101_is_stricter_where_it_is_known() -> None:
    found = compare_guidelines(load("tg101-2010-first-printing"), load("tg101-2010"))
    moved = {d.where: d.direction for d in found if d.where.endswith("/3 value")}
    assert moved == {
        "lungs-cv1500cc/3 value": "tightened",
        "lungs-cv1000cc/3 value": "tightened",
        "liver-cv700cc/3 value": "tightened",
        "renal-cortex-cv200cc/3 value": "tightened",
    }


def test_a_protocol_does_not_differ_from_itself() -> None:
    protocol = load_protocol("bone_metastases")
    assert compare_protocols(protocol, protocol) == ()


def test_a_criterion_that_changed_is_named_by_its_number() -> None:
    before = load_protocol("bone_metastases")
    name = "coverage.ptv_d95_percent"
    changed = before.criteria[name].model_copy(update={"value": 93.0})
    after = before.model_copy(update={"criteria": {**before.criteria, name: changed}})
    (found,) = compare_protocols(before, after)
    assert (found.where, found.before, found.after) == (f"criteria {name} value", "95", "93")


def test_another_order_of_precedence_is_a_difference() -> None:
    before = load_protocol("bone_metastases")
    after = before.model_copy(update={"guidelines": tuple(reversed(before.guidelines))})
    (found,) = compare_protocols(before, after)
    assert (found.where, found.direction) == ("guidelines order", "changed")


def test_an_added_guideline_is_a_difference() -> None:
    small, full = load_protocol("bone_metastases"), load_protocol("bone_metastases_full")
    found = compare_protocols(small, full)
    assert (
        Difference(where="guidelines", before="-", after="quantec-organs-2010", direction="added")
        in found
    )
