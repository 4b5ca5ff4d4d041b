"""What belongs to one case, and what only visits it: tables worked out by hand."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from planchecker.batch.sorting import sort_things
from planchecker.batch.thing import Thing

ROWS = count()


def thing(kind: str, uid: str, patient: str = "a", frame: str = "F", **given: Any) -> Thing:
    """Make a thing in a folder of its own."""
    named = given.pop("names", ())
    return Thing(
        row=next(ROWS),
        kind=kind,
        uid=uid,
        patient=patient,
        frames=frozenset({frame} if frame else ()),
        names=frozenset(named),
        path=given.pop("path", uid),
        sha256=given.pop("sha256", uid),
        label=given.pop("label", uid),
        folder=given.pop("folder", f"of {uid}"),
        **{
            name: frozenset(value) if name.startswith("named") else value
            for name, value in given.items()
        },
    )


def jobs(*things: Thing) -> dict[str, set[str]]:
    """Return the names of the things of each job by the label of its plan or set."""
    return {one.label: {t.label for t in one.things} for one in sort_things(things).wanted}


PLAN = thing("plan", "P", names=["S"])
STRUCTURES = thing("structures", "S", named_series=["C"])
DOSE = thing("dose", "D", names=["P"])
SERIES = thing("series", "C")
CASE = (PLAN, STRUCTURES, DOSE, SERIES)


def test_one_plan_with_all_that_belongs_to_it():
    assert jobs(*CASE) == {"P": {"P", "S", "D", "C"}}


@pytest.mark.parametrize(
    ("other", "seen"),
    [
        (thing("plan", "P2"), True),
        (thing("plan", "P2", frame="G"), False),
        (thing("plan", "P2", frame="G", folder="x"), False),
        (thing("plan", "P2", frame="G", names=["S"]), True),
        (thing("plan", "P2", "b"), False),
        (thing("plan", "P2", "b", names=["S"]), True),
        (thing("dose", "D2", "b", names=["P"]), True),
        (thing("dose", "D2", "b", frame="G"), False),
        (thing("dose", "D2", "", names=["P"], frame=""), True),
        (thing("dose", "D2", "", frame="F"), True),
        (thing("structures", "S2", "b", named_series=["C"]), False),
        (thing("series", "C2", folder="elsewhere"), True),
        (thing("series", "C2", "b"), False),
        (thing("registration", "R", frame="F"), True),
        (thing("deformable", "R", frame="F"), True),
        (thing("registration", "R", "b", frame="F"), False),
    ],
    ids=lambda value: (
        value if isinstance(value, bool) else f"{value.kind} {value.patient} {value.uid}"
    ),
)
def test_what_a_plan_sees(other, seen):
    assert (other.label in jobs(*CASE, other)["P"]) is seen


def test_the_same_folder_ties_what_is_of_one_patient():
    other = thing("plan", "P2", frame="G", folder="one")
    mine = thing("plan", "P", folder="one")
    stranger = thing("plan", "X", "b", frame="H", folder="one")
    assert jobs(mine, other, stranger) == {"P": {"P", "P2"}, "P2": {"P", "P2"}, "X": {"X"}}


def test_a_registration_ties_two_frames_of_reference():
    registration = replace(thing("registration", "R"), frames=frozenset("FG"))
    assert jobs(thing("plan", "P"), thing("plan", "Q", frame="G"), registration) == {
        "P": {"P", "Q", "R"},
        "Q": {"P", "Q", "R"},
    }


def test_a_contradiction_is_seen_from_both_sides():
    """The plan of b names the structure set of a: both patients' cases must show it."""
    wrong = thing("plan", "W", "b", frame="G", names=["S"])
    found = jobs(*CASE, wrong, thing("dose", "DW", "b", frame="G", names=["W"]))
    assert found["W"] >= {"W", "DW", "S"}
    assert found["P"] >= {"P", "S", "W"}
    assert "DW" not in found["P"]


def test_a_set_without_a_plan_of_its_own_that_a_plan_names_is_no_second_case():
    stray = thing("structures", "S9", "b", frame="G")
    with_dose = thing("dose", "D9", "b", frame="G", names=["S9"])
    assert jobs(thing("plan", "P", names=["S9"]), stray, with_dose) == {"P": {"P", "S9", "D9"}}


def test_strangers_in_one_folder_and_frame_are_seen_but_not_by_the_thousand():
    many = [thing("plan", f"P{n}", f"p{n}", folder="one") for n in range(200)]
    found = jobs(*many)
    assert len(found) == 200
    assert all(2 <= len(seen) <= 4 for seen in found.values())


def test_without_plans_a_case_for_each_structure_set_and_without_those_for_each_frame():
    sets = jobs(thing("structures", "S1"), thing("structures", "S2"), thing("dose", "D"))
    assert sets == {"S1": {"S1", "S2", "D"}, "S2": {"S1", "S2", "D"}}
    doses = jobs(
        thing("dose", "D1", folder="x"),
        thing("dose", "D2", folder="x"),
        thing("dose", "D3", frame="G", folder="x"),
    )
    assert doses == {"D1": {"D1", "D2", "D3"}, "D3": {"D1", "D2", "D3"}}


def test_images_and_registrations_alone_are_no_case_but_told():
    found = sort_things([thing("series", "C"), thing("registration", "R", "b")])
    assert found.wanted == ()
    assert {t.label for t in found.idle} == {"C", "R"}


def test_a_damaged_file_is_shown_to_the_only_case_of_its_folder():
    damaged = thing("damaged", "", "", "", path="x", label="x", folder="one")
    alone = thing("plan", "P", folder="one")
    assert jobs(alone, damaged) == {"P": {"P", "x"}}
    assert jobs(alone, damaged, thing("plan", "Q", "b", frame="G", folder="one")) == {
        "P": {"P"},
        "Q": {"Q"},
    }


def test_what_states_no_frame_goes_with_its_patient_only_where_nothing_else_holds_it():
    lone = thing("structures", "S", frame="")
    assert jobs(thing("plan", "P", folder="x"), lone)["P"] == {"P", "S"}
    held = thing("dose", "D", frame="", names=["Q"])
    found = jobs(thing("plan", "P"), thing("plan", "Q", frame="G"), held)
    assert found == {"P": {"P"}, "Q": {"Q", "D"}}


def test_files_that_differ_under_one_uid_are_one_case_that_says_so():
    twins = (
        thing("plan", "P", path="1", sha256="1"),
        thing("plan", "P", "b", path="2", sha256="2"),
    )
    (one,) = sort_things(twins).wanted
    assert one.conflict.startswith("1, 2 differ but share the SOP Instance UID P")


def test_other_plans_of_the_patient_are_told_of():
    found = sort_things(
        [thing("plan", "P"), thing("plan", "Q", frame="G"), thing("plan", "X", "b")]
    )
    assert {one.label: one.elsewhere for one in found.wanted} == {"P": ("Q",), "Q": ("P",), "X": ()}


def test_the_key_of_a_case_does_not_depend_on_the_tree():
    alone = sort_things([PLAN]).wanted[0].key
    among = {one.label: one.key for one in sort_things([*CASE, thing("plan", "Q", "b")]).wanted}
    assert among["P"] == alone
    assert len(alone) == 32
    assert among["Q"] != alone
