"""``planchecker structures``: how each ROI was matched, and why."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planchecker.cli.hooking import SiteOption
from planchecker.cli.output import OutputOption, PathsArgument, emit, progress, screen_style
from planchecker.errors import PlanCheckerError

if TYPE_CHECKING:
    from planchecker.case import Case
    from planchecker.naming import Match
    from planchecker.reports.style import Style

__all__ = ["Format", "structures"]


class Format(StrEnum):
    """How the matches are written."""

    TERMINAL = "terminal"
    JSON = "json"


def structures(
    paths: PathsArgument,
    *,
    site: SiteOption = None,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the matches.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
) -> None:
    """Show how each ROI was matched to a TG-263 name, and why.

    Needs a structure set only; no plan, dose or image.
    """
    from planchecker.checker.centre import centre_of  # noqa: PLC0415 - heavy
    from planchecker.reading import read_cases  # noqa: PLC0415

    centre = centre_of(None, site)
    with progress("reading") as tick:
        cases = read_cases(paths, progress=tick)
    matched = [
        (case, centre.match(case.structure_set.structures))
        for case in cases
        if case.structure_set is not None
    ]
    if not matched:
        raise PlanCheckerError(
            "no RT structure set was found; give one or the folder that holds it"
        )
    if format is Format.JSON:
        emit(_json(matched), output)
    else:
        emit(_text(matched, screen_style(to_file=output is not None)), output)


Matched = Sequence[tuple["Case", Sequence["Match"]]]


def _json(matched: Matched) -> str:
    documents = [
        {
            "structures": [_entry(match) for match in matches],
            "notes": list(case.notes),
        }
        for case, matches in matched
    ]
    content = documents[0] if len(documents) == 1 else documents
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _entry(match: "Match") -> dict[str, Any]:
    return {
        "roi_number": match.roi_number,
        "roi_name": match.roi_name,
        "matched": match.name,
        "how": match.how,
        "category": match.category,
        "suggestions": list(match.suggestions),
    }


def _text(matched: Matched, style: "Style") -> str:
    from planchecker.reports.tables import prose, table  # noqa: PLC0415

    head = ("ROI", "Name in the export", "Taken for", "How", "Kind", "Near names, not used")
    parts = []
    for case, matches in matched:
        rows = [_line(match) for match in matches]
        parts.append(table(head, rows, style=style, title=_title(case), right=(0,)))
        parts.append(prose(_remarks(case, matches), style))
    return "\n".join(parts)


def _title(case: "Case") -> str:
    if case.plan is not None:
        return f"Plan {case.plan.label}"
    label = case.structure_set.label if case.structure_set is not None else ""
    return f"Structure set {label}"


def _line(match: "Match") -> tuple[str, ...]:
    near = ", ".join(match.suggestions)
    name = match.name or "-"
    return str(match.roi_number), match.roi_name, name, match.how, match.category, near


def _remarks(case: "Case", matches: Sequence["Match"]) -> Iterable[str]:
    found = sum(bool(match.name) for match in matches)
    yield f"{found} of {len(matches)} matched; near names are shown, never used."
    yield from (f"note: {note}" for note in case.notes)
