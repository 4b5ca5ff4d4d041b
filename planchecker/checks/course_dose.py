"""The highest dose a course gave a structure, where it cannot be laid over the plan."""

from collections.abc import Iterator
from dataclasses import dataclass

from constraints.model import Protocol
from planchecker.checks.limits.nesting import base_of, position
from planchecker.courses import Course
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.radiobiology import eqd2
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match

__all__ = ["Amount", "answerable", "bounded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """Highest EQD2 of a structure with the interval it lies in, in Gy.

    Parameters
    ----------
    how
        What it rests on, in words.
    coincides
        Whether its hot spot is known to lie where that of the plan does.
    at_prescription
        EQD2 of the prescribed dose, where the value is the prescription with a hot spot on it.
    """

    value: float
    low: float
    high: float
    how: str = ""
    coincides: bool = False
    at_prescription: float | None = None
    location_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Physical:
    """The same in physical dose."""

    value: float
    low: float
    high: float
    how: str
    prescribed: bool = False


def answerable(course: Course) -> None:
    """Refuse a course of which no EQD2 can be known.

    Raises
    ------
    PlanCheckerError
        If its number of fractions or every dose of it is missing.
    """
    if course.fractions is None:
        raise PlanCheckerError(
            f"the number of fractions of {course.label} is not known, so it has no EQD2"
        )
    if course.grid is None and course.prescribed_gy is None and not course.doses:
        raise PlanCheckerError(
            f"no dose of {course.label} is known: {course.dose_problem or 'none is stated'}"
        )


def bounded(protocol: Protocol, course: Course, match: Match, *, alpha_beta_gy: float) -> Amount:
    """Return what a course gave a structure at most, by the best that is known of it.

    The dose of the structure itself or of one that encloses it, from the export or as typed;
    else the highest dose of the export; else the prescription times its hot spot.

    Raises
    ------
    PlanCheckerError
        If nothing is known.
    """
    answerable(course)
    found = (
        _from_export(protocol, course, match)
        or _as_typed(protocol, course, match)
        or _anywhere(course)
        or _from_prescription(protocol, course)
    )
    fractions = course.fractions or 1

    def scaled(dose_gy: float) -> float:
        return float(eqd2(dose_gy, fractions=fractions, alpha_beta_gy=alpha_beta_gy))

    plain = course.prescribed_gy if found.prescribed else None
    same = course.same_place
    return Amount(
        value=scaled(found.value),
        low=scaled(found.value if same and not found.prescribed else found.low),
        high=scaled(found.high),
        how=f"{course.label}: {found.how}",
        coincides=same,
        at_prescription=None if plain is None else scaled(plain),
    )


def _from_export(protocol: Protocol, course: Course, match: Match) -> _Physical | None:
    if course.grid is None:
        return None
    by_number = {s.roi_number: s for s in course.structures}
    for other in _round(protocol, course.matches, match):
        try:
            found = compute_dvh(by_number[other.roi_number], course.grid).metric("Dmax")
        except PlanCheckerError:
            continue
        if found.value is not None:
            low, high = found.band or (found.value, found.value)
            same = other.name == match.name
            how = f"Dmax of {other.roi_name} in its own export"
            return _Physical(value=found.value, low=low if same else 0.0, high=high, how=how)
    return None


def _as_typed(protocol: Protocol, course: Course, match: Match) -> _Physical | None:
    typed = tuple(
        Match(roi_number=i, roi_name=d.structure, name=d.structure, how="typed")
        for i, d in enumerate(course.doses)
    )
    for other in _round(protocol, typed, match):
        dose_gy = course.doses[other.roi_number].dmax_gy
        low = dose_gy if other.name == match.name else 0.0
        how = f"typed Dmax of {other.name}, {dose_gy:g} Gy"
        return _Physical(value=dose_gy, low=low, high=dose_gy, how=how)
    return None


def _round(protocol: Protocol, candidates: tuple[Match, ...], match: Match) -> Iterator[Match]:
    """Yield the same structure first, then those that enclose it, the nearest first."""
    home = position(protocol, match.name, match.prv_mm)
    found = []
    for other in candidates:
        if not other.name:
            continue
        place = position(protocol, other.name, other.prv_mm)
        shared = [place[c] - home[c] for c in home if c in place]
        away = 0.0 if other.name == match.name else max(shared, default=-1.0)
        if away > 0 or other.name == match.name or (away == 0 and _same_organ(other, match)):
            found.append((away, other.roi_number, other))
    return (other for *_, other in sorted(found, key=lambda item: item[:2]))


def _same_organ(other: Match, match: Match) -> bool:
    return base_of(other.name) == base_of(match.name)


def _anywhere(course: Course) -> _Physical | None:
    if course.grid is None:
        return None
    how = "highest dose of its export, since it holds no contour of the structure"
    return _Physical(value=course.grid.max_gy, low=0.0, high=course.grid.max_gy, how=how)


def _from_prescription(protocol: Protocol, course: Course) -> _Physical:
    if course.prescribed_gy is None:
        typed = ", ".join(dose.structure for dose in course.doses)
        raise PlanCheckerError(
            f"the dose of {course.label} to the structure is not known; typed are {typed} alone"
        )
    default = protocol.criteria.get("reirradiation.hot_spot")
    if course.hot_spot is None and default is None:
        raise PlanCheckerError("the protocol does not hold reirradiation.hot_spot")
    factor = course.hot_spot or (default.value if default else 1.0)
    most = course.prescribed_gy * factor
    most = max([most, *(dose.dmax_gy for dose in course.doses)])
    how = (
        f"no dose of the structure is known, so the prescription of {course.prescribed_gy:g} Gy "
        f"times a hot spot of {factor:g}"
    )
    low = course.prescribed_gy if course.same_place else 0.0
    return _Physical(value=most, low=low, high=most, how=how, prescribed=True)
