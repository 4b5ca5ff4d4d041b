"""Two reports side by side: what appeared, vanished, moved or changed its number."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from planchecker.locale import colon
from planchecker.locale import gettext as _
from planchecker.reports.spoken import told
from planchecker.reports.style import Style
from planchecker.reports.tables import prose, table
from planchecker.reports.text import (
    clean,
    count_words,
    number,
    plan_title,
    significant,
    spaced,
    status_word,
    value_words,
    verdict_words,
)
from planchecker.results import Finding, Report

__all__ = ["Change", "ChangeKind", "as_json", "as_text", "changes", "difference_words"]


class ChangeKind(StrEnum):
    """What became of a finding."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    MOVED = "moved"
    """Its status changed."""
    CHANGED = "changed"
    """Its status stayed, its value did not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One finding that is not the same in both reports; at least one side is there."""

    kind: ChangeKind
    before: Finding | None
    after: Finding | None

    @property
    def either(self) -> Finding:
        """The later finding, or the earlier one where it vanished."""
        found = self.after or self.before
        if found is None:
            raise AssertionError("a change has a side")
        return found

    @property
    def difference(self) -> float | None:
        """Value after minus value before; None where one is missing."""
        if self.before is None or self.after is None:
            return None
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value


def changes(before: Report, after: Report) -> tuple[Change, ...]:
    """Compare two reports finding by finding.

    A finding is known again by what is asked of which structure name by which source; ROI
    numbers may differ between exports. Worst first, by the status after the change.
    """
    old, new = (dict(_keyed(report.findings)) for report in (before, after))
    found = []
    for key in dict.fromkeys((*new, *old)):
        one, other = old.get(key), new.get(key)
        if one is None or other is None:
            kind = ChangeKind.APPEARED if one is None else ChangeKind.VANISHED
        elif one.status is not other.status:
            kind = ChangeKind.MOVED
        elif _value(one) != _value(other):
            kind = ChangeKind.CHANGED
        else:
            continue
        found.append(Change(kind=kind, before=one, after=other))
    order = list(ChangeKind)
    return tuple(sorted(found, key=lambda c: (c.either.status.severity, order.index(c.kind))))


def _keyed(findings: Iterable[Finding]) -> Iterator[tuple[tuple[str | int, ...], Finding]]:
    seen: dict[tuple[str, ...], int] = {}
    for one in findings:
        key = (one.code, one.subject, one.metric, one.comparison, one.guideline, one.source)
        seen[key] = seen.get(key, 0) + 1
        yield (*key, seen[key]), one


def _value(finding: Finding) -> float | None:
    return None if finding.value is None else significant(finding.value)


def as_text(before: Report, after: Report, style: Style) -> str:
    """Write a comparison for a terminal."""
    found = changes(before, after)
    parts = [prose(_head(before, after), style)]
    titles = {
        ChangeKind.APPEARED: _("Appeared"),
        ChangeKind.VANISHED: _("Vanished"),
        ChangeKind.MOVED: _("Moved to another status"),
        ChangeKind.CHANGED: _("Same status, other value"),
    }
    head = (_("Before"), _("After"), _("Check"), _("Subject"), _("Metric"), "A", "B", "B − A")
    for kind, title in titles.items():
        rows = [_line(change) for change in found if change.kind is kind]
        if rows:
            parts.append(table(head, rows, style=style, title=title, right=(5, 6, 7), whole=(0, 1)))
    if not found:
        parts.append(prose([_("No finding differs.")], style))
    return "\n".join(parts)


def _head(before: Report, after: Report) -> Iterator[str]:
    for letter, report in (("A", before), ("B", after)):
        words = f"{status_word(report.status)}{colon()}{verdict_words(report)}"
        yield f"{letter}  {plan_title(report)} · {words} {count_words(report)}"
    if before.library_sha256 != after.library_sha256 or before.protocol != after.protocol:
        yield _("The two reports rest on different libraries or protocols.")


def _line(change: Change) -> Sequence[str]:
    sides = (change.before, change.after)
    statuses = ("–" if one is None else status_word(one.status) for one in sides)
    values = ("" if one is None else value_words(one) for one in sides)
    one = change.either
    asked = (one.code, told(one.subject), told(one.metric))
    return (*statuses, *asked, *values, difference_words(change))


def difference_words(change: Change) -> str:
    """Write the difference of the values with sign and unit; empty where there is none."""
    if change.difference is None or not change.either.metric:
        return ""
    sign = "+" if change.difference > 0 else "\N{MINUS SIGN}" if change.difference < 0 else ""
    return spaced((f"{sign}{number(abs(change.difference), apart_from=0.0)}", change.either.unit))


def as_json(before: Report, after: Report) -> str:
    """Write a comparison as JSON (schema ``planchecker-comparison/1``)."""
    document = {
        "schema": "planchecker-comparison/1",
        "before": _side(before),
        "after": _side(after),
        "changes": [_entry(change) for change in changes(before, after)],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _side(report: Report) -> dict[str, Any]:
    return {
        "plan": report.plan.label if report.plan else None,
        "sop_instance_uid": report.plan.sop_instance_uid if report.plan else None,
        "status": report.status.value,
        "library_sha256": report.library_sha256,
        "protocol": report.protocol,
    }


def _entry(change: Change) -> dict[str, Any]:
    one = change.either
    return {
        "kind": change.kind.value,
        "code": one.code,
        "subject": clean(one.subject),
        "metric": one.metric,
        "unit": one.unit,
        "guideline": one.guideline,
        "before": _half(change.before),
        "after": _half(change.after),
        "difference": None if change.difference is None else significant(change.difference),
    }


def _half(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "status": finding.status.value,
        "value": _value(finding),
        "limit": None if finding.limit is None else significant(finding.limit),
        "message": finding.message,
    }
