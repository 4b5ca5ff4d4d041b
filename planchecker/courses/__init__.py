"""Earlier and parallel courses of the patient: values, typed summaries, lists, DICOM exports."""

from planchecker.courses.course_list import Listed, read_course_list
from planchecker.courses.dicom import (
    Exported,
    Matcher,
    case_of_other,
    course_of_case,
    course_of_export,
)
from planchecker.courses.intervals import Interval, interval_between, months_between
from planchecker.courses.summary import parse_summary
from planchecker.courses.technique import technique_of
from planchecker.courses.values import Course, StatedDose

__all__ = [
    "Course",
    "Exported",
    "Interval",
    "Listed",
    "Matcher",
    "StatedDose",
    "case_of_other",
    "course_of_case",
    "course_of_export",
    "interval_between",
    "months_between",
    "parse_summary",
    "read_course_list",
    "technique_of",
]
