"""``planchecker compare``: two plans of one patient, or two exports of one plan."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.check import Language
from planchecker.cli.output import OutputOption, emit, progress, screen_style
from planchecker.errors import PlanCheckerError, ReadError

if TYPE_CHECKING:
    from planchecker.case import Case
    from planchecker.results import Report

__all__ = ["Format", "compare"]


class Format(StrEnum):
    """How a comparison is written."""

    TERMINAL = "terminal"
    JSON = "json"
    HTML = "html"


def compare(
    before: Annotated[
        Path, typer.Argument(metavar="A", exists=True, help="File or folder of the first plan.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="B", exists=True, help="File or folder of the second plan.")
    ],
    *,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="ID|FILE", help="Which guidelines apply and which one governs."),
    ] = None,
    indication: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The indication, where the export does not settle it."),
    ] = None,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the comparison.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
    lang: Annotated[
        Language, typer.Option("--lang", help="Language of what people read.")
    ] = Language.EN,
) -> None:
    """Show which findings appeared, vanished or moved between two plans of one patient.

    The exit code is that of B.
    """
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.checker import check  # noqa: PLC0415
    from planchecker.locale import speaking  # noqa: PLC0415
    from planchecker.reports.comparing import as_json, as_text  # noqa: PLC0415
    from planchecker.reports.overlay import as_html  # noqa: PLC0415
    from planchecker.reports.spoken import names_in  # noqa: PLC0415

    cases = (_one_case(before), _one_case(after))
    _same_patient(*cases)
    reports: list[Report] = []
    with progress("checking") as tick:
        for index, case in enumerate(cases, start=1):
            reports.append(
                check(case, protocol=protocol, indication=indication, program_version=__version__)
            )
            if tick is not None:
                tick(index, len(cases))
    old, new = reports
    style = screen_style(to_file=output is not None, lang=lang.value)
    with speaking(lang.value, naming=names_in(reports)):
        if format is Format.JSON:
            text = as_json(old, new)
        elif format is Format.HTML:
            text = as_html(old, new)
        else:
            text = as_text(old, new, style)
    emit(text, output, binary=format is Format.HTML)
    raise typer.Exit(int(new.exit_code))


def _one_case(path: Path) -> "Case":
    from planchecker.reading import read_cases  # noqa: PLC0415

    with progress("reading") as tick:
        cases = [case for case in read_cases([path], progress=tick) if case.plan is not None]
    if len(cases) != 1:
        raise ReadError(f"{len(cases)} plans under {str(path)!r}; give the folder of one plan")
    return cases[0]


def _same_patient(first: "Case", second: "Case") -> None:
    ids = [case.plan.patient.id if case.plan else "" for case in (first, second)]
    if ids[0] != ids[1]:
        raise PlanCheckerError(
            f"the plans belong to patients {ids[0]!r} and {ids[1]!r}; give two plans of one patient"
        )
