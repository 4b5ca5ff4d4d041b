"""Asking every check and collecting the answers."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from constraints.loader import library_digest, library_version
from constraints.model import Protocol
from constraints.site_model import Site
from planchecker.case import Case
from planchecker.checker.centre import Centre, centre_of, protocol_digest
from planchecker.checker.deciding import Teller
from planchecker.checker.earlier import Prior, in_words
from planchecker.checker.measuring import build_context
from planchecker.checker.missing import missed_targets
from planchecker.checker.relief import reliefs
from planchecker.checker.telling import curves, notes, row, summary
from planchecker.checks import CHECKS, WITHOUT_PLAN
from planchecker.checks.appendix import appendix
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.plan_overlap import capped
from planchecker.dosimetry.many import Histograms, compute_dvhs
from planchecker.errors import PlanCheckerError
from planchecker.results import Asked, Finding, NotApplicable, Report, Status
from planchecker.side_by_side import side_by_side

if TYPE_CHECKING:
    from planchecker.drawing import SliceReader

__all__ = ["check"]

_DEAREST: Final = (
    "TC012",
    "TC011",
    "TC010",
    "BM008",
    "BM015",
    "BM016",
    "BM011",
    "ST011",
    "ST016",
    "IM011",
    "DE002",
    "TC020",
    "ST014",
    "DE001",
)
"""The checks that take longest, the longest last; where work is shared they come first."""


def check(  # noqa: PLR0913 - one an option of the command line
    case: Case,
    *,
    protocol: str | Path | Protocol | None = None,
    site: str | Path | Site | None = None,
    indication: str | None = None,
    second_opinion: bool = False,
    program_version: str | None = None,
    prior: Sequence[Prior] = (),
    summed: bool = False,
    pictures: bool = False,
    pixels: "SliceReader | None" = None,
    histograms: Histograms = compute_dvhs,
    processes: int = 1,
) -> Report:
    """Check one plan against a protocol and against itself.

    Parameters
    ----------
    protocol
        Id of a packaged protocol, path of a protocol file, or a protocol; the packaged one
        for bone metastases by default.
    site
        Path of a site file, or the file as it was read: what the centre decided for itself
        counts, and every finding it touches says so.
    indication
        Id of the indication, where the export does not settle it.
    second_opinion
        Compare with an independent histogram engine as well.
    prior
        Earlier courses of the patient: cases that were read, courses, or typed summaries such
        as ``dose_gy=30,fractions=10,end=2024-03-01,structure=SpinalCord,dmax_gy=31.2``.
    summed
        Add other plans of the patient under the same paths up with this one.
    program_version
        What the report states; the installed version by default.
    pictures
        Draw the voxels of the first findings and the band of every histogram; only HTML and
        PDF show them.
    pixels
        Reads the CT numbers of a slice for the pictures, such as
        `planchecker.reading.pixels.read_hounsfield`.
    histograms
        Computes histograms as `planchecker.compute_dvhs` does.
    processes
        How many processes of this machine may share the work (Linux only, and only where this
        one has no other threads; elsewhere it does all). It changes no finding.

    Returns
    -------
    Report
        Always one: a case without a plan gives a report that says what to export.

    Raises
    ------
    PlanCheckerError
        If the indication is unknown to the protocol, or an earlier course is of another
        patient or cannot be read.
    LibraryError
        If the protocol, one of its guidelines or the site file is refused.

    Examples
    --------
    >>> report = check(Case())
    >>> report.status
    <Status.NOT_EVALUATED: 'not-evaluated'>
    """
    centre = centre_of(protocol, site)
    rules = centre.protocol
    context = build_context(
        case,
        centre,
        indication=indication,
        second_opinion=second_opinion,
        prior=prior,
        summed=summed,
        histograms=partial(histograms, processes=processes),
    )
    outcomes = capped(_outcomes(context, centre, processes))
    findings = tuple(outcome for outcome in outcomes if isinstance(outcome, Finding))
    report = Report(
        findings=findings,
        not_applicable=tuple(o for o in outcomes if isinstance(o, NotApplicable)),
        plan=summary(context),
        structures=tuple(row(match, context.dvhs) for match in context.matches),
        inputs=tuple(dict.fromkeys((*case.files, *(f for c in context.courses for f in c.files)))),
        curves=tuple(curves(context)),
        notes=tuple(dict.fromkeys(notes(context))),
        appendix=tuple(appendix(context)),
        protocol=rules.id,
        library_version=library_version(),
        library_sha256=library_digest(),
        program_version=_installed_version() if program_version is None else program_version,
        protocol_sha256=protocol_digest(rules),
        site_sha256=_site_digest(centre.site),
        site=centre.site.id if centre.site else "",
        site_changes=centre.changes,
        reliefs=tuple(reliefs(context, findings)),
        missed=tuple(missed_targets(context)),
        asked=Asked(
            indication=indication or "",
            second_opinion=second_opinion,
            summed=summed,
            prior=tuple(map(in_words, prior)),
        ),
    )
    if not pictures:
        return report
    from planchecker.checker.picturing import pictured  # noqa: PLC0415 - only to draw

    return pictured(report, context, pixels)


def _asked(context: Context) -> tuple[Check, ...]:
    plan = context.case.plan
    if plan is None or plan.brachy:
        return tuple(one for one in CHECKS if one.code in WITHOUT_PLAN)
    return CHECKS


def _site_digest(site: Site | None) -> str:
    if site is None:
        return ""
    # A value that was never a file is known by its content.
    return site.sha256 or hashlib.sha256(site.model_dump_json().encode()).hexdigest()


def _outcomes(context: Context, centre: Centre, processes: int) -> Iterator[Outcome]:
    checks = _asked(context)
    if centre.site is not None:
        # Which finding first read a decision of the centre depends on the order of the checks.
        processes = 1
    found = side_by_side(
        partial(_told, context=context, teller=Teller(centre, context)),
        checks,
        cost=lambda one: _DEAREST.index(one.code) if one.code in _DEAREST else -1,
        processes=processes,
    )
    return chain.from_iterable(found)


def _told(one: Check, context: Context, teller: Teller) -> tuple[Outcome, ...]:
    teller.begin()
    return tuple(teller.tell(outcome) for outcome in _run(one, context))


def _run(one: Check, context: Context) -> tuple[Outcome, ...]:
    """Ask one check; what it cannot answer is not-evaluated, never silence."""
    if one.technique is not None and not context.technique.worlds:
        return (
            Finding(
                code=one.code,
                subject=one.title,
                status=Status.NOT_EVALUATED,
                message="The technique is unknown, and with it whether this is asked of the plan.",
                remedy="Export the plan with its beams, control points and prescription.",
            ),
        )
    try:
        return tuple(one.run(context))
    except PlanCheckerError as error:
        return (
            Finding(
                code=one.code,
                subject=one.title,
                status=Status.NOT_EVALUATED,
                message=f"{one.title}: {error}",
                remedy="Mend what the message names, and check again.",
            ),
        )


def _installed_version() -> str:
    try:
        return version("planchecker")
    except PackageNotFoundError:
        return "0+not-installed"
