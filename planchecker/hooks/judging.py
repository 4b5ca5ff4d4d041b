"""From files to reports on the disk: the one place where every hook asks the engine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from planchecker.audit.stored_reports import JSON_REPORT
from planchecker.hooks.completeness import incomplete, missing_from
from planchecker.reading.header import is_uid, safe_name

if TYPE_CHECKING:
    from planchecker.case import Case
    from planchecker.results import Report

__all__ = ["PAGE", "TEXT", "Options", "Outcome", "Request", "judge", "subject_of"]

PAGE: Final = "report.html"
TEXT: Final = "report.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to judge, the same for every set of a hook.

    Parameters
    ----------
    protocol, indication, site
        As `planchecker.check` takes them; the site file as a path.
    images_expected
        False where the sender never sends images.
    result_form
        What the DICOM object of the report is: ``pdf`` or ``sr``.
    """

    protocol: str | None = None
    indication: str | None = None
    images_expected: bool = True
    site: str | None = None
    result_form: str = "pdf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One set to judge.

    Parameters
    ----------
    paths
        Files and folders of the set.
    folder
        Where one folder a report is written; it must be empty.
    name
        Name of the set, for reports that have no plan.
    only_complete
        Judge nothing unless every plan has all it needs.
    waited_s
        How long nothing arrived; None where nobody waited.
    """

    paths: tuple[str, ...]
    folder: str
    name: str
    options: Options = Options()
    only_complete: bool = False
    waited_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one plan of the set; every field survives JSON.

    Parameters
    ----------
    subject
        Name of the folder of its reports: the plan UID, or a digest where there is none.
    folder
        Where the report was written; empty where nothing was judged.
    """

    subject: str
    status: str = ""
    exit_code: int = 2
    missing: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    protocol: str = ""
    library_sha256: str = ""
    program_version: str = ""
    folder: str = ""
    report_sha256: str = ""


def judge(request: Request) -> tuple[Outcome, ...]:
    """Read and check a set and write its reports.

    Returns
    -------
    tuple of Outcome
        One for each plan. With `Request.only_complete`, outcomes without a status where
        something is missing.

    Raises
    ------
    ReadError
        If nothing in the set can be used.
    PlanCheckerError, LibraryError
        If the protocol or the indication is unknown, or the site file is refused.
    """
    from planchecker.reading import read_cases  # noqa: PLC0415 - heavy

    cases = read_cases(request.paths)
    gaps = [missing_from(case, images_expected=request.options.images_expected) for case in cases]
    if request.only_complete and any(gaps):
        return tuple(
            Outcome(subject=_subject(case, request), missing=lacking)
            for case, lacking in zip(cases, gaps, strict=True)
        )
    return tuple(
        _judged(case, lacking, Path(request.folder) / str(number), request)
        for number, (case, lacking) in enumerate(zip(cases, gaps, strict=True))
    )


def subject_of(plan_uid: str) -> str:
    """Return the folder name of a plan: its UID if it is one, else a digest of the text.

    Examples
    --------
    >>> subject_of("1.2.3")
    '1.2.3'
    >>> subject_of("../1").startswith("odd-")
    True
    """
    return plan_uid if is_uid(plan_uid) else f"odd-{safe_name('plan', plan_uid)}"


def _subject(case: "Case", request: Request) -> str:
    if case.plan is not None:
        return subject_of(case.plan.sop_instance_uid)
    holder = case.structure_set or next(iter(case.doses), None)
    rest = holder.sop_instance_uid if holder is not None else ""
    return f"no-plan-{safe_name('set', request.name, rest)}"


def _judged(case: "Case", gaps: Sequence[str], folder: Path, request: Request) -> Outcome:
    from planchecker.checker import check  # noqa: PLC0415 - heavy

    options = request.options
    report = check(
        case, protocol=options.protocol, indication=options.indication, site=options.site
    )
    if gaps:
        finding = incomplete(tuple(gaps), waited_s=request.waited_s)
        report = replace(report, findings=(finding, *report.findings))
    digest = _write(report, folder, form=options.result_form)
    return Outcome(
        subject=_subject(case, request),
        status=report.status.value,
        exit_code=int(report.exit_code),
        missing=tuple(gaps),
        inputs=tuple((file.sop_instance_uid, file.sha256) for file in report.inputs),
        protocol=report.protocol,
        library_sha256=report.library_sha256,
        program_version=report.program_version,
        folder=str(folder),
        report_sha256=digest,
    )


def _write(report: "Report", folder: Path, *, form: str) -> str:
    from planchecker.hooks.results_as_dicom import write_dicom  # noqa: PLC0415 - heavy
    from planchecker.reports import render  # noqa: PLC0415

    folder.mkdir(parents=True)
    text = render(report, "json").encode("utf-8")
    (folder / JSON_REPORT).write_bytes(text)
    for name, kind in ((PAGE, "html"), (TEXT, "terminal")):
        content = render(report, kind).encode("utf-8", errors="replace")
        (folder / name).write_bytes(content)
    write_dicom(report, folder, form=form)
    return hashlib.sha256(text).hexdigest()
