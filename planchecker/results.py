"""Status, finding and report: the values every check returns and every renderer reads."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from constraints.site_model import Change
from planchecker.case import InputFile
from planchecker.figures import Scene
from planchecker.population import PopulationRow
from planchecker.status import ExitCode, Status, worst

__all__ = [
    "Asked",
    "Attestation",
    "Curve",
    "ExitCode",
    "Finding",
    "MissedTarget",
    "NotApplicable",
    "PlanSummary",
    "PopulationRow",
    "Relief",
    "Report",
    "SchemeMatch",
    "Status",
    "StructureRow",
    "TargetAfter",
    "worst",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One answered question about a plan.

    Parameters
    ----------
    code
        Permanent code of the check, such as ``DL001``.
    subject
        What it is about: a structure name, ``plan``, a beam.
    roi_number
        ROI Number of the contour that was tested, where there is one.
    status, message
        The verdict and one sentence a dosimetrist understands.
    metric, value, unit
        The metric expression, its value (None where there is no answer) and unit.
    band
        Interval in which the metric lies given what the export does not say.
    comparison, limit, margin
        ``<=`` and so on, the bound in `unit`, and the distance to it: positive when met.
    guideline, source, doi, evidence
        Id of the guideline, place in the publication, DOI, strength A to D.
    governs
        True where this limit decides; False where it is shown beside the governing one.
    remedy
        What to do about it; never empty for `not-evaluated`.
    location_mm
        DICOM patient coordinates (x, y, z) of the voxel that drives the finding.
    decided
        What a site file changed about it, published and own figure, reason and approver; the
        message says it as well. Empty where nothing was changed.
    """

    code: str
    subject: str
    status: Status
    message: str
    roi_number: int | None = None
    metric: str = ""
    value: float | None = None
    unit: str = ""
    band: tuple[float, float] | None = None
    comparison: str = ""
    limit: float | None = None
    margin: float | None = None
    guideline: str = ""
    source: str = ""
    doi: str = ""
    evidence: str = ""
    governs: bool = True
    remedy: str = ""
    location_mm: tuple[float, float, float] | None = None
    decided: str = ""

    @property
    def id(self) -> str:
        """Code and a digest of what was asked of what; the same in every run and language.

        Examples
        --------
        >>> Finding(code="ID001", subject="plan", status=Status.PASS, message="").id
        'ID001-12f58db0'
        """
        roi = "" if self.roi_number is None else str(self.roi_number)
        asked = (self.code, self.subject, roi, self.guideline, self.metric, self.comparison)
        text = "\x1f".join((*asked, self.source)).encode(errors="replace")
        return f"{self.code}-{hashlib.sha256(text).hexdigest()[:8]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotApplicable:
    """A question that does not arise for this plan, with the proof; it has no status."""

    code: str
    subject: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemeMatch:
    """Which prescription scheme the plan was taken for, and why.

    Parameters
    ----------
    id
        Id of the scheme; empty when the scheme is unknown.
    indication
        Id of the indication; empty when several remain possible.
    confidence
        ``"certain"``, ``"likely"``, ``"guess"`` or ``"unknown"``.
    why
        One sentence: what matched.
    runners_up
        Ids of other schemes that fit, or of the nearest ones when none does.
    would_change
        What would make it another match, or a surer one; empty where nothing is open.
    """

    id: str = ""
    indication: str = ""
    confidence: str = "unknown"
    why: str = ""
    runners_up: tuple[str, ...] = ()
    would_change: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanSummary:
    """The plan as the head of a report shows it."""

    label: str
    sop_instance_uid: str
    patient_id: str
    patient_name: str
    prescribed_dose_gy: float | None
    fractions: int | None
    prescription_source: str
    technique: str
    scheme: SchemeMatch


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureRow:
    """How one ROI was matched and how large it is."""

    roi_number: int
    roi_name: str
    matched: str
    """TG-263 name; empty when nothing matched."""
    how: str
    volume_cc: float | None
    outside_grid_cc: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A cumulative DVH thinned for drawing; never used for a verdict."""

    roi_number: int
    roi_name: str
    dose_gy: tuple[float, ...]
    volume_percent: tuple[float, ...]
    volume_cc: float | None = None
    low_percent: tuple[float, ...] = ()
    high_percent: tuple[float, ...] = ()
    """Ends of the uncertainty band at each dose; empty where it was not asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetAfter:
    """What a uniform scaling of the dose would leave of the coverage of one target.

    Parameters
    ----------
    dose_gy
        Dose the target is meant to get.
    d95_gy, v100_percent
        D95% and the share of the volume that gets `dose_gy`, before and after; None where
        there is no answer.
    """

    roi_number: int
    roi_name: str
    dose_gy: float
    d95_gy: tuple[float | None, float | None]
    v100_percent: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Relief:
    """What would bring the whole band of one exceeded dose limit within it.

    Parameters
    ----------
    finding
        `Finding.id` of the limit.
    factor
        By which all dose would have to be multiplied.
    reduction_gy
        By how much the dose the metric speaks of would have to fall, in Gy of physical dose.
    targets
        Coverage before and after a uniform scaling by `factor`.
    """

    finding: str
    factor: float
    reduction_gy: float
    targets: tuple[TargetAfter, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MissedTarget:
    """Volume of a target that gets less than a dose, and how much of it lies near the cord.

    Parameters
    ----------
    contour, margin_mm
        ROI name of the contour round the cord, and how far beyond it near reaches.
    level_percent, dose_gy
        The dose that is missed, in percent of that prescribed to the target and in Gy.
    missed_cc, near_cc
        Volume that gets less, and the part of it near the cord.
    """

    roi_number: int
    roi_name: str
    contour: str
    margin_mm: float
    level_percent: float
    dose_gy: float
    missed_cc: float
    near_cc: float

    @property
    def near_percent(self) -> float:
        """Share of the missed volume that lies near the cord; 0 where nothing is missed."""
        return 100 * self.near_cc / self.missed_cc if self.missed_cc > 0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attestation:
    """Who accepted a finding, why, and on which basis; it changes no status.

    Parameters
    ----------
    finding, status
        `Finding.id` and the status that was accepted.
    reason, by, at
        Why, who, and when (ISO 8601) the person says so.
    basis
        Digest of plan, library, protocol and site file that were judged.
    previous, sha256
        Digest of the attestation before it, or of the report, and of this one.
    void
        Why it no longer counts; empty while it does.
    """

    finding: str
    status: Status
    reason: str
    by: str
    at: str
    basis: str
    previous: str
    sha256: str
    void: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How the check was asked for, as far as that can move a verdict.

    Parameters
    ----------
    indication
        The indication that was given; empty where it was left to the plan.
    second_opinion, summed
        As `planchecker.check` takes them.
    prior
        Each earlier course in one line: what was typed, else its label and plan UID.
    """

    indication: str = ""
    second_opinion: bool = False
    summed: bool = False
    prior: tuple[str, ...] = ()


_CONTRADICTED = ("ID", "DG", "RX", "DL", "RI", "TC")
_UNANSWERED = ("DL", "RI", "DG", "RX", "TC", "ID", "ST", "BM", "DE", "IM")


def _harm(finding: Finding) -> tuple[int, bool, int]:
    """Return what puts a finding before or behind another one at the head of a report."""
    order = _CONTRADICTED if finding.status is Status.FAIL else _UNANSWERED
    family = finding.code[:2]
    rank = order.index(family) if family in order else len(order)
    return finding.status.severity, not finding.governs, rank


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All findings of one plan, with what they rest on.

    `findings` stand in the order the checks asked; `ranked` sorts them worst first.
    """

    findings: tuple[Finding, ...]
    not_applicable: tuple[NotApplicable, ...] = ()
    plan: PlanSummary | None = None
    structures: tuple[StructureRow, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader assumed or could not read, in plain words."""
    appendix: tuple[str, ...] = ()
    """What cannot be answered from an export, or needs a list of the centre; no status."""
    protocol: str = ""
    library_version: str = ""
    library_sha256: str = ""
    program_version: str = ""
    protocol_sha256: str = ""
    """Digest of the protocol's content."""
    site_sha256: str = ""
    """Digest of the site file; empty where there is none."""
    site: str = ""
    """Id of the site file."""
    site_changes: tuple[Change, ...] = ()
    """Everything the site file made different from what was published."""
    reliefs: tuple[Relief, ...] = ()
    scenes: tuple[Scene, ...] = ()
    """Pictures of the findings shown first; only where they were asked for."""
    attestations: tuple[Attestation, ...] = ()
    missed: tuple[MissedTarget, ...] = ()
    """What the targets miss, and how much of it lies near the cord."""
    asked: Asked = Asked()
    population: tuple[PopulationRow, ...] = ()
    """The plan among those of its kind in an archive; only where one was given."""
    status: Status = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", worst(finding.status for finding in self.findings))

    @property
    def exit_code(self) -> ExitCode:
        """The exit code the command line gives for this report."""
        return ExitCode.of(self.status)

    @property
    def ranked(self) -> tuple[Finding, ...]:
        """Findings from worst to best, in asking order within a status."""
        return tuple(sorted(self.findings, key=lambda finding: finding.status.severity))

    @property
    def attention(self) -> tuple[Finding, ...]:
        """Findings that need a person, worst first: all but pass, the governing ones first.

        Within a status the families stand in the order of harm: what proves the plan wrong as a
        whole before single limits, and an open question about a serial organ before all others.
        """
        open_ = [finding for finding in self.findings if finding.status is not Status.PASS]
        return tuple(sorted(open_, key=_harm))

    @property
    def ids(self) -> tuple[str, ...]:
        """`Finding.id` of every finding in their order; a repeated one is numbered."""
        seen: Counter[str] = Counter()
        found = []
        for finding in self.findings:
            seen[finding.id] += 1
            times = seen[finding.id]
            found.append(finding.id if times == 1 else f"{finding.id}.{times}")
        return tuple(found)
