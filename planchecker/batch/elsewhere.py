"""Plans of the same patient that a case was not checked together with: never a silent pass."""

from collections.abc import Sequence
from dataclasses import replace

from planchecker.results import Finding, Report, Status

__all__ = ["told_elsewhere"]

_CODE = "RI002"
_ASKED_OF_ALL = (_CODE, "ID007")


def told_elsewhere(report: Report, labels: Sequence[str], *, anonymise: bool) -> Report:
    """Say in a report which plans of the patient the tree holds in other frames of reference.

    Nobody read their doses, so whether they meet this one is not evaluated; what the checks
    passed for want of another plan is taken back.

    Parameters
    ----------
    labels
        Labels of the other plans; empty where there is none.
    anonymise
        Tell their number only.

    Examples
    --------
    >>> told_elsewhere(Report(findings=()), ["T8"], anonymise=False).findings[0].code
    'RI002'
    """
    if not labels:
        return report
    shown = "withheld" if anonymise else ", ".join(map(repr, labels))
    finding = Finding(
        code=_CODE,
        subject="plan",
        status=Status.NOT_EVALUATED,
        message=f"Plans of this patient elsewhere in the tree ({len(labels)}): {shown}. They share "
        "no frame of reference with this one and were not looked at.",
        remedy="Check this plan again with each of them as --prior, or with --sum.",
    )
    kept = (f for f in report.findings if f.code not in _ASKED_OF_ALL or not _for_want(f))
    return replace(report, findings=(*kept, finding))


def _for_want(finding: Finding) -> bool:
    """Whether a finding passed because no other plan was at hand."""
    return finding.status is Status.PASS and finding.subject == "plan"
