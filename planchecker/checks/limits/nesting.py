"""Which contour may stand for which: chains of structures that enclose each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from constraints.metric import Metric, MetricKind
from constraints.model import Comparison, Protocol
from planchecker.checks.context import Context
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match

__all__ = [
    "CAUDA",
    "CORD",
    "Role",
    "StandIn",
    "base_of",
    "contoured",
    "cord_family",
    "drawn_structures",
    "in_family",
    "is_neural",
    "position",
    "stand_ins",
    "transfers",
]

CORD = "SpinalCord"
CAUDA = "CaudaEquina"

_PRV = re.compile(r"(?P<base>.+)_PRV(?:\d+(?:\.\d+)?)?")
_TARGETS = ("PTV", "CTV", "GTV", "ITV")
# A PRV that does not tell its margin lies outside its organ and inside every PRV that does.
_UNSTATED_MARGIN_MM = 0.5


class Role(StrEnum):
    """How the contour that is tested lies to the one the limit was written for."""

    SAME = "same"
    ENCLOSES = "encloses"
    """Conservative: met is met; an excess may vanish on the inner contour."""
    INSIDE = "inside"
    """It may exceed, but it can never show that the limit is met."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """A contour that is tested for a structure.

    Parameters
    ----------
    asked
        TG-263 name the limit was written for.
    match
        The contour that is tested.
    role
        How it lies to the structure that was asked for.
    """

    asked: str
    match: Match
    role: Role


def drawn_structures(context: Context) -> dict[int, Structure]:
    """Return the structures that have at least one contour, by ROI number."""
    structures = context.case.structure_set.structures if context.case.structure_set else ()
    return {s.roi_number: s for s in structures if s.contours}


def contoured(context: Context) -> Iterator[Match]:
    """Yield the matches that have a TG-263 name and at least one contour."""
    with_contours = drawn_structures(context)
    return (m for m in context.matches if m.name and m.roi_number in with_contours)


def transfers(metric: Metric, comparison: Comparison) -> bool:
    """Tell whether a limit on the metric may be tested on an enclosing or inner contour.

    Only where a larger contour can but raise the value: the maximum, the dose to the hottest
    cc and the volume in cc above a dose. Percentages and lowest doses do not transfer.

    Examples
    --------
    >>> transfers(Metric.parse("D0.03cc"), Comparison.AT_MOST)
    True
    >>> transfers(Metric.parse("D10%"), Comparison.AT_MOST)
    False
    """
    if comparison not in (Comparison.AT_MOST, Comparison.BELOW):
        return False
    if metric.kind in (MetricKind.VOLUME_AT_DOSE, MetricKind.VOLUME_AT_PERCENT):
        return metric.unit == "cc"
    return metric.kind in (MetricKind.DMAX, MetricKind.DOSE_AT_VOLUME)


def position(
    protocol: Protocol, name: str, margin_mm: float | None = None
) -> dict[str | int, float]:
    """Return how far outward a structure lies in each chain it belongs to.

    A PRV lies between its organ and the next structure of the chain, the wider one farther
    out. Every organ also forms a chain with its own PRVs.

    Parameters
    ----------
    name
        TG-263 name.
    margin_mm
        Margin of a PRV where it is known from elsewhere than its name.

    Returns
    -------
    dict
        Position by chain: the organ's name for its own PRVs, else the index of the chain.
    """
    base, offset = base_of(name), 0.0
    if base != name:
        stated = float(name.removeprefix(f"{base}_PRV") or margin_mm or _UNSTATED_MARGIN_MM)
        offset = stated / 100
    places: dict[str | int, float] = {base: offset}
    for index, chain in enumerate(protocol.nested):
        organs = [member for member in chain if base_of(member) == member]
        if base in organs:
            places[index] = organs.index(base) + offset
    return places


def base_of(name: str) -> str:
    """Return the organ of a PRV, else the name itself.

    Examples
    --------
    >>> base_of("SpinalCord_PRV02"), base_of("ThecalSac")
    ('SpinalCord', 'ThecalSac')
    """
    match = _PRV.fullmatch(name)
    return match["base"] if match else name


def stand_ins(context: Context, asked: str) -> tuple[StandIn, ...]:
    """Return the contours to test for a structure: itself, else the nearest in its chain.

    The structure itself, as often as it is contoured; else the next contour that encloses it;
    else the next one inside it; else nothing.
    """
    present = tuple(contoured(context))
    same = tuple(m for m in present if m.name == asked or _is_target(m, asked))
    if same:
        return _all(asked, same, Role.SAME)
    away = [(_outward(context.protocol, asked, m), m) for m in present]
    outside = [(d, m) for d, m in away if d is not None and d >= 0]
    if outside:
        nearest = min(d for d, _ in outside)
        found = tuple(m for d, m in outside if d == nearest)
        # A PRV of no stated margin is asked for: any PRV of that organ is one.
        any_margin = asked == f"{base_of(asked)}_PRV" and all(
            base_of(m.name) == base_of(asked) != m.name for m in found
        )
        return _all(asked, found, Role.SAME if any_margin else Role.ENCLOSES)
    inside = [(d, m) for d, m in away if d is not None]
    if inside:
        nearest = max(d for d, _ in inside)
        return _all(asked, tuple(m for d, m in inside if d == nearest), Role.INSIDE)
    return ()


def cord_family(protocol: Protocol) -> frozenset[str]:
    """Return the names of every chain that the cord belongs to."""
    return frozenset((CORD,)).union(*(chain for chain in protocol.nested if CORD in chain))


def in_family(protocol: Protocol, name: str) -> bool:
    """Tell whether a structure is the cord, its PRV, or a structure round it."""
    family = cord_family(protocol)
    return name in family or base_of(name) in family


def is_neural(protocol: Protocol, name: str) -> bool:
    """Tell whether a structure is of the cord's family or the cauda equina."""
    return bool(name) and (name == CAUDA or in_family(protocol, name))


def _is_target(match: Match, asked: str) -> bool:
    """Tell whether a limit on, say, GTV is meant for this target, such as GTV_T10."""
    return match.category == "target" and asked in _TARGETS and match.name.startswith(asked)


def _all(asked: str, matches: tuple[Match, ...], role: Role) -> tuple[StandIn, ...]:
    return tuple(StandIn(asked=asked, match=m, role=role) for m in matches)


def _outward(protocol: Protocol, asked: str, match: Match) -> float | None:
    """How far outward the contour lies from the structure asked for; None in no common chain."""
    home = position(protocol, asked)
    place = position(protocol, match.name, match.prv_mm)
    return next((place[chain] - home[chain] for chain in home if chain in place), None)
