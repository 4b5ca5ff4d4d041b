"""``planchecker guidelines sign`` and ``verify``: who reviewed which state of the library."""

from pathlib import Path
from typing import Annotated, Final

import typer

from planchecker.cli.output import OutputOption, emit

__all__ = ["sign", "verify"]

_NOT_AS_SIGNED: Final = 1

FilesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--file",
        metavar="PATH",
        exists=True,
        dir_okay=False,
        help="A further rule file, such as the site file; may be given several times.",
    ),
]


def sign(
    *,
    reviewer: Annotated[str, typer.Option("--reviewer", metavar="NAME", help="Who reviewed.")],
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="When, such as 2026-01-31.")],
    statement: Annotated[
        str, typer.Option("--statement", metavar="TEXT", help="What was reviewed, and how.")
    ] = "",
    files: FilesOption = None,
    output: OutputOption = None,
) -> None:
    """Write a record of who reviewed the library as it is installed.

    The record holds the digest of every rule file. It proves nothing about the reviewer.
    """
    from constraints.signing import dump_signature  # noqa: PLC0415 - heavy
    from constraints.signing import sign as record  # noqa: PLC0415

    signature = record(reviewer=reviewer, date=date, statement=statement, files=files or ())
    emit(dump_signature(signature), output, binary=True)


def verify(
    signature: Annotated[
        Path,
        typer.Argument(metavar="RECORD", exists=True, dir_okay=False, help="What sign wrote."),
    ],
    files: FilesOption = None,
) -> None:
    """Tell whether the library is still the one that was signed.

    Exit code 1: it is not, and the files that differ are named.
    """
    from constraints.signing import load_signature  # noqa: PLC0415 - heavy
    from constraints.signing import verify as compare  # noqa: PLC0415
    from planchecker.reports.text import clean  # noqa: PLC0415

    record = load_signature(signature)
    found = compare(record, files=files or ())
    emit(clean(f"{record.reviewer}, {record.date}: {found.summary}") + "\n", None)
    if not found.valid:
        raise typer.Exit(_NOT_AS_SIGNED)
