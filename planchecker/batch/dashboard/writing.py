"""Writing the dashboard: one page, with style and script beside it."""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planchecker.batch.archive import archive
from planchecker.batch.dashboard import counting, listing, pictures
from planchecker.batch.dashboard.cord import METRIC, protocol_of, spreads
from planchecker.batch.dashboard.counting import Grouping
from planchecker.batch.dashboard.listing import CaseLine
from planchecker.errors import PlanCheckerError
from planchecker.reports import html
from planchecker.reports.text import clean, clip

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["write_dashboard"]

_HOME: Final = "planchecker.batch.dashboard"
_STYLE, _SCRIPT = "dashboard.css", "dashboard.js"
_MOST_MARGINS: Final = 25
_MOST_ERRORS: Final = 200
_STATIC_CASES: Final = 100
"""Rows of the list that stand in the page itself, for readers without script and for print."""
_LONGEST: Final = 120


def write_dashboard(
    store_path: Path, out_dir: Path, *, anonymise: bool = False, link_reports: bool | None = None
) -> Path:
    """Write a page over the store of a batch, and style and script beside it.

    Parameters
    ----------
    store_path
        The file that ``planchecker batch`` wrote.
    out_dir
        Where ``index.html`` and the folder ``assets`` go; reports are linked as
        ``cases/<report folder>/report.html`` below it.
    anonymise
        Leave out names, IDs, labels, days, paths and what was written about a case in free
        text.
    link_reports
        Whether to link the report of each case. By default they are linked unless `anonymise`
        is set, for a report may name the patient; reports of an anonymised batch do not.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ReadError
        If the store cannot be read.
    PlanCheckerError
        If a file cannot be written.

    Notes
    -----
    The same store gives the same bytes. Every string of the store is escaped; the page asks no
    network for anything.
    """
    with archive(store_path) as store:
        links = not anonymise if link_reports is None else link_reports
        content = _content(store, anonymise=anonymise, links=links)
        page = _environment().get_template("index.html.jinja").render(content)
    assets = out_dir / "assets"
    try:
        assets.mkdir(parents=True, exist_ok=True)
        _put(assets / _STYLE, _style())
        _put(assets / _SCRIPT, _template(_SCRIPT))
        _put(out_dir / "index.html", page)
    except OSError as error:
        raise PlanCheckerError(
            f"cannot write the dashboard to {str(out_dir)!r}: {error.strerror or error}; "
            "choose a folder that can be written"
        ) from error
    return out_dir / "index.html"


def _content(store: sqlite3.Connection, *, anonymise: bool, links: bool) -> dict[str, Any]:
    lines = list(listing.cases(store, anonymise=anonymise, links=links))
    found = spreads(store)
    runs = listing.runs(store)
    schemes = pictures.by_scheme(found)
    return {
        "anonymise": anonymise,
        "columns": counting.COLUMNS,
        "whole": counting.overall(store),
        "groupings": tuple(_groupings(store)),
        "metric": METRIC,
        "protocol": protocol_of(store).id,
        "schemes": schemes[: pictures.MOST_SCHEMES],
        "more_schemes": max(len(schemes) - pictures.MOST_SCHEMES, 0),
        "margins": tuple(listing.margins(store, _MOST_MARGINS, anonymise=anonymise, links=links)),
        "overrides": tuple(listing.overrides(store, anonymise=anonymise)),
        "error_counts": tuple(listing.error_counts(store)),
        "errors": tuple(listing.errors(store, _MOST_ERRORS, anonymise=anonymise)),
        "files": listing.files(store),
        "runs": runs,
        "unfinished": bool(runs) and runs[0]["state"] != "complete",
        "cases": lines[:_STATIC_CASES],
        "total": len(lines),
        "data": _data(lines),
    }


def _groupings(store: sqlite3.Connection) -> Iterable[Grouping]:
    plans = "Cases by the status of their report; those without a verdict are counted with them."
    asked = "Plans by their worst finding on it; plans that were not asked are not counted."
    yield Grouping(title="By check", lead=asked, shares=counting.by_finding(store, "code"))
    beside = "Limits that governed and limits shown beside them."
    yield Grouping(
        title="By guideline",
        lead=f"{asked} {beside}",
        shares=counting.by_finding(store, "guideline"),
    )
    yield Grouping(title="By machine", lead=plans, shares=counting.by_plan(store, "machine"))
    yield Grouping(title="By technique", lead=plans, shares=counting.by_plan(store, "technique"))
    yield Grouping(
        title="By month of planning", lead=plans, shares=counting.by_plan(store, "month")
    )


def _data(lines: Sequence[CaseLine]) -> str:
    """Write the list for the script, safe inside a script element; repeated words once."""
    words: dict[str, int] = {}

    def place(text: str) -> int:
        return words.setdefault(clip(clean(text), _LONGEST), len(words))

    rows = [
        [
            place(one.status),
            clip(clean(one.plan), _LONGEST),
            clip(clean(one.patient), _LONGEST),
            one.planned_on,
            place(one.machine),
            place(one.technique),
            place(one.scheme),
            place(one.reason),
            one.link,
        ]
        for one in lines
    ]
    written = json.dumps({"words": list(words), "rows": rows}, separators=(",", ":"))
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _environment() -> "Environment":
    from jinja2 import PackageLoader  # noqa: PLC0415 - the dashboard only
    from markupsafe import Markup  # noqa: PLC0415

    environment = html.environment()
    environment.loader = PackageLoader(_HOME)
    # The pictures hold numbers, and names that they escape themselves.
    environment.filters["bar"] = lambda share: Markup(pictures.bar_svg(share))  # noqa: S704
    environment.globals["spread"] = lambda scheme, group: Markup(  # noqa: S704
        pictures.spread_svg(scheme, group)
    )
    environment.filters["percent"] = lambda part, whole: (
        f"{100 * part / whole:.1f} %" if whole else "–"
    )
    return environment


def _style() -> str:
    """Return the style of the reports with what only the dashboard has."""
    source = resources("planchecker.reports") / "templates" / "report.css.jinja"
    shared = source.read_text(encoding="utf-8")
    return shared.replace("<style>", "").replace("</style>", "").strip() + "\n" + _template(_STYLE)


def _template(name: str) -> str:
    return (resources(_HOME) / "templates" / name).read_text(encoding="utf-8")


def _put(path: Path, text: str) -> None:
    """Write a whole file or leave what was there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
