"""``planchecker dvh``: metrics of structures, with or without a plan."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from planchecker.cli.output import OutputOption, PathsArgument, emit, progress, screen_style

if TYPE_CHECKING:
    from planchecker.cli.measure import Measured, Row
    from planchecker.dosimetry.dvh import MetricValue
    from planchecker.reports.style import Style

__all__ = ["Format", "dvh"]

_USUAL: Final = ("Dmin", "D98%", "D95%", "D50%", "Dmean", "D2%", "D0.03cc", "Dmax")
_MOST_BANDED: Final = 3
_CSV_HEAD: Final = (
    "plan",
    "roi_number",
    "roi_name",
    "volume_cc",
    "outside_grid_cc",
    "metric",
    "value",
    "unit",
    "band_low",
    "band_high",
    "reason",
)


class Format(StrEnum):
    """How the metrics are written."""

    TERMINAL = "terminal"
    JSON = "json"
    CSV = "csv"


def dvh(
    paths: PathsArgument,
    *,
    structure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="ROI name, TG-263 name or ROI number; all without it."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPR", help="Such as D0.03cc, D95%, V20Gy[%], EQD2(2):Dmax."),
    ] = None,
    summed: Annotated[
        bool, typer.Option("--sum", help="Add up the doses of all plans of the patient there.")
    ] = False,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the metrics.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
) -> None:
    """Compute metrics of structures.

    Needs a structure set and a dose; with a plan, the dose is that of the whole course. With
    --sum the doses of several plans are added voxel by voxel, EQD2 and BED each with its own
    number of fractions; what cannot be added is refused.
    """
    from constraints.metric import Metric  # noqa: PLC0415 - heavy
    from planchecker.cli.measure import measure_doses  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415

    asked = {expression: Metric.parse(expression) for expression in metric or _USUAL}
    with progress("reading") as tick:
        cases = read_cases(paths, progress=tick)
    with progress("measuring") as tick:
        measured = measure_doses(
            cases, names=structure or (), metrics=asked, summed=summed, progress=tick
        )
    if format is Format.JSON:
        emit(_json(measured), output)
    elif format is Format.CSV:
        emit(_csv(measured), output, binary=True)
    else:
        emit(_table(measured, screen_style(to_file=output is not None)), output)


def _json(measured: Sequence["Measured"]) -> str:
    documents = [
        {"structures": [_entry(row) for row in case.rows], "notes": list(case.notes)}
        for case in measured
    ]
    content = documents[0] if len(documents) == 1 else documents
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _entry(row: "Row") -> dict[str, Any]:
    return {
        "roi_number": row.roi_number,
        "roi_name": row.roi_name,
        "volume_cc": _number(row.volume_cc),
        "outside_grid_cc": _number(row.outside_grid_cc),
        "metrics": {name: _answer(value) for name, value in row.metrics.items()},
    }


def _answer(value: "MetricValue") -> dict[str, Any]:
    if value.value is None:
        return {"value": None, "reason": value.reason}
    band = None if value.band is None else [_number(end) for end in value.band]
    return {"value": _number(value.value), "unit": value.unit, "band": band}


def _number(value: float | None) -> float | None:
    from planchecker.reports.text import significant  # noqa: PLC0415

    return None if value is None else significant(value)


def _csv(measured: Sequence["Measured"]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_CSV_HEAD)
    for case in measured:
        for row in case.rows:
            for name, value in row.metrics.items():
                low, high = value.band or (None, None)
                numbers = (_number(value.value), value.unit, _number(low), _number(high))
                size = (_number(row.volume_cc), _number(row.outside_grid_cc))
                names = (_cell(case.label), row.roi_number, _cell(row.roi_name))
                writer.writerow((*names, *size, name, *numbers, _cell(value.reason)))
    return buffer.getvalue()


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a name of the export for a formula."""
    from planchecker.reports.text import clean  # noqa: PLC0415

    shown = clean(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


def _table(measured: Sequence["Measured"], style: "Style") -> str:
    from planchecker.reports.tables import prose, table  # noqa: PLC0415

    parts = []
    for case in measured:
        answers = case.rows[0].metrics if case.rows else {}
        head = ("ROI", "Name", "Volume cc", *(f"{n} {v.unit}" for n, v in answers.items()))
        rows = [_line(row, banded=len(answers) <= _MOST_BANDED) for row in case.rows]
        title = f"Plan {case.label}" if case.label else "No plan"
        parts.append(table(head, rows, style=style, title=title, right=range(2, len(head))))
        parts.append(prose(_remarks(case), style))
    return "\n".join(part for part in parts if part)


def _line(row: "Row", *, banded: bool) -> tuple[str, ...]:
    from planchecker.reports.text import number  # noqa: PLC0415

    volume = "-" if row.volume_cc is None else number(row.volume_cc)
    answers = (_words(value, banded=banded) for value in row.metrics.values())
    return (str(row.roi_number), row.roi_name, volume, *answers)


def _words(answer: "MetricValue", *, banded: bool) -> str:
    from planchecker.reports.text import interval_words, number  # noqa: PLC0415

    value = "-" if answer.value is None else number(answer.value)
    if not banded or answer.band is None:
        return value
    return f"{value} ({interval_words(answer.band)})"


def _remarks(case: "Measured") -> Iterable[str]:
    from planchecker.reports.text import number  # noqa: PLC0415

    for row in case.rows:
        if row.outside_grid_cc:
            yield f"{row.roi_name}: {number(row.outside_grid_cc)} cc outside the dose grid."
        reasons = {value.reason for value in row.metrics.values() if value.value is None}
        yield from (f"{row.roi_name}: {reason}" for reason in sorted(reasons))
        yield from (f"{row.roi_name}: {note}" for note in row.notes)
    yield from (f"note: {note}" for note in case.notes)
