"""``planchecker guidelines``: what the constraint library holds, and whether a file is sound."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from planchecker.cli import guidelines_diff, guidelines_import, guidelines_sign
from planchecker.cli.edge import ERROR
from planchecker.cli.output import OutputOption, emit, screen_style

__all__ = ["Subject", "app"]

_PROBLEMS: Final = 1

app = typer.Typer(
    help="The constraint library: list, show, lint, schema, diff, sign, verify, import.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("diff")(guidelines_diff.diff)
app.command("sign")(guidelines_sign.sign)
app.command("verify")(guidelines_sign.verify)
app.command("import")(guidelines_import.import_sheet)


class Subject(StrEnum):
    """What a JSON Schema can be asked for."""

    GUIDELINE = "guideline"
    PROTOCOL = "protocol"
    SITE = "site"
    SIGNATURE = "signature"
    REPORT = "report"


@app.command("list")
def list_all() -> None:
    """List every guideline and protocol."""
    from constraints.loader import available, load, load_protocol, protocols  # noqa: PLC0415
    from planchecker.reports.tables import table  # noqa: PLC0415

    style = screen_style(to_file=False)
    rows = []
    for guideline in map(load, available()):
        source = guideline.source
        limits, schemes = len(guideline.limits), len(guideline.schemes)
        counts = tuple(map(str, (limits, schemes, len(guideline.rows) - limits - schemes)))
        rows.append((guideline.id, str(source.year or "-"), *counts, source.doi or source.locator))
    head = ("Guideline", "Year", "Limits", "Schemes", "Other rows", "DOI or place")
    text = table(head, rows, style=style, right=(1, 2, 3, 4), whole=(0,))
    kept = [(name, load_protocol(name).title) for name in protocols()]
    emit(f"{text}\n{table(('Protocol', 'Title'), kept, style=style)}", None)


@app.command()
def show(
    id: Annotated[  # noqa: A002 - the word of the library
        str, typer.Argument(metavar="ID|FILE", help="Id of a guideline or protocol, or its file.")
    ],
    output: OutputOption = None,
) -> None:
    """Print one guideline, protocol or site file as a page.

    Source, limits by structure with fractions as columns, schemes, strengths and notes.
    """
    from constraints.model import Guideline, Protocol  # noqa: PLC0415 - heavy
    from planchecker.reports.guideline import render_guideline  # noqa: PLC0415
    from planchecker.reports.protocol import render_protocol  # noqa: PLC0415

    style = screen_style(to_file=output is not None)
    shown = guidelines_diff.opened(id)
    if isinstance(shown, Protocol):
        emit(render_protocol(shown, style), output)
    elif isinstance(shown, Guideline):
        emit(render_guideline(shown, style), output)
    else:
        emit(guidelines_diff.decisions_page(shown, style), output)


@app.command()
def lint(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", exists=True, dir_okay=False, help="TOML files."),
    ] = None,
    *,
    notes: Annotated[
        bool,
        typer.Option("--notes", help="Also what looks odd and may be right; no exit code."),
    ] = False,
) -> None:
    """Check rule files, or the whole packaged library.

    Exit code 1: something is wrong in a file that loads; 2: a file is refused.
    """
    from constraints.errors import LibraryError  # noqa: PLC0415 - heavy
    from planchecker.cli.guidelines_notes import notes_on  # noqa: PLC0415
    from planchecker.cli.lint import lint_files, lint_library  # noqa: PLC0415

    try:
        problems = lint_files(files) if files else lint_library()
        odd = notes_on(files) if notes else ()
    except LibraryError as error:
        emit(f"{error}\n", None)
        raise typer.Exit(ERROR) from None
    emit("".join(f"{one.where}: {one.rule}: {one.message}\n" for one in problems), None)
    emit("".join(f"note: {one.where}: {one.rule}: {one.message}\n" for one in odd), None)
    if problems:
        raise typer.Exit(_PROBLEMS)
    emit(f"{len(files) if files else 'all'} files: nothing to say\n", None)


@app.command()
def schema(
    subject: Annotated[
        Subject,
        typer.Argument(metavar="[guideline|protocol|site|signature|report]", help="Of what."),
    ] = Subject.GUIDELINE,
    output: OutputOption = None,
) -> None:
    """Print a JSON Schema."""
    emit(json.dumps(_schema(subject), indent=2) + "\n", output)


def _schema(subject: Subject) -> dict[str, Any]:
    if subject is Subject.REPORT:
        from planchecker.reports.document import report_schema  # noqa: PLC0415

        return report_schema()
    from constraints.schema import schema as of_file  # noqa: PLC0415 - heavy

    return of_file(subject.value)
