"""The JSON report as typed values, from which its JSON Schema is derived.

The order of the fields is the order of the keys. A field is never renamed or removed while
the schema name stays the same; new ones are added at the end.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from constraints.site_model import Change
from planchecker.reports.document_options import OptionsEntry, options_entry
from planchecker.reports.document_parts import (
    MissedTargetEntry,
    PopulationEntry,
    missed_entry,
    population_entry,
    rounded,
    rounded_all,
)
from planchecker.results import (
    Attestation,
    Finding,
    NotApplicable,
    PlanSummary,
    Relief,
    Report,
    StructureRow,
)

__all__ = ["ReportDocument", "report_schema", "to_document"]

_SCHEMA: Final = "planchecker-report/1"
_Status = Literal["fail", "not-evaluated", "borderline", "manual", "warn", "pass"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramEntry:
    """The program that made the report."""

    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryEntry:
    """The constraint library the report rests on, with the SHA-256 of its content."""

    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InputEntry:
    """One file that was read."""

    path: str
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemeEntry:
    """The recognised scheme; `id` is empty where it is unknown."""

    id: str
    indication: str
    confidence: str
    why: str
    runners_up: list[str]
    would_change: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanEntry:
    """The plan; a dose or number of fractions that is not stated is null."""

    label: str
    sop_instance_uid: str
    prescribed_dose_gy: float | None
    fractions: int | None
    technique: str
    scheme: SchemeEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureEntry:
    """One ROI: the TG-263 name it was matched to (empty where none), and how."""

    roi_number: int
    roi_name: str
    matched: str
    how: str
    volume_cc: float | None
    outside_grid_cc: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingEntry:
    """One answered question; `margin` is positive where the limit is met."""

    code: str
    subject: str
    roi_number: int | None
    status: _Status
    message: str
    metric: str
    value: float | None
    unit: str
    band: list[float | None] | None
    comparison: str
    limit: float | None
    margin: float | None
    guideline: str
    source: str
    doi: str
    evidence: str
    remedy: str
    location_mm: list[float | None] | None
    id: str
    governs: bool
    decided: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotApplicableEntry:
    """A question that does not arise for this plan, and why."""

    code: str
    subject: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetAfterEntry:
    """Coverage of one target before and after a uniform scaling of the dose."""

    roi_number: int
    roi_name: str
    dose_gy: float | None
    d95_gy: list[float | None]
    v100_percent: list[float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReliefEntry:
    """What would bring one exceeded dose limit within bounds; `finding` is its id."""

    finding: str
    factor: float | None
    reduction_gy: float | None
    targets: list[TargetAfterEntry]


@dataclass(frozen=True, kw_only=True, slots=True)
class AttestationEntry:
    """Who accepted a finding and why; `void` says why it no longer counts."""

    finding: str
    status: _Status
    reason: str
    by: str
    at: str
    basis: str
    previous: str
    sha256: str
    void: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteChangeEntry:
    """One thing the site file made different from what was published, in words."""

    subject: str
    where: str
    before: str
    after: str
    direction: str
    reason: str
    approver: str
    date: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportDocument:
    """One report. Findings stand worst first. Gy, cc, mm and % throughout."""

    schema: Literal["planchecker-report/1"]
    status: _Status
    exit_code: int
    program: ProgramEntry
    library: LibraryEntry
    protocol: str
    inputs: list[InputEntry]
    plan: PlanEntry | None
    structures: list[StructureEntry]
    findings: list[FindingEntry]
    not_applicable: list[NotApplicableEntry]
    notes: list[str]
    appendix: list[str]
    protocol_sha256: str
    site_sha256: str
    reliefs: list[ReliefEntry]
    attestations: list[AttestationEntry]
    site: str
    site_changes: list[SiteChangeEntry]
    missed_targets: list[MissedTargetEntry]
    options: OptionsEntry
    population: list[PopulationEntry]


def to_document(report: Report) -> ReportDocument:
    """Lay a report out as its JSON document, numbers at 6 significant digits."""
    ids = {id(one): name for one, name in zip(report.findings, report.ids, strict=True)}
    return ReportDocument(
        schema=_SCHEMA,
        status=report.status.value,
        exit_code=int(report.exit_code),
        program=ProgramEntry(version=report.program_version),
        library=LibraryEntry(version=report.library_version, sha256=report.library_sha256),
        protocol=report.protocol,
        inputs=[
            InputEntry(
                path=file.path,
                sop_class_uid=file.sop_class_uid,
                sop_instance_uid=file.sop_instance_uid,
                modality=file.modality,
                sha256=file.sha256,
            )
            for file in report.inputs
        ],
        plan=None if report.plan is None else _plan(report.plan),
        structures=[_structure(row) for row in report.structures],
        findings=[_finding(finding, ids[id(finding)]) for finding in report.ranked],
        not_applicable=[_not_applicable(entry) for entry in report.not_applicable],
        notes=list(report.notes),
        appendix=list(report.appendix),
        protocol_sha256=report.protocol_sha256,
        site_sha256=report.site_sha256,
        reliefs=[_relief(relief) for relief in report.reliefs],
        attestations=[_attestation(one) for one in report.attestations],
        site=report.site,
        site_changes=[_site_change(one) for one in report.site_changes],
        missed_targets=[missed_entry(one) for one in report.missed],
        options=options_entry(report.asked),
        population=[population_entry(one) for one in report.population],
    )


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what ``check --format json`` prints for one plan."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - needed for the schema only

    schema = TypeAdapter(ReportDocument).json_schema()
    _close(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _SCHEMA,
        **schema,
    }


def _close(node: dict[str, Any]) -> None:
    # A reader may rely on the named keys; a key that is not named here is a defect.
    for part in (node, *node.get("$defs", {}).values()):
        part["additionalProperties"] = False


def _plan(plan: PlanSummary) -> PlanEntry:
    return PlanEntry(
        label=plan.label,
        sop_instance_uid=plan.sop_instance_uid,
        prescribed_dose_gy=rounded(plan.prescribed_dose_gy),
        fractions=plan.fractions,
        technique=plan.technique,
        scheme=SchemeEntry(
            id=plan.scheme.id,
            indication=plan.scheme.indication,
            confidence=plan.scheme.confidence,
            why=plan.scheme.why,
            runners_up=list(plan.scheme.runners_up),
            would_change=plan.scheme.would_change,
        ),
    )


def _structure(row: StructureRow) -> StructureEntry:
    return StructureEntry(
        roi_number=row.roi_number,
        roi_name=row.roi_name,
        matched=row.matched,
        how=row.how,
        volume_cc=rounded(row.volume_cc),
        outside_grid_cc=rounded(row.outside_grid_cc),
    )


def _finding(finding: Finding, name: str) -> FindingEntry:
    return FindingEntry(
        code=finding.code,
        subject=finding.subject,
        roi_number=finding.roi_number,
        status=finding.status.value,
        message=finding.message,
        metric=finding.metric,
        value=rounded(finding.value),
        unit=finding.unit,
        band=rounded_all(finding.band),
        comparison=finding.comparison,
        limit=rounded(finding.limit),
        margin=rounded(finding.margin),
        guideline=finding.guideline,
        source=finding.source,
        doi=finding.doi,
        evidence=finding.evidence,
        remedy=finding.remedy,
        location_mm=rounded_all(finding.location_mm),
        id=name,
        governs=finding.governs,
        decided=finding.decided,
    )


def _not_applicable(entry: NotApplicable) -> NotApplicableEntry:
    return NotApplicableEntry(code=entry.code, subject=entry.subject, reason=entry.reason)


def _relief(relief: Relief) -> ReliefEntry:
    return ReliefEntry(
        finding=relief.finding,
        factor=rounded(relief.factor),
        reduction_gy=rounded(relief.reduction_gy),
        targets=[
            TargetAfterEntry(
                roi_number=target.roi_number,
                roi_name=target.roi_name,
                dose_gy=rounded(target.dose_gy),
                d95_gy=[rounded(value) for value in target.d95_gy],
                v100_percent=[rounded(value) for value in target.v100_percent],
            )
            for target in relief.targets
        ],
    )


def _attestation(one: Attestation) -> AttestationEntry:
    return AttestationEntry(
        finding=one.finding,
        status=one.status.value,
        reason=one.reason,
        by=one.by,
        at=one.at,
        basis=one.basis,
        previous=one.previous,
        sha256=one.sha256,
        void=one.void,
    )


def _site_change(one: Change) -> SiteChangeEntry:
    return SiteChangeEntry(
        subject=one.subject,
        where=one.where,
        before=one.before,
        after=one.after,
        direction=one.direction,
        reason=one.reason,
        approver=one.approver,
        date=one.date,
    )
