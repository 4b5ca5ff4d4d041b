"""Looking a pair of dose and fractions up in the scheme tables of a protocol."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from constraints.model import (
    Course,
    Evidence,
    Guideline,
    Protocol,
    Scheme,
    SchemeRange,
    Standing,
    Technique,
)

__all__ = [
    "Entry",
    "cells",
    "full_dose_eqd2_gy",
    "is_one_of",
    "named",
    "nearest",
    "ranges",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A named scheme and the guideline that names it; `house` where that is the house table."""

    guideline: str
    scheme: Scheme
    house: bool

    @property
    def is_stereotactic(self) -> bool:
        """Whether the source gives the pair for stereotactic treatment only."""
        if self.scheme.technique is not None:
            return self.scheme.technique is Technique.STEREOTACTIC
        return self.scheme.delivery == ("SBRT",)

    @property
    def rank(self) -> tuple[bool, int]:
        """House table first, then the better standing."""
        return not self.house, tuple(Standing).index(self.scheme.standing)


def _entries(protocol: Protocol, guidelines: Mapping[str, Guideline]) -> Iterator[Entry]:
    """Yield what is switched on: strength D is loaded, listed and never used."""
    for position, table in enumerate(protocol.scheme_tables):
        for scheme in guidelines[table].schemes if table in guidelines else ():
            if scheme.evidence is not Evidence.D:
                yield Entry(guideline=table, scheme=scheme, house=position == 0)


def named(
    dose_gy: float,
    fractions: int,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    reirradiation: bool = False,
) -> tuple[Entry, ...]:
    """Return every scheme that names this pair, the house table first.

    The number of fractions must be the same; the dose may differ by the protocol's tolerance
    (``scheme.dose_tolerance_percent``), which forgives rounding and nothing else.

    Parameters
    ----------
    reirradiation
        Whether the plan is known to be a second course; schemes given for a second course only
        count then alone.
    """
    return tuple(
        entry
        for entry in _entries(protocol, guidelines)
        if is_one_of(
            ((entry.scheme.dose_gy, entry.scheme.fractions),), dose_gy, fractions, protocol
        )
        and (reirradiation or entry.scheme.course is not Course.REIRRADIATION)
    )


def is_one_of(
    pairs: Iterable[tuple[float, int]], dose_gy: float, fractions: int, protocol: Protocol
) -> bool:
    """Tell whether (dose, fractions) is one of the pairs within the protocol's dose tolerance."""
    tolerance = protocol.criteria["scheme.dose_tolerance_percent"].value / 100
    return any(
        fractions == number and abs(dose_gy - dose) <= tolerance * dose for dose, number in pairs
    )


def cells(
    indication: str, *, protocol: Protocol, guidelines: Mapping[str, Guideline]
) -> tuple[str, ...]:
    """Return the techniques that the house table's row for an indication recommends.

    Returns
    -------
    tuple of str
        Of ``"3DCRT"``, ``"IMRT"`` and ``"SBRT"``; empty where the table has no such row or
        names no technique in it.
    """
    house = guidelines.get(protocol.scheme_tables[0])
    if house is None:
        return ()
    rows = [(scheme.indication, scheme.delivery) for scheme in house.schemes]
    rows += [(held.indication, held.delivery) for held in house.ranges]
    rows += [(of, row.delivery) for row in house.statements for of in row.indications]
    found = {cell for of, delivery in rows if of == indication for cell in delivery}
    return tuple(sorted(found))


def ranges(
    dose_gy: float,
    fractions: int,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> tuple[SchemeRange, ...]:
    """Return the ranges of the house table that hold this pair.

    A range is a place to look, not a rectangle that passes: 30 Gy in 4 fractions lies in one.
    """
    house = guidelines.get(protocol.scheme_tables[0])
    return tuple(
        entry
        for entry in (house.ranges if house else ())
        if entry.evidence is not Evidence.D
        and entry.dose_gy[0] <= dose_gy <= entry.dose_gy[1]
        and entry.fractions[0] <= fractions <= entry.fractions[1]
    )


def nearest(
    dose_gy: float,
    fractions: int,
    *,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    count: int = 3,
) -> tuple[Entry, ...]:
    """Return the named schemes nearest in relative dose plus relative number of fractions.

    Each pair of dose and fractions is named once, by the first table that has it.
    """

    def distance(entry: Entry) -> float:
        scheme = entry.scheme
        return abs(dose_gy / scheme.dose_gy - 1) + abs(fractions / scheme.fractions - 1)

    found: dict[tuple[float, int], Entry] = {}
    for entry in sorted(_entries(protocol, guidelines), key=distance):
        found.setdefault((entry.scheme.dose_gy, entry.scheme.fractions), entry)
    return tuple(found.values())[:count]


def full_dose_eqd2_gy(dose_gy: float, fractions: int, *, alpha_beta_gy: float) -> float:
    """Return the dose in 2 Gy fractions that has the same effect: ``D (d + ab) / (2 + ab)``.

    Examples
    --------
    >>> full_dose_eqd2_gy(30.0, 10, alpha_beta_gy=2.0)
    37.5
    """
    per_fraction = dose_gy / fractions
    return dose_gy * (per_fraction + alpha_beta_gy) / (2.0 + alpha_beta_gy)
