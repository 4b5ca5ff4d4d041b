"""What is the same in many exports is kept once: structures, doses and their histograms.

Most seeded errors leave nearly everything of a plan as it was. Values are told apart by every
byte of their content, so that a histogram is computed again wherever anything it rests on
changed.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from planchecker.case import Case
from planchecker.dosimetry.dvh import DVH
from planchecker.dosimetry.many import compute_dvhs
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError

__all__ = ["Memory"]

_MOST_HISTOGRAMS = 400
_MOST_STRUCTURES = 400
_MOST_GRIDS = 4


class Memory:
    """Values of the exports that were read before, by their content."""

    def __init__(self) -> None:
        self._structures: OrderedDict[bytes, Any] = OrderedDict()
        self._grids: OrderedDict[bytes, Any] = OrderedDict()
        self._histograms: OrderedDict[Any, DVH] = OrderedDict()

    def same(self, case: Case) -> Case:
        """Return the case with every structure and dose that was seen before as it was then."""
        structures = case.structure_set
        if structures is not None:
            structures = replace(
                structures,
                structures=tuple(
                    _kept(self._structures, one, _MOST_STRUCTURES) for one in structures.structures
                ),
            )
        doses = tuple(
            replace(dose, grid=_kept(self._grids, dose.grid, _MOST_GRIDS)) if dose.grid else dose
            for dose in case.doses
        )
        return replace(case, structure_set=structures, doses=doses)

    def histograms(
        self,
        structures: Sequence[Structure],
        dose: Any,
        *,
        spacing_mm: float | None = None,
        processes: int = 1,
    ) -> tuple[DVH | PlanCheckerError, ...]:
        """Compute histograms as `planchecker.compute_dvhs` does, or give those known."""
        keys = [(structure, dose, spacing_mm) for structure in structures]
        found: dict[Any, Any] = {key: self._histograms.get(key) for key in keys}
        new = [key for key, known in found.items() if known is None]
        answers = compute_dvhs(
            [structure for structure, *_ in new], dose, spacing_mm=spacing_mm, processes=processes
        )
        found.update(zip(new, answers, strict=True))
        for key, answer in found.items():
            if isinstance(answer, DVH):
                _put(self._histograms, key, answer, _MOST_HISTOGRAMS)
                self._histograms.move_to_end(key)
        return tuple(found[key] for key in keys)


def _kept(known: "OrderedDict[bytes, Any]", value: Any, most: int) -> Any:
    key = _digest(value)
    if key not in known:
        _put(known, key, value, most)
    known.move_to_end(key)
    return known[key]


def _put(known: "OrderedDict[Any, Any]", key: Any, value: Any, most: int) -> None:
    known[key] = value
    while len(known) > most:
        known.popitem(last=False)


def _digest(value: Any) -> bytes:
    digest = hashlib.sha256()
    _feed(digest.update, value)
    return digest.digest()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    """Hash a value of plain parts, arrays, tuples and frozen classes, every part of it."""
    if isinstance(value, np.ndarray):
        update(f"{value.dtype}{value.shape}".encode())
        update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple):
        update(f"({len(value)}".encode())
        _feed_all(update, value)
    elif hasattr(type(value), "__dataclass_fields__"):
        update(type(value).__name__.encode())
        _feed_all(update, (getattr(value, field.name) for field in fields(value)))
    else:
        update(f"{type(value).__name__}:{value!r};".encode())


def _feed_all(update: Callable[[bytes], None], values: Iterable[Any]) -> None:
    for value in values:
        _feed(update, value)
