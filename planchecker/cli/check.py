"""``planchecker check``: files in, verdicts out."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.output import OutputOption, PathsArgument, emit, progress, screen_style
from planchecker.errors import ReadError

if TYPE_CHECKING:
    from planchecker.results import ExitCode, Report

__all__ = ["Format", "check", "combined"]


class Format(StrEnum):
    """How a report is written."""

    TERMINAL = "terminal"
    JSON = "json"
    HTML = "html"


def check(
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
    second_opinion: Annotated[
        bool,
        typer.Option("--second-opinion", help="Compare with dicompyler-core as well (slow)."),
    ] = False,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the report.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List passes and every message too.")
    ] = False,
) -> None:
    """Check every plan under the paths.

    Several plans give several reports; the exit code is that of the worst, in the order
    1, 2, 3, 0.
    """
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.checker import check as check_case  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415
    from planchecker.reports import render  # noqa: PLC0415

    with progress("reading") as tick:
        cases = read_cases(paths, progress=tick)
    if not cases:
        raise ReadError(_nothing_found(paths))
    with progress("checking") as tick:
        reports = []
        for index, case in enumerate(cases, start=1):
            reports.append(
                check_case(
                    case,
                    protocol=protocol,
                    indication=indication,
                    second_opinion=second_opinion,
                    program_version=__version__,
                )
            )
            if tick is not None:
                tick(index, len(cases))
    style = screen_style(to_file=output is not None, verbose=verbose)
    emit(render(reports, format.value, style=style), output, binary=format is Format.HTML)
    raise typer.Exit(int(combined(reports)))


def combined(reports: Iterable["Report"]) -> "ExitCode":
    """Return the exit code of several reports: 1 before 2 before 3 before 0; 2 without any."""
    from planchecker.results import ExitCode  # noqa: PLC0415

    codes = {report.exit_code for report in reports}
    ranked = (ExitCode.FAIL, ExitCode.ERROR, ExitCode.UNDECIDED, ExitCode.OK)
    return next((code for code in ranked if code in codes), ExitCode.ERROR)


def _nothing_found(paths: Iterable[Path]) -> str:
    listed = ", ".join(repr(str(path)) for path in paths)
    return f"no RT plan, structure set or dose under {listed}; give the exported DICOM files"
