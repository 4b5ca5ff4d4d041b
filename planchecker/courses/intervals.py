"""Time between two courses, in calendar months."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from planchecker.courses.values import Course

__all__ = ["Interval", "interval_between", "months_between"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Months from the end of a course to the start of the next.

    Parameters
    ----------
    months
        Shortest interval that fits the dates; None where a date is missing.
    longest_months
        Longest interval that fits them; equal to `months` where the end is stated.
    how
        Which dates it was counted from, or what is missing.
    """

    months: float | None
    longest_months: float | None
    how: str


def months_between(first: date, second: date) -> float:
    """Return calendar months from one day to another, the rest in parts of a month.

    Whole months count from the same day of the month (the last one where a month is shorter),
    the remaining days as a share of the month they fall in. Negative where the order is wrong.

    Examples
    --------
    >>> months_between(date(2024, 10, 1), date(2025, 3, 1))
    5.0
    >>> months_between(date(2025, 1, 31), date(2025, 2, 28))
    1.0
    """
    if second < first:
        return -months_between(second, first)
    whole = 12 * (second.year - first.year) + second.month - first.month
    if _later(first, whole) > second:
        whole -= 1
    start, end = _later(first, whole), _later(first, whole + 1)
    return whole + (second - start).days / (end - start).days


def interval_between(earlier: Course, planned_on: date | None, *, unknown_days: float) -> Interval:
    """Return the time from the end of a course to the plan that is checked.

    Parameters
    ----------
    planned_on
        Date of the plan: treatment begins on that day or later, so the interval is not shorter.
    unknown_days
        A course whose end is not stated is taken to have ended at most this many days after the
        last date that is known of it.

    Examples
    --------
    >>> course = Course(label="T10", source="typed", ended_on=date(2024, 10, 1))
    >>> interval_between(course, date(2025, 3, 1), unknown_days=60).months
    5.0
    """
    known = earlier.ended_on or earlier.started_on or earlier.planned_on
    if planned_on is None or known is None:
        what = "the plan states no date" if planned_on is None else "no date of the course is known"
        return Interval(months=None, longest_months=None, how=what)
    longest = months_between(known, planned_on)
    if earlier.ended_on is not None:
        how = f"from its end, {known}, to the plan, {planned_on}"
        return Interval(months=longest, longest_months=longest, how=how)
    event = "start" if earlier.started_on is not None else "plan"
    shortest = months_between(known + timedelta(days=unknown_days), planned_on)
    how = (
        f"its end is not stated: counted from its {event}, {known}, plus up to "
        f"{unknown_days:g} days, to the plan, {planned_on}"
    )
    return Interval(months=shortest, longest_months=longest, how=how)


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
