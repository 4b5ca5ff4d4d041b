"""The findings as a DICOM structured report: Comprehensive SR Storage, filed with the plan."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from planchecker.errors import MissingExtra
from planchecker.reports.dicom_pdf import encoded
from planchecker.reports.dicom_source import derived_uid, only, plan_header
from planchecker.reports.pdf import report_digest
from planchecker.reports.spoken import told
from planchecker.reports.style import Style
from planchecker.reports.text import clean, clip, plan_title, status_word, verdict_words
from planchecker.results import Finding, Report

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept

__all__ = ["render"]

_SCHEME: Final = "99PLANCHECKER"
_SERIES_NUMBER = 9802
_UNITS: Final = {
    "Gy": ("Gy", "gray"),
    "cc": ("cm3", "cubic centimetre"),
    "%": ("%", "percent"),
    "mm": ("mm", "millimetre"),
}
_CONCEPTS: Final = {
    "report": "Radiotherapy plan check",
    "verdict": "Verdict",
    "finding": "Finding",
    "check": "Check",
    "status": "Status",
    "message": "Message",
    "remedy": "Remedy",
    "value": "Value",
    "limit": "Limit",
    "metric": "Metric",
    "source": "Source",
    "plan": "Checked plan",
    "digest": "SHA-256 of the report",
}


def render(reports: Sequence[Report], style: Style) -> bytes:
    """Write one report as a structured report in the study of its plan.

    Raises
    ------
    MissingExtra
        If highdicom is not installed.
    PlanCheckerError
        If there are several reports, or the plan file is gone or changed.

    Notes
    -----
    DICOM PS3.3, A.35.3 (Comprehensive SR IOD). Concepts of the check have no standard codes;
    they carry the private coding scheme 99PLANCHECKER.
    """
    try:
        from highdicom.sr import ComprehensiveSR  # noqa: PLC0415 - an extra
        from pydicom.valuerep import DA, TM  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "structured reports need highdicom: pip install 'planchecker[dicom-sr]'"
        ) from error
    report = only(reports)
    header = plan_header(report)
    for keyword in ("StudyDate", "StudyTime", "StudyID", "AccessionNumber"):
        if keyword not in header:
            setattr(header, keyword, "")
    digest = report_digest(report)
    document = ComprehensiveSR(
        evidence=[header],
        content=_root(report, header, digest),
        series_instance_uid=derived_uid(header.SOPInstanceUID, "planchecker sr"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=derived_uid(digest, "sr"),
        instance_number=1,
        manufacturer="planchecker",
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description="planchecker findings",
    )
    if style.made_at is not None:
        # The constructor writes its own clock; the time comes from the edge.
        document.ContentDate = DA(f"{style.made_at:%Y%m%d}")
        document.ContentTime = TM(f"{style.made_at:%H%M%S}")
    document.SoftwareVersions = report.program_version or "unknown"
    return encoded(document)


def _concept(name: str) -> "CodedConcept":
    from highdicom.sr import CodedConcept  # noqa: PLC0415

    return CodedConcept(value=name.upper(), scheme_designator=_SCHEME, meaning=_CONCEPTS[name])


def _root(report: Report, header: Any, digest: str) -> Any:
    from highdicom.sr import (  # noqa: PLC0415
        CompositeContentItem,
        ContainerContentItem,
        ContentSequence,
        RelationshipTypeValues,
    )

    contains = RelationshipTypeValues.CONTAINS
    plan = CompositeContentItem(
        name=_concept("plan"),
        referenced_sop_class_uid=header.SOPClassUID,
        referenced_sop_instance_uid=header.SOPInstanceUID,
        relationship_type=contains,
    )
    words = f"{status_word(report.status)}: {verdict_words(report)} {plan_title(report)}"
    root = ContainerContentItem(name=_concept("report"), is_content_continuous=False)
    found = [_finding(finding) for finding in report.ranked]
    root.ContentSequence = ContentSequence(
        [_text("verdict", words), _text("digest", digest), plan, *found], is_root=False
    )
    return root


def _finding(finding: Finding) -> Any:
    from highdicom.sr import (  # noqa: PLC0415
        ContainerContentItem,
        ContentSequence,
        RelationshipTypeValues,
    )

    container = ContainerContentItem(
        name=_concept("finding"),
        is_content_continuous=False,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = ContentSequence(list(_parts(finding)), is_root=False)
    return container


def _parts(finding: Finding) -> Iterator[Any]:
    yield _text("check", f"{finding.code} {finding.subject} [{finding.id}]")
    yield _text("status", finding.status.value)
    yield _text("message", told(finding.message))
    yield from (_text("remedy", told(finding.remedy)),) if finding.remedy else ()
    yield from (_text("metric", finding.metric),) if finding.metric else ()
    for name, number in (("value", finding.value), ("limit", finding.limit)):
        if number is not None and math.isfinite(number) and finding.unit in _UNITS:
            yield _number(name, number, finding.unit)
        elif number is not None:
            yield _text(name, f"{number:.6g} {finding.unit}".strip())
    source = " ".join(part for part in (finding.guideline, finding.source, finding.doi) if part)
    yield from (_text("source", source),) if source else ()


def _text(name: str, words: str) -> Any:
    from highdicom.sr import RelationshipTypeValues, TextContentItem  # noqa: PLC0415

    return TextContentItem(
        name=_concept(name),
        value=clip(clean(words), 1000) or "-",
        relationship_type=RelationshipTypeValues.CONTAINS,
    )


def _number(name: str, value: float, unit: str) -> Any:
    from highdicom.sr import CodedConcept, NumContentItem, RelationshipTypeValues  # noqa: PLC0415

    code, meaning = _UNITS[unit]
    return NumContentItem(
        name=_concept(name),
        value=float(f"{value:.6g}"),
        unit=CodedConcept(value=code, scheme_designator="UCUM", meaning=meaning),
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
