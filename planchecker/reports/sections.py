"""The parts of a report that people read, in the order and grouping every renderer shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from planchecker.figures import Scene
from planchecker.locale import gettext as _
from planchecker.reports.text import FAMILY, count_words
from planchecker.results import Attestation, Finding, Relief, Report, Status

__all__ = [
    "MOST_LINES",
    "Family",
    "accepted",
    "check_title",
    "coverage",
    "disagreeing",
    "families",
    "pictured",
    "relief_of",
    "scene_of",
]

_COVERAGE: Final = ("TC001", "TC002", "TC003", "TC013")
MOST_LINES: Final = 7
"""How many findings stand at the head of a report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """The findings of one family of checks, worst first."""

    title: str
    counts: str
    status: Status
    findings: tuple[Finding, ...]


def families(report: Report) -> tuple[Family, ...]:
    """Group findings by the letters of their codes, in the order of `FAMILY`."""
    known = list(FAMILY)
    groups: dict[str, list[Finding]] = {}
    for finding in report.ranked:
        groups.setdefault(finding.code[:2], []).append(finding)
    ordered = sorted(groups, key=lambda key: (known.index(key) if key in known else 99, key))
    return tuple(
        Family(
            title=_(FAMILY[key]) if key in FAMILY else key,
            counts=count_words(Report(findings=tuple(groups[key]))),
            status=groups[key][0].status,
            findings=tuple(groups[key]),
        )
        for key in ordered
    )


def disagreeing(report: Report) -> tuple[tuple[Finding, ...], ...]:
    """Return the dose limits of every contour that more than one guideline limits.

    The governing ones come first, the others beside them by metric and limit.
    """
    groups: dict[tuple[int | None, str], list[Finding]] = {}
    for finding in report.findings:
        judged = finding.metric and finding.limit is not None and finding.guideline
        if judged and finding.code.startswith("DL"):
            groups.setdefault((finding.roi_number, finding.subject), []).append(finding)
    return tuple(
        tuple(sorted(group, key=lambda one: (not one.governs, one.metric, one.limit or 0.0)))
        for group in groups.values()
        if len({one.guideline for one in group}) > 1
    )


def coverage(report: Report) -> tuple[Finding, ...]:
    """Return the findings on target coverage, met or not: what was given up is told there."""
    return tuple(finding for finding in report.ranked if finding.code in _COVERAGE)


def pictured(report: Report) -> Sequence[Scene]:
    """Return the pictures of the findings at the head of the report."""
    shown = [scene_of(report, finding) for finding in report.attention[:MOST_LINES]]
    return [scene for scene in shown if scene is not None]


def relief_of(report: Report, finding: Finding) -> Relief | None:
    """Return what would make this finding pass, where that was worked out."""
    return next((one for one in report.reliefs if one.finding == finding.id), None)


def scene_of(report: Report, finding: Finding) -> Scene | None:
    """Return the pictures of this finding."""
    return next((one for one in report.scenes if one.finding == finding.id), None)


def accepted(report: Report, finding: Finding) -> Sequence[Attestation]:
    """Return who accepted this finding."""
    return [one for one in report.attestations if one.finding.split(".")[0] == finding.id]


def check_title(code: str) -> str:
    """Return what the check asks, in a few words; empty for a code that is not known."""
    return _(_titles().get(code, ""))


@cache
def _titles() -> dict[str, str]:
    from planchecker.checks import CHECKS  # noqa: PLC0415 - heavy, and loaded already

    return {check.code: check.title for check in CHECKS}
