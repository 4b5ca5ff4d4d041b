"""Dose to the contents of the spinal canal by scheme, beside the limits that governed."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

from constraints.errors import LibraryError
from constraints.loader import load_protocol
from constraints.model import Protocol

__all__ = ["METRIC", "Bound", "Spread", "is_of_canal", "protocol_of", "spreads"]

METRIC: Final = "D0.03cc"
_DEFAULT: Final = "bone_metastases"
_ANY_MARGIN: Final = "_PRV"
_VALUES: Final = """
SELECT "case".scheme AS scheme, metric.structure AS structure, metric.value AS value
FROM metric JOIN "case" ON "case".id = metric.case_id
WHERE metric.expression = ? AND metric.structure <> '' AND "case".state = 'checked'
"""
_GOVERNING: Final = """
SELECT "case".scheme AS scheme, finding.subject AS subject, metric.structure AS structure,
       finding.metric AS metric, finding.bound AS bound, finding.unit AS unit,
       finding.guideline AS guideline, finding.comparison AS comparison,
       COUNT(DISTINCT finding.case_id) AS plans
FROM finding JOIN "case" ON "case".id = finding.case_id
LEFT JOIN metric ON metric.case_id = finding.case_id AND metric.roi_number = finding.roi_number
                AND metric.expression = ?
WHERE finding.governs = 1 AND finding.bound IS NOT NULL AND finding.code LIKE 'DL%'
  AND finding.comparison LIKE '<%'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY plans DESC
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A limit that governed `plans` of the plans that are shown."""

    metric: str
    comparison: str
    value: float
    unit: str
    guideline: str
    plans: int

    @property
    def sign(self) -> str:
        """The comparison as reports write it."""
        return "≤" if self.comparison == "<=" else self.comparison

    @property
    def drawable(self) -> bool:
        """Whether it is a physical dose near the highest one, and so lies on the same axis."""
        return self.unit == "Gy" and self.metric in (METRIC, "Dmax")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The doses to one structure in the plans of one scheme.

    Parameters
    ----------
    values_gy
        In rising order.
    unanswered
        Contours without an answer: they are in no distribution.
    """

    scheme: str
    structure: str
    values_gy: tuple[float, ...]
    unanswered: int
    bounds: tuple[Bound, ...]

    @property
    def median_gy(self) -> float | None:
        """The median; None where nothing was answered."""
        return median(self.values_gy) if self.values_gy else None


def protocol_of(store: sqlite3.Connection) -> Protocol:
    """Return the protocol of the last run, or the packaged one where that was a file."""
    row = store.execute("SELECT protocol FROM batch ORDER BY id DESC LIMIT 1").fetchone()
    try:
        return load_protocol(row["protocol"] if row else _DEFAULT)
    except (LibraryError, OSError):
        return load_protocol(_DEFAULT)


def is_of_canal(structure: str, protocol: Protocol) -> bool:
    """Whether a TG-263 name is one of the contours in and round the spinal canal.

    Examples
    --------
    >>> rules = load_protocol("bone_metastases")
    >>> [is_of_canal(name, rules) for name in ("SpinalCord_PRV02", "ThecalSac", "Heart")]
    [True, True, False]
    """
    chains = [chain for chain in protocol.nested if set(chain) & set(protocol.spine_structures)]
    named = {*protocol.spine_structures, *(name for chain in chains for name in chain)}
    margins = [name for name in named if name.endswith(_ANY_MARGIN)]
    return structure in named or any(structure.startswith(name) for name in margins)


def spreads(store: sqlite3.Connection) -> tuple[Spread, ...]:
    """Return the distributions, the most frequent scheme first, in it the structures by name."""
    protocol = protocol_of(store)
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    unanswered: dict[tuple[str, str], int] = defaultdict(int)
    for row in store.execute(_VALUES, (METRIC,)):
        key = row["scheme"], row["structure"]
        if not is_of_canal(row["structure"], protocol):
            continue
        if row["value"] is None:
            unanswered[key] += 1
        else:
            values[key].append(row["value"])
    bounds = _bounds(store.execute(_GOVERNING, (METRIC,)))
    found = [
        Spread(
            scheme=scheme,
            structure=structure,
            values_gy=tuple(sorted(values[scheme, structure])),
            unanswered=unanswered[scheme, structure],
            bounds=tuple(bounds.get((scheme, structure), ())),
        )
        for scheme, structure in {*values, *unanswered}
    ]
    size: dict[str, int] = defaultdict(int)
    for one in found:
        size[one.scheme] += len(one.values_gy) + one.unanswered
    return tuple(sorted(found, key=lambda one: (-size[one.scheme], one.scheme, one.structure)))


def _bounds(rows: Iterable[sqlite3.Row]) -> dict[tuple[str, str], list[Bound]]:
    found: dict[tuple[str, str], list[Bound]] = defaultdict(list)
    for row in rows:
        # The subject is a TG-263 name or that of the contour; the store knows the first by ROI.
        structure = row["structure"] or row["subject"]
        found[row["scheme"], structure].append(
            Bound(
                metric=row["metric"],
                comparison=row["comparison"],
                value=row["bound"],
                unit=row["unit"],
                guideline=row["guideline"],
                plans=row["plans"],
            )
        )
    return found
