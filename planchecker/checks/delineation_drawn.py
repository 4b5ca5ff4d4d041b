"""Sectors of a vertebra: as somebody contoured them, else divided by its canal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planchecker.checks.context import Context
from planchecker.checks.level import levels_in, side_of
from planchecker.checks.limits.nesting import contoured, drawn_structures
from planchecker.checks.saying import words_in
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.sectors import Part, VertebraSectors, divide, gather

__all__ = ["Vertebra", "inner_of", "vertebrae"]

_INNER = ("SpinalCanal", "ThecalSac")
_KINDS = {
    "sector_body": (Part.BODY, Part.BODY),
    "sector_spinous": (Part.SPINOUS, Part.SPINOUS),
    "sector_pedicle": (Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT),
    "sector_arch": (Part.ARCH_LEFT, Part.ARCH_RIGHT),
}
"""Words of the protocol and the sectors they mean on the left and on the right."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Vertebra:
    """A vertebra with its sectors.

    Parameters
    ----------
    name
        How findings name it.
    sectors
        None where they cannot be told, and `problem` says why.
    drawn
        Whether the sectors were contoured.
    """

    name: str
    sectors: VertebraSectors | None
    problem: str = ""
    drawn: bool = False


def vertebrae(context: Context, gtvs: Sequence[Match]) -> Iterator[Vertebra]:
    """Yield every vertebra whose sectors are contoured, then those that can be divided.

    Parameters
    ----------
    gtvs
        Only a vertebra that one of them may reach is worth the work of dividing it.

    Notes
    -----
    Contoured sectors count where all six of one level are there; a level with some of them
    alone is divided like any other.
    """
    complete = {
        level: parts
        for level, parts in _contoured(context).items()
        if all(part in parts for part in Part)
    }
    for level, parts in complete.items():
        try:
            yield Vertebra(name=level, sectors=gather(parts), drawn=True)
        except PlanCheckerError as error:
            problem = f"sectors cannot be told: {error}"
            yield Vertebra(name=level, sectors=None, problem=problem, drawn=True)
    inner = inner_of(context)
    if inner is None:
        return
    drawn = drawn_structures(context)
    for bone in contoured(context):
        if not bone.name.startswith("VB") or set(levels_in(context, bone.name)) & set(complete):
            continue
        if not any(_boxes_meet(drawn[bone.roi_number], drawn[g.roi_number]) for g in gtvs):
            yield Vertebra(name=bone.roi_name, sectors=None, problem="no GTV lies in this vertebra")
            continue
        try:
            sectors = divide(drawn[bone.roi_number], drawn[inner.roi_number])
        except PlanCheckerError as error:
            problem = f"sectors cannot be told: {error}"
            yield Vertebra(name=bone.roi_name, sectors=None, problem=problem)
        else:
            yield Vertebra(name=bone.roi_name, sectors=sectors)


def inner_of(context: Context) -> Match | None:
    """Return the contour that divides a vertebra: canal, or thecal sac without one."""
    drawn = drawn_structures(context)
    found = (m for name in _INNER for m in context.matched(name) if m.roi_number in drawn)
    return next(found, None)


def _boxes_meet(first: Structure, second: Structure) -> bool:
    one, other = (np.concatenate([c.points_mm for c in s.contours]) for s in (first, second))
    apart = (one.max(axis=0) < other.min(axis=0)) | (other.max(axis=0) < one.min(axis=0))
    return not bool(apart.any())


def _contoured(context: Context) -> Mapping[str, dict[Part, list[Structure]]]:
    """Return contoured sectors by level: one level, one kind and, off the midline, one side."""
    found: dict[str, dict[Part, list[Structure]]] = {}
    matches = {m.roi_number: m for m in context.matches}
    for number, structure in drawn_structures(context).items():
        match = matches.get(number)
        if match is not None and match.category in ("target", "external"):
            continue
        levels = levels_in(context, structure.name)
        part = _part(context, structure.name)
        if len(levels) == 1 and part is not None:
            found.setdefault(levels[0], {}).setdefault(part, []).append(structure)
    return found


def _part(context: Context, text: str) -> Part | None:
    kinds = [kind for kind in _KINDS if words_in(context, kind, text)]
    if len(kinds) != 1:
        return None
    left, right = _KINDS[kinds[0]]
    if left is right:
        return left
    side = side_of(context, text)
    return {"left": left, "right": right}.get(side)
