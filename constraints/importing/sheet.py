"""The CSV goal sheets of plan-checking scripts (LDClark PlanCheck, ClearPlan and their kin).

One goal a line: structure, codes, aliases, dose-volume objective, goal, variation, priority. The
columns are known by their headings, in any order, separated by comma or semicolon.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from constraints.errors import LibraryError
from constraints.importing.carried import (
    Bound,
    Goal,
    Imported,
    LeftOut,
    Scope,
    clean,
    is_looser,
    limits_of,
    structures_of,
)
from constraints.importing.expressions import NotCarried, bound_of, relation_of
from constraints.terms import Comparison
from constraints.vocabulary import Vocabulary

__all__ = ["import_sheet"]

_LARGEST_TEXT = 2_000_000
_MOST_LINES = 20_000
_HEADINGS = {
    "structure": {"structureids", "structureid", "templateid", "structure", "id", "name"},
    "codes": {"structurecodes", "structurecode", "templatecodes", "code", "codes"},
    "aliases": {"idaliases", "aliases", "alias", "structurealiases", "templatealiases"},
    "objective": {"dvhobjective", "objective", "metric"},
    "goal": {"evaluationpoint", "evaluator", "goal"},
    "variation": {"variation"},
    "priority": {"priority"},
    "source": {"source"},
    "notes": {"notes", "note", "comment"},
}
_NEEDED = ("structure", "objective", "goal")
# Filled in by the script when it ran, or of use to its matching only.
_NO_LOSS = {"met", "achieved", "codealiases", "templatetypes", "types"}


def import_sheet(text: str, *, title: str, scope: Scope, vocabulary: Vocabulary) -> Imported:
    """Return what a CSV goal sheet says.

    Parameters
    ----------
    text
        The file.
    title
        Its name, for the citation.
    scope
        Technique and fractions, which the sheet does not state.
    vocabulary
        Names the structures are looked up in; a spelling it does not hold is no structure.

    Raises
    ------
    LibraryError
        If the text is too large, no table, or lacks a column that every goal needs.

    Examples
    --------
    >>> from constraints.terms import Technique
    >>> from constraints.vocabulary import load_vocabulary
    >>> sheet = "Structure IDs,DVH Objective,Evaluation Point,Variation" + chr(10)
    >>> sheet += "Spinal Cord,D0.35cc[cGy],<=1590,1700" + chr(10)
    >>> imported = import_sheet(
    ...     sheet,
    ...     title="3 fractions",
    ...     scope=Scope(technique=Technique.STEREOTACTIC, fractions=(3,)),
    ...     vocabulary=load_vocabulary(),
    ... )
    >>> [(limit.kind.value, str(limit.metric), limit.value) for limit in imported.limits]
    [('optimal', 'D0.35cc', 15.9), ('mandatory', 'D0.35cc', 17.0)]
    """
    if len(text) > _LARGEST_TEXT:
        raise LibraryError(f"{clean(title)}: larger than {_LARGEST_TEXT} characters")
    goals: list[Goal] = []
    left: list[LeftOut] = []
    aliases: dict[tuple[str, str], None] = {}
    seen: dict[str, str] = {}
    for number, line in _lines(text, title=title, left=left):
        place = f"line {number}"
        said = " ".join(
            filter(None, (line.get(key, "") for key in ("structure", "objective", "goal")))
        )
        if said in seen:
            left.append(LeftOut(place=place, what=said, reason=f"repeats {seen[said]}"))
            continue
        seen[said] = place
        names, new, why = structures_of(
            line["structure"], line.get("aliases", "").split("|"), vocabulary
        )
        if not names:
            left.append(LeftOut(place=place, what=said, reason=why))
            continue
        aliases |= {(names[0], spelling): None for spelling in new if len(names) == 1}
        try:
            goals.append(_goal(line, names, place, left))
        except NotCarried as reason:
            left.append(LeftOut(place=place, what=said, reason=str(reason)))
    return Imported(
        title=clean(title),
        limits=limits_of(goals, scope),
        aliases=tuple(aliases),
        left_out=tuple(left),
    )


def _goal(line: Mapping[str, str], names: tuple[str, ...], place: str, left: list[LeftOut]) -> Goal:
    sign, figure = relation_of(line["goal"])
    if sign is None:
        raise NotCarried(f"{line['goal']!r} has no sign such as <=")
    aim = bound_of(line["objective"], sign, figure)
    accepted = _accepted(line, sign, aim, place, left)
    said = {"priority": line.get("priority", ""), "source": line.get("source", "")}
    note = "; ".join(f"{key} {text}" for key, text in said.items() if text)
    notes = line.get("notes", "")
    return Goal(
        structures=names,
        aim=aim,
        accepted=accepted,
        where=place,
        note=". ".join(filter(None, (note.capitalize(), notes))),
    )


def _accepted(
    line: Mapping[str, str], sign: Comparison, aim: Bound, place: str, left: list[LeftOut]
) -> Bound | None:
    text = line.get("variation", "")
    if not text:
        return None
    what = f"{line['structure']} {line['objective']} variation {text}"
    try:
        other, figure = relation_of(text)
        accepted = bound_of(line["objective"], sign, figure)
    except NotCarried as reason:
        left.append(LeftOut(place=place, what=what, reason=str(reason)))
        return None
    if other not in (None, sign):
        why = f"the goal says {sign} and the variation {other}"
    elif not is_looser(accepted, aim):
        why = "it is not looser than the goal, which stands as mandatory"
    else:
        return accepted
    left.append(LeftOut(place=place, what=what, reason=why))
    return None


def _lines(text: str, *, title: str, left: list[LeftOut]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, cells by column) of every line that is not empty."""
    # A NUL ends a line for some readers; a byte order mark hides the first heading.
    text = text.replace("\0", "").lstrip("\ufeff")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = _columns(next(reader, []), title=title, left=left)
        for cells in reader:
            if reader.line_num > _MOST_LINES:
                raise LibraryError(f"{clean(title)}: more than {_MOST_LINES} lines")
            line = {
                name: _cell(cells[i], decimal_comma=delimiter == ";")
                for i, name in columns.items()
                if i < len(cells)
            }
            if any(line.values()):
                yield reader.line_num, {**dict.fromkeys(_NEEDED, ""), **line}
    except csv.Error as error:
        raise LibraryError(f"{clean(title)}: not readable as a table: {error}") from error


def _columns(head: list[str], *, title: str, left: list[LeftOut]) -> dict[int, str]:
    columns: dict[int, str] = {}
    for i, heading in enumerate(head):
        word = re.sub(r"[^a-z]", "", heading.lower())
        name = next((name for name, words in _HEADINGS.items() if word in words), "")
        if name and name not in columns.values():
            columns[i] = name
        elif word and word not in _NO_LOSS:
            left.append(
                LeftOut(place="heading", what=clean(heading), reason="column that is not read")
            )
    missing = [name for name in _NEEDED if name not in columns.values()]
    if missing:
        raise LibraryError(
            f"{clean(title)}: no column for {', '.join(missing)}; the first line must hold "
            "headings such as Structure IDs, DVH Objective, Evaluation Point, Variation"
        )
    return columns


def _cell(text: str, *, decimal_comma: bool) -> str:
    cell = clean(text)
    # With semicolons between cells, 12,5 is a number.
    return re.sub(r"(\d),(\d)", r"\1.\2", cell) if decimal_comma else cell
