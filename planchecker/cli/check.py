"""``planchecker check``: files in, verdicts out."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.hooking import SiteOption
from planchecker.cli.output import (
    OutputOption,
    PathsArgument,
    emit,
    emit_bytes,
    progress,
    screen_style,
)
from planchecker.errors import ReadError
from planchecker.side_by_side import processes_at_hand

if TYPE_CHECKING:
    from planchecker.batch.metrics import Remembering
    from planchecker.reports.style import Style
    from planchecker.results import ExitCode, Report

__all__ = ["Format", "Language", "Paper", "check", "combined"]


class Format(StrEnum):
    """How a report is written."""

    TERMINAL = "terminal"
    JSON = "json"
    HTML = "html"
    CSV = "csv"
    JUNIT = "junit"
    PDF = "pdf"
    DICOM = "dicom"
    DICOM_SR = "dicom-sr"


class Language(StrEnum):
    """In which language people read a report."""

    EN = "en"
    FR = "fr"


class Paper(StrEnum):
    """Size of the PDF's pages."""

    A4 = "A4"
    LETTER = "Letter"


_BYTES = (Format.PDF, Format.DICOM, Format.DICOM_SR)
_DRAWN = (Format.HTML, Format.PDF, Format.DICOM)
_UTF8 = (Format.HTML, Format.CSV, Format.JUNIT)


def check(  # noqa: PLR0913 - one a command-line option
    paths: PathsArgument,
    *,
    indication: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The indication, where the export does not settle it."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="ID|FILE", help="Which guidelines apply and which one governs."),
    ] = None,
    site: SiteOption = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            "--prior",
            metavar="PATH|SPEC",
            help="An earlier course: DICOM folder, TOML list, or dose_gy=30,fractions=10,...",
        ),
    ] = None,
    summed: Annotated[
        bool, typer.Option("--sum", help="Add up the other plans of the patient there.")
    ] = False,
    second_opinion: Annotated[
        bool,
        typer.Option("--second-opinion", help="Compare with dicompyler-core as well (slow)."),
    ] = False,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the report.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
    lang: Annotated[
        Language, typer.Option("--lang", help="Language of what people read.")
    ] = Language.EN,
    paper: Annotated[Paper, typer.Option("--paper", help="Size of PDF pages.")] = Paper.A4,
    anonymise: Annotated[
        bool,
        typer.Option("--anonymise", help="Leave out name, ID, dates, UIDs, paths and hashes."),
    ] = False,
    attested: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT.json",
            exists=True,
            dir_okay=False,
            help="Show who accepted what in this report; void where the plan changed.",
        ),
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(
            metavar="STORE",
            exists=True,
            dir_okay=False,
            help="Show the plan among those of its kind in the store of a batch; no status.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List passes and every message too.")
    ] = False,
) -> None:
    """Check every plan under the paths.

    Several plans give several reports; the exit code is that of the worst, in the order
    1, 2, 3, 0.
    """
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.batch.metrics import Remembering  # noqa: PLC0415
    from planchecker.checker import check as check_case  # noqa: PLC0415
    from planchecker.cli.prior import read_priors  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415
    from planchecker.reading.pixels import read_hounsfield  # noqa: PLC0415

    decided = None
    if site is not None:
        from planchecker.checker.centre import centre_of  # noqa: PLC0415

        # A site file that is refused must be known before minutes of reading.
        decided = centre_of(protocol, site).site
    fewest = _fewest(population, protocol, site) if population is not None else None
    with progress("reading") as tick:
        cases = read_cases(paths, progress=tick)
    priors = read_priors(prior or ())
    if not cases:
        raise ReadError(_nothing_found(paths))
    with progress("checking") as tick:
        reports = []
        for index, case in enumerate(cases, start=1):
            remember = Remembering()
            report = check_case(
                case,
                protocol=protocol,
                site=decided,
                indication=indication,
                second_opinion=second_opinion,
                prior=priors,
                summed=summed,
                program_version=__version__,
                pictures=format in _DRAWN,
                pixels=read_hounsfield,
                histograms=remember,
                processes=processes_at_hand(),
            )
            if population is not None:
                report = _placed(report, remember, population, fewest=fewest)
            reports.append(report)
            if tick is not None:
                tick(index, len(cases))
    if attested is not None:
        reports = _with_attestations(reports, attested)
    style = screen_style(
        # JSON looks the same everywhere.
        to_file=output is not None or format is Format.JSON,
        verbose=verbose,
        lang=lang.value,
        paper=paper.value,
    )
    _write(reports, format, output, style=style, anonymise=anonymise)
    raise typer.Exit(int(combined(reports)))


def _fewest(store: Path, protocol: str | None, site: Path | None) -> int | None:
    """Return how many plans a percentile needs; a store that is no store is refused at once."""
    from planchecker.batch.archive import archive  # noqa: PLC0415 - only here
    from planchecker.batch.population import FEWEST  # noqa: PLC0415
    from planchecker.checker.centre import centre_of  # noqa: PLC0415

    with archive(store):
        criterion = centre_of(protocol, site).protocol.criteria.get(FEWEST)
    return None if criterion is None else int(criterion.value)


def _placed(
    report: "Report", remember: "Remembering", store: Path, *, fewest: int | None
) -> "Report":
    """Return the report with the place of the plan among those of its kind in a store."""
    from dataclasses import replace  # noqa: PLC0415

    from planchecker.batch.metrics import measured  # noqa: PLC0415
    from planchecker.batch.population import compare_with_archive  # noqa: PLC0415

    rows = compare_with_archive(report, measured(report, remember.dvhs), store, fewest=fewest)
    return replace(report, population=rows)


def _write(
    reports: Sequence["Report"],
    format: Format,  # noqa: A002
    output: Path | None,
    *,
    style: "Style",
    anonymise: bool,
) -> None:
    from planchecker.reports import render, render_document  # noqa: PLC0415

    if anonymise:
        from planchecker.reports.anonymise import anonymised  # noqa: PLC0415

        reports = [anonymised(report) for report in reports]
    if format in _BYTES:
        emit_bytes(render_document(reports, format.value, style=style), output)
    else:
        emit(render(reports, format.value, style=style), output, binary=format in _UTF8)


def _with_attestations(reports: Sequence["Report"], path: Path) -> list["Report"]:
    """Give each report the attestations of the plan of the same UID in an earlier report."""
    from planchecker.cli.attest import read_report  # noqa: PLC0415
    from planchecker.reports.attesting import carried_over, read_attestations  # noqa: PLC0415

    content = read_report(path)
    earlier = {}
    for document in content if isinstance(content, list) else [content]:
        read_attestations(document)
        earlier[(document.get("plan") or {}).get("sop_instance_uid", "")] = document
    found = []
    for report in reports:
        uid = report.plan.sop_instance_uid if report.plan else ""
        # A plan that is exported anew has a new UID: what was accepted then shows as void.
        document = earlier.get(uid) or (next(iter(earlier.values())) if len(earlier) == 1 else None)
        found.append(report if document is None else carried_over(report, document))
    return found


def combined(reports: Iterable["Report"]) -> "ExitCode":
    """Return the exit code of several reports: 1 before 2 before 3 before 0; 2 without any."""
    from planchecker.results import ExitCode  # noqa: PLC0415

    codes = {report.exit_code for report in reports}
    ranked = (ExitCode.FAIL, ExitCode.ERROR, ExitCode.UNDECIDED, ExitCode.OK)
    return next((code for code in ranked if code in codes), ExitCode.ERROR)


def _nothing_found(paths: Iterable[Path]) -> str:
    listed = ", ".join(repr(str(path)) for path in paths)
    return f"no RT plan, structure set or dose under {listed}; give the exported DICOM files"
