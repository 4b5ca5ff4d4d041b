"""Earlier courses: typed summaries, lists, exports and the time between courses."""

from datetime import date

import case_factory as factory
import pytest

from constraints.model import Technique
from planchecker.case import ForeignFile
from planchecker.cli.prior import read_priors
from planchecker.courses import (
    Course,
    Exported,
    case_of_other,
    course_of_case,
    course_of_export,
    interval_between,
    months_between,
    parse_summary,
    read_course_list,
    technique_of,
)
from planchecker.errors import PlanCheckerError

FULL = (
    "dose_gy=30, fractions=10, start=2025-02-17, end=2025-03-01, technique=conventional, "
    "hot_spot=1.07, same_place=yes, patient=P001, label=T10, structure=SpinalCord, dmax_gy=31.2, "
    "structure=Oesophage, dmax_gy=12"
)


def test_a_typed_course_holds_what_was_typed():
    course = parse_summary(FULL)
    assert (course.label, course.prescribed_gy, course.fractions) == ("T10", 30.0, 10)
    assert (course.started_on, course.ended_on) == (date(2025, 2, 17), date(2025, 3, 1))
    assert (course.technique, course.hot_spot) == (Technique.CONVENTIONAL, 1.07)
    assert course.same_place
    assert course.patient is not None
    assert course.patient.id == "P001"
    assert [(d.structure, d.dmax_gy) for d in course.doses] == [
        ("SpinalCord", 31.2),
        ("Esophagus", 12.0),
    ]


def test_what_is_not_typed_stays_unknown():
    course = parse_summary("dose_gy=30")
    assert course.fractions is course.ended_on is course.patient is course.technique is None
    assert course.dose_per_fraction_gy is None
    assert course.scheme == "30 Gy in an unknown number of fractions"


REFUSED = {
    "no pair": ("dose_gy=30,later", "is not key=value"),
    "unknown key": ("dose=30", "'dose' is none of"),
    "given twice": ("dose_gy=30,dose_gy=20", "dose_gy is given twice"),
    "no number": ("dose_gy=thirty", "dose_gy='thirty'"),
    "no real number": ("dose_gy=nan", "dose_gy='nan'"),
    "no dose": ("dose_gy=0", "dose_gy='0'"),
    "negative": ("dose_gy=-30", "dose_gy='-30'"),
    "centigray": ("dose_gy=3000", "from 0 to 200"),
    "part of a fraction": ("fractions=2.5", "must be a whole number"),
    "no fraction": ("fractions=0", "from 1 to 100"),
    "no day": ("end=01/03/2025", "must be a day such as 2025-03-01"),
    "ends before it starts": ("start=2025-03-01,end=2025-02-01", "before it starts"),
    "no technique": ("technique=palliative", "must be stereotactic or conventional"),
    "cold spot": ("hot_spot=0.9", "from 1 to 3"),
    "neither yes nor no": ("same_place=maybe", "must be yes or no"),
    "structure without dose": ("structure=SpinalCord", "has no dmax_gy"),
    "two structures, one dose": ("structure=SpinalCord,structure=Heart,dmax_gy=3", "no dmax_gy"),
    "dose without structure": ("dmax_gy=31", "follows no structure"),
    "unknown structure": ("structure=Xyzzy,dmax_gy=31", "names no organ"),
    "target": ("structure=PTV,dmax_gy=31", "names no organ"),
    "too long": ("label=" + 3000 * "x", "at most 2000 characters"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_summary_that_cannot_be_read_is_refused(name):
    text, message = REFUSED[name]
    with pytest.raises(PlanCheckerError, match=message):
        parse_summary(text)


def test_a_list_holds_courses_and_exports(tmp_path):
    file = tmp_path / "courses.toml"
    file.write_text(
        '[[course]]\nlabel = "T10"\ndose_gy = 30\nfractions = 10\nend = 2024-03-01\n'
        "dmax_gy = { SpinalCord = 31.2 }\n"
        '[[course]]\npath = "old"\nend = 2024-06-01\nsame_place = true\n',
        encoding="utf-8",
    )
    typed, export = read_course_list(file)
    assert typed.path is None
    assert typed.course.doses[0].dmax_gy == 31.2
    assert typed.course.ended_on == date(2024, 3, 1)
    assert export.path == tmp_path / "old"
    assert export.course.same_place


BAD_LISTS = {
    "not TOML": ("[[course", "is no TOML"),
    "no course": ("", r"\[\[course\]\] tables"),
    "something else": ("[[course]]\ndose_gy = 30\n[site]\na = 1", "nothing else"),
    "unknown key": ("[[course]]\ndose = 30", "'dose' is none of"),
    "no table of doses": ("[[course]]\ndmax_gy = 31", "must be a table"),
    "no path": ("[[course]]\npath = 3", "must be text"),
    "a list": ("[[course]]\nlabel = [1]", "no text, number"),
    "a moment": ("[[course]]\nend = 2024-03-01T10:00:00", "no text, number"),
    "a truth": ("[[course]]\ndose_gy = true", "dose_gy=True"),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_cannot_be_read_is_refused(tmp_path, name):
    text, message = BAD_LISTS[name]
    file = tmp_path / "courses.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PlanCheckerError, match=message):
        read_course_list(file)


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanCheckerError, match="cannot be read"):
        read_course_list(tmp_path / "none.toml")


MONTHS = [
    (date(2024, 10, 1), date(2025, 3, 1), 5.0),
    (date(2024, 10, 1), date(2025, 2, 28), 4 + 27 / 28),
    (date(2024, 1, 31), date(2024, 2, 29), 1.0),
    (date(2024, 5, 5), date(2024, 5, 5), 0.0),
    (date(2025, 3, 1), date(2024, 10, 1), -5.0),
    (date(2023, 12, 15), date(2024, 12, 15), 12.0),
]


@pytest.mark.parametrize(("first", "second", "months"), MONTHS)
def test_months_are_calendar_months(first, second, months):
    assert months_between(first, second) == pytest.approx(months)


def test_a_stated_end_gives_one_interval():
    course = Course(label="a", source="typed", ended_on=date(2024, 10, 1))
    interval = interval_between(course, date(2025, 3, 1), unknown_days=90)
    assert interval.months == interval.longest_months == 5.0


def test_an_end_that_is_not_stated_gives_a_span():
    course = Course(label="a", source="export", planned_on=date(2024, 10, 1))
    interval = interval_between(course, date(2025, 3, 1), unknown_days=31)
    assert (interval.months, interval.longest_months) == (4.0, 5.0)
    assert "not stated" in interval.how


@pytest.mark.parametrize("planned", [None, date(2025, 3, 1)])
def test_no_date_gives_no_interval(planned):
    ended = date(2024, 1, 1) if planned is None else None
    course = Course(label="a", source="typed", ended_on=ended)
    assert interval_between(course, planned, unknown_days=90).months is None


TECHNIQUES = [
    (30.0, 10, Technique.CONVENTIONAL),
    (24.0, 2, Technique.STEREOTACTIC),
    (45.0, 25, Technique.CONVENTIONAL),
    (None, 10, None),
    (30.0, None, None),
    (33.3, 4, None),
]


@pytest.mark.parametrize(("dose_gy", "fractions", "expected"), TECHNIQUES)
def test_technique_follows_the_scheme(dose_gy, fractions, expected):
    course = Course(label="a", source="typed", prescribed_gy=dose_gy, fractions=fractions)
    assert technique_of(course, **factory.rules()) is expected


def test_a_stated_technique_stands():
    course = Course(
        label="a",
        source="typed",
        prescribed_gy=30,
        fractions=10,
        technique=Technique.STEREOTACTIC,
    )
    assert technique_of(course, **factory.rules()) is Technique.STEREOTACTIC


def test_an_export_becomes_a_course():
    course = course_of_case(factory.case(), **factory.rules())
    assert (course.prescribed_gy, course.fractions) == (30.0, 10)
    assert course.technique is Technique.CONVENTIONAL
    assert course.grid is not None
    assert course.frame_of_reference_uid == factory.FRAME_UID
    assert course.plan_uid == factory.PLAN_UID
    assert course.files == factory.case().files


def test_an_export_without_a_dose_says_so():
    course = course_of_case(factory.case(doses=()), **factory.rules())
    assert course.grid is None
    assert "no RT Dose" in course.dose_problem


def test_a_deformable_registration_is_noticed():
    foreign = (ForeignFile(path="REG", reason="deformable registrations are not used"),)
    assert course_of_case(factory.case(foreign=foreign), **factory.rules()).deformable


def test_what_is_stated_stands_over_the_export():
    stated = Course(label="x", source="list", ended_on=date(2023, 5, 5), fractions=9)
    export = Exported(case=factory.case(), stated=stated)
    course = course_of_export(export, **factory.rules())
    assert (course.fractions, course.prescribed_gy) == (9, 30.0)
    assert course.ended_on == date(2023, 5, 5)


def test_another_plan_takes_its_own_dose_and_structures():
    other = factory.plan(sop_instance_uid="9.1", structure_set_uid="9.2")
    theirs = factory.dose(sop_instance_uid="9.3", plan_uids=("9.1",))
    drawn = factory.structure_set(sop_instance_uid="9.2")
    case = factory.case(other_plans=(other,), other_doses=(theirs,), other_structure_sets=(drawn,))
    found = case_of_other(case, other)
    assert found.doses == (theirs,)
    assert found.structure_set is drawn


def test_a_number_beyond_all_bounds_is_refused(tmp_path):
    path = tmp_path / "list.toml"
    path.write_text(f"[[course]]\ndose_gy = 1{'0' * 400}\nfractions = 10\n")
    with pytest.raises(PlanCheckerError, match="dose_gy"):
        read_course_list(path)


def test_a_summary_longer_than_a_file_name_is_read():
    label = "x" * 400
    (course,) = read_priors([f"label={label},dose_gy=30,fractions=10"])
    assert course.label == label


def test_a_folder_may_be_called_like_a_list(tmp_path):
    folder = tmp_path / "export.toml"
    folder.mkdir()
    with pytest.raises(PlanCheckerError, match="no DICOM"):
        read_priors([str(folder)])


def test_label_and_patient_beside_an_export_stand():
    stated = parse_summary("dose_gy=30,fractions=10,label=first,patient=P9")
    export = Exported(case=factory.case(), stated=stated)
    course = course_of_export(export, **factory.rules())
    assert (course.label, course.stated_patient.id) == ("first", "P9")
    unnamed = Exported(case=factory.case(), stated=parse_summary("fractions=10"))
    assert course_of_export(unnamed, **factory.rules()).label == "T10"
