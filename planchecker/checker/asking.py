"""Asking every check and collecting the answers."""

from importlib.metadata import PackageNotFoundError, version

from constraints.loader import library_digest, library_version, load_protocol
from constraints.model import Protocol
from planchecker.case import Case
from planchecker.checker.measuring import build_context
from planchecker.checker.telling import curves, notes, row, summary
from planchecker.checks import CHECKS, WITHOUT_PLAN
from planchecker.checks.context import Check, Context, Outcome
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, NotApplicable, Report, Status

__all__ = ["check"]

_DEFAULT_PROTOCOL = "bone_metastases"


def check(
    case: Case,
    *,
    protocol: str | Protocol | None = None,
    indication: str | None = None,
    second_opinion: bool = False,
    program_version: str | None = None,
) -> Report:
    """Check one plan against a protocol and against itself.

    Parameters
    ----------
    protocol
        Id of a packaged protocol, path of a protocol file, or a protocol; the packaged one
        for bone metastases by default.
    indication
        Id of the indication, where the export does not settle it.
    second_opinion
        Compare with an independent histogram engine as well.
    program_version
        What the report states; the installed version by default.

    Returns
    -------
    Report
        Always one: a case without a plan gives a report that says what to export.

    Raises
    ------
    PlanCheckerError
        If the indication is unknown to the protocol.
    LibraryError
        If the protocol or one of its guidelines cannot be loaded.

    Examples
    --------
    >>> report = check(Case())
    >>> report.status
    <Status.NOT_EVALUATED: 'not-evaluated'>
    """
    rules = (
        protocol if isinstance(protocol, Protocol) else load_protocol(protocol or _DEFAULT_PROTOCOL)
    )
    context = build_context(case, rules, indication=indication, second_opinion=second_opinion)
    outcomes = [outcome for one in _asked(context) for outcome in _run(one, context)]
    return Report(
        findings=tuple(outcome for outcome in outcomes if isinstance(outcome, Finding)),
        not_applicable=tuple(o for o in outcomes if isinstance(o, NotApplicable)),
        plan=summary(context),
        structures=tuple(row(match, context.dvhs) for match in context.matches),
        inputs=case.files,
        curves=tuple(curves(context)),
        notes=tuple(dict.fromkeys(notes(context))),
        protocol=rules.id,
        library_version=library_version(),
        library_sha256=library_digest(),
        program_version=_installed_version() if program_version is None else program_version,
    )


def _asked(context: Context) -> tuple[Check, ...]:
    plan = context.case.plan
    if plan is None or plan.brachy:
        return tuple(one for one in CHECKS if one.code in WITHOUT_PLAN)
    return CHECKS


def _run(one: Check, context: Context) -> tuple[Outcome, ...]:
    """Ask one check; what it cannot answer is not-evaluated, never silence."""
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
