"""Options that the hooks share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "IndicationOption",
    "JournalOption",
    "NoImagesOption",
    "ProtocolOption",
    "QuietOption",
    "ReportsOption",
    "SiteOption",
    "journal_at",
    "sound_site",
]

ProtocolOption = Annotated[
    str | None,
    typer.Option(
        "--protocol", metavar="ID|FILE", help="Which guidelines apply and which one governs."
    ),
]
IndicationOption = Annotated[
    str | None,
    typer.Option(
        "--indication", metavar="ID", help="The indication, where the export does not settle it."
    ),
]
SiteOption = Annotated[
    Path | None,
    typer.Option(
        "--site",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Site file: what the centre decided for itself.",
    ),
]
ReportsOption = Annotated[
    Path, typer.Option("--reports", metavar="FOLDER", help="Where the reports go, by plan UID.")
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal", metavar="FILE", help="The audit journal; in the folder of reports by default."
    ),
]
NoImagesOption = Annotated[
    bool,
    typer.Option("--without-images", help="The sender never sends images: do not wait for any."),
]
QuietOption = Annotated[
    float,
    typer.Option(
        "--quiet",
        min=0.0,
        metavar="SECONDS",
        help="Judge a set as it is after so long without a new object.",
    ),
]


def journal_at(journal: Path | None, reports: Path) -> Path:
    """Return the file of the journal."""
    return reports / "journal.sqlite" if journal is None else journal


def sound_site(site: Path | None, protocol: str | None) -> str | None:
    """Return the path of a site file that takes effect; None without one.

    Raises
    ------
    LibraryError
        If it is refused; a service must not start and then judge nothing.
    """
    if site is None:
        return None
    from planchecker.checker.centre import centre_of  # noqa: PLC0415 - heavy

    centre_of(protocol, site)
    return str(site.resolve())
