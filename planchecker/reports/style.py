"""How a report is to look on the screen at hand; nothing here changes what it says."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Style"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """Language, and properties of the terminal, settled by the command line.

    Parameters
    ----------
    width
        Columns of the terminal.
    colour
        Whether to write ANSI colour codes.
    symbols
        Whether the terminal knows signs such as ≤; else they are spelt, ``<=``.
    verbose
        Whether to list the findings that pass and every message.
    lang
        Language of what people read; JSON, CSV and JUnit stay English.
    paper
        Of the PDF: ``"A4"`` or ``"Letter"``.
    made_at
        Written into DICOM objects, which must state a time; nothing else holds one.
    assets
        Folder of what the HTML pages of a batch share, relative to the page; empty where each
        page carries everything itself. See `planchecker.reports.assets`.
    """

    width: int = 120
    colour: bool = False
    symbols: bool = True
    verbose: bool = False
    lang: str = "en"
    paper: str = "A4"
    made_at: datetime | None = None
    assets: str = ""
