"""``planchecker audit``: look into the journal, and find out whether it was changed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from planchecker.cli.output import emit

__all__ = ["app"]

app = typer.Typer(
    help="The journal of every check a hook has run.", no_args_is_help=True, rich_markup_mode=None
)
JournalArgument = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="The file a hook writes.", exists=True)
]


@app.command()
def verify(
    journal: JournalArgument,
    *,
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="SEQ:HASH", help="A row that was written down elsewhere; repeat it."),
    ] = None,
    expect_from: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Rows written down elsewhere: lines SEQ:HASH, or the log of a service.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Hash the stored reports as well.", exists=True),
    ] = None,
) -> None:
    """Say whether rows were changed, taken out, put in or cut off.

    Exit code 0 where the chain holds, 1 where it does not.
    """
    from planchecker.audit import Anchor, anchors_in  # noqa: PLC0415 - only here
    from planchecker.audit import verify as verify_journal  # noqa: PLC0415

    anchors = [Anchor.parse(text) for text in expect or ()]
    if expect_from is not None:
        anchors += anchors_in(expect_from)
    found = verify_journal(journal, anchors=anchors, reports=reports)
    for problem in found.problems:
        emit(f"TAMPERED: {problem}\n", None)
    if found.problems:
        raise typer.Exit(1)
    emit(f"{found.rows} rows, the chain holds; the last is {found.rows}:{found.head}\n", None)


@app.command("list")
def list_(
    journal: JournalArgument,
    *,
    subject: Annotated[
        str | None, typer.Option(metavar="UID", help="Only the checks of this plan.")
    ] = None,
) -> None:
    """Print the rows as JSON, one a line, oldest first."""
    from planchecker.audit.journal import rows  # noqa: PLC0415 - only here

    for content in rows(journal, subject=subject):
        emit(json.dumps(content) + "\n", None)
