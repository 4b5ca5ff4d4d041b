"""The ways of turning contours into a volume, and the cells that come out of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OUTLINE_MM", "EdgeCells", "FullCells", "Reading", "Slabs"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]

OUTLINE_MM = 0.1
"""Contours are drawn on pixels and written rounded: half of a fine CT pixel is not known."""


class Reading(IntEnum):
    """One way of turning contours and dose into a histogram."""

    BASE = 0
    """Shape interpolation between planes, caps of half a slice at the ends."""
    PRISM = 1
    """Each contour holds for half a slice on either side."""
    OPEN_LOW = 2
    """The structure begins at its first contour."""
    FULL_LOW = 3
    """The structure begins just after the slice before its first contour."""
    OPEN_HIGH = 4
    """The structure ends at its last contour."""
    FULL_HIGH = 5
    """The structure ends just before the slice after its last contour."""
    WIDER = 6
    """Every outline 0.1 mm farther out."""
    NARROWER = 7
    """Every outline 0.1 mm farther in."""
    MIDDLES = 8
    """At either end of the curve, cells do not spread over the doses next to their own."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EdgeCells:
    """Cells of thin planes that the outline runs through or that lie in an end cap.

    Parameters
    ----------
    thin
        Number of the thin plane in `Slabs.positions_mm`, shape (N,).
    cell
        Flat number of the lattice cell, shape (N,).
    share
        Covered share of the cell under `Reading.BASE`, shape (N,).
    other
        The same under the readings that differ from it.
    shift
        Offset of the covered part from the cell centre along x and y, in cells, shape (2, N).
    place, each
        The cells lie over one another on `each` thin planes at a time: numbers of those on the
        first of them, the slab times the cells of the lattice plus the cell, rising. On the k-th
        thin plane of their slab they follow k times ``len(place)`` later.
    in_cap
        Whether the cells lie beyond an end plane.
    """

    thin: Index
    cell: Index
    share: Floats
    other: Mapping[Reading, Floats]
    shift: Floats
    place: Index
    each: int
    in_cap: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FullCells:
    """Cells wholly inside between two planes, under every reading.

    Parameters
    ----------
    positions_mm, thickness_mm
        Middle and thickness of the blocks they are sampled in, shape (B,).
    block
        Block of each cell, shape (N,).
    cell
        Flat number of the lattice cell, shape (N,).
    place
        As for `EdgeCells`.
    """

    positions_mm: Floats
    thickness_mm: Floats
    block: Index
    cell: Index
    place: Index


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Slabs:
    """Thin planes between and beyond some planes of a structure, with their cells.

    Parameters
    ----------
    positions_mm, thickness_mm
        Middle and thickness of each thin plane, shape (Q,).
    edges, full
        Cells by kind; an end cap has no full ones.
    """

    positions_mm: Floats
    thickness_mm: Floats
    edges: EdgeCells
    full: FullCells | None
