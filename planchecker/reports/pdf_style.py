"""Fonts, colours and paragraphs of the PDF."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, Table, TableStyle

from planchecker.reports.text import clean, clip
from planchecker.results import Status

__all__ = ["BOLD", "HUES", "REGULAR", "TONES", "grid", "markup", "said", "use_fonts"]

REGULAR: Final = "PlancheckerSans"
BOLD: Final = "PlancheckerSans-Bold"
TONES: Final = {
    Status.FAIL: HexColor("#b3261e"),
    Status.NOT_EVALUATED: HexColor("#a14a00"),
    Status.BORDERLINE: HexColor("#7d5f00"),
    Status.MANUAL: HexColor("#6a3aa8"),
    Status.WARN: HexColor("#0a5f96"),
    Status.PASS: HexColor("#1d6b3c"),
}
HUES: Final = tuple(
    HexColor(f"#{code}")
    for code in ["0072b2", "d55e00", "00805d", "b6528f", "a87400", "3a9bd6", "3f4650", "8a5a3b"]
)
"""As the classes c0 to c7 of the HTML page."""

_LINE = HexColor("#c9cdd1")
_HEAD = HexColor("#f2f3f4")
_LONGEST = 700
_FILES: Final = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}


@cache
def use_fonts() -> None:
    """Register a font that knows Greek, Cyrillic and comparison signs, as matplotlib ships it."""
    found = importlib.util.find_spec("matplotlib")
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders:
        raise ImportError("matplotlib, which brings the fonts, is not installed")
    home = Path(folders[0]) / "mpl-data" / "fonts" / "ttf"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(home / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)


@cache
def _style(size: float, colour: str, bold: bool, align: int) -> Any:  # noqa: FBT001
    return ParagraphStyle(
        name=f"{size}{colour}{bold}{align}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.3,
        textColor=HexColor(colour),
        alignment=align,
        splitLongWords=1,
        wordWrap=None,
    )


def markup(
    text: str, *, size: float = 8, colour: str = "#1c1f23", bold: bool = False, right: bool = False
) -> Any:
    """Return a paragraph of markup that is known to be safe."""
    return Paragraph(text, _style(size, colour, bold, 2 if right else 0))


def said(text: str, *, longest: int = _LONGEST, **style: Any) -> Any:
    """Return a paragraph of any text: made safe to show, clipped, escaped."""
    return markup(escape(clip(clean(text), longest)), **style)


def grid(rows: list[list[Any]], widths: list[float], *, extra: list[Any] | None = None) -> Any:
    """Return a table whose first row is repeated on every page."""
    table = Table(rows, colWidths=widths, repeatRows=1, splitByRow=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                *(extra or []),
            ]
        )
    )
    return table
