"""Counting plans by status: what was not evaluated is never counted with what passed."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from planchecker.reports.sections import check_title
from planchecker.results import Status

__all__ = ["COLUMNS", "Grouping", "Share", "by_finding", "by_plan", "overall"]

NO_VERDICT: Final = "error"
"""Of a case that could not be judged, and of a status that this program does not know."""
COLUMNS: Final = (*(status.value for status in reversed(Status)), NO_VERDICT)
"""From best to worst, as the columns and bars stand."""

_SEVERITY: Final = "CASE status {cases} ELSE -1 END".format(
    cases=" ".join(f"WHEN '{status.value}' THEN {status.severity}" for status in Status)
)
_BY_FINDING: Final = """
SELECT name, worst, COUNT(*) AS plans FROM (
    SELECT {column} AS name, MIN({severity}) AS worst
    FROM finding WHERE {column} <> '' GROUP BY {column}, case_id
) GROUP BY name, worst
"""
_PLANS: Final = {
    "machine": "COALESCE(NULLIF(machine, ''), 'unknown')",
    "technique": "COALESCE(NULLIF(technique, ''), 'unknown')",
    "month": "COALESCE(SUBSTR(planned_on, 1, 7), 'no date')",
}
_BY_PLAN: Final = """
SELECT {column} AS name, CASE state WHEN 'checked' THEN {severity} ELSE -1 END AS worst,
       COUNT(*) AS plans
FROM "case" GROUP BY name, worst
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How many plans of a group have which status.

    Parameters
    ----------
    name, title
        Of the group, and what a person reads beside it.
    counts
        In the order of `COLUMNS`.
    """

    name: str
    counts: tuple[int, ...]
    title: str = ""

    @property
    def total(self) -> int:
        """The denominator: every plan of the group, judged or not."""
        return sum(self.counts)

    @property
    def passed(self) -> int:
        """How many have the status pass, and nothing else."""
        return self.counts[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """Shares of one kind of group, with what is counted in words."""

    title: str
    lead: str
    shares: tuple[Share, ...]


def overall(store: sqlite3.Connection) -> Share:
    """Count all cases by status."""
    whole = by_plan(store, "month")
    counts = [sum(one.counts[i] for one in whole) for i in range(len(COLUMNS))]
    return Share(name="all", counts=tuple(counts))


def by_plan(store: sqlite3.Connection, group: str) -> tuple[Share, ...]:
    """Count cases by ``"machine"``, ``"technique"`` or ``"month"`` of planning and by status."""
    query = _BY_PLAN.format(column=_PLANS[group], severity=_SEVERITY)
    shares = _shares(store.execute(query))
    if group == "month":
        return tuple(sorted(shares, key=lambda share: share.name))
    return tuple(sorted(shares, key=lambda share: (-share.total, share.name)))


def by_finding(store: sqlite3.Connection, column: str) -> tuple[Share, ...]:
    """Count plans by ``"code"`` or ``"guideline"``, each with its worst finding on it.

    A plan that was not asked is not counted, neither here nor there.
    """
    if column not in {"code", "guideline"}:
        raise ValueError(f"no findings by {column!r}; known are 'code' and 'guideline'")
    query = _BY_FINDING.format(column=column, severity=_SEVERITY)
    shares = sorted(_shares(store.execute(query)), key=lambda share: share.name)
    if column == "guideline":
        return tuple(shares)
    return tuple(
        Share(name=one.name, counts=one.counts, title=check_title(one.name)) for one in shares
    )


def _shares(rows: Iterable[sqlite3.Row]) -> Iterator[Share]:
    groups: dict[str, list[int]] = {}
    for row in rows:
        counts = groups.setdefault(str(row["name"]), [0] * len(COLUMNS))
        counts[_column(row["worst"])] += row["plans"]
    for name, counts in groups.items():
        yield Share(name=name, counts=tuple(counts))


def _column(severity: int) -> int:
    known = 0 <= severity < len(Status)
    return COLUMNS.index(tuple(Status)[severity].value if known else NO_VERDICT)
