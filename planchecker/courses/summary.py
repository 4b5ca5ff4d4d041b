"""An earlier course typed in one line: ``dose_gy=30,fractions=10,end=2025-03-01``."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

from constraints.model import Technique
from constraints.vocabulary import load_vocabulary
from planchecker.case import Patient
from planchecker.courses.values import Course, StatedDose
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.naming import match_structures

__all__ = ["KEYS", "NAMELESS", "build_course", "parse_summary"]

EXAMPLE = "dose_gy=30,fractions=10,end=2025-03-01,structure=SpinalCord,dmax_gy=31.2"
KEYS = (
    "label",
    "dose_gy",
    "fractions",
    "start",
    "end",
    "technique",
    "hot_spot",
    "same_place",
    "patient",
)
"""What a typed course may state beside ``structure`` and ``dmax_gy``."""

NAMELESS = "earlier course"
"""Label of a course that states none."""

_LONGEST = 2_000
_LONGEST_SHOWN = 60
_MOST_GY = 200.0
_MOST_FRACTIONS = 100
_MOST_HOT_SPOT = 3.0


def parse_summary(text: str) -> Course:
    """Read a typed summary of a course.

    Parameters
    ----------
    text
        ``key=value`` pairs with commas between them, in any order; `KEYS` lists the keys.
        ``structure`` and ``dmax_gy`` belong together and may come several times.

    Raises
    ------
    PlanCheckerError
        If a key is unknown or given twice, or a value cannot be read.

    Examples
    --------
    >>> course = parse_summary("dose_gy=30,fractions=10,structure=Moelle,dmax_gy=31.2")
    >>> course.scheme, course.doses[0].structure
    ('30 Gy in 10 fractions', 'SpinalCord')
    """
    if len(text) > _LONGEST:
        raise PlanCheckerError(f"a typed course has at most {_LONGEST} characters, got {len(text)}")
    given: dict[str, Any] = {}
    doses: list[tuple[str, str]] = []
    structure = ""
    for key, value in _pairs(text):
        if key == "structure":
            if structure:
                raise PlanCheckerError(_say(text, f"structure={structure} has no dmax_gy"))
            structure = value
        elif key == "dmax_gy":
            if not structure:
                raise PlanCheckerError(_say(text, f"dmax_gy={value} follows no structure"))
            doses.append((structure, value))
            structure = ""
        elif key not in KEYS:
            raise PlanCheckerError(_say(text, f"{key!r} is none of {', '.join(KEYS)}"))
        elif key in given:
            raise PlanCheckerError(_say(text, f"{key} is given twice"))
        else:
            given[key] = value
    if structure:
        raise PlanCheckerError(_say(text, f"structure={structure} has no dmax_gy"))
    return build_course(given, doses, source="typed", at=text)


def build_course(
    given: dict[str, Any], doses: list[tuple[str, Any]], *, source: str, at: str
) -> Course:
    """Build a course from values by key, as text or as a TOML file holds them.

    Raises
    ------
    PlanCheckerError
        If a value cannot be read; the message names `at`, key and value.
    """
    label = str(given.get("label", "")).strip()
    technique = given.get("technique")
    if technique is not None and technique not in set(Technique):
        known = " or ".join(Technique)
        raise PlanCheckerError(_say(at, f"technique={technique!r} must be {known}"))
    course = Course(
        label=label or NAMELESS,
        source=source,
        prescribed_gy=_number(given, "dose_gy", most=_MOST_GY, at=at),
        fractions=_whole(given, "fractions", at=at),
        started_on=_day(given, "start", at=at),
        ended_on=_day(given, "end", at=at),
        technique=Technique(technique) if technique else None,
        doses=tuple(
            StatedDose(
                structure=_structure(name, at=at),
                dmax_gy=_required({"dmax_gy": value}, "dmax_gy", at=at),
            )
            for name, value in doses
        ),
        hot_spot=_number(given, "hot_spot", most=_MOST_HOT_SPOT, least=1.0, at=at),
        same_place=_yes(given, "same_place", at=at),
        patient=_patient(given, at=at),
    )
    if course.started_on and course.ended_on and course.started_on > course.ended_on:
        raise PlanCheckerError(_say(at, f"it ends on {course.ended_on}, before it starts"))
    return course


def _patient(given: dict[str, Any], *, at: str) -> Patient | None:
    text = given.get("patient")
    if text is None:
        return None
    if not isinstance(text, str) or not text.strip():
        raise PlanCheckerError(_say(at, f"patient={text!r} must be a Patient ID"))
    return Patient(id=text.strip())


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        key, separator, value = part.partition("=")
        if not separator or not key.strip() or not value.strip():
            raise PlanCheckerError(_say(text, f"{part!r} is not key=value"))
        yield key.strip(), value.strip()


def _say(at: str, problem: str) -> str:
    return f"earlier course {at!r}: {problem}; an example is {EXAMPLE}"


def _required(given: dict[str, Any], key: str, *, at: str) -> float:
    found = _number(given, key, most=_MOST_GY, at=at)
    if found is None:
        raise PlanCheckerError(_say(at, f"{key} is missing"))
    return found


def _number(
    given: dict[str, Any], key: str, *, most: float, at: str, least: float = 0.0
) -> float | None:
    if key not in given:
        return None
    value = given[key]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most or (key == "dose_gy" and number == 0):
        raise PlanCheckerError(
            _say(at, f"{key}={_shown(value)} must be a number from {least:g} to {most:g}")
        )
    return number


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _whole(given: dict[str, Any], key: str, *, at: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 4:
        raise PlanCheckerError(_say(at, f"{key}={value!r} must be a whole number"))
    if not 1 <= int(text) <= _MOST_FRACTIONS:
        raise PlanCheckerError(_say(at, f"{key}={value!r} must be from 1 to {_MOST_FRACTIONS}"))
    return int(text)


def _day(given: dict[str, Any], key: str, *, at: str) -> date | None:
    value = given.get(key)
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        problem = f"{key}={value!r} must be a day such as 2025-03-01"
        raise PlanCheckerError(_say(at, problem)) from None


def _yes(given: dict[str, Any], key: str, *, at: str) -> bool:
    value = given.get(key, False)
    if isinstance(value, bool):
        return value
    if value in ("yes", "no"):
        return bool(value == "yes")
    raise PlanCheckerError(_say(at, f"{key}={value!r} must be yes or no"))


def _structure(text: str, *, at: str) -> str:
    roi = Structure(roi_number=0, name=text)
    match = match_structures((roi,), load_vocabulary())[0]
    if not match.name or match.category == "target":
        near = f"; did you mean {' or '.join(match.suggestions)}" if match.suggestions else ""
        raise PlanCheckerError(_say(at, f"{text!r} names no organ ({match.how}){near}"))
    return match.name
